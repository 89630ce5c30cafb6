"""Calls to gateways: taken back while they wait, booked once whoever tells first, looked up when nobody knows."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from opsdesk.domain.errors import Conflict, Denied, Invalid, Refused
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import Answer, AnswerKind, CallKind, CallState
from opsdesk.domain.payments.transactions import TransactionKind
from opsdesk.domain.people.actors import WORKER, Actor
from opsdesk.operations.payments import gateway_calls
from opsdesk.operations.payments.gateway_calls import (
    conclude,
    doubt_abandoned,
    record_answer,
    request_call,
    send_now,
    settle_by_hand,
    take_back,
)
from opsdesk.operations.payments.taking import capture, void
from opsdesk.store.desk.leases import Lease, take_lease
from opsdesk.store.engine import Store
from opsdesk.store.outboxes.gateway_calls import ClaimedCall, claim_next_call
from opsdesk.store.repositories.payments import Booking, Payments
from opsdesk.store.tables import ActivityRow, GatewayCallRow, JournalRow, TransactionRow
from opsdesk.store.work import Performer
from tests.conftest import START, StillClock
from tests.operations.money_kit import authorised, calls, the_payment, working
from tests.operations.orders_kit import rows, the_order
from tests.shop_orders import write_order

GRACE_S = 60
DONE = Answer(AnswerKind.SUCCEEDED, "ch_1", at=START + timedelta(minutes=1))
LOST = Answer(AnswerKind.UNKNOWN, problem="The gateway did not answer in time.")


class Shop:
    """An order with money held at a gateway, a clerk, a supervisor and a worker, on one clock."""

    def __init__(self, store: Store, clock: StillClock, clerk: Actor, supervisor: Actor) -> None:
        self.store, self.clock = store, clock
        self.order_id = write_order(store, paid=False)
        self.payment_id = authorised(store, self.order_id)
        self.clerk = Performer(store, clerk, clock)
        self.supervisor = Performer(store, supervisor, clock)
        self.worker = Performer(store, WORKER, clock)

    @property
    def version(self) -> int:
        return the_order(self.store, self.order_id).version

    def ask(self, kind: CallKind = CallKind.CAPTURE) -> int:
        run = capture if kind is CallKind.CAPTURE else void
        self.clerk.perform(run, self.payment_id, version=self.version)
        return self.call.id or 0

    @property
    def call(self) -> GatewayCallRow:
        return calls(self.store)[-1]

    @property
    def sums(self) -> tuple[int, ...]:
        paid = the_payment(self.store, self.payment_id)
        return (paid.authorised_minor, paid.capturing_minor, paid.captured_minor, paid.voiding_minor, paid.voided_minor)

    def lease(self, holder: str = "worker") -> Lease:
        taken = take_lease(self.store, "worker", holder, lasts=timedelta(minutes=1), clock=self.clock)
        assert taken is not None
        return taken

    def claim(self, **later: float) -> ClaimedCall:
        self.clock.advance(**later)
        claimed = claim_next_call(self.store, self.lease(), ("stripe",), clock=self.clock)
        assert claimed is not None
        return claimed

    def answer(self, answer: Answer, **later: float) -> None:
        claimed = self.claim(**later)
        self.worker.perform(record_answer, claimed.call_id, claim=claimed.claim, answer=answer)


@pytest.fixture
def shop(store: Store, clock: StillClock, actor: Actor, supervisor: Actor) -> Shop:
    return Shop(store, clock, actor, supervisor)


TOTAL = 3_520


def test_what_happened_is_booked_with_its_key_and_nothing_stays_set_aside(shop: Shop) -> None:
    call_id = shop.ask()
    assert shop.sums == (TOTAL, TOTAL, 0, 0, 0)
    shop.answer(DONE, seconds=GRACE_S)
    assert shop.sums == (TOTAL, 0, TOTAL, 0, 0)
    assert shop.call.state == CallState.SUCCEEDED
    booked = rows(shop.store, TransactionRow)[-1]
    assert (booked.kind, booked.reference, booked.call_key) == ("capture", "ch_1", shop.call.key)
    assert booked.happened_at == DONE.at
    assert the_order(shop.store, shop.order_id).payment_status == "paid"
    (entry,) = rows(shop.store, JournalRow)
    assert (entry.debit, entry.credit, entry.amount_minor) == ("gateway:stripe", "order", TOTAL)
    told = [row.action for row in rows(shop.store, ActivityRow)]
    assert told == ["payment.capture_requested", "call.succeeded"]
    assert call_id == shop.call.id


def test_a_void_gives_back_all_that_is_held(shop: Shop) -> None:
    shop.ask(CallKind.VOID)
    assert shop.sums == (TOTAL, 0, 0, TOTAL, 0)
    shop.answer(Answer(AnswerKind.SUCCEEDED, "pi_1"), seconds=GRACE_S)
    assert shop.sums == (TOTAL, 0, 0, 0, TOTAL)
    assert the_order(shop.store, shop.order_id).payment_status == "voided"


def test_it_waits_a_minute_and_can_be_taken_back_until_it_is_sent(shop: Shop) -> None:
    call_id = shop.ask()
    shop.clock.advance(seconds=GRACE_S - 1)
    assert claim_next_call(shop.store, shop.lease(), ("stripe",), clock=shop.clock) is None
    shop.clerk.perform(take_back, call_id)
    assert shop.sums == (TOTAL, 0, 0, 0, 0)
    shop.clock.advance(seconds=GRACE_S)
    assert claim_next_call(shop.store, shop.lease(), ("stripe",), clock=shop.clock) is None
    with pytest.raises(Refused, match="taken back"):
        shop.clerk.perform(take_back, call_id)


def test_what_is_under_way_cannot_be_taken_back(shop: Shop) -> None:
    call_id = shop.ask()
    shop.claim(seconds=GRACE_S)
    with pytest.raises(Refused, match="under way"):
        shop.clerk.perform(take_back, call_id)
    assert shop.sums == (TOTAL, TOTAL, 0, 0, 0)


def test_what_was_sent_once_cannot_be_taken_back_although_the_gateway_knows_of_none(shop: Shop) -> None:
    """The lost question may still be on its way."""
    call_id = shop.ask()
    shop.answer(LOST, seconds=GRACE_S)
    shop.answer(Answer(AnswerKind.NOT_FOUND), seconds=5)
    assert shop.call.state == CallState.REQUESTED
    with pytest.raises(Refused, match="asked before"):
        shop.clerk.perform(take_back, call_id)


def test_sent_now_it_does_not_wait(shop: Shop) -> None:
    call_id = shop.ask()
    shop.clerk.perform(send_now, call_id)
    shop.answer(DONE)
    assert shop.call.state == CallState.SUCCEEDED
    with pytest.raises(Refused, match="done"):
        shop.clerk.perform(send_now, call_id)


def test_a_clear_no_lets_go_of_the_money_and_stays_a_task(shop: Shop) -> None:
    shop.ask()
    shop.answer(Answer(AnswerKind.FAILED, problem="The card was declined."), seconds=GRACE_S)
    assert shop.sums == (TOTAL, 0, 0, 0, 0)
    assert (shop.call.state, shop.call.problem, shop.call.settled_by) == ("failed", "The card was declined.", None)


def test_asking_anew_settles_what_failed_before_under_a_key_of_its_own(shop: Shop) -> None:
    shop.ask()
    shop.answer(Answer(AnswerKind.FAILED, problem="The card was declined."), seconds=GRACE_S)
    shop.ask()
    first, second = calls(shop.store)
    assert first.settled_by == "mia"
    assert first.key != second.key


def test_what_nobody_knows_keeps_its_money_and_is_looked_up_ever_more_seldom(shop: Shop) -> None:
    shop.ask()
    shop.answer(LOST, seconds=GRACE_S)
    pauses = []
    for _ in range(9):
        pauses.append((shop.call.not_before - shop.clock()).total_seconds())
        claimed = shop.claim(seconds=pauses[-1])
        assert claimed.is_look_up
        shop.worker.perform(record_answer, claimed.call_id, claim=claimed.claim, answer=LOST)
        assert (shop.call.state, shop.sums) == (CallState.UNKNOWN, (TOTAL, TOTAL, 0, 0, 0))
    assert pauses == [5, 10, 15, 30, 60, 300, 900, 3_600, 3_600]
    with pytest.raises(Refused, match="under way"):
        shop.clerk.perform(void, shop.payment_id, version=shop.version)


def test_looking_up_again_and_again_does_not_move_the_order_under_a_clerks_hands(shop: Shop) -> None:
    shop.ask()
    seen = shop.version
    shop.answer(LOST, seconds=GRACE_S)
    shop.answer(LOST, seconds=5)
    assert shop.version == seen


def test_a_look_up_that_finds_it_done_books_it(shop: Shop) -> None:
    shop.ask()
    shop.answer(LOST, seconds=GRACE_S)
    shop.answer(DONE, seconds=5)
    assert (shop.call.state, shop.sums) == (CallState.SUCCEEDED, (TOTAL, 0, TOTAL, 0, 0))


def test_pending_money_stays_set_aside_until_the_gateway_knows(shop: Shop) -> None:
    shop.ask()
    shop.answer(Answer(AnswerKind.PENDING, "ch_1"), seconds=GRACE_S)
    assert (shop.call.state, shop.sums) == (CallState.PENDING, (TOTAL, TOTAL, 0, 0, 0))
    shop.answer(DONE, seconds=60)
    assert (shop.call.state, shop.sums) == (CallState.SUCCEEDED, (TOTAL, 0, TOTAL, 0, 0))


def test_unknown_to_the_gateway_and_young_it_is_sent_again_under_the_same_key(shop: Shop) -> None:
    shop.ask()
    key = shop.call.key
    shop.answer(LOST, seconds=GRACE_S)
    shop.answer(Answer(AnswerKind.NOT_FOUND), seconds=5)
    again = shop.claim()
    assert (again.is_look_up, again.call.key) == (False, key)


def test_unknown_to_the_gateway_and_old_it_did_not_happen(shop: Shop) -> None:
    shop.ask()
    shop.answer(LOST, seconds=GRACE_S)
    shop.answer(Answer(AnswerKind.NOT_FOUND), hours=23)
    assert (shop.call.state, shop.call.problem) == ("failed", "It did not happen; ask again.")
    assert shop.sums == (TOTAL, 0, 0, 0, 0)


def test_a_key_that_the_gateway_may_have_forgotten_is_looked_up_before_anything_else(shop: Shop) -> None:
    """E4: sent again after a day, the same key would capture a second time."""
    shop.ask()
    shop.answer(LOST, seconds=GRACE_S)
    shop.answer(Answer(AnswerKind.NOT_FOUND), seconds=5)
    assert shop.call.state == CallState.REQUESTED
    assert shop.claim(hours=25).is_look_up
    assert shop.call.state == CallState.UNKNOWN


def test_only_the_claim_that_sent_it_may_say_what_came_of_it(shop: Shop) -> None:
    call_id = shop.ask()
    late = shop.claim(seconds=GRACE_S)
    shop.clock.advance(minutes=5)
    shop.worker.perform(doubt_abandoned, call_id, claim=late.claim)
    shop.worker.perform(record_answer, call_id, claim=late.claim, answer=DONE)
    assert (shop.call.state, shop.sums) == (CallState.UNKNOWN, (TOTAL, TOTAL, 0, 0, 0))


def test_a_call_is_doubted_for_the_claim_that_was_seen_and_no_other(shop: Shop) -> None:
    call_id = shop.ask()
    claimed = shop.claim(seconds=GRACE_S)
    shop.worker.perform(doubt_abandoned, call_id, claim="somebody#7")
    assert shop.call.state == CallState.SENDING
    shop.worker.perform(doubt_abandoned, call_id, claim=claimed.claim)
    assert (shop.call.state, shop.call.not_before) == (CallState.UNKNOWN, shop.clock())


@pytest.mark.parametrize("told", ["with our key", "by its reference"])
def test_what_the_gateways_own_news_has_booked_is_not_booked_again(shop: Shop, told: str) -> None:
    shop.ask()
    claimed = shop.claim(seconds=GRACE_S)
    key = shop.call.key if told == "with our key" else ""
    with working(shop.store, shop.clock()) as work:
        order, payment = work.orders.locked(shop.order_id), work.payments.locked(shop.payment_id)
        booking = Booking("ch_1", key, is_told=True)
        work.payments.book(payment, TransactionKind.CAPTURE, Money(TOTAL, "EUR"), booking)
        work.orders.settle(order)
    shop.worker.perform(record_answer, claimed.call_id, claim=claimed.claim, answer=DONE)
    assert (shop.call.state, shop.sums) == (CallState.SUCCEEDED, (TOTAL, 0, TOTAL, 0, 0))
    assert [row.kind for row in rows(shop.store, TransactionRow)] == ["authorise", "capture"]


def test_news_that_ended_the_call_before_its_answer_leaves_nothing_to_record(shop: Shop) -> None:
    shop.ask()
    claimed = shop.claim(seconds=GRACE_S)
    with working(shop.store, shop.clock()) as work:
        order = work.orders.locked(shop.order_id)
        conclude(work, work.calls.locked(claimed.call_id), DONE)
        work.orders.settle(order)
    shop.worker.perform(record_answer, claimed.call_id, claim=claimed.claim, answer=LOST)
    assert (shop.call.state, shop.sums) == (CallState.SUCCEEDED, (TOTAL, 0, TOTAL, 0, 0))


def test_a_call_that_was_given_up_and_happened_after_all_is_booked_as_told(shop: Shop) -> None:
    shop.ask()
    shop.answer(LOST, seconds=GRACE_S)
    shop.answer(Answer(AnswerKind.NOT_FOUND), hours=24)
    assert shop.call.state == CallState.FAILED
    with working(shop.store, shop.clock()) as work:
        order = work.orders.locked(shop.order_id)
        conclude(work, work.calls.locked(shop.call.id or 0), DONE)
        conclude(work, work.calls.locked(shop.call.id or 0), DONE)
        work.orders.settle(order)
    assert (shop.call.state, shop.sums) == (CallState.SUCCEEDED, (TOTAL, 0, TOTAL, 0, 0))


class TestSettledByHand:
    def settle(self, shop: Shop, *, happened: bool, reference: str = "ch_9", note: str = "Seen at the gateway") -> None:
        call = shop.call
        shop.supervisor.perform(
            settle_by_hand, call.id or 0, version=call.version, happened=happened, reference=reference, note=note
        )

    def test_it_happened_and_is_booked_under_what_the_gateway_calls_it(self, shop: Shop) -> None:
        shop.ask()
        shop.answer(LOST, seconds=GRACE_S)
        self.settle(shop, happened=True)
        assert (shop.call.state, shop.call.settled_by) == (CallState.SUCCEEDED, "sofia")
        assert shop.sums == (TOTAL, 0, TOTAL, 0, 0)
        assert rows(shop.store, TransactionRow)[-1].reference == "ch_9"

    def test_it_did_not_happen_and_the_money_is_free(self, shop: Shop) -> None:
        shop.ask()
        shop.answer(LOST, seconds=GRACE_S)
        self.settle(shop, happened=False, reference="")
        assert (shop.call.state, shop.call.settled_by, shop.sums) == ("failed", "sofia", (TOTAL, 0, 0, 0, 0))

    def test_what_failed_and_happened_all_the_same_is_booked(self, shop: Shop) -> None:
        shop.ask()
        shop.answer(Answer(AnswerKind.FAILED, problem="no"), seconds=GRACE_S)
        self.settle(shop, happened=True)
        assert (shop.call.state, shop.sums) == (CallState.SUCCEEDED, (TOTAL, 0, TOTAL, 0, 0))

    def test_what_failed_is_acknowledged_once(self, shop: Shop) -> None:
        shop.ask()
        shop.answer(Answer(AnswerKind.FAILED, problem="The card was declined."), seconds=GRACE_S)
        self.settle(shop, happened=False, reference="")
        assert (shop.call.state, shop.call.problem) == ("failed", "The card was declined.")
        with pytest.raises(Refused, match="no decision"):
            self.settle(shop, happened=False, reference="")

    def test_it_needs_a_supervisor_a_note_a_reference_and_the_version_seen(self, shop: Shop) -> None:
        shop.ask()
        with pytest.raises(Refused, match="no decision"):
            self.settle(shop, happened=True)
        shop.answer(LOST, seconds=GRACE_S)
        with pytest.raises(Invalid, match="how you know"):
            self.settle(shop, happened=True, note=" ")
        with pytest.raises(Invalid, match="gateway calls it"):
            self.settle(shop, happened=True, reference="")
        call = shop.call
        with pytest.raises(Denied):
            shop.clerk.perform(settle_by_hand, call.id or 0, version=call.version, happened=False, note="no")
        with pytest.raises(Conflict):
            shop.supervisor.perform(settle_by_hand, call.id or 0, version=call.version - 1, happened=False, note="no")


def test_what_stands_behind_a_call_hears_each_change_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, AnswerKind]] = []
    monkeypatch.setitem(
        gateway_calls.on_answer, CallKind.CAPTURE, lambda _work, call, answer: heard.append((call.state, answer.kind))
    )
    shop.ask()
    shop.answer(LOST, seconds=GRACE_S)
    shop.answer(LOST, seconds=5)
    shop.answer(DONE, seconds=60)
    assert heard == [("unknown", AnswerKind.UNKNOWN), ("succeeded", AnswerKind.SUCCEEDED)]


@pytest.mark.parametrize("told", ["with our key", "by its reference"])
def test_even_a_record_that_does_not_look_for_what_is_booked_counts_nothing_twice(
    shop: Shop, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without the look the answer cannot be recorded at all, because the store's own guards say no."""
    shop.ask()
    claimed = shop.claim(seconds=GRACE_S)
    key = shop.call.key if told == "with our key" else ""
    with working(shop.store, shop.clock()) as work:
        order, payment = work.orders.locked(shop.order_id), work.payments.locked(shop.payment_id)
        booking = Booking("ch_1", key, is_told=True)
        work.payments.book(payment, TransactionKind.CAPTURE, Money(TOTAL, "EUR"), booking)
        work.orders.settle(order)
    monkeypatch.setattr(Payments, "transactions", lambda _self, _payment: [])
    with pytest.raises((Refused, Conflict)):
        shop.worker.perform(record_answer, claimed.call_id, claim=claimed.claim, answer=DONE)
    assert shop.sums[2] == TOTAL


def test_a_second_call_cannot_set_the_same_money_aside(shop: Shop) -> None:
    with working(shop.store) as work:
        order, payment = work.orders.locked(shop.order_id), work.payments.locked(shop.payment_id)
        wanted = Money(2_000, "EUR")
        ask = partial(request_call, work, order, payment=payment, amount=wanted, gateway="stripe", reference="pi_1")
        ask(kind=CallKind.CAPTURE)
        with pytest.raises(Refused, match="no 20"):
            ask(kind=CallKind.VOID)
    assert shop.sums == (TOTAL, 2_000, 0, 0, 0)
