"""Disputes: a customer's bank asks for money back. The order is held while any is open; several can stand at once."""

from __future__ import annotations

from datetime import datetime

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import DEFAULT_BLOCKS, HoldType
from opsdesk.domain.orders.rules import why_not_hold
from opsdesk.domain.payments.gateways import DisputeSnapshot, DisputeState
from opsdesk.domain.payments.transactions import TransactionKind
from opsdesk.operations.payments.arrivals import money_has_come
from opsdesk.operations.words import kept_line, required_line
from opsdesk.store.repositories.payments import Booking
from opsdesk.store.tables import DisputeRow, HoldRow, OrderRow, PaymentRow
from opsdesk.store.work import Done, Work, operation

_FAR = {state: rank for rank, state in enumerate(DisputeState)} | {
    # What nobody can take back counts more than what may still change; accepting is how a dispute was lost.
    DisputeState.PREVENTED: 5,
    DisputeState.WON: 6,
    DisputeState.LOST: 7,
    DisputeState.ACCEPTED: 8,
}
_KEEPS_THE_MONEY = (DisputeState.LOST, DisputeState.ACCEPTED)
_GIVES_BACK = (DisputeState.WON, DisputeState.PREVENTED, DisputeState.INQUIRY_CLOSED)
LOST_TWICE = "Money that was refunded is taken by the bank as well. Answer the dispute with the refund as proof."


def note_dispute(work: Work, order: OrderRow, payment: PaymentRow, told: DisputeSnapshot) -> bool:
    """Take in what a gateway says of a dispute, and say whether it was news; what is further on does not go back."""
    dispute = _of_reference(work, payment, told.reference)
    if dispute is None:
        dispute = _open_dispute(work, payment, told)
        is_news = True
    else:
        is_news = _move_on(work, dispute, told)
    is_booked = _book(work, payment, dispute, is_withdrawn=told.is_withdrawn)
    if is_news or is_booked:
        work.payments.settle(payment)
        keep_hold(work, order)
    return is_news or is_booked


def is_lost_twice(payment: PaymentRow) -> bool:
    """Say whether more went back and was taken than had come in (commerce.md 5.2, 26)."""
    return payment.charged_back_minor > 0 and (
        payment.refunded_minor + payment.charged_back_minor > payment.captured_minor
    )


@operation("dispute.record")
def record_dispute(
    work: Work,
    payment_id: int,
    *,
    version: int | None = None,
    reference: str,
    amount: Money,
    reason: str,
    due_at: datetime | None = None,
    is_withdrawn: bool = True,
) -> Done:
    """Note a dispute of a payment whose gateway tells nothing by itself.

    Raises:
        Invalid: the reference or the reason is missing, or the amount is not part of the payment.
        Refused: the dispute is known.
        Conflict: the order changed since `version` was read.
    """
    order = work.orders.locked(work.payments.order_of(payment_id), version=version)
    payment = work.payments.locked(payment_id)
    called = required_line(reference, "reference", "Enter what the bank or the gateway calls the dispute.")
    why = required_line(reason, "reason", "Enter the reason that the bank gives.")
    if amount.currency != payment.currency or not 0 < amount.minor <= payment.captured_minor:
        came_in = Money(payment.captured_minor, payment.currency)
        raise Invalid("amount", f"{came_in} came in with this payment. The dispute is about that, or part of it.")
    if _of_reference(work, payment, called) is not None:
        raise Refused(f"The dispute {called} is noted already.")
    told = DisputeSnapshot(
        called, payment.reference, amount, DisputeState.NEEDS_RESPONSE, why, work.now, due_at, is_withdrawn=is_withdrawn
    )
    note_dispute(work, order, payment, told)
    work.orders.settle(order)
    twice = f" {LOST_TWICE}" if is_lost_twice(payment) else ""
    return Done(f"{order.number}: the dispute over {amount} is noted.{twice}", order.id, order.version)


@operation("dispute.answer")
def answer_dispute(work: Work, dispute_id: int, *, version: int | None = None, note: str) -> Done:
    """Note that the bank was answered, with what.

    Raises:
        Refused: it is decided, or was answered.
        Invalid: the note is missing.
        Conflict: it moved on since `version` was read.
    """
    order, dispute, payment = _locked(work, dispute_id, version)
    state = DisputeState(dispute.state)
    if not state.is_open:
        raise Refused(f"The dispute is decided: {_word(state)}.")
    if dispute.answered_at is not None:
        raise Refused(f"{dispute.answered_by} has answered the dispute already.")
    dispute.note = required_line(note, "note", "Say what the bank was sent.")
    dispute.answered_by, dispute.answered_at = work.actor.name, work.now
    is_inquiry = state is DisputeState.INQUIRY_NEEDS_RESPONSE
    _put(work, dispute, DisputeState.INQUIRY_UNDER_REVIEW if is_inquiry else DisputeState.UNDER_REVIEW, dispute.note)
    return _settled(work, order, payment, dispute)


@operation("dispute.accept")
def accept_dispute(work: Work, dispute_id: int, *, version: int | None = None, note: str = "") -> Done:
    """Let the bank have the money: it stays gone, and the order is free again when no other dispute stands.

    Raises:
        Refused: it is decided.
        Conflict: it moved on since `version` was read.
    """
    return _decide(work, dispute_id, version, DisputeState.ACCEPTED, kept_line(note))


@operation("dispute.decide")
def decide_dispute(work: Work, dispute_id: int, *, version: int | None = None, won: bool, note: str) -> Done:
    """Note how the bank decided, where the gateway tells nothing by itself.

    Raises:
        Refused: it is decided.
        Invalid: the note is missing.
        Conflict: it moved on since `version` was read.
    """
    why = required_line(note, "note", "Say how you know of the decision.")
    return _decide(work, dispute_id, version, DisputeState.WON if won else DisputeState.LOST, why)


def keep_hold(work: Work, order: OrderRow) -> None:
    """Hold the order while any dispute of it is open, and release it when the last one closes."""
    assert order.id is not None, "An order that is held has been saved."
    still_open = work.settlements.open_disputes(order.id)
    hold = work.cases.active_hold(order.id, HoldType.DISPUTE.value)
    if not still_open:
        if hold is not None:
            hold.released_by, hold.released_at = work.actor.name, work.now
            hold.release_note = "The last dispute is decided."
            summary = "Hold released: the last dispute is decided"
            work.record("hold.released", "order", order.id, summary, before=HoldType.DISPUTE.value)
        return
    due = min((one.due_at for one in still_open if one.due_at is not None), default=None)
    if hold is not None:
        hold.review_at = due
    elif why_not_hold(work.orders.facts(order), HoldType.DISPUTE) is None:
        _place_hold(work, order.id, still_open[0], due)


def _place_hold(work: Work, order_id: int, dispute: DisputeRow, due: datetime | None) -> None:
    until = f" Answer by {due:%d %B %Y}." if due else ""
    reason = f"The bank disputes {_amount(dispute)}: {dispute.reason or 'no reason given'}.{until}"
    work.add(
        HoldRow(
            order_id=order_id,
            type=HoldType.DISPUTE.value,
            reason=reason,
            blocks=",".join(sorted(DEFAULT_BLOCKS[HoldType.DISPUTE])),
            placed_by=work.actor.name,
            placed_at=work.now,
            review_at=due,
        )
    )
    work.record("hold.placed", "order", order_id, f"On hold: dispute. {reason}", after=HoldType.DISPUTE.value)


def _open_dispute(work: Work, payment: PaymentRow, told: DisputeSnapshot) -> DisputeRow:
    assert payment.id is not None, "A payment that is disputed has been saved."
    dispute = DisputeRow(
        order_id=payment.order_id,
        payment_id=payment.id,
        reference=told.reference,
        state=told.state.value,
        reason=kept_line(told.reason),
        network_reason=kept_line(told.network_reason),
        amount_minor=told.amount.minor,
        currency=told.amount.currency,
        opened_at=told.opened_at,
        due_at=told.due_at,
        closed_at=None if told.state.is_open else work.now,
    )
    work.add(dispute)
    summary = f"Dispute over {told.amount}, {_word(told.state)}: {dispute.reason or 'no reason given'}"
    work.record("dispute.opened", "order", payment.order_id, summary, after=told.state.value)
    return dispute


def _move_on(work: Work, dispute: DisputeRow, told: DisputeSnapshot) -> bool:
    before, due = DisputeState(dispute.state), dispute.due_at
    if _FAR[told.state] < _FAR[before]:
        return False
    dispute.reason = kept_line(told.reason) or dispute.reason
    dispute.network_reason = kept_line(told.network_reason) or dispute.network_reason
    if told.state is before:
        dispute.due_at = max((moment for moment in (due, told.due_at) if moment is not None), default=None)
        return dispute.due_at != due
    dispute.due_at = told.due_at or due
    dispute.amount_minor = told.amount.minor
    _put(work, dispute, told.state, "")
    return True


def _put(work: Work, dispute: DisputeRow, state: DisputeState, note: str) -> None:
    before, dispute.state = dispute.state, state.value
    dispute.closed_at = None if state.is_open else work.now
    dispute.version += 1
    summary = f"Dispute over {_amount(dispute)}: {_word(state)}. {note}".removesuffix(". ")
    work.record(f"dispute.{state.value}", "order", dispute.order_id, summary, before=before, after=state.value)


def _book(work: Work, payment: PaymentRow, dispute: DisputeRow, *, is_withdrawn: bool) -> bool:
    """Book that the bank has taken the money, or has given it back; each once."""
    state, amount = DisputeState(dispute.state), _amount(dispute)
    kinds = {row.kind for row in work.payments.transactions(payment) if row.reference == dispute.reference}
    is_taken = TransactionKind.DISPUTE_DEBIT.value in kinds
    booking = Booking(dispute.reference, is_told=True)
    if not is_taken and (state in _KEEPS_THE_MONEY or (is_withdrawn and state not in _GIVES_BACK)):
        work.payments.book(payment, TransactionKind.DISPUTE_DEBIT, amount, booking)
        dispute.withdrawn_minor = amount.minor
        work.record("dispute.withdrawn", "order", payment.order_id, f"The bank has taken {amount}", after=str(amount))
        return True
    if is_taken and state in _GIVES_BACK and TransactionKind.DISPUTE_REVERSAL.value not in kinds:
        back = Money(dispute.withdrawn_minor, dispute.currency)
        work.payments.book(payment, TransactionKind.DISPUTE_REVERSAL, back, booking)
        dispute.withdrawn_minor = 0
        work.record("dispute.given_back", "order", payment.order_id, f"The bank has given back {back}", after=str(back))
        return True
    return False


def _decide(work: Work, dispute_id: int, version: int | None, state: DisputeState, note: str) -> Done:
    order, dispute, payment = _locked(work, dispute_id, version)
    before = DisputeState(dispute.state)
    if not before.is_open:
        raise Refused(f"The dispute is decided: {_word(before)}.")
    if note:
        dispute.note = note
    if before in (DisputeState.INQUIRY_NEEDS_RESPONSE, DisputeState.INQUIRY_UNDER_REVIEW) and state is DisputeState.WON:
        state = DisputeState.INQUIRY_CLOSED
    _put(work, dispute, state, note)
    _book(work, payment, dispute, is_withdrawn=False)
    return _settled(work, order, payment, dispute)


def _settled(work: Work, order: OrderRow, payment: PaymentRow, dispute: DisputeRow) -> Done:
    work.payments.settle(payment)
    keep_hold(work, order)
    work.orders.settle(order)
    said = f"{order.number}: the dispute over {_amount(dispute)} is {_word(DisputeState(dispute.state))}."
    said = f"{said} {money_has_come(work, order)}".strip()
    work.orders.settle(order)
    return Done(said, order.id, order.version)


def _locked(work: Work, dispute_id: int, version: int | None) -> tuple[OrderRow, DisputeRow, PaymentRow]:
    order = work.orders.locked(work.settlements.order_of(DisputeRow, dispute_id, "dispute"))
    dispute = work.settlements.dispute(dispute_id, version=version)
    return order, dispute, work.payments.locked(dispute.payment_id)


def _of_reference(work: Work, payment: PaymentRow, reference: str) -> DisputeRow | None:
    found = work.settlements.disputes(payment.id or 0)
    return next((dispute for dispute in found if dispute.reference == reference), None)


def _amount(dispute: DisputeRow) -> Money:
    return Money(dispute.amount_minor, dispute.currency)


def _word(state: DisputeState) -> str:
    return state.value.replace("_", " ")
