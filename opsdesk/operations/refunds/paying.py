"""Paying a refund out: a call to the gateway, a payment by hand or store credit for each share, and what came of it.

The customer is told when every share has succeeded, and not before (commerce.md 3.3, P21).
"""

from __future__ import annotations

from collections.abc import Iterable

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import Answer, CallKind, CallState
from opsdesk.domain.payments.transactions import Method, TransactionKind
from opsdesk.domain.refunds.states import RefundReason, RefundState, ShareState, ShareWay, refund_state
from opsdesk.operations.mails.outbox import queue_mail
from opsdesk.operations.payments.gateway_calls import concludes, in_words, request_call, withdraw
from opsdesk.operations.payments.store_credit import put_on_credit
from opsdesk.operations.refunds.grounds import Grounds, shares_of
from opsdesk.operations.refunds.notes import cancel_note, issue_note
from opsdesk.store.repositories.payments import Booking
from opsdesk.store.tables import GatewayCallRow, OrderRow, RefundRow, RefundShareRow
from opsdesk.store.work import Work

_PAID = (RefundState.SUCCEEDED, RefundState.CONVERTED_TO_CREDIT)
WHAT_TO_DO = "Try again, choose another way, or turn it into store credit."
_SHARE_STATES = {
    CallState.SUCCEEDED: ShareState.SUCCEEDED,
    CallState.FAILED: ShareState.FAILED,
    CallState.PENDING: ShareState.PENDING,
    CallState.UNKNOWN: ShareState.UNKNOWN,
    CallState.CANCELLED: ShareState.CANCELLED,
}


def pay_out(work: Work, grounds: Grounds, refund: RefundRow, shares: Iterable[RefundShareRow]) -> None:
    """Send shares on their way; what is paid by hand or becomes store credit is booked at once.

    Raises:
        Refused: a payment does not have that much left; somebody else may have been first.
        Invalid: a reference was used for this order before.
    """
    for share in shares:
        _PAY[grounds.way(share)](work, grounds, refund, share)
    refund.submitted_at = work.now
    settle_refund(work, grounds.order, refund)


def settle_refund(work: Work, order: OrderRow, refund: RefundRow) -> None:
    """Write down how far the refund is by its shares; on success the customer's mail is queued."""
    shares = shares_of(work, refund)
    before, state = refund.state, refund_state(ShareState(share.state) for share in shares)
    refund.state, refund.version = state.value, refund.version + 1
    if state not in (RefundState.FAILED, RefundState.UNKNOWN):
        refund.problem = ""
    else:
        said = [share.problem for share in shares if share.problem] or ["It was taken back before it was paid."]
        refund.problem = " ".join([*said, WHAT_TO_DO] if state is RefundState.FAILED else said)
    if state == before:
        return
    if state is RefundState.SUCCEEDED:
        refund.settled_at = work.now
        issue_note(work, refund)
        _tell(work, order, refund)
    elif before in _PAID:
        cancel_note(work, refund, refund.problem)
    summary = f"Refund of {in_money(refund)}: {state.word}. {refund.problem}".strip()
    work.record(f"refund.{state.value}", "order", refund.order_id, summary, before=before, after=state.value)


@concludes(CallKind.REFUND)
def share_settled(work: Work, call: GatewayCallRow, answer: Answer) -> None:
    """Let a share follow what the gateway answered, and the refund its shares."""
    if call.share_id is None:
        return
    share = work.settlements.share(call.share_id)
    refund = work.settlements.refund(share.refund_id)
    happened = call.state == CallState.SUCCEEDED
    if happened and (share.state in _OVER or not RefundState(refund.state).counts):
        _paid_after_all(work, refund, share, call)
        return
    if share.state in _OVER:
        if share.state == ShareState.SUCCEEDED and call.state == CallState.FAILED and not _is_paid(work, share):
            share_failed_later(work, share, answer.problem)
        return
    if happened:
        _drop_other_calls(work, refund, share, call)
    share.state = _SHARE_STATES[CallState(call.state)].value
    share.problem = answer.problem
    settle_refund(work, work.orders.locked(call.order_id), refund)


_OVER = (ShareState.SUCCEEDED, ShareState.REPLACED)


def _is_paid(work: Work, share: RefundShareRow) -> bool:
    return any(call.state == CallState.SUCCEEDED for call in work.calls.of_share(share.id or 0))


def share_failed_later(work: Work, share: RefundShareRow, problem: str) -> None:
    """Let a share fail that the gateway had called done: the card was closed, the bank sent the money back.

    Whoever calls has locked the order and booked the money back.
    """
    refund = work.settlements.refund(share.refund_id)
    was_told = refund.state == RefundState.SUCCEEDED and refund.tell
    told = " The customer was told that it had been paid." if was_told else ""
    share.state, share.problem = ShareState.FAILED.value, f"{problem}{told}"
    refund.settled_at = None
    settle_refund(work, work.orders.locked(refund.order_id), refund)


def call_back(work: Work, shares: Iterable[RefundShareRow]) -> None:
    """Take back what was not sent to a gateway yet.

    Raises:
        Refused: it was sent, so the gateway may have done it.
    """
    for share in shares:
        for call in work.calls.of_share(share.id or 0):
            if CallState(call.state).is_open:
                withdraw(work, call)
        share.state = ShareState.CANCELLED.value


def in_money(refund: RefundRow) -> str:
    """Say how much a refund is."""
    return str(Money(refund.amount_minor, refund.currency))


def _ask_gateway(work: Work, grounds: Grounds, refund: RefundRow, share: RefundShareRow) -> None:
    payment = grounds.payments[share.payment_id]
    request_call(
        work,
        grounds.order,
        kind=CallKind.REFUND,
        payment=payment,
        share=share,
        amount=grounds.money(share.amount_minor),
        gateway=payment.gateway,
        reference=payment.reference,
        reason=RefundReason(refund.reason).gateway_word,
    )
    share.state, share.problem = ShareState.SUBMITTED.value, ""


def _pay_by_hand(work: Work, grounds: Grounds, refund: RefundRow, share: RefundShareRow) -> None:
    payment, method = grounds.payments[share.payment_id], Method(share.method)
    booking = Booking(_reference(work, grounds, refund, share), over=method if method != payment.method else None)
    work.payments.book(payment, TransactionKind.MANUAL_OUT, grounds.money(share.amount_minor), booking)
    share.state, share.problem = ShareState.SUCCEEDED.value, ""
    _record_paid(work, grounds, refund, share)


def _reference(work: Work, grounds: Grounds, refund: RefundRow, share: RefundShareRow) -> str:
    """Return the reference that is booked: one bank transfer may pay several shares, but never two refunds."""
    if not share.reference:
        return f"refund:{share.id}"
    paid = [row for payment in grounds.payments.values() for row in work.payments.transactions(payment)]
    if share.reference not in {row.reference for row in paid}:
        return share.reference
    if any(
        other.reference == share.reference and other.state == ShareState.SUCCEEDED and other.id != share.id
        for other in shares_of(work, refund)
    ):
        return f"{share.reference}/{share.id}"
    raise Invalid("reference", f"{share.reference} is in the books of {grounds.order.number} already. Look again.")


def _pay_as_credit(work: Work, grounds: Grounds, refund: RefundRow, share: RefundShareRow) -> None:
    payment, amount = grounds.payments[share.payment_id], grounds.money(share.amount_minor)
    share.credit_id = put_on_credit(work, grounds.order, payment, amount, share.credit_id).id
    booking = Booking(f"credit:{share.credit_id}:{share.id}", over=Method.STORE_CREDIT)
    work.payments.book(payment, TransactionKind.MANUAL_OUT, amount, booking)
    share.state, share.problem = ShareState.SUCCEEDED.value, ""
    _record_paid(work, grounds, refund, share)


_PAY = {ShareWay.GATEWAY: _ask_gateway, ShareWay.BY_HAND: _pay_by_hand, ShareWay.CREDIT: _pay_as_credit}


def _record_paid(work: Work, grounds: Grounds, refund: RefundRow, share: RefundShareRow) -> None:
    work.record("refund.paid", "order", refund.order_id, f"Refunded: {grounds.words(share)}", after=share.reference)


def _drop_other_calls(work: Work, refund: RefundRow, share: RefundShareRow, call: GatewayCallRow) -> None:
    """A call that was given up has happened after all: what was asked instead of it must not happen too."""
    for other in work.calls.of_share(share.id or 0):
        if other.id == call.id or not CallState(other.state).is_open:
            continue
        try:
            withdraw(work, other)
        except Refused:
            _warn(work, refund, f"{in_words(call)} may happen twice: it was asked for again. Watch the gateway.")


def _paid_after_all(work: Work, refund: RefundRow, share: RefundShareRow, call: GatewayCallRow) -> None:
    """Money went back that had been given up, or paid in another way since: nobody may miss it."""
    said = f"The {in_words(call)} happened after all, although it had been given up. The customer may have it twice."
    if not RefundState(refund.state).counts:
        share.state, refund.tell = ShareState.SUCCEEDED.value, False
        settle_refund(work, work.orders.locked(call.order_id), refund)
    share.problem = said
    _warn(work, refund, said)


def _warn(work: Work, refund: RefundRow, said: str) -> None:
    refund.problem, refund.version = said, refund.version + 1
    work.record("refund.doubled", "order", refund.order_id, said)


def _tell(work: Work, order: OrderRow, refund: RefundRow) -> None:
    if not refund.tell or not refund.letter_text:
        return
    letter = Letter(refund.letter_subject, refund.letter_text, refund.letter_html, refund.letter_language)
    try:
        queue_mail(work, order, letter, event_key=f"refund:{refund.id}", status_code="refunded")
    except Invalid as problem:
        # The money has gone, and that is written down whatever becomes of the mail.
        work.record("refund.not_told", "order", refund.order_id, f"No mail about the refund: {problem.message}")
