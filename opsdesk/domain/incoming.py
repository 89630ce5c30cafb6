"""Orders and products as they come from outside: every file format and every shop is read into these values.

Amounts are whole minor units of the order's currency. The same values are what an export writes, so that nothing an
order has can be lost between the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from opsdesk.domain.errors import Invalid
from opsdesk.domain.holds import HoldType
from opsdesk.domain.money import LARGEST_MINOR, Money
from opsdesk.domain.orders import CancelReason, Lifecycle

MOST_LINES = 5_000
"""An order with more lines is no order but a mistake."""

LARGEST_QUANTITY = 1_000_000
LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class Rejection:
    """One record that was refused, while the good ones around it went in.

    Attributes:
        line: line of the file where the record begins, from 1; in a JSON array the number of the record.
        field: what was wrong, in the file's own words; empty when it is the record as a whole.
        raw: the record as it came, shortened.
    """

    line: int
    field: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class IncomingAddress:
    """A postal address as the customer typed it; the country as two letters."""

    name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class IncomingLine:
    """One line of goods, or a fee (`needs_shipping` is then False)."""

    sku: str
    title: str
    quantity: int
    unit_price_minor: int
    variant: str = ""
    external_id: str = ""
    discount_minor: int = 0
    tax_minor: int = 0
    temperature: str = "ambient"
    needs_shipping: bool = True
    cancelled: int = 0
    shipped: int = 0
    delivered: int = 0
    returned: int = 0

    @property
    def amount_minor(self) -> int:
        """What the line costs less its own discount."""
        return self.quantity * self.unit_price_minor - self.discount_minor


@dataclass(frozen=True, slots=True)
class IncomingPayment:
    """One movement of money; `reference` is what makes it the same one when it comes again."""

    kind: str
    state: str
    amount_minor: int
    gateway: str
    reference: str
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class IncomingParcel:
    """What left the house together; `contents` are pairs of line number (from 1) and units."""

    carrier: str
    tracking_number: str
    shipped_at: datetime
    contents: tuple[tuple[int, int], ...]
    tracking_url: str = ""
    shipped_by: str = ""
    delivered_at: datetime | None = None
    recalled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IncomingHold:
    """A hold that comes with the order; without `placed_at` it is placed when the order comes in."""

    type: HoldType
    reason: str
    blocks: str | None = None
    placed_by: str = ""
    placed_at: datetime | None = None
    review_at: datetime | None = None
    on_review: str = "task"
    reviewed_at: datetime | None = None
    released_by: str | None = None
    released_at: datetime | None = None
    release_note: str = ""


@dataclass(frozen=True, slots=True)
class IncomingCase:
    """A verification case that comes with the order."""

    kind: str
    state: str
    opened_by: str
    opened_at: datetime
    answer_days: int = 0
    respond_by: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IncomingNote:
    """A note that comes with the order; without an author it is the source's."""

    text: str
    written_at: datetime
    author: str = ""


@dataclass(frozen=True, slots=True)
class IncomingCancellation:
    """A cancellation that comes with the order; `lines` are pairs of line number (from 1) and units that it took."""

    reason: str
    cancelled_at: datetime
    note: str = ""
    cancelled_by: str = ""
    reopened_by: str | None = None
    reopened_at: datetime | None = None
    lines: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class IncomingOrder:
    """One order as its source tells it.

    Attributes:
        source: which shop; together with `external_id` it is what makes it the same order when it comes again.
        customer_id: the customer's id at the source; tells customers without an e-mail address apart.
        is_own: it comes from an export of OpsDesk, so everything in it is meant as it stands.
        modified_at: when it last changed at the source, if the source says so; an older version is left out.
        line: where it stands in the file.
        payload: the record as it came.
    """

    source: str
    external_id: str
    number: str
    placed_at: datetime
    currency: str
    lines: tuple[IncomingLine, ...]
    total_minor: int
    channel: str = ""
    customer_id: str = ""
    customer_name: str = ""
    email: str = ""
    phone: str = ""
    language: str = "en"
    discount_minor: int = 0
    shipping_minor: int = 0
    tax_minor: int = 0
    tax_included: bool = True
    lifecycle: Lifecycle = Lifecycle.PLACED
    shipping_method: str = ""
    temperature: str = "ambient"
    risk_level: str = ""
    tags: str = ""
    staff_fields: str = ""
    told_status: str | None = None
    told_at: datetime | None = None
    promised_at: datetime | None = None
    received_at: datetime | None = None
    touched_at: datetime | None = None
    packing_since: datetime | None = None
    modified_at: datetime | None = None
    shipping: IncomingAddress | None = None
    billing: IncomingAddress | None = None
    payments: tuple[IncomingPayment, ...] = ()
    parcels: tuple[IncomingParcel, ...] = ()
    holds: tuple[IncomingHold, ...] = ()
    cases: tuple[IncomingCase, ...] = ()
    notes: tuple[IncomingNote, ...] = ()
    cancellations: tuple[IncomingCancellation, ...] = ()
    is_own: bool = False
    line: int = 0
    payload: str = ""

    @property
    def goods_minor(self) -> int:
        """What the lines cost together, each less its own discount."""
        return sum(line.quantity * line.unit_price_minor - line.discount_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class IncomingProduct:
    """One sellable article; the price in minor units of `currency`, the weight in grams."""

    source: str
    external_id: str
    sku: str
    title: str
    price_minor: int
    currency: str
    variant: str = ""
    ean: str = ""
    temperature: str = "ambient"
    weight_g: int | None = None
    stock: int | None = None
    is_active: bool = True
    line: int = 0
    payload: str = ""


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
