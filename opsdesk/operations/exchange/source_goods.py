"""The goods of an order that changed at its source: its lines, and what the source has sent."""

from __future__ import annotations

from dataclasses import dataclass

from opsdesk.domain.amendments.arithmetic import OrderParts, parts_from_json
from opsdesk.domain.incoming.arrivals import IncomingLine, IncomingOrder
from opsdesk.domain.money import Money
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.store.intake.rows import line_row
from opsdesk.store.intake.standing import Standing
from opsdesk.store.intake.words import kept_code, kept_line, kept_link
from opsdesk.store.tables import OrderLineRow, OrderRow, ParcelLineRow, ParcelRow
from opsdesk.store.work import Work


@dataclass(frozen=True, slots=True)
class Comparison:
    """An order as it stands here, locked, beside what its source says now."""

    work: Work
    standing: Standing
    row: OrderRow
    order_id: int
    order: IncomingOrder

    @property
    def lines(self) -> list[OrderLineRow]:
        """The lines as they stand here."""
        return self.work.orders.lines(self.order_id)


Pair = tuple[OrderLineRow | None, IncomingLine]
_TOLD = ("sku", "title", "variant", "ordered", "unit_price_minor", "discount_minor", "tax_minor", "needs_shipping")
_CHANGED_ON_BOTH_SIDES = "Its lines changed at the shop, but staff have changed them here too."
_SUMS = ("goods_minor", "discount_minor", "shipping_minor", "tax_minor", "tax_included", "total_minor")


def follow_lines(both: Comparison) -> tuple[list[str], str]:
    """Bring lines and sums up to the source; return what changed, and why it could not be done.

    Lines and sums change together or not at all: an order whose parts do not add up helps nobody.
    """
    row, order, here = both.row, both.order, both.lines
    if (base := _amended_from(both)) is not None:
        return [], "" if _says(order, base) else _CHANGED_ON_BOTH_SIDES
    pairs = matched(here, order.lines)
    kept = {line.id for line, _ in pairs if line is not None}
    gone = [line for line in here if line.id not in kept and line.ordered]
    changed = [
        (position, line, told)
        for position, (line, told) in enumerate(pairs, 1)
        if line is None or _differs(line, told) or line.position != position
    ]
    sums = {name: getattr(order, name) for name in _SUMS}
    if not changed and not gone and all(getattr(row, name) == value for name, value in sums.items()):
        return [], ""
    if row.lifecycle != Lifecycle.PLACED:
        return [], f"Its lines changed at the shop, but here it is {row.lifecycle}."
    blocked = [line for line in gone if line.cancelled or line.shipped or both.standing.was_sent(line)]
    short = [line for _, line, told in changed if line is not None and line.cancelled + line.shipped > told.quantity]
    if blocked or short:
        titles = ", ".join(line.title for line in [*blocked, *short])
        return [], f"The shop took away what was sent or cancelled here: {titles}."
    before = Money(row.total_minor, row.currency)
    for old in gone:
        both.standing.remove(old)
    for position, line, told in changed:
        _take(both, line, told, position=position)
    for name, value in sums.items():
        setattr(row, name, value)
    return [f"Lines: {before} became {Money(row.total_minor, row.currency)}"], ""


def matched(here: list[OrderLineRow], told: tuple[IncomingLine, ...]) -> list[Pair]:
    """Find for each line of the source the one that it is here: by its id, else by article and title."""
    free = list(here)
    pairs: list[Pair] = []
    for line in told:
        found = next((known for known in free if _is_same(known, line)), None)
        if found is not None:
            free.remove(found)
        pairs.append((found, line))
    return pairs


def follow_parcels(both: Comparison) -> list[str]:
    """Mark what the source has sent beyond what was sent here, as a parcel of its own; return what changed."""
    order, work = both.order, both.work
    more = [
        (line, min(told.shipped, line.ordered - line.cancelled) - line.shipped)
        for line, told in matched(both.lines, both.order.lines)
        if line is not None
    ]
    more = [(line, units) for line, units in more if units > 0]
    if not more:
        return []
    last = order.parcels[-1] if order.parcels else None
    parcel = ParcelRow(
        order_id=both.order_id,
        carrier=kept_line(last.carrier) if last else "unknown",
        tracking_number=kept_code(last.tracking_number) if last else "",
        tracking_url=kept_link(last.tracking_url) if last else "",
        shipped_by=work.actor.name,
        shipped_at=last.shipped_at if last else work.now,
    )
    work.add(parcel)
    for line, units in more:
        line.shipped += units
        work.add(ParcelLineRow(parcel_id=parcel.id or 0, line_id=line.id or 0, quantity=units))
    return [f"Sent by the shop: {sum(units for _, units in more)} units"]


def sent_elsewhere(both: Comparison) -> bool:
    """Say whether the source has sent more than was sent here."""
    pairs = matched(both.lines, both.order.lines)
    return any(line is not None and told.shipped > line.shipped for line, told in pairs)


def _amended_from(both: Comparison) -> OrderParts | None:
    """Return the order as it was before staff changed its goods, if they did: what the source had said by then."""
    amendment = both.work.settlements.first_applied_amendment(both.order_id)
    return parts_from_json(amendment.base) if amendment is not None else None


def _says(order: IncomingOrder, base: OrderParts) -> bool:
    """Say whether the source says what it said before staff changed the order: then their change stands."""
    told = [
        (row["sku"], row["title"], row["ordered"], row["unit_price_minor"], row["discount_minor"], row["tax_minor"])
        for row in (line_row(line, 0, 0, 0) for line in order.lines)
    ]
    known = [
        (line.sku, line.title, line.ordered, line.unit_price, line.discount, line.tax)
        for line in base.lines
        if line.ordered
    ]
    sums = (order.discount_minor, order.shipping_minor, order.tax_minor, order.total_minor)
    return sorted(told) == sorted(known) and sums == (base.discount, base.shipping, base.tax, base.total)


def _is_same(known: OrderLineRow, told: IncomingLine) -> bool:
    if known.external_id and told.external_id:
        return known.external_id == kept_code(told.external_id)
    return known.sku == kept_code(told.sku) and known.title == kept_line(told.title)


def _differs(known: OrderLineRow, told: IncomingLine) -> bool:
    values = line_row(told, 0, 0, 0)
    return any(getattr(known, name) != values[name] for name in _TOLD)


def _take(both: Comparison, line: OrderLineRow | None, told: IncomingLine, *, position: int) -> None:
    values = line_row(told, both.order_id, position, 0)
    if line is None:
        del values["id"]
        both.work.add(
            OrderLineRow.model_validate(values | {"cancelled": 0, "shipped": 0, "delivered": 0, "returned": 0})
        )
        return
    for name in (*_TOLD, "position"):
        setattr(line, name, values[name])
