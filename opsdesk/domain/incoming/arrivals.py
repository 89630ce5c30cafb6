"""Orders and products as they come from outside: every file format and every shop is read into these values.

Amounts are whole minor units of the order's currency. The same values are what an export writes, so that nothing an
order has can be lost between the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.states import Lifecycle

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
