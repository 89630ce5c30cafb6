"""What refunds look at, read from rows: what was charged, what went back before for what, and what it came in over."""

from __future__ import annotations

from collections.abc import Iterable

from opsdesk.domain.payments.transactions import Method, PaymentFacts
from opsdesk.domain.refunds.arithmetic import ChargedLine, ChargedOrder
from opsdesk.domain.refunds.parts import RefundPart
from opsdesk.domain.refunds.shares import Share, Source
from opsdesk.domain.refunds.states import PartKind
from opsdesk.store.tables import OrderLineRow, OrderRow, PaymentRow, RefundPartRow, RefundShareRow


def charged_order(order: OrderRow, lines: Iterable[OrderLineRow]) -> ChargedOrder:
    """Return an order as it was charged; `lines` in the order of the document."""
    charged = (
        ChargedLine(line.id or 0, line.title, line.ordered, line.unit_price_minor, line.discount_minor, line.tax_minor)
        for line in lines
    )
    return ChargedOrder(
        order.number,
        order.currency,
        tuple(charged),
        order.discount_minor,
        order.shipping_minor,
        order.tax_minor,
        order.tax_included,
    )


def part_of(row: RefundPartRow) -> RefundPart:
    """Return a part of a refund as it was kept."""
    return RefundPart(PartKind(row.kind), row.amount_minor, row.tax_minor, row.line_id, row.quantity, row.label)


def share_of(row: RefundShareRow) -> Share:
    """Return a share of a refund as it was kept."""
    return Share(row.payment_id, row.amount_minor, Method(row.method), row.reference, row.credit_id)


def source_of(payment: PaymentRow, facts: PaymentFacts) -> Source:
    """Return a payment as refunds look at it."""
    assert payment.id is not None, "A payment that is refunded has been saved."
    name = payment.instrument or (payment.gateway if facts.method is Method.GATEWAY else facts.method.label)
    return Source(payment.id, facts, name, payment.reference)
