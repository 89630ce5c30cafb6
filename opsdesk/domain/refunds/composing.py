"""Refunds: what goes back for what, worked out from what was charged and from what went back before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from opsdesk.domain.errors import Invalid
from opsdesk.domain.money import Money
from opsdesk.domain.refunds.arithmetic import (
    ChargedLine,
    ChargedOrder,
    Worth,
    cumulative,
    line_worths,
    next_units,
    shipping_worth,
)
from opsdesk.domain.refunds.claw_back import claw_back
from opsdesk.domain.refunds.parts import (
    Fee,
    PromotionPolicy,
    Refundable,
    RefundableLine,
    RefundContent,
    RefundLine,
    RefundPart,
    RefundPlan,
    taken_of,
    units_of,
)
from opsdesk.domain.refunds.states import FeeKind, PartKind, RefundReason

__all__ = [
    "ChargedLine",
    "ChargedOrder",
    "Fee",
    "FeeKind",
    "PartKind",
    "PromotionPolicy",
    "RefundContent",
    "RefundLine",
    "RefundPart",
    "RefundPlan",
    "RefundReason",
    "Refundable",
    "RefundableLine",
    "ThresholdChoice",
    "compose",
    "overpaid",
    "refundable",
    "threshold_choice",
]


def refundable(order: ChargedOrder, earlier: Iterable[RefundPart] = ()) -> Refundable:
    """Return what is left to refund of each line and of the shipping, after `earlier` parts that count."""
    before = tuple(earlier)
    worth = shipping_worth(order)
    shipped, shipped_tax = taken_of(before, PartKind.SHIPPING)
    lines = []
    for line, whole in zip(order.lines, line_worths(order), strict=True):
        taken, tax = taken_of(before, PartKind.LINE, line.line_id)
        lines.append(
            RefundableLine(
                line.line_id,
                line.title,
                max(0, line.ordered - units_of(before, line.line_id)),
                Money(max(0, whole.gross - taken), order.currency),
                Money(max(0, whole.tax - tax), order.currency),
            )
        )
    shipping = Money(max(0, worth.gross - shipped), order.currency)
    return Refundable(tuple(lines), shipping, Money(max(0, worth.tax - shipped_tax), order.currency))


def compose(order: ChargedOrder, earlier: Iterable[RefundPart], content: RefundContent) -> RefundPlan:
    """Work out the parts of a refund.

    Raises:
        Invalid: more units or shipping than are left, an amount below zero or in another currency.
    """
    before = tuple(earlier)
    parts = [_line_part(order, before, wanted) for wanted in _merged(content.lines)]
    parts += _shipping_part(order, before, content.shipping)
    parts += _plain_part(order, PartKind.GOODWILL, content.goodwill, "Goodwill")
    parts += _plain_part(order, PartKind.OVERPAYMENT, content.overpayment, "Paid too much")
    parts += claw_back(order, before, tuple(parts), content)
    parts += _fees(order, parts, content.fees)
    return RefundPlan(order.currency, tuple(parts))


def overpaid(order: ChargedOrder, earlier: Iterable[RefundPart], paid: int) -> Money:
    """Return what was paid too much, in minor units of `paid`: what is there less what is still asked for.

    What was granted for goods, shipping or goodwill was not paid too much: the order costs less by it. For a line that
    has been amended since, no more was granted than it costs now.
    """
    before = tuple(earlier)
    granted = sum(part.amount for part in before if part.kind in _GRANTED)
    for line, worth in zip(order.lines, line_worths(order), strict=True):
        granted += min(worth.gross, taken_of(before, PartKind.LINE, line.line_id)[0])
    granted += min(shipping_worth(order).gross, taken_of(before, PartKind.SHIPPING)[0])
    return Money(max(0, paid - (order.total - granted)), order.currency)


_GRANTED = frozenset({PartKind.FEE, PartKind.GOODWILL, PartKind.CLAW_BACK})


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    """What goes back for lines of an order whose discount the rest no longer earns: both ways, for the clerk to see."""

    keep: Money
    claw_back: Money
    is_crossed: bool


def threshold_choice(
    order: ChargedOrder, earlier: Iterable[RefundPart], lines: tuple[RefundLine, ...], threshold: Money
) -> ThresholdChoice:
    """Return both figures for a discount that asked for a basket of at least `threshold`."""
    before = tuple(earlier)
    keep, claw = (
        compose(order, before, RefundContent(lines, promotion=policy, threshold=threshold)).total
        for policy in (PromotionPolicy.KEEP, PromotionPolicy.CLAW_BACK)
    )
    return ThresholdChoice(keep, claw, keep != claw)


def _merged(lines: tuple[RefundLine, ...]) -> tuple[RefundLine, ...]:
    """Return each line once: a clerk who names a line twice means the sum."""
    sums: dict[int, int] = {}
    for wanted in lines:
        if wanted.quantity < 0:
            raise Invalid("lines", "A line cannot be refunded less than zero times.")
        sums[wanted.line_id] = sums.get(wanted.line_id, 0) + wanted.quantity
    return tuple(RefundLine(line_id, quantity) for line_id, quantity in sums.items() if quantity)


def _line_part(order: ChargedOrder, before: tuple[RefundPart, ...], wanted: RefundLine) -> RefundPart:
    line, worth = _line_of(order, wanted.line_id)
    done = units_of(before, line.line_id)
    if wanted.quantity > line.ordered - done:
        left = max(0, line.ordered - done)
        raise Invalid("lines", f"Only {left} of {line.title} can still be refunded, not {wanted.quantity}.")
    taken, taxed = taken_of(before, PartKind.LINE, line.line_id)
    amount = next_units(worth.gross, taken, done=done, units=wanted.quantity, of=line.ordered)
    tax = next_units(worth.tax, taxed, done=done, units=wanted.quantity, of=line.ordered)
    return RefundPart(PartKind.LINE, amount, tax, line.line_id, wanted.quantity, line.title)


def _line_of(order: ChargedOrder, line_id: int) -> tuple[ChargedLine, Worth]:
    for line, worth in zip(order.lines, line_worths(order), strict=True):
        if line.line_id == line_id:
            return line, worth
    raise Invalid("lines", f"{order.number} has no such line any more. Look at the order again.")


def _shipping_part(order: ChargedOrder, before: tuple[RefundPart, ...], amount: Money | None) -> list[RefundPart]:
    if amount is None or not _checked(order, amount, "shipping"):
        return []
    worth = shipping_worth(order)
    taken, taxed = taken_of(before, PartKind.SHIPPING)
    left = max(0, worth.gross - taken)
    if amount.minor > left:
        raise Invalid("shipping", f"Only {Money(left, order.currency)} of the shipping can still be refunded.")
    tax = next_units(worth.tax, taxed, done=taken, units=amount.minor, of=worth.gross)
    return [RefundPart(PartKind.SHIPPING, amount.minor, tax, label="Shipping")]


def _plain_part(order: ChargedOrder, kind: PartKind, amount: Money | None, label: str) -> list[RefundPart]:
    if amount is None or not _checked(order, amount, kind.value):
        return []
    return [RefundPart(kind, amount.minor, label=label)]


def _fees(order: ChargedOrder, parts: list[RefundPart], fees: tuple[Fee, ...]) -> list[RefundPart]:
    """Take fees off, at most all that there is; of a fee that is cut the tax is cut with it."""
    left, left_tax = sum(part.amount for part in parts), sum(part.tax for part in parts)
    taken = []
    for fee in fees:
        if not _checked(order, fee.amount, "fees"):
            continue
        amount = min(left, fee.amount.minor)
        wanted = fee.tax.minor if fee.tax is not None and _checked(order, fee.tax, "fees") else 0
        tax = min(max(0, left_tax), cumulative(min(wanted, fee.amount.minor), amount, fee.amount.minor))
        left, left_tax = left - amount, left_tax - tax
        if amount:
            taken.append(RefundPart(PartKind.FEE, -amount, -tax, label=fee.kind.label))
    return taken


def _checked(order: ChargedOrder, amount: Money, field: str) -> bool:
    """Say whether there is an amount at all, after making sure that it can be one."""
    if amount.currency != order.currency:
        raise Invalid(field, f"{order.number} is in {order.currency}. What goes back is in the same currency.")
    if amount.minor < 0:
        raise Invalid(field, "What goes back cannot be less than nothing.")
    return bool(amount)
