"""What the orders of the demo shop consist of: lines, money, holds, parcels. Moments are seconds of Unix time."""

from __future__ import annotations

from dataclasses import dataclass, field

from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import HoldType, OnReview
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.payments.transactions import (
    Ended,
    Method,
    PaymentFacts,
    PaymentState,
    TransactionKind,
    TransactionState,
    payment_state,
    sum_of,
)


@dataclass(slots=True)
class Goods:
    """One line; amounts in minor units of the order's currency."""

    id: int
    sku: str
    title: str
    variant: str
    temperature: str
    ordered: int
    price: int
    discount: int = 0
    tax: int = 0
    needs_shipping: bool = True
    cancelled: int = 0
    shipped: int = 0
    delivered: int = 0
    returned: int = 0

    @property
    def amount(self) -> int:
        """What the line costs less its own discount."""
        return self.ordered * self.price - self.discount

    @property
    def open(self) -> int:
        """Units that still have to leave the house."""
        return self.ordered - self.cancelled - self.shipped if self.needs_shipping else 0


@dataclass(slots=True)
class Held:
    """A hold, as its row has it; moments in seconds."""

    id: int
    kind: HoldType
    reason: str
    placed_by: str
    placed_at: int
    review_at: int | None
    on_review: OnReview
    reviewed_at: int | None = None
    released_by: str | None = None
    released_at: int | None = None
    release_note: str = ""


@dataclass(slots=True)
class Verdicted:
    """How a case was judged: by the rules, by a gut, by whoever decided."""

    score: int
    reason: str
    verdict: str
    reason_code: str
    gut: int
    was_worth_a_look: bool
    touch_seconds: int


@dataclass(slots=True)
class Case:
    """The verification case of an order."""

    id: int
    state: CaseState
    opened_by: str
    opened_at: int
    answer_days: int
    respond_by: int | None
    decided_by: str | None = None
    decided_at: int | None = None
    judged: Verdicted | None = None


@dataclass(slots=True)
class Sent:
    """A parcel; `inside` are pairs of line id and units."""

    id: int
    carrier: str
    tracking: str
    url: str
    shipped_by: str
    shipped_at: int
    inside: list[tuple[int, int]]
    delivered_at: int | None = None
    recalled_at: int | None = None


@dataclass(slots=True)
class Paid:
    """One movement of money; `key` is that of the call to the gateway that did it."""

    kind: TransactionKind
    state: TransactionState
    amount: int
    reference: str
    at: int
    key: str = ""


@dataclass(slots=True)
class Payment:
    """One instrument that an order is paid with, and all that moved over it. Sums in minor units."""

    id: int
    gateway: str
    method: Method
    reference: str = ""
    instrument: str = ""
    credit_id: int | None = None
    expires_at: int | None = None
    ended: Ended = Ended.NOT
    authorised: int = 0
    captured: int = 0
    voided: int = 0
    refunding: int = 0
    refunded: int = 0
    charged_back: int = 0
    is_disputed: bool = False
    moves: list[Paid] = field(default_factory=list)

    def move(self, paid: Paid) -> None:
        """Let money move."""
        self.moves.append(paid)
        if paid.state is TransactionState.SUCCEEDED:
            name, sign = sum_of(paid.kind)
            setattr(self, name, getattr(self, name) + sign * paid.amount)

    def state(self, currency: str) -> PaymentState:
        """Return how far it is."""
        return payment_state(
            PaymentFacts(
                currency,
                self.gateway,
                self.method,
                authorised=self.authorised,
                captured=self.captured,
                voided=self.voided,
                refunding=self.refunding,
                refunded=self.refunded,
                charged_back=self.charged_back,
                has_open_dispute=self.is_disputed,
                ended=self.ended,
            )
        )


@dataclass(slots=True)
class CalledOff:
    """A cancellation, as its row has it."""

    reason: CancelReason
    note: str
    by: str
    at: int
    lines: str
    reopened_by: str | None = None
    reopened_at: int | None = None


@dataclass(slots=True)
class Basket:
    """What was ordered: goods, and what makes up the total. Minor units of `currency`."""

    currency: str
    lines: list[Goods]
    discount: int = 0
    shipping: int = 0
    tax: int = 0
    tax_included: bool = True

    @property
    def goods(self) -> int:
        """What the lines cost together."""
        return sum(line.amount for line in self.lines)

    @property
    def total(self) -> int:
        """What the customer pays."""
        return self.goods - self.discount + self.shipping + (0 if self.tax_included else self.tax)

    @property
    def temperature(self) -> str:
        """The coldest that something in it travels."""
        kinds = {line.temperature for line in self.lines}
        return next((kind for kind in ("frozen", "chilled") if kind in kinds), "ambient")
