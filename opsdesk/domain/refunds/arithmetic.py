"""What the lines and the shipping of an order are worth, and what a part of them is, exact to the minor unit.

The discount of the whole order is shared over the lines by largest remainder. Of n units k are worth R(k), the worth
times k/n rounded half up, and the next units are worth R(done + k) - R(done): however a line is returned, its parts add
up to what was paid for it. Tax goes the same way (commerce.md 5.1, vectors 2 to 5 and 9).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from opsdesk.domain.money import Money


@dataclass(frozen=True, slots=True)
class ChargedLine:
    """One line as it was charged; amounts in minor units. `tax` is inside or beside the price, as with the order."""

    line_id: int
    title: str
    ordered: int
    unit_price: int
    discount: int = 0
    tax: int = 0

    @property
    def amount(self) -> int:
        """What the line costs before the discount of the whole order."""
        return self.ordered * self.unit_price - self.discount


@dataclass(frozen=True, slots=True)
class ChargedOrder:
    """An order as it was charged; lines in the order of the document, amounts in minor units."""

    number: str
    currency: str
    lines: tuple[ChargedLine, ...]
    discount: int = 0
    shipping: int = 0
    tax: int = 0
    tax_included: bool = True

    @property
    def total(self) -> int:
        """What the customer was asked for."""
        goods = sum(line.amount for line in self.lines)
        return goods - self.discount + self.shipping + (0 if self.tax_included else self.tax)


@dataclass(frozen=True, slots=True)
class Worth:
    """What a line or the shipping cost the customer: `gross` with its `tax`; `discount` is its share of the order's."""

    gross: int
    tax: int
    discount: int = 0


def cumulative(whole: int, part: int, of: int) -> int:
    """Return `whole * part / of`, rounded half up; nothing of nothing is nothing."""
    return (2 * whole * part + of) // (2 * of) if of > 0 else 0


def next_units(whole: int, taken: int, *, done: int, units: int, of: int) -> int:
    """Return what the next `units` of a line are worth when `done` of them went before for `taken`.

    The last unit takes what is left, so that a line whose price changed in between ends exact as well.
    """
    left = max(0, whole - taken)
    if done + units >= of:
        return left
    return min(left, max(0, cumulative(whole, done + units, of) - cumulative(whole, done, of)))


def discount_shares(order: ChargedOrder) -> tuple[int, ...]:
    """Share the order's discount over its lines by largest remainder, ties by position; never more than they cost.

    A line below zero is a discount that the shop has written as a line.
    """
    weights = _amounts(order)
    shared = min(_discount(order), sum(weights))
    if shared <= 0:
        return (0,) * len(weights)
    return tuple(part.minor for part in Money(shared, order.currency).allocate(weights))


def line_worths(order: ChargedOrder) -> tuple[Worth, ...]:
    """Return what each line cost the customer."""
    shares = discount_shares(order)
    nets = [amount - share for amount, share in zip(_amounts(order), shares, strict=True)]
    taxes = _taxes(order, nets)[:-1]
    return tuple(
        Worth(max(0, net + (0 if order.tax_included else tax)), tax, share)
        for net, tax, share in zip(nets, taxes, shares, strict=True)
    )


def shipping_worth(order: ChargedOrder) -> Worth:
    """Return what the shipping cost the customer: its own amount and tax, less discount that the goods could not take.

    It is what the lines leave of the total, so that all parts together are exactly what was charged.
    """
    shares = discount_shares(order)
    nets = [amount - share for amount, share in zip(_amounts(order), shares, strict=True)]
    tax = _taxes(order, nets)[-1]
    net = _shipping_net(order)
    return Worth(max(0, net + (0 if order.tax_included else tax)), tax)


def tax_included_in(gross: Money, rate: Decimal) -> Money:
    """Return the tax inside a gross amount at a rate in per cent: the amount less its rounded net.

    Rounding both net and tax makes 179.26 of 179.25 (commerce.md 5.1, vector 2).
    """
    net = (Decimal(gross.minor) * 100 / (100 + rate)).quantize(Decimal(1), ROUND_HALF_UP)
    return Money(gross.minor - int(net), gross.currency)


def _amounts(order: ChargedOrder) -> list[int]:
    return [max(0, line.amount) for line in order.lines]


def _discount(order: ChargedOrder) -> int:
    return order.discount - sum(min(0, line.amount) for line in order.lines)


def _shipping_net(order: ChargedOrder) -> int:
    return max(0, order.shipping - max(0, _discount(order) - sum(_amounts(order))))


def _taxes(order: ChargedOrder, nets: list[int]) -> list[int]:
    """Return the tax of each line, and at the end that of the shipping; together the tax of the order."""
    own = [max(0, line.tax) for line in order.lines]
    if sum(own) > order.tax:
        # Shops that round each line by itself may tell a little more tax on the lines than on the order.
        return [*_shared(order.tax, own, order.currency), 0]
    if any(own):
        return [*own, order.tax - sum(own)]
    weights = [*(max(0, net) for net in nets), _shipping_net(order)]
    return _shared(order.tax, weights, order.currency)


def _shared(amount: int, weights: list[int], currency: str) -> list[int]:
    if amount <= 0 or sum(weights) == 0:
        return [0] * len(weights)
    return [part.minor for part in Money(amount, currency).allocate(weights)]
