"""What gateways tell: once, in any order, matched with what was asked for here, held where it does not fit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsdesk.domain.errors import Refused
from opsdesk.domain.money import Money
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.orders.states import Headline
from opsdesk.domain.payments.gateways import AnswerKind, CallKind, CallState
from opsdesk.domain.payments.transactions import TransactionKind
from opsdesk.domain.people.actors import Actor
from opsdesk.operations.orders.cancelling import cancel
from opsdesk.operations.payments.gateway_calls import on_answer, request_call
from opsdesk.operations.payments.gateway_events import GONE_TWICE, settle_event
from opsdesk.operations.payments.pay_links import cancel_link
from opsdesk.store.engine import Store
from opsdesk.store.repositories.payments import Booking
from opsdesk.store.tables import (
    ActivityRow,
    GatewayCallRow,
    GatewayEventRow,
    JournalRow,
    MailRow,
    PaymentRow,
    TransactionRow,
)
from opsdesk.store.work import Performer
from tests.conftest import START, StillClock
from tests.operations import money_kit
from tests.operations.events_kit import TOTAL, authorised, captured, event, held, refunded, snapshot, tell, voided
from tests.operations.money_kit import working
from tests.operations.orders_kit import rows, the_order
from tests.operations.test_pay_links import LETTER, answered, ask, opened, the_link
from tests.shop_orders import write_order

THANKS = LETTER.__class__("Thank you", "Your money is here.\n", "<p>Thank you</p>", "en")


@pytest.fixture
def clerk(store: Store, actor: Actor, clock: StillClock) -> Performer:
    return Performer(store, actor, clock)


@pytest.fixture
def order_id(store: Store) -> int:
    return write_order(store, paid=False)


def asked(store: Store, payment_id: int, kind: CallKind, minor: int, state: CallState) -> GatewayCallRow:
    """Let a call have been asked for that is now in this state."""
    with working(store) as work:
        order = work.orders.locked(work.payments.order_of(payment_id))
        payment = work.payments.locked(payment_id)
        amount = Money(minor, "EUR")
        call = request_call(
            work, order, kind=kind, payment=payment, amount=amount, gateway="stripe", reference=payment.reference
        )
        call.state = state.value
        return call


def sums(store: Store) -> tuple[int, ...]:
    """Return authorised, capturing, captured, voided, refunding, refunded and charged back of the one payment."""
    (row,) = rows(store, PaymentRow)
    return (
        row.authorised_minor, row.capturing_minor, row.captured_minor, row.voided_minor, row.refunding_minor,
        row.refunded_minor, row.charged_back_minor,
    )  # fmt: skip


def booked(store: Store) -> list[tuple[str, str, int]]:
    return [(row.kind, row.state, row.amount_minor) for row in rows(store, TransactionRow)]


def test_an_event_that_comes_five_times_is_applied_once(store: Store, order_id: int) -> None:
    """E1: duplicate webhook x5."""
    told = event("evt_1", snapshot(captured(), number="104458"))
    messages = [done.message for done in tell(store, *[told] * 5)]
    assert messages[1:] == ["The event is known already."] * 4
    assert booked(store) == [("sale", "succeeded", TOTAL)]
    assert len(rows(store, GatewayEventRow)) == 1


def test_a_refund_outside_that_makes_more_go_back_than_came_in_is_shown_until_it_is_put_right(
    store: Store, order_id: int
) -> None:
    payment_id = money_kit.captured(store, order_id, reference="pi_1")
    with working(store) as work:
        payment = work.payments.locked(payment_id)
        work.payments.book(payment, TransactionKind.MANUAL_OUT, Money(TOTAL, "EUR"), Booking("line 7"))
    known = (authorised(TOTAL, "pi_1:auth"), captured(TOTAL, "pi_1:capture"))
    tell(store, event("evt_1", snapshot(*known, refunded(500))))
    assert sums(store)[-2] == TOTAL + 500
    assert [row.problem for row in held(store)] == [GONE_TWICE]
    tell(store, event("evt_2", snapshot(*known, refunded(500, state=AnswerKind.FAILED, problem="closed"))))
    assert GONE_TWICE not in "".join(row.problem for row in held(store))


def test_a_payment_made_outside_is_booked_and_the_history_says_so(store: Store, order_id: int) -> None:
    tell(
        store,
        event("evt_1", snapshot(authorised(), captured(2_000), number="104458", before=START + timedelta(days=7))),
    )
    assert sums(store) == (TOTAL, 0, 2_000, 0, 0, 0, 0)
    (payment,) = rows(store, PaymentRow)
    assert (payment.instrument, payment.expires_at) == ("visa ..4242", START + timedelta(days=7))
    said = [row.summary for row in rows(store, ActivityRow)]
    assert "Done outside, at stripe: capture of 20.00 EUR (ch_1)" in said


def test_a_webhook_before_the_reply_ends_the_call_and_the_reply_books_nothing_twice(
    store: Store, order_id: int
) -> None:
    """E1: webhook first."""
    payment_id = money_kit.authorised(store, order_id, reference="pi_1")
    call = asked(store, payment_id, CallKind.CAPTURE, TOTAL, CallState.SENDING)
    tell(store, event("evt_1", snapshot(authorised(TOTAL, "pi_1:auth"), captured(key=call.key))))
    assert sums(store) == (TOTAL, 0, TOTAL, 0, 0, 0, 0)
    answered(store, call, AnswerKind.SUCCEEDED, reference="ch_1")
    assert sums(store) == (TOTAL, 0, TOTAL, 0, 0, 0, 0)
    assert rows(store, GatewayCallRow)[0].state == "succeeded"


def test_a_webhook_after_the_reply_is_known_by_the_key_even_under_another_name(store: Store, order_id: int) -> None:
    payment_id = money_kit.captured(store, order_id, reference="pi_1")
    call = asked(store, payment_id, CallKind.REFUND, 500, CallState.SENDING)
    answered(store, call, AnswerKind.SUCCEEDED, reference="answer")
    known = (authorised(TOTAL, "pi_1:auth"), captured(TOTAL, "pi_1:capture"))
    tell(store, event("evt_1", snapshot(*known, refunded(500, "re_9", key=call.key))))
    assert sums(store)[-2] == 500


@pytest.mark.parametrize("kind", [CallKind.CAPTURE, CallKind.VOID])
def test_what_happens_once_is_known_without_its_key(store: Store, order_id: int, kind: CallKind) -> None:
    """A gateway that keeps no key with captures and voids still ends their calls."""
    payment_id = money_kit.authorised(store, order_id, reference="pi_1")
    call = asked(store, payment_id, kind, TOTAL, CallState.UNKNOWN)
    done = captured() if kind is CallKind.CAPTURE else voided()
    tell(store, event("evt_1", snapshot(authorised(TOTAL, "pi_1:auth"), done)))
    assert rows(store, GatewayCallRow)[0].state == "succeeded"
    assert sum(sums(store)[1:4]) == TOTAL
    assert call.key in {row.call_key for row in rows(store, TransactionRow)}


def test_a_refund_made_at_the_gateway_is_booked_once_and_stays_apart_from_ours(store: Store, order_id: int) -> None:
    """Vector 18: a refund outside is imported as such, never double."""
    payment_id = money_kit.captured(store, order_id, reference="pi_1")
    call = asked(store, payment_id, CallKind.REFUND, 500, CallState.UNKNOWN)
    known = (authorised(TOTAL, "pi_1:auth"), captured(TOTAL, "pi_1:capture"))
    tell(
        store,
        event("evt_1", snapshot(*known, refunded(500, "re_theirs"))),
        event("evt_2", snapshot(*known, refunded(500, "re_theirs"), refunded(500, "re_ours", key=call.key))),
    )
    assert sums(store)[-3:] == (0, 1_000, 0)
    order_rows = [(row.debit, row.amount_minor) for row in rows(store, JournalRow)]
    assert order_rows == [("gateway:stripe", TOTAL), ("order", 500), ("order", 500)]


def test_what_the_shops_export_told_under_its_own_reference_is_not_counted_again(store: Store, order_id: int) -> None:
    payment_id = money_kit.captured(store, order_id, reference="pi_1")
    with working(store) as work:
        payment = work.payments.locked(payment_id)
        work.payments.book(payment, TransactionKind.REFUND, Money(500, "EUR"), Booking("web-77", is_told=True))
    known = (authorised(), captured())
    tell(store, event("evt_1", snapshot(*known, refunded(500, "re_1"))))
    assert sums(store) == (TOTAL, 0, TOTAL, 0, 0, 500, 0)
    tell(store, event("evt_2", snapshot(*known, refunded(500, "re_1"), refunded(500, "re_2"))))
    assert sums(store)[-2] == 1_000


def test_a_payment_that_a_shop_told_of_by_its_movements_alone_is_recognised(store: Store, order_id: int) -> None:
    payment_id = money_kit.captured(store, order_id, reference="")
    with working(store) as work:
        payment = work.payments.locked(payment_id)
        work.payments.book(payment, TransactionKind.REFUND, Money(500, "EUR"), Booking("re_1", is_told=True))
    known = (authorised(TOTAL, ":auth"), captured(TOTAL, ":capture"), refunded(500, "re_1"))
    tell(store, event("evt_1", snapshot(*known, number="104458")))
    assert sums(store) == (TOTAL, 0, TOTAL, 0, 0, 500, 0)
    assert [row.reference for row in rows(store, PaymentRow)] == ["pi_1"]


def test_a_refund_that_fails_later_comes_back_and_its_share_is_told(
    store: Store, order_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vector 17: succeeded, then failed. The order does not say refunded, and what stands behind the call fails."""
    told = []
    monkeypatch.setitem(
        on_answer, CallKind.REFUND, lambda work, call, answer: told.append((call.state, answer.problem))
    )
    payment_id = money_kit.captured(store, order_id, reference="pi_1")
    call = asked(store, payment_id, CallKind.REFUND, TOTAL, CallState.SENDING)
    answered(store, call, AnswerKind.SUCCEEDED, reference="re_1")
    assert the_order(store, order_id).payment_status == "refunded"
    failed = refunded(TOTAL, "re_1", state=AnswerKind.FAILED, key=call.key, problem="The card is closed.")
    known = (authorised(TOTAL, "pi_1:auth"), captured(TOTAL, "pi_1:capture"))
    tell(store, event("evt_1", snapshot(*known, failed)))
    assert told == [("succeeded", ""), ("failed", "The card is closed.")]
    assert sums(store)[-3:] == (0, 0, 0)
    order = the_order(store, order_id)
    assert (order.payment_status, order.paid_minor) == ("paid", TOTAL)
    late = event("evt_0", snapshot(*known, refunded(TOTAL, "re_1", key=call.key)))
    tell(store, late)
    assert sums(store)[-2] == 0
    assert len(told) == 2


def test_a_refund_that_was_under_way_fails_and_old_news_of_it_change_nothing(store: Store, order_id: int) -> None:
    """Vector 17: pending, then failed; the news that it was under way comes last."""
    payment_id = money_kit.captured(store, order_id, reference="pi_1")
    call = asked(store, payment_id, CallKind.REFUND, 500, CallState.SENDING)
    known = (authorised(TOTAL, "pi_1:auth"), captured(TOTAL, "pi_1:capture"))
    states = (AnswerKind.FAILED, AnswerKind.SUCCEEDED, AnswerKind.PENDING)
    for number, state in enumerate(states):
        tell(store, event(f"evt_{number}", snapshot(*known, refunded(500, "re_1", state=state, key=call.key))))
        assert sums(store)[-3:] == (0, 0, 0)
        assert rows(store, GatewayCallRow)[0].state == "failed"


def test_a_refund_outside_that_failed_is_shown_to_somebody(store: Store, order_id: int) -> None:
    money_kit.captured(store, order_id, reference="pi_1")
    known = (authorised(TOTAL, "pi_1:auth"), captured(TOTAL, "pi_1:capture"))
    tell(store, event("evt_1", snapshot(*known, refunded(500, "re_1"))))
    tell(store, event("evt_2", snapshot(*known, refunded(500, "re_1", state=AnswerKind.FAILED, problem="Closed."))))
    assert [row.problem for row in held(store)] == [
        "The refund of 5.00 EUR that was asked for at stripe failed. Closed. Give the money back in another way."
    ]


def test_a_call_that_was_given_up_and_happened_all_the_same_is_booked_and_shown(store: Store, order_id: int) -> None:
    payment_id = money_kit.captured(store, order_id, reference="pi_1")
    call = asked(store, payment_id, CallKind.REFUND, 500, CallState.UNKNOWN)
    answered(store, call, AnswerKind.FAILED, reference="", problem="nothing found")
    known = (authorised(TOTAL, "pi_1:auth"), captured(TOTAL, "pi_1:capture"))
    tell(store, event("evt_1", snapshot(*known, refunded(500, "re_1", key=call.key))))
    assert sums(store)[-3:] == (0, 500, 0)
    assert "given up here, and stripe did it all the same" in held(store)[0].problem


def test_a_paid_link_pays_the_order_and_the_thanks_go_out(clerk: Performer, store: Store, order_id: int) -> None:
    """P4: the order is paid with the link, once."""
    link = opened(clerk, order_id, thanks=THANKS)
    tell(store, event("evt_1", snapshot(captured(), link=link.reference)))
    link = the_link(store, link.id)
    (payment,) = rows(store, PaymentRow)
    assert (link.state, link.payment_id, link.paid_at) == ("paid", payment.id, START)
    order = the_order(store, order_id)
    assert (order.payment_status, order.headline) == ("paid", Headline.READY)
    assert [mail.status_code for mail in rows(store, MailRow)] == ["awaiting_payment", "payment_received"]
    assert held(store) == []


def test_a_link_over_a_part_of_what_is_due_brings_no_thanks_for_all_of_it(
    clerk: Performer, store: Store, order_id: int
) -> None:
    link = opened(clerk, order_id, amount=Money(1_000, "EUR"), thanks=THANKS)
    tell(store, event("evt_1", snapshot(captured(1_000), link=link.reference)))
    assert the_link(store, link.id).state == "paid"
    assert the_order(store, order_id).payment_status == "partly_paid"
    assert [mail.status_code for mail in rows(store, MailRow)] == ["awaiting_payment"]


def test_a_link_is_paid_before_the_gateway_has_answered_that_it_was_made(
    clerk: Performer, store: Store, order_id: int
) -> None:
    link = ask(clerk, order_id)
    tell(store, event("evt_1", snapshot(captured(), link=f"plink_{link.id}", number="104458")))
    assert the_link(store, link.id).state == "paid"
    answered(store, rows(store, GatewayCallRow)[0])
    assert the_link(store, link.id).state == "paid"
    assert rows(store, MailRow) == []


def test_the_second_payment_over_a_link_is_booked_and_held(clerk: Performer, store: Store, order_id: int) -> None:
    """Vector 24: twice."""
    link = opened(clerk, order_id)
    tell(
        store,
        event("evt_1", snapshot(captured(), link=link.reference)),
        event("evt_2", snapshot(captured(reference="ch_2"), reference="pi_2", link=link.reference)),
    )
    assert the_order(store, order_id).paid_minor == 2 * TOTAL
    assert held(store)[0].problem.splitlines() == [
        "The pay link over 35.20 EUR was paid more than once. Give back what is too much.",
        "More came in than the order costs. Give back what is too much, or change the order.",
    ]


def test_another_amount_than_the_link_asked_for_is_booked_and_held(
    clerk: Performer, store: Store, order_id: int
) -> None:
    """Vector 24: a different amount."""
    link = opened(clerk, order_id)
    tell(store, event("evt_1", snapshot(captured(3_000), link=link.reference)))
    assert the_order(store, order_id).paid_minor == 3_000
    assert "asked for 35.20 EUR, and 30.00 EUR came in" in held(store)[0].problem


def test_another_currency_cannot_be_booked_and_is_held_once(clerk: Performer, store: Store, order_id: int) -> None:
    """Vector 24: another currency."""
    link = opened(clerk, order_id)
    paid = snapshot(captured(currency="USD"), link=link.reference, currency="USD")
    tell(store, event("evt_1", paid), event("evt_2", paid))
    assert rows(store, PaymentRow) == []
    (row,) = held(store)
    assert (row.amount_minor, row.currency, row.order_id) == (TOTAL, "USD", order_id)
    assert "35.20 USD came in, but the order is in EUR" in row.problem


def test_money_for_a_cancelled_order_is_booked_and_held(clerk: Performer, store: Store, order_id: int) -> None:
    """Vector 24: after the order was cancelled."""
    link = opened(clerk, order_id)
    clerk.perform(cancel, order_id, reason=CancelReason.CUSTOMER)
    later = START + timedelta(minutes=5)
    tell(store, event("evt_1", snapshot(captured(at=later), link=link.reference)), clock=StillClock(later))
    assert the_order(store, order_id).paid_minor == TOTAL
    assert held(store)[0].problem.splitlines() == [
        "The pay link over 35.20 EUR was paid after it had ended. Keep what is due, give back the rest.",
        "35.20 EUR came in for a cancelled order. Give it back, or reopen the order.",
    ]


def test_money_over_a_link_that_was_taken_back_is_booked_and_held(
    clerk: Performer, store: Store, order_id: int
) -> None:
    """Vector 24: after the link was taken back."""
    link = opened(clerk, order_id)
    clerk.perform(cancel_link, link.id or 0)
    later = START + timedelta(minutes=5)
    tell(store, event("evt_1", snapshot(captured(at=later), link=link.reference)), clock=StillClock(later))
    assert the_order(store, order_id).paid_minor == TOTAL
    assert the_link(store, link.id).state == "cancelled"
    assert "paid after it had ended" in held(store)[0].problem


def test_money_that_was_on_its_way_when_the_link_ended_is_not_called_late(
    clerk: Performer, store: Store, order_id: int, clock: StillClock
) -> None:
    link = opened(clerk, order_id)
    clock.advance(minutes=1)
    clerk.perform(cancel_link, link.id or 0)
    tell(store, event("evt_1", snapshot(captured(at=START), link=link.reference)))
    assert the_link(store, link.id).state == "paid"
    assert held(store) == []


def test_money_after_the_last_day_of_a_link_is_booked_and_held(clerk: Performer, store: Store, order_id: int) -> None:
    """Vector 24: after the link had expired."""
    link = opened(clerk, order_id)
    late = START + timedelta(days=4)
    tell(store, event("evt_0", None, link_reference=link.reference, link_state="expired"))
    assert the_link(store, link.id).state == "expired"
    tell(store, event("evt_1", snapshot(captured(at=late), link=link.reference)))
    assert the_link(store, link.id).state == "paid"
    assert "after its last day" in held(store)[0].problem


def test_money_for_an_order_that_nobody_knows_is_held_and_can_be_settled(
    store: Store, order_id: int, supervisor: Actor, actor: Actor
) -> None:
    """Vector 24: for no order of ours."""
    tell(store, event("evt_1", snapshot(captured(), number="999999")))
    assert rows(store, PaymentRow) == []
    assert "for no order that is known here" in held(store)[0].problem
    boss = Performer(store, supervisor, StillClock())
    boss.perform(settle_event, "stripe", "evt_1", note="Given back at the gateway.")
    assert held(store) == []
    with pytest.raises(Refused, match="settled that already"):
        boss.perform(settle_event, "stripe", "evt_1", note="Again.")
    tell(store, event("evt_2", snapshot(captured(), refunded(TOTAL), number="999999")))
    assert held(store) == []


def test_too_much_money_is_let_go_of_once_it_has_gone_back(store: Store, order_id: int) -> None:
    money_kit.captured(store, order_id, reference="pi_0")
    second = snapshot(captured(500, "ch_2"), reference="pi_2", number="104458")
    tell(store, event("evt_1", second))
    assert [row.problem for row in held(store)] == [
        "More came in than the order costs. Give back what is too much, or change the order."
    ]
    tell(store, event("evt_2", snapshot(captured(500, "ch_2"), refunded(500), reference="pi_2", number="104458")))
    assert held(store) == []


def test_an_attempt_that_was_declined_leaves_no_payment(store: Store, order_id: int) -> None:
    declined = authorised(state=AnswerKind.FAILED, problem="Declined.")
    tell(store, event("evt_1", snapshot(declined, number="104458")))
    assert rows(store, PaymentRow) == []
    assert held(store) == []


def test_an_authorisation_that_the_gateway_ended_is_written_off_whichever_news_comes_first(
    store: Store, order_id: int
) -> None:
    """Vector 19: it expired at the gateway."""
    until = START + timedelta(days=7)
    over = event("evt_2", snapshot(authorised(), voided(at=until), number="104458", ended=True))
    tell(store, over, event("evt_1", snapshot(authorised(), number="104458", before=until)))
    (payment,) = rows(store, PaymentRow)
    assert (payment.state, payment.ended, payment.voided_minor) == ("expired", "expired", TOTAL)
    assert the_order(store, order_id).headline == Headline.AWAITING_PAYMENT


def test_a_partial_capture_lets_the_rest_go(store: Store, order_id: int) -> None:
    """Vector 19: the gateway releases the rest, also where it says no more than that it has ended."""
    tell(store, event("evt_1", snapshot(authorised(), captured(2_000), number="104458", ended=True)))
    assert sums(store) == (TOTAL, 0, 2_000, TOTAL - 2_000, 0, 0, 0)
    (payment,) = rows(store, PaymentRow)
    assert (payment.state, payment.ended) == ("captured", "")
