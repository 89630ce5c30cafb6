"""Refunds: paid out once, over the payments that have the money, and told when all of it has gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opsdesk.domain.errors import Conflict, Invalid, Refused
from opsdesk.domain.mails.outgoing import MailState
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import Answer, AnswerKind, CallKind, CallState
from opsdesk.domain.payments.transactions import Method, TransactionKind
from opsdesk.domain.refunds.composing import Fee, RefundContent, RefundLine
from opsdesk.domain.refunds.shares import ShareChoice
from opsdesk.domain.refunds.states import FeeKind, RefundReason
from opsdesk.operations.payments.gateway_calls import conclude, on_answer, settle_by_hand
from opsdesk.operations.refunds.asking import request, retry, return_overpayment, take_back, turn_into_credit
from opsdesk.operations.undo import undo
from opsdesk.store.engine import Store
from opsdesk.store.repositories.payments import Booking
from opsdesk.store.tables import (
    ActivityRow,
    DisputeRow,
    JournalRow,
    RefundPartRow,
    RefundRow,
    RefundShareRow,
    StoreCreditRow,
    TransactionRow,
)
from tests.conftest import StillClock
from tests.operations.gateway_double import Fault
from tests.operations.money_kit import by_hand, captured, the_payment, working
from tests.operations.orders_kit import rows, the_order
from tests.operations.refund_kit import GRACE_S, LETTER, RefundShop, eur


@pytest.fixture
def shop(store: Store, clock: StillClock) -> RefundShop:
    return RefundShop(store, clock)


# --- within one's own limit


def test_a_refund_waits_a_minute_goes_out_once_and_is_told_when_it_has_gone(shop: RefundShop) -> None:
    done = shop.refund(shop.mia, shop.chairs(2), letter=LETTER)
    assert done.message == "104501: 180.00 EUR goes back in a minute. The mail follows when it has gone."
    assert shop.states == ("submitted", ["submitted"])
    assert shop.going_back == (18_000, 0)
    assert the_order(shop.store, shop.order_id).payment_status == "paid"
    shop.work(seconds=GRACE_S - 1)
    assert (shop.given_back, shop.mails) == (0, [])
    shop.work(seconds=1)
    assert shop.states == ("succeeded", ["succeeded"])
    assert (shop.going_back, shop.given_back) == ((0, 18_000), 18_000)
    assert the_order(shop.store, shop.order_id).payment_status == "partly_refunded"
    (mail,) = shop.mails
    assert (mail.subject, mail.text, mail.status_code) == (LETTER.subject, LETTER.text, "refunded")
    assert shop.told() == ["refund.requested", "refund.submitted", "refund.succeeded"]
    assert shop.wrong() == []


def test_what_goes_back_for_what_is_kept_with_its_tax(shop: RefundShop) -> None:
    content = RefundContent(
        (RefundLine(shop.line(1), 1), RefundLine(shop.line(2), 1)),
        shipping=eur(490),
        fees=(Fee(FeeKind.RETURN_LABEL, eur(390)),),
        goodwill=eur(500),
        reason=RefundReason.DAMAGED,
        note="Two arrived broken",
    )
    shop.refund(shop.mia, content)
    kept = [(part.kind, part.quantity, part.amount_minor, part.tax_minor) for part in rows(shop.store, RefundPartRow)]
    assert [(kind, units, amount) for kind, units, amount, _ in kept] == [
        ("line", 1, 9_000), ("line", 1, 2_500), ("shipping", 0, 490), ("goodwill", 0, 500), ("fee", 0, -390),
    ]  # fmt: skip
    assert (shop.row.amount_minor, shop.row.tax_minor) == (12_100, sum(tax for *_, tax in kept))
    assert 0 < shop.row.tax_minor < the_order(shop.store, shop.order_id).tax_minor


def test_the_last_units_take_what_is_left_and_no_more_goes_back(shop: RefundShop) -> None:
    shop.refund(shop.ada, shop.chairs(19))
    with pytest.raises(Invalid, match="Only 1 of Chair"):
        shop.refund(shop.ada, shop.chairs(2))
    shop.refund(shop.ada, RefundContent((RefundLine(shop.line(1), 1), RefundLine(shop.line(2), 4)), shipping=eur(490)))
    shop.work()
    order = the_order(shop.store, shop.order_id)
    assert (order.paid_minor, order.payment_status, shop.given_back) == (0, "refunded", order.total_minor)
    assert sum(part.tax_minor for part in rows(shop.store, RefundPartRow)) == order.tax_minor
    with pytest.raises(Refused, match="went back already"):
        shop.refund(shop.ada, RefundContent(goodwill=eur(1)))
    assert shop.wrong() == []


def test_goodwill_goes_up_to_what_is_left_on_the_payments(shop: RefundShop) -> None:
    shop.refund(shop.ada, RefundContent(goodwill=eur(190_000)))
    with pytest.raises(Refused, match=r"Only 4\.90 EUR can go back"):
        shop.refund(shop.ada, RefundContent(goodwill=eur(491)))
    with pytest.raises(Refused, match="Take goodwill that was given before off"):
        shop.refund(shop.ada, shop.chairs(1))


def test_an_order_that_cost_nothing_is_returned_without_an_error(store: Store, clock: StillClock) -> None:
    shop = RefundShop(store, clock, paid=False)
    with working(store) as work:
        order = work.orders.locked(shop.order_id)
        order.discount_minor = order.goods_minor + order.shipping_minor
        order.total_minor = order.tax_minor = 0
        work.orders.settle(order)
    done = shop.refund(shop.mia, shop.chairs(1))
    assert "nothing to refund" in done.message
    assert (rows(store, RefundRow), shop.told()) == ([], ["refund.nothing"])


def test_who_saw_an_older_order_is_told_so(shop: RefundShop) -> None:
    version = the_order(shop.store, shop.order_id).version
    shop.refund(shop.mia, shop.chairs(1))
    with pytest.raises(Conflict, match="mia"):
        shop.max.perform(request, shop.order_id, version=version, content=shop.chairs(1))


def test_a_refund_of_one_command_id_is_made_once(shop: RefundShop) -> None:
    version = the_order(shop.store, shop.order_id).version
    for _ in range(20):
        shop.mia.perform_as("enter-20-times", request, shop.order_id, version=version, content=shop.chairs(2))
    shop.work()
    assert (len(rows(shop.store, RefundRow)), shop.given_back) == (1, 18_000)


def test_a_disputed_payment_gives_nothing_back(shop: RefundShop) -> None:
    with working(shop.store) as work:
        work.add(
            DisputeRow(
                order_id=shop.order_id,
                payment_id=shop.payment_id,
                reference="dp_1",
                state="needs_response",
                amount_minor=190_490,
                currency="EUR",
                opened_at=shop.clock(),
            )
        )
    with pytest.raises(Refused, match="disputed"):
        shop.refund(shop.mia, shop.chairs(1))


# --- rehearsed


def test_a_rehearsal_says_everything_and_does_nothing(shop: RefundShop) -> None:
    version = the_order(shop.store, shop.order_id).version
    seen = shop.mia.rehearse(request, shop.order_id, version=version, content=shop.chairs(2), letter=LETTER)
    assert seen.details["total"] == "180.00 EUR"
    assert seen.details["parts"] == "2 x Chair: 180.00 EUR"
    assert seen.details["shares"] == "visa ..4242: 180.00 EUR"
    assert (seen.details["mail_subject"], seen.details["state"]) == ("Your refund", "submitted")
    assert (rows(shop.store, RefundRow), shop.calls, shop.going_back) == ([], [], (0, 0))
    done = shop.refund(shop.mia, shop.chairs(2), letter=LETTER)
    assert done.details["content_hash"] == seen.details["content_hash"]


# --- taken back


def test_within_the_minute_it_is_taken_back_as_if_it_had_not_been(shop: RefundShop) -> None:
    done = shop.refund(shop.mia, shop.chairs(2), letter=LETTER)
    assert done.can_undo
    shop.mia.perform(undo, done.command_id)
    assert shop.states == ("cancelled", ["cancelled"])
    assert [call.state for call in shop.calls] == [CallState.CANCELLED]
    shop.work()
    assert (shop.going_back, shop.given_back, shop.mails) == ((0, 0), 0, [])
    shop.refund(shop.mia, shop.chairs(2))


def test_what_was_sent_cannot_be_taken_back(shop: RefundShop) -> None:
    shop.refund(shop.mia, shop.chairs(2))
    shop.gateway.faults.append(Fault.SLOW)
    shop.work()
    with pytest.raises(Refused, match="cannot be taken back any more"):
        shop.mia.perform(take_back, shop.row.id)
    shop.gateway.finish(shop.calls[0].key)
    shop.work(minutes=5)
    with pytest.raises(Refused, match="cannot be taken back any more"):
        shop.mia.perform(take_back, shop.row.id)


# --- what the gateway answers


def test_a_pending_refund_is_not_told_as_done(shop: RefundShop) -> None:
    shop.refund(shop.mia, shop.chairs(2), letter=LETTER)
    shop.gateway.faults.append(Fault.SLOW)
    shop.work()
    assert shop.states == ("submitted", ["pending"])
    assert (shop.mails, shop.going_back) == ([], (18_000, 0))
    shop.gateway.finish(shop.calls[0].key)
    shop.work(minutes=5)
    assert (shop.states, len(shop.mails)) == (("succeeded", ["succeeded"]), 1)


def test_a_refund_without_an_answer_stays_set_aside_and_is_looked_up_under_its_key(shop: RefundShop) -> None:
    shop.refund(shop.mia, shop.chairs(2), letter=LETTER)
    shop.gateway.faults += [Fault.LOST_AFTER, Fault.LOST_BEFORE]
    shop.work()
    assert shop.states == ("unknown", ["unknown"])
    assert (shop.going_back, shop.mails) == ((18_000, 0), [])
    with pytest.raises(Refused, match="has not failed"):
        shop.mia.perform(retry, shop.row.id)
    shop.work(hours=1)
    shop.work(hours=1)
    assert shop.states == ("succeeded", ["succeeded"])
    assert (shop.given_back, len(shop.calls), len(shop.mails)) == (18_000, 1, 1)
    assert shop.wrong() == []


def failed(shop: RefundShop, **how: object) -> None:
    """Let a refund of two chairs be refused by the gateway."""
    shop.refund(shop.mia, shop.chairs(2), **how)
    shop.gateway.faults.append(Fault.REFUSED)
    shop.work()


def test_a_failed_refund_is_a_task_with_what_to_do_and_nobody_is_told(shop: RefundShop) -> None:
    failed(shop, letter=LETTER)
    assert shop.states == ("failed", ["failed"])
    assert "The card was declined." in shop.row.problem
    assert "store credit" in shop.row.problem
    assert (shop.mails, shop.going_back) == ([], (0, 0))
    order = the_order(shop.store, shop.order_id)
    assert (order.payment_status, order.told_status) == ("paid", None)
    with pytest.raises(Invalid, match="Only 18 of Chair"):
        shop.refund(shop.ada, shop.chairs(19))


def test_a_failed_refund_is_tried_again_under_a_new_key(shop: RefundShop) -> None:
    failed(shop, letter=LETTER)
    shop.max.perform(retry, shop.row.id)
    shop.work()
    assert shop.states == ("succeeded", ["succeeded"])
    assert len({call.key for call in shop.calls}) == 2
    assert (shop.given_back, len(shop.mails), shop.row.requested_by) == (18_000, 1, "max")
    with pytest.raises(Refused, match="has not failed"):
        shop.mia.perform(retry, shop.row.id)


def test_another_way_drops_the_letter_that_names_the_card(shop: RefundShop) -> None:
    failed(shop, letter=LETTER)
    by_bank = ShareChoice(shop.payment_id, eur(18_000), Method.BANK_TRANSFER, "SEPA 77")
    shop.sofia.perform(retry, shop.row.id, shares=(by_bank,))
    assert shop.states == ("succeeded", ["replaced", "succeeded"])
    assert (shop.mails, shop.row.tell) == ([], False)
    assert rows(shop.store, JournalRow)[-1].credit == "bank"
    assert shop.wrong() == []


def test_a_failed_refund_becomes_store_credit_of_the_customer(shop: RefundShop) -> None:
    failed(shop, letter=LETTER)
    as_credit = replace(LETTER, text="180.00 is yours to spend with us.")
    shop.mia.perform(turn_into_credit, shop.row.id, letter=as_credit)
    assert shop.states == ("converted_to_credit", ["replaced", "succeeded"])
    (credit,) = rows(shop.store, StoreCreditRow)
    order = the_order(shop.store, shop.order_id)
    assert (credit.customer_id, credit.balance_minor) == (order.customer_id, 18_000)
    entry = rows(shop.store, JournalRow)[-1]
    assert (entry.debit, entry.credit, entry.amount_minor) == ("order", "store_credit", 18_000)
    assert [mail.text for mail in shop.mails] == [as_credit.text]
    assert shop.wrong() == []


def test_a_failed_refund_that_is_given_up_frees_what_it_was_for(shop: RefundShop) -> None:
    failed(shop)
    shop.mia.perform(take_back, shop.row.id)
    assert shop.states == ("cancelled", ["cancelled"])
    shop.refund(shop.ada, shop.chairs(20))


def test_a_refund_that_fails_after_it_was_called_done_is_a_task_again(shop: RefundShop) -> None:
    shop.refund(shop.mia, shop.chairs(2), letter=LETTER)
    shop.work()
    with working(shop.store, shop.clock()) as work:
        order = work.orders.locked(shop.order_id)
        payment = work.payments.locked(shop.payment_id)
        work.payments.book(payment, TransactionKind.REFUND_REVERSAL, eur(18_000), Booking("re_back", is_told=True))
        call = work.calls.locked(shop.calls[0].id or 0)
        call.state = CallState.FAILED.value
        on_answer[CallKind.REFUND](work, call, Answer(AnswerKind.FAILED, problem="The card is closed."))
        work.orders.settle(order)
    assert shop.states == ("failed", ["failed"])
    assert "The customer was told" in shop.row.problem
    assert the_order(shop.store, shop.order_id).payment_status == "paid"
    shop.mia.perform(retry, shop.row.id)
    shop.work()
    assert (shop.states[0], len(shop.mails)) == ("succeeded", 1)


def test_a_refund_that_was_given_up_and_happened_after_all_is_not_missed(shop: RefundShop) -> None:
    failed(shop, letter=LETTER)
    shop.mia.perform(turn_into_credit, shop.row.id)
    with working(shop.store, shop.clock()) as work:
        order = work.orders.locked(shop.order_id)
        conclude(work, work.calls.locked(shop.calls[0].id or 0), Answer(AnswerKind.SUCCEEDED, "re_9"))
        work.orders.settle(order)
    assert "happened after all" in shop.row.problem
    assert shop.payment.refunded_minor == 36_000
    assert shop.mails == []


def test_what_waits_for_a_second_person_anew_and_had_gone_before_is_no_breach(shop: RefundShop) -> None:
    """INV-A4: it went out when nobody else had to agree; who asked for it again has sent nothing."""
    shop.refund(shop.sofia, shop.chairs(8), letter=LETTER)
    shop.gateway.faults.append(Fault.REFUSED)
    shop.work()
    shop.mia.perform(retry, shop.row.id)
    assert shop.states == ("pending_approval", ["waiting"])
    shop.clock.advance(seconds=1)
    shop.sven.perform(settle_by_hand, shop.calls[0].id, happened=True, reference="re_9", note="Seen at the gateway.")
    assert (shop.states[0], shop.going_back, shop.wrong()) == ("succeeded", (0, 72_000), [])


# --- several payments


def test_each_share_goes_its_own_way_and_the_mail_waits_for_the_last(store: Store, clock: StillClock) -> None:
    shop = RefundShop(store, clock, paid=False)
    first = captured(store, shop.order_id, 180_000, "pi_1")
    second = captured(store, shop.order_id, 10_490, "pi_2")
    shop.refund(shop.mia, shop.chairs(2), letter=LETTER)
    assert [(share.payment_id, share.amount_minor) for share in shop.shares] == [(second, 10_490), (first, 7_510)]
    shop.gateway.faults += [None, Fault.REFUSED]
    shop.work()
    assert sorted(shop.states[1]) == ["failed", "succeeded"]
    assert (shop.row.state, shop.mails) == ("failed", [])
    with pytest.raises(Refused, match="gone already"):
        shop.mia.perform(take_back, shop.row.id)
    shop.mia.perform(retry, shop.row.id)
    shop.work()
    assert (shop.states, len(shop.mails)) == (("succeeded", ["succeeded", "succeeded"]), 1)
    assert (shop.given_back, the_payment(store, first).refunded_minor) == (18_000, 7_510)
    assert shop.wrong() == []


def test_the_clerk_says_over_what_it_goes(store: Store, clock: StillClock) -> None:
    shop = RefundShop(store, clock, paid=False)
    first = captured(store, shop.order_id, 180_000, "pi_1")
    captured(store, shop.order_id, 10_490, "pi_2")
    shop.refund(shop.mia, shop.chairs(1), shares=(ShareChoice(first, eur(9_000)),))
    shop.refund(shop.mia, shop.chairs(1), overrides={first: eur(5_000)})
    assert [(share.payment_id, share.amount_minor) for share in shop.shares] == [
        (first, 9_000), (first, 5_000), (first + 1, 4_000),
    ]  # fmt: skip


@pytest.mark.parametrize("method", [Method.BANK_TRANSFER, Method.CASH, Method.CHEQUE])
def test_money_that_came_by_hand_goes_back_by_hand_with_a_reference(
    store: Store, clock: StillClock, method: Method
) -> None:
    shop = RefundShop(store, clock, paid=False)
    shop.payment_id = by_hand(store, shop.order_id, method=method)
    with pytest.raises(Invalid, match=f"reference of the {method.label}"):
        shop.refund(shop.mia, shop.chairs(1), letter=LETTER)
    share = ShareChoice(shop.payment_id, eur(9_000), reference="out 1")
    done = shop.refund(shop.mia, shop.chairs(1), shares=(share,), letter=LETTER)
    assert done.message == "104501: 90.00 EUR refunded. The mail is on its way."
    assert not done.can_undo
    booked = rows(store, TransactionRow)[-1]
    assert (booked.kind, booked.reference, booked.amount_minor) == ("manual_out", "out 1", 9_000)
    assert "mia" in {row.actor for row in rows(store, ActivityRow) if row.action == "refund.paid"}
    assert len(shop.mails) == 1
    with pytest.raises(Invalid, match="in the books of 104501 already"):
        shop.refund(shop.mia, shop.chairs(1), shares=(share,))
    assert shop.wrong() == []


def test_one_bank_transfer_may_pay_two_shares(store: Store, clock: StillClock) -> None:
    shop = RefundShop(store, clock, paid=False)
    first = by_hand(store, shop.order_id, 100_000, reference="in 1")
    second = by_hand(store, shop.order_id, 90_490, reference="in 2")
    shares = (ShareChoice(first, eur(5_000), reference="out"), ShareChoice(second, eur(4_000), reference="out"))
    shop.refund(shop.mia, shop.chairs(1), shares=shares)
    booked = [row.reference for row in rows(store, TransactionRow) if row.kind == "manual_out"]
    assert (booked[0], booked[1].startswith("out/")) == ("out", True)


def test_a_gateway_that_cannot_be_asked_is_refunded_there_and_written_down(store: Store, clock: StillClock) -> None:
    shop = RefundShop(store, clock, paid=False)
    shop.payment_id = captured(store, shop.order_id, gateway="klarna", reference="")
    with pytest.raises(Invalid, match="refund at klarna"):
        shop.refund(shop.mia, shop.chairs(1))
    shop.refund(shop.mia, shop.chairs(1), shares=(ShareChoice(shop.payment_id, eur(9_000), reference="KR-1"),))
    assert rows(store, JournalRow)[-1].credit == "gateway:klarna"
    assert shop.calls == []


# --- paid too much


def test_what_was_paid_too_much_goes_back_without_touching_the_order(shop: RefundShop) -> None:
    extra = by_hand(shop.store, shop.order_id, 2_500)
    total = the_order(shop.store, shop.order_id).total_minor
    with pytest.raises(Invalid, match=r"Only 25\.00 EUR was paid too much"):
        shop.refund(shop.mia, RefundContent(overpayment=eur(2_501)))
    version = the_order(shop.store, shop.order_id).version
    back = ShareChoice(extra, eur(2_500), reference="out 1")
    shop.mia.perform(return_overpayment, shop.order_id, version=version, shares=(back,))
    order = the_order(shop.store, shop.order_id)
    assert (order.total_minor, order.paid_minor) == (total, total)
    with pytest.raises(Refused, match="Nothing was paid too much"):
        shop.mia.perform(return_overpayment, shop.order_id, version=order.version)
    assert shop.wrong() == []


def test_what_is_granted_and_has_not_gone_is_not_paid_too_much(shop: RefundShop) -> None:
    failed(shop)
    version = the_order(shop.store, shop.order_id).version
    with pytest.raises(Refused, match="Nothing was paid too much"):
        shop.mia.perform(return_overpayment, shop.order_id, version=version)


# --- other currencies


def test_what_went_back_in_yen_costs_what_the_gateway_says_and_the_rest_is_booked(
    store: Store, clock: StillClock
) -> None:
    shop = RefundShop(store, clock, paid=False)
    order_id = shop.add_order("104502", currency="JPY")
    payment_id = captured(store, order_id, reference="pi_9", settled=eur(119_000))
    shop.refund(shop.ada, RefundContent((RefundLine(shop.line(1, order_id), 2),)), order_id)
    assert shop.row.currency == "JPY"
    with working(store, clock()) as work:
        order = work.orders.locked(order_id)
        answer = Answer(AnswerKind.SUCCEEDED, "re_1", settled=eur(12_000))
        conclude(work, work.calls.locked(shop.calls[-1].id or 0), answer)
        work.orders.settle(order)
    assert the_payment(store, payment_id).refunded_minor == 18_000
    fx = rows(store, JournalRow)[-1]
    expected = 119_000 * 18_000 / 190_490
    assert (fx.debit, fx.currency, fx.amount_minor) == ("fx_difference", "EUR", 12_000 - round(expected))
    with pytest.raises(Invalid, match="is in JPY"):
        shop.refund(shop.ada, RefundContent(goodwill=Money(1_000, "EUR")), order_id)


# --- letters


def test_a_card_number_in_the_letter_is_never_kept(shop: RefundShop) -> None:
    shop.refund(shop.mia, shop.chairs(1), letter=replace(LETTER, text="Back to 4111 1111 1111 1111."))
    assert "4111" not in shop.row.letter_text
    with pytest.raises(Invalid):
        shop.refund(shop.mia, shop.chairs(1), letter=replace(LETTER, subject="Hi\nBcc: x@example.com"))


def test_without_a_letter_nobody_is_told(shop: RefundShop) -> None:
    shop.refund(shop.mia, shop.chairs(1))
    shop.refund(shop.mia, shop.chairs(1), tell=False, letter=LETTER)
    shop.work()
    assert [refund.state for refund in rows(shop.store, RefundRow)] == ["succeeded", "succeeded"]
    assert (shop.mails, len(rows(shop.store, RefundShareRow))) == ([], 2)


def test_a_mail_is_queued_once_however_often_the_gateway_says_so(shop: RefundShop) -> None:
    shop.refund(shop.mia, shop.chairs(1), letter=LETTER)
    for _ in range(4):
        shop.work(minutes=5)
    assert [mail.state for mail in shop.mails] == [MailState.QUEUED]
