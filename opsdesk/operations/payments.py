"""Money that arrived outside a gateway: a bank transfer, cash, a cheque."""

from __future__ import annotations

from opsdesk.domain.errors import Denied, Invalid, Refused
from opsdesk.domain.money import Money
from opsdesk.domain.payments import Method, TransactionKind, why_not_record_payment
from opsdesk.domain.permissions import why_not_within
from opsdesk.operations.words import kept_line
from opsdesk.store.payments import Booking
from opsdesk.store.work import Done, Work, operation


@operation("payment.record")
def record_payment(
    work: Work,
    order_id: int,
    *,
    amount: Money,
    method: Method = Method.BANK_TRANSFER,
    reference: str = "",
    version: int | None = None,
) -> Done:
    """Record a payment that somebody has seen with their own eyes.

    Raises:
        Refused: the order is paid or cancelled, or the method is not one that is seen by hand.
        Invalid: the amount is nothing, or in another currency than the order.
        Denied: it is more than this person may record alone.
        Conflict: the order changed since `version` was read, or the reference was recorded before.
    """
    order = work.orders.locked(order_id, version=version)
    if amount.currency != order.currency:
        raise Invalid("amount", f"{order.number} is in {order.currency}. Enter the amount in that currency.")
    if not method.is_by_hand:
        raise Invalid("method", "Only a bank transfer, cash or a cheque is recorded by hand.")
    if problem := why_not_record_payment(work.orders.facts(order), amount):
        raise Refused(problem)
    if problem := why_not_within(work.actor, "payment.record", amount):
        raise Denied(problem)
    payment = work.payments.open_payment(order, gateway="manual", method=method)
    kept = kept_line(reference) or work.command_id
    work.payments.book(payment, TransactionKind.MANUAL_IN, amount, Booking(kept))
    summary = f"Payment recorded ({method.label}): {amount}"
    work.record("payment.recorded", "order", order_id, summary, after=kept_line(reference))
    work.orders.settle(order)
    return Done(f"{order.number}: {amount} recorded.", order_id, order.version)
