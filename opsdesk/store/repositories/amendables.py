"""What amendments look at, read from rows: an order as the parts that its total is made of."""

from __future__ import annotations

from collections.abc import Iterable

from opsdesk.domain.amendments.arithmetic import LineParts, OrderParts
from opsdesk.domain.amendments.edits import ADDRESS_FIELDS
from opsdesk.domain.refunds.states import PartKind
from opsdesk.store.tables import AddressRow, OrderLineRow, OrderRow, RefundPartRow


def address_fields(row: AddressRow | None) -> dict[str, str]:
    """Return an address by its fields."""
    return {name: getattr(row, name) if row is not None else "" for name in ADDRESS_FIELDS}


def parts_of(
    order: OrderRow, lines: Iterable[OrderLineRow], refunds: Iterable[RefundPartRow], address: dict[str, str]
) -> OrderParts:
    """Return what an order consists of; `refunds` are the parts of refunds that count."""
    refunded: dict[int, int] = {}
    for part in refunds:
        if part.kind == PartKind.LINE and part.line_id is not None:
            refunded[part.line_id] = refunded.get(part.line_id, 0) + part.quantity
    return OrderParts(
        number=order.number,
        currency=order.currency,
        lines=tuple(_line_parts(line, refunded.get(line.id or 0, 0)) for line in lines),
        discount=order.discount_minor,
        shipping=order.shipping_minor,
        tax=order.tax_minor,
        tax_included=order.tax_included,
        total=order.total_minor,
        shipping_method=order.shipping_method,
        address=address,
    )


def _line_parts(line: OrderLineRow, refunded: int) -> LineParts:
    return LineParts(
        id=line.id or 0,
        sku=line.sku,
        title=line.title,
        ordered=line.ordered,
        unit_price=line.unit_price_minor,
        cancelled=line.cancelled,
        shipped=line.shipped,
        refunded=refunded,
        discount=line.discount_minor,
        tax=line.tax_minor,
    )
