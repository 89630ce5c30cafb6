"""The parts of the money sheet: payments, calls, links, refunds, disputes, amendment, credit. Values, no statements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import CallKind, CallState, DisputeState
from opsdesk.domain.payments.transactions import Method, PaymentFacts, PaymentState
from opsdesk.domain.refunds.states import PartKind, RefundState


@dataclass(frozen=True, slots=True)
class PaymentView:
    """One payment and its sums.

    Attributes:
        method: how it came in; `gateway` for cards and wallets.
        reference: what the gateway calls it, empty where OpsDesk does not talk to the gateway.
    """

    id: int
    gateway: str
    method: Method
    instrument: str
    reference: str
    state: PaymentState
    facts: PaymentFacts
    created_at: datetime

    def money(self, minor: int) -> Money:
        """Return an amount in the payment's currency."""
        return Money(minor, self.facts.currency)

    @property
    def name(self) -> str:
        """What staff call it, e.g. `stripe visa ..4242` or `bank transfer`."""
        if self.method is not Method.GATEWAY:
            return self.method.label
        return f"{self.gateway} {self.instrument}".strip()


@dataclass(frozen=True, slots=True)
class CallView:
    """A call to a gateway that is not over, or that somebody has to look at."""

    id: int
    version: int
    kind: CallKind
    state: CallState
    amount: Money
    payment_id: int | None
    not_before: datetime
    requested_by: str
    problem: str


@dataclass(frozen=True, slots=True)
class LinkView:
    """A pay link."""

    id: int
    version: int
    state: str
    url: str
    amount: Money
    expires_at: datetime
    asked_by: str
    asked_at: datetime
    paid_at: datetime | None
    problem: str


@dataclass(frozen=True, slots=True)
class RefundPartView:
    """What a refund is for."""

    kind: str
    line_id: int | None
    quantity: int
    amount: Money
    tax: Money
    label: str


@dataclass(frozen=True, slots=True)
class RefundShareView:
    """Over which payment a part of the sum goes back."""

    id: int
    payment_id: int
    method: str
    reference: str
    amount: Money
    state: str
    problem: str


@dataclass(frozen=True, slots=True)
class RefundView:
    """A refund with its parts and shares."""

    id: int
    version: int
    state: str
    reason: str
    note: str
    amount: Money
    content_hash: str
    requested_by: str
    requested_at: datetime
    problem: str
    parts: tuple[RefundPartView, ...]
    shares: tuple[RefundShareView, ...]
    credit_notes: tuple[str, ...] = ()

    @property
    def granted(self) -> int:
        """What the order costs less because of it, in minor units; what was paid too much is only given back."""
        too_much = sum(part.amount.minor for part in self.parts if part.kind == PartKind.OVERPAYMENT)
        return self.amount.minor - too_much if self.state == RefundState.SUCCEEDED else 0


@dataclass(frozen=True, slots=True)
class DisputeView:
    """A dispute."""

    id: int
    version: int
    payment_id: int
    reference: str
    state: DisputeState
    reason: str
    amount: Money
    due_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class AmendmentView:
    """The amendment that may still be applied."""

    id: int
    version: int
    state: AmendmentState
    reason: str
    edits: str
    old_total: Money
    new_total: Money
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime | None
    link_id: int | None
    problem: str


@dataclass(frozen=True, slots=True)
class CreditView:
    """Store credit or a gift card of the customer that has something left."""

    id: int
    kind: str
    balance: Money
    code_end: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class MoneySheet:
    """Everything about the money of one order.

    Attributes:
        ledger: the balance of the order's account in the journal; it is what the order has paid.
    """

    order_id: int
    number: str
    version: int
    customer_id: int
    total: Money
    paid: Money
    ledger: Money
    payments: tuple[PaymentView, ...]
    calls: tuple[CallView, ...]
    links: tuple[LinkView, ...]
    refunds: tuple[RefundView, ...]
    disputes: tuple[DisputeView, ...]
    amendment: AmendmentView | None
    credits: tuple[CreditView, ...]

    @property
    def due(self) -> Money:
        """What has still to be paid; below zero when too much came in."""
        return self.total - self.paid

    @property
    def capturable(self) -> Money:
        """What is authorised and may still be captured."""
        return Money(sum(each.facts.capturable for each in self.payments), self.total.currency)

    @property
    def refundable(self) -> Money:
        """What may still go back over all payments; nothing over one that a bank disputes."""
        able = [each.facts.refundable for each in self.payments if not each.facts.has_open_dispute]
        return Money(sum(able), self.total.currency)

    @property
    def to_ask(self) -> Money:
        """What is due and neither authorised nor being captured; below zero when that is more than is due."""
        under_way = sum(each.facts.capturing for each in self.payments)
        return self.due - self.capturable - Money(under_way, self.total.currency)

    @property
    def still_to_come(self) -> Money:
        """What a transfer, a credit or the account would bring now: what a waiting change lacks, or what is due."""
        waiting, nothing = self.amendment, Money(0, self.total.currency)
        if waiting is None or waiting.state is not AmendmentState.AWAITING_PAYMENT:
            return max(self.due, nothing)
        gone = sum(refund.granted for refund in self.refunds)
        under_way = sum(each.facts.capturing for each in self.payments)
        held = self.paid + self.capturable + Money(gone + under_way, self.total.currency)
        return max(waiting.new_total - held, nothing)

    @property
    def open_link(self) -> LinkView | None:
        """The pay link that can be paid now, or is about to be."""
        return next((link for link in self.links if link.state in ("open", "requested")), None)

    def payment(self, payment_id: int | None) -> PaymentView | None:
        """Return a payment by its id."""
        return next((each for each in self.payments if each.id == payment_id), None)
