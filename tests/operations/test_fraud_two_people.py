"""A release above the limit has a second person's agreement to just that, and `verify` finds one that has not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from opsdesk.operations.fraud.cases import claim
from opsdesk.operations.fraud.deciding import approve, decide, reopen
from opsdesk.operations.orders.holds import release
from opsdesk.operations.undo import undo
from opsdesk.store.engine import Store
from opsdesk.store.tables import ApprovalRow, CaseRow, OrderRow
from opsdesk.store.verify.running import verify_store
from opsdesk.store.work import Done, Performer
from tests.conftest import START, StillClock
from tests.operations.fraud_kit import AMY, BOB, SOFIA, suspected, the_case, with_files
from tests.operations.orders_kit import rows
from tests.operations.test_fraud_cases import Desk

ALONE = "it was released above what one may release alone, and nobody else has agreed to just that"


@pytest.fixture
def shop(store: Store) -> Store:
    return with_files(store)


@pytest.fixture
def as_(shop: Store, clock: StillClock) -> Desk:
    return lambda actor: Performer(shop, actor, clock)


def let_through(as_: Desk, case_id: int) -> Done:
    version = as_(AMY).perform(claim, case_id).version or 0
    told = {"verdict": "release", "reason_code": "explained_mismatch", "gut": 2}
    return as_(AMY).perform(decide, case_id, version=version, **told)


def by_two(shop: Store, as_: Desk, case_id: int) -> Done:
    let_through(as_, case_id)
    return as_(BOB).perform(approve, case_id, content=the_case(shop, case_id).proposal_content)


def found(shop: Store) -> list[str]:
    report = verify_store(shop, now=START, with_seals=False)
    return [violation.wrong.partition(" (")[0] for violation in report.violations if violation.invariant == "A4"]


def test_what_two_released_is_in_order_also_when_the_order_costs_less_or_more_later(shop: Store, as_: Desk) -> None:
    large, small = suspected(shop, "1", is_large=True), suspected(shop, "2")
    by_two(shop, as_, large)
    let_through(as_, small)
    (agreed,) = rows(shop, ApprovalRow)
    assert (the_case(shop, large).second_content, the_case(shop, small).second_content) == (agreed.content_hash, None)
    with Session(shop.writer) as session, session.begin():
        session.get_one(OrderRow, the_case(shop, large).order_id).total_minor = 1
        session.get_one(OrderRow, the_case(shop, small).order_id).total_minor = 500_000
    assert found(shop) == []


@pytest.mark.parametrize("way", ["decided", "hold released"])
def test_a_way_around_the_second_person_is_found(
    shop: Store, as_: Desk, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = suspected(shop, is_large=True)
    monkeypatch.setattr("opsdesk.domain.fraud.cases.deciding.why_two", lambda *_: None)
    if way == "decided":
        let_through(as_, case_id)
    else:
        as_(SOFIA).perform(release, the_case(shop, case_id).order_id)
    assert the_case(shop, case_id).fraud_state == "released"
    assert found(shop) == [ALONE]


def test_an_agreement_to_something_else_is_none(shop: Store, as_: Desk) -> None:
    case_id = suspected(shop, is_large=True)
    by_two(shop, as_, case_id)
    with Session(shop.writer) as session, session.begin():
        session.get_one(CaseRow, case_id).second_content = "another order"
    assert found(shop) == [ALONE]


@pytest.mark.parametrize("back", ["undone", "opened again"])
def test_what_is_opened_again_takes_two_again(shop: Store, as_: Desk, clock: StillClock, back: str) -> None:
    case_id = suspected(shop, is_large=True)
    done = by_two(shop, as_, case_id)
    if back == "undone":
        as_(BOB).perform(undo, done.command_id)
    else:
        as_(BOB).perform(reopen, case_id, reason="A second thought.")
    assert the_case(shop, case_id).second_content is None
    clock.moment += timedelta(minutes=5)
    version = as_(BOB).perform(claim, case_id).version or 0
    told = {"verdict": "release", "reason_code": "explained_mismatch", "gut": 2}
    as_(BOB).perform(decide, case_id, version=version, **told)
    as_(AMY).perform(approve, case_id, content=the_case(shop, case_id).proposal_content)
    assert (the_case(shop, case_id).fraud_state, len(rows(shop, ApprovalRow)), found(shop)) == ("released", 2, [])
