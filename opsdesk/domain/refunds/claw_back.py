"""A discount that asked for a basket of some size, when so much is returned that the rest no longer earns it."""

from __future__ import annotations

from dataclasses import dataclass

from opsdesk.domain.refunds.arithmetic import ChargedOrder, cumulative, line_worths
from opsdesk.domain.refunds.parts import PromotionPolicy, RefundContent, RefundPart, taken_of, units_of
from opsdesk.domain.refunds.states import PartKind


def claw_back(
    order: ChargedOrder, before: tuple[RefundPart, ...], now: tuple[RefundPart, ...], content: RefundContent
) -> list[RefundPart]:
    """Take the discount off that the rest no longer earns, or give it back when that rest is returned too.

    Never more is taken off than goes back: a refund does not turn into a demand.
    """
    amount, tax = taken_of(before, PartKind.CLAW_BACK)
    kept = _kept(order, (*before, *now))
    is_below = content.threshold is not None and 0 < kept.amount < content.threshold.minor
    if not amount and not (is_below and content.promotion is PromotionPolicy.CLAW_BACK):
        return []
    wanted = max(0, min(kept.discount, sum(part.amount for part in now) - amount))
    change = wanted + amount
    tax_change = min(cumulative(kept.tax, wanted, kept.discount) + tax, sum(part.tax for part in now))
    if not change:
        return []
    label = "Discount that is no longer earned" if change > 0 else "Discount that was taken off before"
    return [RefundPart(PartKind.CLAW_BACK, -change, -tax_change, label=label)]


@dataclass(frozen=True, slots=True)
class _Kept:
    """The goods that the customer keeps: before the order's discount, and their share of it with its tax."""

    amount: int
    discount: int
    tax: int


def _kept(order: ChargedOrder, parts: tuple[RefundPart, ...]) -> _Kept:
    amount = discount = tax = 0
    for line, worth in zip(order.lines, line_worths(order), strict=True):
        units = units_of(parts, line.line_id)
        amount += line.amount - cumulative(line.amount, units, line.ordered)
        share = worth.discount - cumulative(worth.discount, units, line.ordered)
        inside = cumulative(worth.tax, share, worth.gross if order.tax_included else worth.gross - worth.tax)
        discount += share + (0 if order.tax_included else inside)
        tax += inside
    return _Kept(amount, discount, tax)
