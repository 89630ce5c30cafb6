"""The parts of one order as its screen shows them: frozen values, in words and numbers that need no second question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from opsdesk.domain.money import Money
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import ActiveHold, Blocks, HoldType, OnReview
from opsdesk.domain.orders.states import FulfilmentStatus, Headline, LineFacts, Stage
from opsdesk.domain.payments.order_money import PaymentStatus
from opsdesk.domain.payments.transactions import TransactionKind, TransactionState


@dataclass(frozen=True, slots=True)
class OrderHead:
    """What stands once per order: who, from where, when, and the words that are computed from its facts."""

    id: int
    version: int
    number: str
    source: str
    external_id: str
    channel: str
    placed_at: datetime
    promised_at: datetime | None
    changed_at: datetime
    customer_name: str
    email: str
    phone: str
    language: str
    headline: Headline
    stage: Stage
    payment: PaymentStatus
    fulfilment: FulfilmentStatus
    shipping_method: str
    temperature: str
    risk_level: str
    tags: str
    owner_id: int | None
    owner_name: str | None
    snoozed_until: datetime | None
    told_status: str | None
    told_at: datetime | None


@dataclass(frozen=True, slots=True)
class Amounts:
    """What the order costs; `tax` is inside the total, and inside the prices where `tax_included`."""

    goods: Money
    discount: Money
    shipping: Money
    tax: Money
    total: Money
    tax_included: bool


@dataclass(frozen=True, slots=True)
class LineDetail:
    """One line of goods; `discount` is for the whole line."""

    id: int
    position: int
    sku: str
    title: str
    variant: str
    temperature: str
    quantities: LineFacts
    unit_price: Money
    discount: Money

    @property
    def price(self) -> Money:
        """What the whole line costs, its discount taken off."""
        return self.unit_price * self.quantities.ordered - self.discount

    @property
    def name(self) -> str:
        """The title with its variant, if it has one."""
        return f"{self.title} ({self.variant})" if self.variant else self.title


@dataclass(frozen=True, slots=True)
class AddressDetail:
    """A postal address as the customer wrote it."""

    name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""

    @property
    def rows(self) -> tuple[str, ...]:
        """The address as it stands on a parcel, without empty rows."""
        town = f"{self.postcode} {self.city}".strip()
        rows = (self.name, self.company, self.line1, self.line2, town, self.region, self.country)
        return tuple(row for row in rows if row)


@dataclass(frozen=True, slots=True)
class TransactionDetail:
    """One movement of money."""

    id: int
    kind: TransactionKind
    state: TransactionState
    amount: Money
    gateway: str
    reference: str
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class HoldDetail:
    """A hold, active while `released_at` is None."""

    id: int
    type: HoldType
    reason: str
    blocks: frozenset[Blocks]
    placed_by: str
    placed_at: datetime
    review_at: datetime | None
    on_review: OnReview
    released_by: str | None
    released_at: datetime | None
    release_note: str

    @property
    def is_active(self) -> bool:
        """True while the hold stands."""
        return self.released_at is None

    @property
    def active(self) -> ActiveHold:
        """The hold as the rules look at it."""
        return ActiveHold(self.id, self.type, self.blocks, self.reason, self.placed_by, self.placed_at, self.review_at)


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """A verification case that nobody has decided."""

    id: int
    kind: str
    state: CaseState
    opened_by: str
    opened_at: datetime
    answer_days: int
    respond_by: datetime | None


@dataclass(frozen=True, slots=True)
class PackedUnits:
    """How many units of a line are in a parcel."""

    line_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class ParcelDetail:
    """A parcel; recalled ones were never handed over."""

    id: int
    carrier: str
    tracking_number: str
    tracking_url: str
    shipped_by: str
    shipped_at: datetime
    delivered_at: datetime | None
    recalled_at: datetime | None
    contents: tuple[PackedUnits, ...] = ()


@dataclass(frozen=True, slots=True)
class NoteDetail:
    """A note, by staff or from the source of the order."""

    id: int
    author: str
    written_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class CancellationDetail:
    """Why the order was cancelled, and when it was reopened, if it was."""

    reason: str
    note: str
    cancelled_by: str
    cancelled_at: datetime
    reopened_at: datetime | None


@dataclass(frozen=True, slots=True)
class OtherOrder:
    """Another order of the same customer."""

    id: int
    number: str
    placed_at: datetime
    total: Money
    headline: Headline
    payment: PaymentStatus


@dataclass(frozen=True, slots=True)
class CustomerDetail:
    """Who ordered, and their newest other orders; `other_count` stops counting at 100."""

    id: int
    name: str
    email: str
    phone: str
    country: str
    language: str
    since: datetime
    others: tuple[OtherOrder, ...]
    other_count: int


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who has the order open now."""

    user_id: int
    name: str
    terminal: str
    is_editing: bool
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class LastLook:
    """When the user last looked at the order, and how many changes by others came since; it stops counting at 100."""

    activity_id: int
    looked_at: datetime
    news: int
