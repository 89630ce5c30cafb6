"""The fraud desk's cases: one person at a time, a decision by whom it takes, and never a release by anything else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from opsdesk.domain.errors import Refused
from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.people import Actor
from opsdesk.operations.fraud_cases import claim, let_go, next_case
from opsdesk.operations.fraud_deciding import decide
from opsdesk.store.engine import Store
from opsdesk.store.work import Done, Performer
from tests.conftest import StillClock
from tests.operations.fraud_kit import AMY, BOB, SOFIA, fraud_hold, state_of, suspected, the_case, with_files
from tests.operations.money_kit import calls
from tests.operations.orders_kit import the_order

Desk = Callable[[Actor], Performer]


@pytest.fixture
def shop(store: Store) -> Store:
    return with_files(store)


@pytest.fixture
def as_(shop: Store, clock: StillClock) -> Desk:
    return lambda actor: Performer(shop, actor, clock)


def released(desk: Performer, case_id: int, *, version: int, reason: str = "explained_mismatch") -> Done:
    return desk.perform(decide, case_id, version=version, verdict="release", reason_code=reason, gut=2)


def cancelled(desk: Performer, case_id: int, *, version: int) -> Done:
    return desk.perform(decide, case_id, version=version, verdict="cancel_unverified", reason_code="gut_only", gut=4)


# --- who works on what


def test_next_gives_each_clerk_another_case_the_most_urgent_first(shop: Store, as_: Desk) -> None:
    first, second = suspected(shop, "1", is_large=True), suspected(shop, "2")
    assert as_(AMY).perform(next_case).subject_id == first
    assert as_(BOB).perform(next_case).subject_id == second
    with pytest.raises(Refused, match="No case waits"):
        as_(SOFIA).perform(next_case)
    assert state_of(shop, first) is FraudState.IN_REVIEW


def test_a_claim_lasts_an_hour_and_then_the_case_is_anybodys(shop: Store, as_: Desk, clock: StillClock) -> None:
    case_id = suspected(shop)
    as_(AMY).perform(claim, case_id)
    with pytest.raises(Refused, match="amy works on 104458 until 14:32"):
        as_(BOB).perform(claim, case_id)
    clock.advance(minutes=60)
    assert as_(BOB).perform(next_case).subject_id == case_id
    as_(SOFIA).perform(claim, case_id, takes_over=True)
    assert the_case(shop, case_id).claimed_by == "sofia"


def test_who_gives_a_case_back_leaves_it_as_it_was(shop: Store, as_: Desk) -> None:
    case_id = suspected(shop)
    as_(AMY).perform(claim, case_id)
    with pytest.raises(Refused):
        as_(BOB).perform(let_go, case_id)
    as_(AMY).perform(let_go, case_id)
    assert (state_of(shop, case_id), the_case(shop, case_id).claimed_by) == (FraudState.FLAGGED, None)


# --- one decides


def test_releasing_releases_the_hold_with_the_case(shop: Store, as_: Desk) -> None:
    case_id = suspected(shop)
    version = as_(AMY).perform(claim, case_id).version or 0
    released(as_(AMY), case_id, version=version)
    case = the_case(shop, case_id)
    assert (case.fraud_state, case.decided_by, case.gut, case.verdict) == ("released", "amy", 2, "release")
    assert fraud_hold(shop).released_by == "amy"
    assert the_order(shop, case.order_id).headline != "fraud_review"


def test_cancelling_cancels_the_order_and_asks_for_the_void(shop: Store, as_: Desk) -> None:
    case_id = suspected(shop)
    done = cancelled(as_(AMY), case_id, version=1)
    order = the_order(shop, the_case(shop, case_id).order_id)
    assert (order.lifecycle, state_of(shop, case_id)) == ("cancelled", FraudState.CANCELLED_UNVERIFIED)
    assert [(call.kind, call.state) for call in calls(shop)] == [("void", "requested")]
    assert fraud_hold(shop).released_at is not None
    assert "104458 is cancelled" in done.message


def test_what_was_paid_is_named_as_to_be_refunded(shop: Store, as_: Desk) -> None:
    case_id = suspected(shop, is_paid=True)
    assert "is still to be refunded" in cancelled(as_(AMY), case_id, version=1).message
    assert calls(shop) == []
