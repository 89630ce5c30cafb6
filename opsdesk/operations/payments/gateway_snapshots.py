"""Bring a payment here to what its gateway says of it: the union of the gateway's operations with our transactions.

An operation is known by the key of our call, or by what the gateway calls it. What is new and was asked for here
concludes its call; what nobody here asked for is booked as done outside. Nothing is ever taken away, so that it does
not matter how often, how late and in which order snapshots come (trust.md 7, E3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import (
    Answer,
    AnswerKind,
    CallKind,
    CallState,
    GatewayOperation,
    OperationKind,
    PaymentSnapshot,
)
from opsdesk.domain.payments.transactions import Ended, TransactionKind, TransactionState
from opsdesk.operations.fraud.scoring import score_change
from opsdesk.operations.payments.call_answers import conclude, in_words, move, on_answer
from opsdesk.operations.payments.checks import keep_checks
from opsdesk.operations.refunds.outside import came_back, note_outside
from opsdesk.operations.words import kept_line
from opsdesk.store.repositories.payments import Booking
from opsdesk.store.tables import GatewayCallRow, OrderRow, PaymentRow, TransactionRow
from opsdesk.store.work import Work

_KINDS = {
    OperationKind.AUTHORISE: (TransactionKind.AUTHORISE,),
    OperationKind.CAPTURE: (TransactionKind.CAPTURE, TransactionKind.SALE),
    OperationKind.VOID: (TransactionKind.VOID,),
    OperationKind.REFUND: (TransactionKind.REFUND,),
}
_ONCE = {OperationKind.CAPTURE: CallKind.CAPTURE, OperationKind.VOID: CallKind.VOID}
"""What happens once to a payment, so that a call for it is known without its key."""
LOOK_AGAIN = timedelta(minutes=15)
"""When a gateway is asked again that still holds the money although its own time is up."""
_COMES_IN = (TransactionKind.AUTHORISE, TransactionKind.CAPTURE, TransactionKind.SALE)
_STEPS = tuple(OperationKind)


@dataclass(slots=True)
class News:
    """What a snapshot told that was not known.

    Attributes:
        is_new: the payment was not known before.
        came_in: money was promised or came in that nobody here had asked a gateway for.
        is_paid: a pay link is paid with it.
        problems: sentences about what somebody has to look at.
    """

    payment: PaymentRow | None = None
    is_new: bool = False
    came_in: bool = False
    is_paid: bool = False
    is_changed: bool = False
    problems: list[str] = field(default_factory=list)


def money_in(snapshot: PaymentSnapshot) -> Money:
    """Return what came in with a payment, or was promised: the same in every snapshot since it did."""
    authorised = snapshot.total(OperationKind.AUTHORISE)
    return Money(authorised or snapshot.total(OperationKind.CAPTURE), snapshot.currency)


def came_in_at(snapshot: PaymentSnapshot) -> datetime | None:
    """Return when money came in first, or was promised; None when none did."""
    kinds = (OperationKind.AUTHORISE, OperationKind.CAPTURE)
    times = [done.at for done in snapshot.operations if done.kind in kinds and done.state is AnswerKind.SUCCEEDED]
    return min(times, default=None)


def follow(work: Work, order: OrderRow, gateway: str, snapshot: PaymentSnapshot, *, now: datetime) -> News:
    """Book what the gateway says of a payment and is not known here; the order is locked, and settled by the caller."""
    news = News()
    payment = work.payments.by_reference(gateway, snapshot.reference) or _told_elsewhere(work, order, gateway, snapshot)
    if payment is None:
        if not money_in(snapshot):
            return news
        payment = work.payments.open_payment(
            order, gateway=gateway, instrument=kept_line(snapshot.instrument.words), reference=snapshot.reference
        )
        news.is_new = news.is_changed = True
    assert payment.id is not None, "A payment that is followed has been saved."
    news.payment = payment = work.payments.locked(payment.id)
    told = sorted(_complete(snapshot, now), key=lambda found: _STEPS.index(found.kind))
    rows = work.payments.transactions(payment)
    strangers = _strangers(rows, told)
    for done in told:
        if done.state is AnswerKind.SUCCEEDED and _is_known(rows, done, strangers):
            continue
        _take(work, payment, done, news)
        rows = work.payments.transactions(payment)
    _note(work, payment, snapshot, news)
    if keep_checks(work, order, payment, snapshot):
        # What was checked of the payment may only be known now; until then it neither accused nor cleared.
        score_change(work, order)
    return news


def _told_elsewhere(work: Work, order: OrderRow, gateway: str, snapshot: PaymentSnapshot) -> PaymentRow | None:
    """Return the payment that a shop told of by its movements, without the gateway's name for it, and name it so."""
    names = {snapshot.reference, *(done.reference for done in snapshot.operations)}
    for payment in work.payments.of_order(order.id or 0):
        is_nameless = payment.gateway == gateway and not payment.reference
        if is_nameless and any(row.reference in names for row in work.payments.transactions(payment)):
            payment.reference = snapshot.reference
            return payment
    return None


def _complete(snapshot: PaymentSnapshot, now: datetime) -> Iterator[GatewayOperation]:
    """Return the operations, and what was released of an authorisation of which the gateway says only that it ended."""
    yield from snapshot.operations
    authorised, captured = snapshot.total(OperationKind.AUTHORISE), snapshot.total(OperationKind.CAPTURE)
    rest = authorised - captured - snapshot.total(OperationKind.VOID)
    if snapshot.has_ended and rest > 0:
        at = min(now, snapshot.capture_before or now)
        amount = Money(rest, snapshot.currency)
        yield GatewayOperation(snapshot.reference, OperationKind.VOID, amount, AnswerKind.SUCCEEDED, at)


def _take(work: Work, payment: PaymentRow, done: GatewayOperation, news: News) -> None:
    call = _call_of(work, payment, done)
    if done.kind is OperationKind.REFUND and done.state is AnswerKind.FAILED:
        _take_failed_refund(work, payment, done, call, news)
    elif done.state is not AnswerKind.SUCCEEDED:
        _pass_on(work, call, done, news)
    elif call is None:
        news.is_changed = True
        _book_outside(work, payment, done, news)
    else:
        news.is_changed = True
        if call.state in (CallState.FAILED, CallState.CANCELLED):
            told = f"The {in_words(call)} was given up here, and {payment.gateway} did it all the same."
            news.problems.append(f"{told} Look at what was done instead.")
        conclude(work, call, Answer(AnswerKind.SUCCEEDED, done.reference, settled=done.settled, at=done.at))


def _pass_on(work: Work, call: GatewayCallRow | None, done: GatewayOperation, news: News) -> None:
    """Tell a call that was not answered yet what the gateway says of it."""
    if call is None or not CallState(call.state).is_open or call.state == done.state:
        return
    news.is_changed = True
    conclude(work, call, Answer(done.state, done.reference, problem=done.problem, at=done.at))


def _call_of(work: Work, payment: PaymentRow, done: GatewayOperation) -> GatewayCallRow | None:
    """Return the call that asked for this: by its key, or where there can be one only, by what it asks for."""
    if done.key and (call := work.calls.by_key(done.key)) is not None:
        return call
    kind = _ONCE.get(done.kind)
    if kind is None or done.state is not AnswerKind.SUCCEEDED:
        return None
    for call in work.calls.open_of_order(payment.order_id):
        is_same = call.payment_id == payment.id and call.kind == kind
        if is_same and (kind is CallKind.VOID or call.amount_minor == done.amount.minor):
            return call
    return None


def _is_known(rows: list[TransactionRow], done: GatewayOperation, strangers: list[TransactionRow]) -> bool:
    same = [row for row in rows if row.kind in _KINDS[done.kind]]
    if any(row.reference == done.reference or (done.key and row.call_key == done.key) for row in same):
        return True
    if done.kind is OperationKind.VOID:
        # One void ends a payment.
        return any(row.state == TransactionState.SUCCEEDED for row in same)
    for row in strangers:
        if row in same and row.amount_minor == done.amount.minor:
            strangers.remove(row)
            return True
    return False


def _strangers(rows: list[TransactionRow], told: list[GatewayOperation]) -> list[TransactionRow]:
    """Return what another source told of under a reference of its own, a shop's export for instance."""
    named = {done.reference for done in told}
    unnamed = [row for row in rows if not row.call_key and row.reference not in named]
    return [row for row in unnamed if row.state == TransactionState.SUCCEEDED]


def _book_outside(work: Work, payment: PaymentRow, done: GatewayOperation, news: News) -> None:
    kind = _KINDS[done.kind][0]
    if done.kind is OperationKind.CAPTURE and not payment.authorised_minor:
        kind = TransactionKind.SALE
    booking = Booking(done.reference, at=done.at, settled=done.settled, is_told=True)
    work.payments.book(payment, kind, done.amount, booking)
    news.came_in = news.came_in or kind in _COMES_IN
    if kind is TransactionKind.REFUND:
        note_outside(work, payment, done.amount, done.reference, done.at)
    summary = f"Done outside, at {payment.gateway}: {kind.value} of {done.amount} ({done.reference})"
    work.record(f"payment.{kind.value}", "order", payment.order_id, summary, after=done.reference)


def _take_failed_refund(
    work: Work, payment: PaymentRow, done: GatewayOperation, call: GatewayCallRow | None, news: News
) -> None:
    """Book that a refund did not reach the customer, also where it was called done before (commerce.md 5.2, 17)."""
    rows = [row for row in work.payments.transactions(payment) if _is_about(row, done)]
    if any(row.state == TransactionState.FAILED or row.kind == TransactionKind.REFUND_REVERSAL for row in rows):
        return
    news.is_changed = True
    booking = Booking(done.reference, done.key, is_told=True)
    if not rows:
        if call is not None and CallState(call.state).is_open:
            conclude(work, call, Answer(AnswerKind.FAILED, done.reference, problem=done.problem, at=done.at))
        work.payments.book(payment, TransactionKind.REFUND, done.amount, booking, state=TransactionState.FAILED)
        if call is None:
            news.problems.append(_failed_outside(payment, done))
        return
    work.payments.book(payment, TransactionKind.REFUND_REVERSAL, done.amount, booking)
    summary = f"A refund of {done.amount} came back: {done.problem}".removesuffix(": ")
    work.record("payment.refund_reversal", "order", payment.order_id, summary, after=done.reference)
    if call is None:
        if not came_back(work, payment, done.reference, done.problem):
            news.problems.append(_failed_outside(payment, done))
        return
    call.problem, call.settled_at = done.problem, None
    move(work, call, CallState.FAILED, f"Failed after all: {in_words(call)}. {done.problem}".strip())
    if conclusion := on_answer.get(CallKind(call.kind)):
        conclusion(work, call, Answer(AnswerKind.FAILED, done.reference, problem=done.problem, at=done.at))


def _failed_outside(payment: PaymentRow, done: GatewayOperation) -> str:
    told = f"The refund of {done.amount} that was asked for at {payment.gateway} failed. {done.problem}"
    return f"{told.rstrip()} Give the money back in another way."


def _is_about(row: TransactionRow, done: GatewayOperation) -> bool:
    kinds = (TransactionKind.REFUND, TransactionKind.REFUND_REVERSAL)
    return row.kind in kinds and (row.reference == done.reference or bool(done.key and row.call_key == done.key))


def _note(work: Work, payment: PaymentRow, snapshot: PaymentSnapshot, news: News) -> None:
    """Keep what else the gateway says: with what was paid, until when it holds the money, whether that is over.

    Only the end changes the order; who has it open is not disturbed by how the payment is described.
    """
    until = snapshot.capture_before
    if until is not None and (payment.expires_at is None or payment.expires_at < until):
        payment.expires_at = until
    if not payment.instrument and snapshot.instrument.words:
        payment.instrument = kept_line(snapshot.instrument.words)
    if not payment.ended and _has_expired(work, payment):
        payment.ended, news.is_changed = Ended.EXPIRED.value, True
        summary = f"The authorisation has expired at {payment.gateway}"
        work.record("payment.expired", "order", payment.order_id, summary, after=payment.reference)
    work.payments.settle(payment)


def _has_expired(work: Work, payment: PaymentRow) -> bool:
    """Say whether an authorisation was released because its time was up, not because somebody voided it."""
    until = payment.expires_at
    if until is None or payment.captured_minor or not 0 < payment.authorised_minor <= payment.voided_minor:
        return False
    voids = [row for row in work.payments.transactions(payment) if row.kind == TransactionKind.VOID]
    # A gateway may have held the money a little longer than it had said; see LOOK_AGAIN.
    return any(row.happened_at >= until - LOOK_AGAIN and not row.call_key for row in voids)
