"""What is known of one order at the moment it was placed, as the store and the integrations collect it.

An order sees earlier orders alone. What nobody knows is None, and rules that need it are not evaluable; they neither
accuse nor clear.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from opsdesk.domain.fraud.codes.decoded import Avs, CvvResult, Secure
from opsdesk.domain.fraud.evidence.addresses import Place
from opsdesk.domain.fraud.evidence.entities import Entity
from opsdesk.domain.money import Money

WINDOWS = ("1h", "24h", "7d")
COUNTED = (Entity.EMAIL, Entity.PHONE, Entity.CARD, Entity.ADDRESS, Entity.IP, Entity.DEVICE)
"""Orders with the same of these are counted in each of the windows, the order itself included."""
DISTINCT = (
    (Entity.CARD, Entity.EMAIL, "7d"),
    (Entity.CARD, Entity.DEVICE, "7d"),
    (Entity.EMAIL, Entity.CARD, "30d"),
    (Entity.NAME, Entity.CARD, "30d"),
    (Entity.NAME, Entity.ADDRESS, "30d"),
    (Entity.BILLING, Entity.CUSTOMER, "180d"),
    (Entity.NAME, Entity.CUSTOMER, "180d"),
)
"""How many different ones of the first share the second within the span, the order itself included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedLine:
    """One line; `value` is what the customer pays for it."""

    sku: str
    quantity: int
    value: Money
    categories: tuple[str, ...] = ()
    is_digital: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """What was ordered; all amounts are in the currency of the total.

    Attributes:
        usual_high: what 95 of 100 earlier orders in this currency stayed below.
        usual_highest: what 99 of 100 earlier orders in this currency stayed below.
    """

    total: Money
    lines: tuple[OrderedLine, ...] = ()
    shipping: Money | None = None
    discount: Money | None = None
    shipping_method: str = ""
    is_fastest: bool | None = None
    is_gift: bool | None = None
    usual_high: Money | None = None
    usual_highest: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The customer before this order; counts of earlier orders alone. None of it is known of a guest."""

    first_seen_at: datetime | None = None
    signed_up_at: datetime | None = None
    orders: int | None = None
    cancelled: int | None = None
    disputed: int | None = None
    delivered: int | None = None
    median_total: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailTraits:
    """The customer's address of e-mail.

    Attributes:
        is_valid: it is well-formed.
        domain_exists: its domain has a mail server or at least an address.
        domain_days: how long the domain has been registered.
        domain_known_days: how long ago the shop first saw an order from the domain.
        bounces: mails of the shop that came back for good before now.
    """

    address: str = ""
    is_valid: bool | None = None
    domain_exists: bool | None = None
    domain_days: int | None = None
    domain_known_days: int | None = None
    bounces: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneTraits:
    """The customer's number.

    Attributes:
        number: international form, `+` and digits; empty where none was given.
        check: the code of the possible-check, e.g. `TOO_SHORT`.
        countries: every country of the calling code; never compare the one region that a library guesses.
    """

    number: str = ""
    is_required: bool | None = None
    is_valid: bool | None = None
    check: str = ""
    type: str = ""
    countries: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTraits:
    """What the gateway told of the payment, decoded.

    Attributes:
        method: one of `catalogue.METHODS`; a card in a telephone's wallet is a card.
        country: where the card or account was issued.
        risk_level: `low`, `medium` or `high`.
        declined: attempts on this order that were declined before.
        cards_tried: different cards on this order.
    """

    gateway: str = ""
    method: str = ""
    network: str = ""
    wallet: str = ""
    funding: str = ""
    is_virtual: bool | None = None
    country: str = ""
    holder: str = ""
    avs: Avs | None = None
    cvv_result: CvvResult | None = None
    secure: Secure | None = None
    risk_level: str = ""
    risk_score: int | None = None
    declined: int | None = None
    cards_tried: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where on the net the order came from.

    Attributes:
        anonymiser: `tor`, `public_proxy`, `hosting`, `vpn` or `none`; empty where nobody has checked.
        km_to_billing: distance of the address's place from the billing address.
        device_accounts: other accounts that used the device before.
    """

    ip: str = ""
    country: str = ""
    anonymiser: str = ""
    km_to_billing: int | None = None
    device_accounts: int | None = None


class Outcome(StrEnum):
    """How an earlier order ended, as far as it was known at the time."""

    OPEN = "open"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    DISPUTED = "disputed"
    FRAUD = "fraud"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedOrder:
    """An earlier order that shares something with this one.

    Attributes:
        known_at: since when the outcome was known; before that it counts as open.
    """

    number: str
    placed_at: datetime
    shares: frozenset[Entity]
    outcome: Outcome = Outcome.OPEN
    known_at: datetime | None = None
    total: Money | None = None

    def outcome_at(self, moment: datetime) -> Outcome:
        """Return what was known of it then."""
        return self.outcome if self.known_at is not None and self.known_at <= moment else Outcome.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvidence:
    """Everything that rules may judge an order by.

    Attributes:
        counts: orders that share an entity within a window, see `COUNTED`.
        distinct: how many different ones, see `DISTINCT`.
        hubs: entities so widely shared that they prove nothing, such as a campus or a mobile carrier's address.
        allowed: entities of the order that stand on the shop's trust list now; `blocked` likewise.
        contacts: how talks with the customer about this order ended, and how often.
        km_to_shipping: measured distance from billing to shipping address.
    """

    number: str
    placed_at: datetime
    basket: Basket
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    channel: str = ""
    name: str = ""
    history: History = field(default_factory=History)
    email: EmailTraits = field(default_factory=EmailTraits)
    phone: PhoneTraits = field(default_factory=PhoneTraits)
    billing: Place | None = None
    shipping: Place | None = None
    km_to_shipping: int | None = None
    changed_after_payment: bool | None = None
    payment: PaymentTraits = field(default_factory=PaymentTraits)
    origin: Origin = field(default_factory=Origin)
    counts: Mapping[tuple[Entity, str], int] = field(default_factory=dict)
    distinct: Mapping[tuple[Entity, Entity, str], int] = field(default_factory=dict)
    links: tuple[LinkedOrder, ...] | None = None
    hubs: frozenset[Entity] = frozenset()
    allowed: frozenset[Entity] | None = None
    blocked: frozenset[Entity] | None = None
    contacts: Mapping[str, int] | None = None

    def why_not_causal(self) -> str | None:
        """Say what here could not have been known when the order was placed, or None: such evidence proves nothing."""
        for link in self.links or ():
            if link.placed_at >= self.placed_at:
                return f"{link.number} was placed after {self.number}; an order sees earlier orders alone."
        for moment, words in ((self.history.first_seen_at, "was first seen"), (self.history.signed_up_at, "signed up")):
            if moment is not None and moment > self.placed_at:
                return f"The customer of {self.number} {words} after it was placed."
        return None
