"""The parts of a refund: what a clerk asks for, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from opsdesk.domain.money import Money
from opsdesk.domain.refunds.states import FeeKind, PartKind, RefundReason


class PromotionPolicy(StrEnum):
    """What becomes of a discount that the rest of the order would not have earned (commerce.md 5.1, vector 6)."""

    KEEP = "keep"
    CLAW_BACK = "claw_back"


@dataclass(frozen=True, slots=True)
class RefundLine:
    """So many units of a line."""

    line_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Fee:
    """What is kept of a refund; `tax` is the part of it that is tax, where the fee is taxed at all."""

    kind: FeeKind
    amount: Money
    tax: Money | None = None


@dataclass(frozen=True, slots=True)
class RefundContent:
    """What a clerk wants to give back.

    Attributes:
        shipping: how much of the shipping, with its tax; None for nothing of it.
        promotion: what becomes of the order's discount where it asked for a basket of at least `threshold`.
    """

    lines: tuple[RefundLine, ...] = ()
    shipping: Money | None = None
    fees: tuple[Fee, ...] = ()
    goodwill: Money | None = None
    overpayment: Money | None = None
    reason: RefundReason = RefundReason.OTHER
    note: str = ""
    promotion: PromotionPolicy = PromotionPolicy.KEEP
    threshold: Money | None = None


@dataclass(frozen=True, slots=True)
class RefundPart:
    """One amount with the tax that is in it, and what it is for; in minor units, a fee below zero."""

    kind: PartKind
    amount: int
    tax: int = 0
    line_id: int | None = None
    quantity: int = 0
    label: str = ""


@dataclass(frozen=True, slots=True)
class RefundPlan:
    """The parts of a refund; the total is what the customer gets."""

    currency: str
    parts: tuple[RefundPart, ...]

    @property
    def total(self) -> Money:
        """What goes back."""
        return Money(sum(part.amount for part in self.parts), self.currency)

    @property
    def tax(self) -> Money:
        """How much of it is tax."""
        return Money(sum(part.tax for part in self.parts), self.currency)


@dataclass(frozen=True, slots=True)
class RefundableLine:
    """What may still be refunded of a line."""

    line_id: int
    title: str
    units: int
    amount: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class Refundable:
    """What may still be refunded of an order, part by part."""

    lines: tuple[RefundableLine, ...]
    shipping: Money
    shipping_tax: Money


def units_of(parts: Iterable[RefundPart], line_id: int) -> int:
    """Count the units of a line in these parts."""
    return sum(part.quantity for part in parts if part.line_id == line_id)


def taken_of(parts: Iterable[RefundPart], kind: PartKind, line_id: int | None = None) -> tuple[int, int]:
    """Sum up amount and tax of these parts of one kind, in minor units."""
    found = [part for part in parts if part.kind is kind and part.line_id == line_id]
    return sum(part.amount for part in found), sum(part.tax for part in found)
