"""Orders are held, released, cancelled, reopened; each step says no in words, moves the version once, and has a way back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsdesk.domain.errors import Conflict, Denied, Invalid, Refused
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import HoldType, OnReview
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.orders.states import Headline, Stage
from opsdesk.domain.people.actors import Actor
from opsdesk.operations.mails.outbox import queue_mail
from opsdesk.operations.orders.cancelling import cancel, reopen
from opsdesk.operations.orders.holds import hold, release
from opsdesk.operations.orders.notes import note
from opsdesk.operations.undo import undo
from opsdesk.store.engine import Store
from opsdesk.store.tables import ActivityRow, CancellationRow, CaseRow, CommandRow, HoldRow, MailRow, NoteRow
from opsdesk.store.work import Done, Operation, Performer, Work
from tests.conftest import StillClock
from tests.operations.orders_kit import facts_of, rows, the_order
from tests.shop_orders import write_order


@pytest.fixture
def order_id(store: Store) -> int:
    return write_order(store)


@pytest.fixture
def clerk(store: Store, actor: Actor, clock: StillClock) -> Performer:
    return Performer(store, actor, clock)


@pytest.fixture
def fraud_desk(store: Store, fraud_clerk: Actor, clock: StillClock) -> Performer:
    return Performer(store, fraud_clerk, clock)


def open_case(store: Store, order_id: int, clock: StillClock) -> None:
    def add(work: Work) -> Done:
        work.add(
            CaseRow(order_id=order_id, kind="fraud", state="awaiting_customer", opened_by="mia", opened_at=work.now)
        )
        work.orders.settle(work.orders.locked(order_id))
        return Done("Opened.")

    Performer(store, Actor(None, "ada", "admin"), clock).perform(Operation("order.note", add))  # type: ignore[arg-type]


def test_a_held_order_cannot_ship_until_it_is_released(clerk: Performer, store: Store, order_id: int) -> None:
    done = clerk.perform(hold, order_id, version=1, kind=HoldType.ADDRESS, reason="House number is missing.")
    assert (done.version, the_order(store, order_id).headline) == (2, Headline.ON_HOLD)
    assert the_order(store, order_id).hold_type == HoldType.ADDRESS
    clerk.perform(release, order_id, version=2)
    assert the_order(store, order_id).headline == Headline.READY
    (row,) = rows(store, HoldRow)
    assert (row.placed_by, row.released_by) == ("mia", "mia")


def test_the_same_hold_twice_is_refused_and_another_one_is_not(clerk: Performer, store: Store, order_id: int) -> None:
    clerk.perform(hold, order_id, kind=HoldType.ADDRESS, reason="x")
    with pytest.raises(Refused, match="already on hold: address"):
        clerk.perform(hold, order_id, kind=HoldType.ADDRESS, reason="y")
    clerk.perform(hold, order_id, kind=HoldType.MANUAL, reason="z")
    clerk.perform(release, order_id)
    assert the_order(store, order_id).hold_type == HoldType.MANUAL


def test_whoever_read_an_older_version_is_told_who_was_faster(
    store: Store, actor: Actor, supervisor: Actor, clock: StillClock, order_id: int
) -> None:
    Performer(store, supervisor, clock).perform(note, order_id, text="Call after 14:00")
    with pytest.raises(Conflict) as refused:
        Performer(store, actor, clock).perform(hold, order_id, version=1, kind=HoldType.MANUAL, reason="x")
    assert refused.value.who == "sofia"
    assert refused.value.changes == ("sofia: Note: Call after 14:00",)
    assert rows(store, HoldRow) == []


@pytest.mark.parametrize(
    ("kind", "review_in", "on_review", "error"),
    [
        (HoldType.FRAUD, timedelta(days=1), OnReview.RELEASE, Refused),
        (HoldType.MANUAL, None, OnReview.RELEASE, Refused),
        (HoldType.MANUAL, timedelta(0), OnReview.TASK, Invalid),
    ],
)
def test_no_clock_may_release_what_a_person_must_decide(
    clerk: Performer, store: Store, order_id: int, clock: StillClock, kind: HoldType, review_in: timedelta | None,
    on_review: OnReview, error: type[Exception],
) -> None:  # fmt: skip
    review_at = clock() + review_in if review_in is not None else None
    with pytest.raises(error):
        clerk.perform(hold, order_id, kind=kind, reason="x", review_at=review_at, on_review=on_review)
    assert rows(store, HoldRow) == []


def test_an_agent_cannot_release_a_fraud_hold_and_the_attempt_is_remembered(
    clerk: Performer, store: Store, order_id: int
) -> None:
    clerk.perform(hold, order_id, kind=HoldType.FRAUD, reason="Three cards.")
    with pytest.raises(Denied):
        clerk.perform(release, order_id)
    assert facts_of(store, order_id).holds
    assert [row.outcome for row in rows(store, ActivityRow)][-1] == "denied"


def test_releasing_a_fraud_hold_decides_its_case_and_undo_opens_it_again(
    fraud_desk: Performer, store: Store, order_id: int, clock: StillClock
) -> None:
    fraud_desk.perform(hold, order_id, kind=HoldType.FRAUD, reason="Three cards.")
    open_case(store, order_id, clock)
    assert the_order(store, order_id).headline == Headline.POTENTIAL_FRAUD
    done = fraud_desk.perform(release, order_id, note="Called back, knows the order.")
    assert rows(store, CaseRow)[0].state == CaseState.RELEASED
    assert the_order(store, order_id).stage == Stage.TO_SHIP
    fraud_desk.perform(undo, done.command_id)
    assert rows(store, CaseRow)[0].state == CaseState.AWAITING_CUSTOMER
    assert the_order(store, order_id).headline == Headline.POTENTIAL_FRAUD


def test_cancelling_ends_holds_case_and_waiting_mails_and_undo_restores_the_order(
    fraud_desk: Performer, store: Store, order_id: int, clock: StillClock
) -> None:
    fraud_desk.perform(hold, order_id, kind=HoldType.FRAUD, reason="Three cards.")
    open_case(store, order_id, clock)

    def write(work: Work) -> Done:
        queue_mail(
            work, work.orders.locked(order_id), Letter("Hello", "Text", "", "en"), event_key="e", status_code="x"
        )
        return Done("Queued.")

    fraud_desk.perform(Operation("order.note", write))
    done = fraud_desk.perform(cancel, order_id, reason=CancelReason.FRAUD, note="No answer.")
    facts = facts_of(store, order_id)
    assert (facts.holds, facts.case, facts.open_units) == ((), None, 0)
    assert rows(store, MailRow)[0].state == "cancelled"
    assert the_order(store, order_id).stage == Stage.DONE
    fraud_desk.perform(undo, done.command_id)
    assert facts_of(store, order_id).open_units == 3
    assert the_order(store, order_id).headline == Headline.POTENTIAL_FRAUD


def test_reopening_puts_back_what_the_cancellation_took_and_waits_for_a_look(
    clerk: Performer, store: Store, order_id: int
) -> None:
    clerk.perform(cancel, order_id, reason=CancelReason.CUSTOMER)
    clerk.perform(reopen, order_id, note="Customer rang again.")
    assert facts_of(store, order_id).open_units == 3
    assert the_order(store, order_id).hold_type == HoldType.MANUAL
    assert rows(store, CancellationRow)[0].reopened_by == "mia"
    with pytest.raises(Refused, match="open already"):
        clerk.perform(reopen, order_id)


def test_a_late_undo_of_a_cancellation_is_refused_when_the_order_has_moved_on(
    clerk: Performer, store: Store, order_id: int
) -> None:
    first = clerk.perform(cancel, order_id, reason=CancelReason.CUSTOMER)
    clerk.perform(reopen, order_id)
    clerk.perform(cancel, order_id, reason=CancelReason.DUPLICATE)
    with pytest.raises(Refused, match="moved on"):
        clerk.perform(undo, first.command_id)


def test_an_agent_cancels_small_orders_alone_and_large_ones_not(
    store: Store, actor: Actor, supervisor: Actor, clock: StillClock
) -> None:
    large = write_order(store, "104500", goods=(("90001", "Espresso machine", "", 1, 89_900),))
    with pytest.raises(Denied, match="above the limit"):
        Performer(store, actor, clock).perform(cancel, large, reason=CancelReason.CUSTOMER)
    assert the_order(store, large).lifecycle == "placed"
    Performer(store, supervisor, clock).perform(cancel, large, reason=CancelReason.CUSTOMER)
    assert the_order(store, large).lifecycle == "cancelled"


def test_a_note_is_kept_without_card_numbers(clerk: Performer, store: Store, order_id: int) -> None:
    clerk.perform(note, order_id, text="Card 4111 1111 1111 1111, cvv 123, call back\x1b[2J")
    (kept,) = rows(store, NoteRow)
    assert "4111 1111 1111 1111" not in kept.text
    assert "123" not in kept.text
    assert "\x1b" not in kept.text
    assert "call back" in kept.text
    assert not [row for row in rows(store, ActivityRow) if "4111 1111" in row.after + row.summary]


def test_an_empty_note_is_refused_beside_its_field(clerk: Performer, order_id: int) -> None:
    with pytest.raises(Invalid) as refused:
        clerk.perform(note, order_id, text=" \n ")
    assert refused.value.field == "text"


def test_undo_works_once_and_for_ones_own_commands(
    store: Store, actor: Actor, packer: Actor, supervisor: Actor, clock: StillClock, order_id: int
) -> None:
    clerk = Performer(store, actor, clock)
    done = clerk.perform(hold, order_id, kind=HoldType.MANUAL, reason="x")
    with pytest.raises(Refused, match="That was mia"):
        Performer(store, packer, clock).perform(undo, done.command_id)
    Performer(store, supervisor, clock).perform(undo, done.command_id)
    with pytest.raises(Refused, match="taken back already"):
        clerk.perform(undo, done.command_id)
    assert [row.undone_by is not None for row in rows(store, CommandRow) if row.id == done.command_id] == [True]
    assert facts_of(store, order_id).holds == ()


def test_a_rehearsal_answers_and_changes_nothing(clerk: Performer, store: Store, order_id: int) -> None:
    done = clerk.rehearse(hold, order_id, kind=HoldType.MANUAL, reason="x")
    assert "on hold" in done.message
    assert (rows(store, HoldRow), rows(store, ActivityRow), the_order(store, order_id).version) == ([], [], 1)
