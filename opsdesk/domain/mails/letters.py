"""What a letter to a customer may speak of: plain facts of one order and of the shop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from opsdesk.domain.money import Money


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """The shop as it signs its letters."""

    name: str
    phone: str
    hours: str
    website: str
    address: str
    zone: ZoneInfo
    language: str = "en"


@dataclass(frozen=True, slots=True)
class LetterLine:
    """One line of goods; `price` is for the whole line."""

    title: str
    quantity: int
    price: Money
    variant: str = ""
    sku: str = ""


@dataclass(frozen=True, slots=True)
class LetterParcel:
    """One parcel with what is in it."""

    carrier: str
    tracking_number: str = ""
    tracking_url: str = ""
    lines: tuple[LetterLine, ...] = ()


@dataclass(frozen=True, slots=True)
class LetterRefundPart:
    """What an amount goes back for; `kind` lets a template say it in its language, `title` is that of the goods."""

    kind: str
    amount: Money
    title: str = ""
    quantity: int = 0


@dataclass(frozen=True, slots=True)
class LetterRefundShare:
    """Over what an amount goes back, e.g. `visa ..4242`; `way` lets a template say how long that takes."""

    way: str
    amount: Money
    name: str = ""


@dataclass(frozen=True, slots=True)
class LetterRefund:
    """One refund as a letter may show it."""

    total: Money
    parts: tuple[LetterRefundPart, ...] = ()
    shares: tuple[LetterRefundShare, ...] = ()


@dataclass(frozen=True, slots=True)
class AskedPayment:
    """What a pay link asks for; `is_for_change` where the customer wanted something changed after ordering."""

    url: str
    amount: Money
    until: datetime
    is_for_change: bool = False


@dataclass(frozen=True, slots=True)
class LetterFacts:
    """One order as a letter may show it.

    Attributes:
        refund: the refund that the letter tells of, if it tells of one.
        deadline: by when the customer is asked to answer; None where nothing is asked.
        expected_on: when missing goods should arrive, if that is known.
        asked: what a pay link asks the customer for; None in letters without one.
        held_until: when money that is held for the order is lost; None where none is held. No letter names it.
    """

    order_number: str
    placed_at: datetime
    customer_name: str
    language: str
    lines: tuple[LetterLine, ...]
    address: tuple[str, ...]
    total: Money
    paid: Money
    refunded: Money
    parcels: tuple[LetterParcel, ...] = ()
    agent: str = ""
    deadline: datetime | None = None
    expected_on: date | None = None
    asked: AskedPayment | None = None
    refund: LetterRefund | None = None
    held_until: datetime | None = None
