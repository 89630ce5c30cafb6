"""Two people, or one and the clock, reach for the same case at the same moment: one decides, and nobody decides unseen."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import pytest
from sqlmodel import Session

from opsdesk.domain.errors import Conflict, OpsDeskError, Refused
from opsdesk.domain.people.actors import WORKER, Actor, Role
from opsdesk.operations.deadlines import lapse_case
from opsdesk.operations.fraud import deciding as fraud_deciding
from opsdesk.operations.fraud import moves
from opsdesk.operations.fraud.cases import claim, let_go
from opsdesk.operations.fraud.contact import respond
from opsdesk.operations.fraud.deciding import approve, decide, reject
from opsdesk.operations.orders.contacts import edit_contact
from opsdesk.store.engine import Store, open_store
from opsdesk.store.repositories.cases import Cases
from opsdesk.store.repositories.orders import Orders
from opsdesk.store.repositories.payments import Payments
from opsdesk.store.tables import ActivityRow, ApprovalRow, CaseRow, HoldRow, OrderRow
from opsdesk.store.work import Done, Performer
from tests.conftest import START, StillClock
from tests.operations.fraud_kit import AMY, BOB, SOFIA, suspected, the_case, with_files
from tests.operations.money_kit import calls
from tests.operations.orders_kit import rows, the_order
from tests.races.test_two_clerks import Answer, at_once

ROUNDS = 100 if os.environ.get("OPSDESK_SOAK") else 4
MIA = Actor(None, "mia", Role.AGENT, "test")
RELEASE = {"verdict": "release", "reason_code": "explained_mismatch", "gut": 2}
CANCEL = {"verdict": "cancel_fraud", "reason_code": "issuer_warning", "gut": 5}
CONTACT = {"name": "Ada Berg", "email": "thief@example.com", "phone": "+49 421 5550144", "language": "en"}


@pytest.fixture
def shop(store: Store) -> Store:
    return with_files(store)


@pytest.fixture
def at_desk(shop: Store, clock: StillClock) -> Callable[[Actor], Performer]:
    return lambda who: Performer(shop, who, clock)


Desk = Callable[[Actor], Performer]


def looked_at(shop: Store, at_desk: Desk, number: int, **how: bool) -> int:
    """Return a case that somebody has looked into and nobody holds, so that whoever comes may decide it."""
    case_id = suspected(shop, str(number), **how)
    at_desk(AMY).perform(claim, case_id)
    at_desk(AMY).perform(respond, case_id, channel="phone")
    at_desk(AMY).perform(let_go, case_id)
    return case_id


def history(shop: Store, case_id: int) -> list[str]:
    """Return what happened to the order of a case, oldest first."""
    order_id = the_case(shop, case_id).order_id
    mine = [row for row in rows(shop, ActivityRow) if (row.subject_kind, row.subject_id) == ("order", order_id)]
    return [row.action for row in sorted(mine, key=lambda row: row.id or 0)]


def hold_of(shop: Store, case_id: int) -> HoldRow:
    (held,) = [row for row in rows(shop, HoldRow) if row.order_id == the_case(shop, case_id).order_id]
    return held


def winners(answers: list[Answer]) -> list[int]:
    return [place for place, answer in enumerate(answers) if isinstance(answer, Done)]


def test_of_two_who_decide_differently_one_wins_and_the_other_hears_who(shop: Store, at_desk: Desk) -> None:
    for turn in range(ROUNDS):
        case_id = looked_at(shop, at_desk, 1_000 + turn)
        version = the_case(shop, case_id).version
        asks = [
            partial(at_desk(who).perform, decide, case_id, version=version, **what)
            for who, what in ((AMY, RELEASE), (BOB, CANCEL))
        ]
        answers = at_once(*asks)
        (winner,) = winners(answers)
        name, loser = ("amy", "bob")[winner], answers[1 - winner]
        assert isinstance(loser, Conflict)
        assert loser.who == name
        case, order = the_case(shop, case_id), the_order(shop, the_case(shop, case_id).order_id)
        assert (case.decided_by, hold_of(shop, case_id).released_by) == (name, name)
        assert (case.verdict, order.lifecycle) == (("release", "placed"), ("cancel_fraud", "cancelled"))[winner]
        assert len([call for call in calls(shop) if call.order_id == order.id]) == winner
        assert history(shop, case_id).count("case.decided") == 1


def test_of_two_who_take_a_case_one_has_it(shop: Store, at_desk: Desk) -> None:
    for turn in range(ROUNDS):
        case_id = suspected(shop, str(1_000 + turn))
        answers = at_once(*[partial(at_desk(who).perform, claim, case_id) for who in (AMY, BOB, SOFIA)])
        (winner,) = winners(answers)
        assert the_case(shop, case_id).claimed_by == (AMY, BOB, SOFIA)[winner].name
        assert all(isinstance(answer, Done | Refused) for answer in answers)


def test_what_one_agrees_to_while_another_gives_it_back_is_one_of_both(shop: Store, at_desk: Desk) -> None:
    for turn in range(ROUNDS):
        case_id, content = proposed(shop, at_desk, 1_000 + turn)
        agree = partial(at_desk(BOB).perform, approve, case_id, content=content)
        other = (
            partial(at_desk(SOFIA).perform, approve, case_id, content=content)
            if turn % 2
            else partial(at_desk(SOFIA).perform, reject, case_id, note="Nobody called.")
        )
        answers = at_once(agree, other)
        (winner,) = winners(answers)
        assert isinstance(answers[1 - winner], Refused)
        is_released = winner == 0 or turn % 2 == 1
        case = the_case(shop, case_id)
        assert (case.fraud_state, hold_of(shop, case_id).released_at is not None) == (
            ("released", True) if is_released else ("in_review", False)
        )
        assert len([row for row in rows(shop, ApprovalRow) if row.subject_id == case_id]) == int(is_released)


def proposed(shop: Store, at_desk: Desk, number: int) -> tuple[int, str]:
    case_id = looked_at(shop, at_desk, number, is_large=True)
    at_desk(AMY).perform(decide, case_id, version=the_case(shop, case_id).version, **RELEASE)
    return case_id, the_case(shop, case_id).proposal_content


def test_nobody_agrees_to_an_order_that_is_changed_at_that_moment(shop: Store, at_desk: Desk) -> None:
    for turn in range(ROUNDS):
        case_id, content = proposed(shop, at_desk, 1_000 + turn)
        order_id = the_case(shop, case_id).order_id
        version = the_order(shop, order_id).version
        at_once(
            partial(at_desk(BOB).perform, approve, case_id, content=content),
            partial(at_desk(MIA).perform, edit_contact, order_id, version=version, **CONTACT),
        )
        is_released = the_case(shop, case_id).fraud_state == "released"
        # Whoever came second was told: agreed to is what was seen, and an edit is not made unseen either.
        assert is_released != (the_order(shop, order_id).email == CONTACT["email"])


def test_of_a_decision_and_a_deadline_the_later_one_finds_what_the_earlier_did(
    shop: Store, at_desk: Desk, clock: StillClock
) -> None:
    for turn in range(ROUNDS):
        case_id = looked_at(shop, at_desk, 1_000 + turn)
        let_wait(shop, case_id, clock)
        version = the_case(shop, case_id).version
        answers = at_once(
            partial(at_desk(AMY).perform, decide, case_id, version=version, **RELEASE),
            partial(at_desk(WORKER).perform, lapse_case, case_id),
        )
        is_decided = isinstance(answers[0], Done)
        assert is_decided or isinstance(answers[0], Conflict)
        assert the_case(shop, case_id).fraud_state == ("released" if is_decided else "call_due")
        assert (hold_of(shop, case_id).released_by == "amy") is is_decided


def let_wait(shop: Store, case_id: int, clock: StillClock) -> None:
    """Let the customer's time be over, and nobody have seen it yet."""
    with Session(shop.writer) as session, session.begin():
        case = session.get_one(CaseRow, case_id)
        case.state = case.fraud_state = "awaiting_customer"
        case.respond_by = clock() - timedelta(minutes=1)


def decided_unseen(shop: Store, at_desk: Desk, *, answer_first: bool) -> Iterator[int]:
    """Let the customer answer while somebody declines; yield each case that was decided behind the answer."""
    for turn in range(ROUNDS):
        case_id = looked_at(shop, at_desk, 1_000 + turn)
        version = the_case(shop, case_id).version
        has_answered = threading.Event()

        def answer(case_id: int = case_id, has_answered: threading.Event = has_answered) -> Done:
            try:
                return at_desk(MIA).perform(respond, case_id, channel="phone", note="It was me.")
            finally:
                has_answered.set()

        def decline(case_id: int = case_id, version: int = version, answered: threading.Event = has_answered) -> Done:
            assert not answer_first or answered.wait(20)
            return at_desk(BOB).perform(decide, case_id, version=version, **CANCEL)

        decline_said, answer_said = at_once(decline, answer)
        assert isinstance(answer_said, Done)
        assert isinstance(decline_said, Done | Conflict)
        told = [action for action in history(shop, case_id) if action in ("case.answered", "case.decided")]
        if told[-1] == "case.decided":
            yield case_id


@pytest.mark.parametrize("answer_first", [False, True])
def test_nobody_declines_behind_an_answer_that_they_have_not_seen(
    shop: Store, at_desk: Desk, answer_first: bool
) -> None:
    assert list(decided_unseen(shop, at_desk, answer_first=answer_first)) == []


def test_without_the_version_that_was_seen_they_do(shop: Store, at_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a decision that does not say what it was made about."""
    monkeypatch.setattr(fraud_deciding, "open_case", lambda work, case_id, **_: moves.open_case(work, case_id))
    assert list(decided_unseen(shop, at_desk, answer_first=True))


def test_without_lock_and_version_both_decide(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the product with its lock and its look at the version taken out, asked the same way."""
    shop, clock = with_files(open_store(postgres_url)), StillClock(START)

    def at_desk(who: Actor) -> Performer:
        return Performer(shop, who, clock)

    case_id = looked_at(shop, at_desk, 1_000)
    both_have_looked = threading.Barrier(2, timeout=20)

    def unlocked(self: Orders, order_id: int, *, version: int | None = None) -> OrderRow:
        order = self._session.get_one(OrderRow, order_id)
        self._versions.setdefault(order_id, order.version)
        return order

    def unlocked_case(self: Cases, case_id: int) -> CaseRow:
        return self._session.get_one(CaseRow, case_id)

    def open_when_both_look(work, case_id: int, **_: object):
        at = moves.open_case(work, case_id)
        both_have_looked.wait()
        return at

    monkeypatch.setattr(Orders, "locked", unlocked)
    monkeypatch.setattr(Cases, "locked", unlocked_case)
    monkeypatch.setattr(Payments, "of_order", lambda self, order_id: list(self.seen(order_id)))
    monkeypatch.setattr(fraud_deciding, "open_case", open_when_both_look)
    asks = [
        partial(at_desk(who).perform, decide, case_id, version=the_case(shop, case_id).version, **RELEASE)
        for who in (AMY, BOB)
    ]
    assert not [answer for answer in at_once(*asks) if isinstance(answer, OpsDeskError)]
    assert history(shop, case_id).count("case.decided") == 2
    shop.close()
