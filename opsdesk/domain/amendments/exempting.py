"""A customer who turns out to be exempt from tax after the order was placed: the order without its tax.

What comes off each line and the shipping is the tax that the order itself says they bear, so the total is less by
exactly the order's tax, whatever today's rates are. Where tax was inside the prices, the prices become net; the cent
that a net price cannot say stands in the discount of the line.
"""

from __future__ import annotations

from dataclasses import replace

from opsdesk.domain.amendments.arithmetic import LineParts, OrderParts
from opsdesk.domain.refunds.arithmetic import ChargedLine, ChargedOrder, line_worths, shipping_worth


def without_tax(parts: OrderParts) -> OrderParts:
    """Return the order without tax; its total is less by the tax that it held."""
    charged = _charged(parts)
    if not parts.tax_included:
        lines = tuple(replace(line, tax=0) for line in parts.lines)
        shipping = parts.shipping
    else:
        worths = line_worths(charged)
        lines = tuple(_net(line, worth.tax) for line, worth in zip(parts.lines, worths, strict=True))
        shipping = parts.shipping - min(parts.shipping, shipping_worth(charged).tax)
    return replace(parts, lines=lines, shipping=shipping, tax=0)


def _net(line: LineParts, tax: int) -> LineParts:
    net = line.amount - min(line.amount, tax)
    if not tax or line.amount <= 0:
        return replace(line, tax=0)
    # Rounded up, so that what is above the net amount is a discount of some cents.
    unit = -(-line.gross * net // (line.amount * line.ordered))
    return replace(line, unit_price=unit, discount=unit * line.ordered - net, tax=0)


def _charged(parts: OrderParts) -> ChargedOrder:
    lines = tuple(
        ChargedLine(line.id, line.title, line.ordered, line.unit_price, line.discount, line.tax) for line in parts.lines
    )
    return ChargedOrder(
        parts.number, parts.currency, lines, parts.discount, parts.shipping, parts.tax, parts.tax_included
    )
