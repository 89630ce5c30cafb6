"""What holds for every order that comes in: what it must have, and that its parts add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from opsdesk.domain.errors import Invalid
from opsdesk.domain.incoming.arrivals import LONGEST_ID, IncomingCancellation, IncomingHold, IncomingLine, IncomingOrder
from opsdesk.domain.incoming.paying_in import is_reversal, payments_in
from opsdesk.domain.money import LARGEST_MINOR, Money
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.domain.payments.transactions import TransactionKind

MOST_LINES = 5_000
"""An order with more lines is no order but a mistake."""

LARGEST_QUANTITY = 1_000_000


def checked(order: IncomingOrder) -> IncomingOrder:
    """Return the order if it can be kept, with its parts adding up to its total.

    What the parts lack becomes a line of its own, what they have too much a discount. A difference that is more than
    rounding is something that somebody must look at, as long as the order is open.

    Raises:
        Invalid: the field that makes it impossible.
    """
    _require(order)
    parts = order.goods_minor - order.discount_minor + order.shipping_minor
    missing = order.total_minor - parts - (0 if order.tax_included else order.tax_minor)
    if not missing:
        return order
    balanced = _with_difference(order, missing)
    if abs(missing) <= len(order.lines) + 1 or order.lifecycle is not Lifecycle.PLACED or order.is_own:
        return balanced
    said, summed = Money(order.total_minor, order.currency), Money(order.total_minor - missing, order.currency)
    return with_conflict(balanced, f"The parts of the order come to {summed}, the shop says {said}.")


def with_conflict(order: IncomingOrder, reason: str) -> IncomingOrder:
    """Return the order held for somebody to look at, for this reason besides those that there are."""
    earlier = [hold for hold in order.holds if hold.type is HoldType.SYNC_CONFLICT and hold.released_at is None]
    others = tuple(hold for hold in order.holds if hold not in earlier)
    reasons = " ".join([*(hold.reason for hold in earlier), reason])
    return replace(order, holds=(*others, IncomingHold(HoldType.SYNC_CONFLICT, reasons)))


def cancelled(order: IncomingOrder, at: datetime, reason: CancelReason = CancelReason.OTHER) -> IncomingOrder:
    """Return the order as cancelled at its source: nothing more of it leaves the house."""
    lines = tuple(replace(line, cancelled=line.quantity - line.shipped) for line in order.lines)
    record = IncomingCancellation(reason.value, at, "Cancelled at the shop.")
    return replace(order, lifecycle=Lifecycle.CANCELLED, lines=lines, cancellations=(record,))


def all_shipped(lines: Iterable[IncomingLine]) -> tuple[IncomingLine, ...]:
    """Return the lines as they are when everything that needs shipping has left the house."""
    return tuple(
        replace(line, shipped=line.quantity - line.cancelled) if line.needs_shipping else line for line in lines
    )


def _with_difference(order: IncomingOrder, missing: int) -> IncomingOrder:
    if missing < 0:
        return replace(order, discount_minor=order.discount_minor - missing)
    extra = IncomingLine("", "Difference to the shop's total", 1, missing, needs_shipping=False)
    return replace(order, lines=(*order.lines, extra))


def _require(order: IncomingOrder) -> None:
    for name, code in (("source", order.source), ("external_id", order.external_id)):
        if not code or len(code) > LONGEST_ID or not code.isprintable():
            raise Invalid(name, f"The order has no {name} by which it could be known again.")
    if not order.number:
        raise Invalid("number", "The order has no number.")
    sums = (order.goods_minor, order.discount_minor, order.shipping_minor, order.tax_minor, order.total_minor)
    if any(abs(amount) > LARGEST_MINOR for amount in sums):
        raise Invalid("total", "The amounts of the order are too large.")
    if order.total_minor < 0:
        raise Invalid("total", "The total of an order cannot be less than nothing.")
    if len(order.lines) > MOST_LINES:
        raise Invalid("lines", f"The order has {len(order.lines)} lines; more than {MOST_LINES} are not taken.")
    for number, line in enumerate(order.lines, 1):
        _require_quantities(number, line)
    for pairs in [*(parcel.contents for parcel in order.parcels), *(record.lines for record in order.cancellations)]:
        if any(position > len(order.lines) or units < 1 for position, units in pairs):
            raise Invalid("lines", "A parcel or cancellation names a line that the order does not have.")
    active = [hold.type for hold in order.holds if hold.released_at is None]
    undecided = [case.kind for case in order.cases if case.decided_at is None]
    if len(set(active)) != len(active) or len(set(undecided)) != len(undecided):
        raise Invalid("holds", "The order has two holds, or two open cases, of the same kind.")
    if len({(paid.reference, paid.kind) for paid in order.payments}) != len(order.payments):
        raise Invalid("payments", "Two payments of the same kind have the same reference.")
    if any(is_reversal(TransactionKind(paid.kind)) for paid in order.payments):
        _require_something_to_reverse(order)


def _require_something_to_reverse(order: IncomingOrder) -> None:
    for payment in payments_in(order.payments):
        if payment.total("charged_back") < 0 or payment.total("refunded") < 0:
            raise Invalid("payments", "More was taken back than had been charged back or refunded.")


def _require_quantities(number: int, line: IncomingLine) -> None:
    if not 0 < line.quantity <= LARGEST_QUANTITY:
        raise Invalid("quantity", f"Line {number} has the quantity {line.quantity}.")
    gone = line.cancelled + line.shipped
    if line.cancelled < 0 or line.shipped < 0 or gone > line.quantity:
        raise Invalid("shipped", f"Line {number} has more shipped and cancelled than were ordered.")
    if not 0 <= line.delivered <= line.shipped:
        raise Invalid("delivered", f"Line {number} has more delivered than shipped.")
    if not 0 <= line.returned <= line.shipped:
        raise Invalid("returned", f"Line {number} has more returned than shipped.")
