"""The rows of one order that comes in, for every table that it needs; its repeated columns settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from opsdesk.domain.address_digests import address_digest
from opsdesk.domain.incoming.arrivals import IncomingAddress, IncomingHold, IncomingLine, IncomingOrder
from opsdesk.domain.incoming.paying_in import ToldPayment
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import DEFAULT_BLOCKS, ActiveHold, Blocks
from opsdesk.domain.orders.settled import SettledColumns, settled_columns
from opsdesk.domain.orders.states import LineFacts, OrderFacts
from opsdesk.domain.payments.transactions import Movement, TransactionKind, TransactionState, money_facts
from opsdesk.domain.searching import order_search_text, reversed_digits
from opsdesk.store.intake.money import add_payments
from opsdesk.store.intake.parts import Arrival, Row, Rows, add_holds, add_notes, add_parcels
from opsdesk.store.intake.words import kept_code, kept_email, kept_line

_SAME = (
    "source",
    "external_id",
    "placed_at",
    "currency",
    "goods_minor",
    "discount_minor",
    "shipping_minor",
    "tax_minor",
    "tax_included",
    "total_minor",
    "temperature",
    "promised_at",
    "touched_at",
    "packing_since",
    "told_at",
)
_SETTLED = tuple(field.name for field in fields(SettledColumns))


def add_order(rows: Rows, order: IncomingOrder, payments: Sequence[ToldPayment], arrival: Arrival) -> None:
    """Add every row of a new order, which was paid with these payments."""
    settled = settled_columns(facts_of(order, arrival.now))
    rows.orders.append(_order_row(order, arrival, settled))
    rows.lines.extend(
        line_row(line, arrival.order_id, position, arrival.line_ids[position - 1])
        for position, line in enumerate(order.lines, 1)
    )
    for kind, address in (("shipping", order.shipping), ("billing", order.billing)):
        if address is not None:
            rows.addresses.append({"order_id": arrival.order_id, "kind": kind, **address_columns(address)})
    if payments:
        add_payments(rows, payments, order.currency, arrival)
    if order.holds or order.cases:
        add_holds(rows, order, arrival)
    if order.parcels:
        add_parcels(rows, order, arrival)
    if order.notes or order.cancellations:
        add_notes(rows, order, arrival)


def identity_of(order: IncomingOrder) -> str:
    """Return what tells this order's customer apart: the e-mail address, else the id at the source."""
    if email := kept_email(order.email):
        return email
    return kept_line(f"{order.source}:{order.customer_id or f'order {order.external_id}'}")


def customer_row(order: IncomingOrder, customer_id: int, identity: str) -> Row:
    """Return the row of a customer who is not known yet."""
    address = order.billing or order.shipping
    return {
        "id": customer_id,
        "identity": identity,
        "name": kept_line(order.customer_name),
        "email": kept_email(order.email),
        "phone": kept_code(order.phone),
        "phone_reversed": reversed_digits(order.phone),
        "language": kept_code(order.language),
        "country": kept_code(address.country)[:2] if address else "",
        "created_at": order.placed_at,
        "version": 1,
    }


def facts_of(order: IncomingOrder, now: datetime) -> OrderFacts:
    """Return what the rules look at, of an order that is not stored yet."""
    movements = [
        Movement(TransactionKind(paid.kind), TransactionState(paid.state), paid.amount_minor) for paid in order.payments
    ]
    undecided = [case for case in order.cases if case.decided_at is None]
    return OrderFacts(
        number=order.number,
        lifecycle=order.lifecycle,
        version=1,
        lines=tuple(line_facts(line) for line in order.lines),
        money=money_facts(order.total_minor, movements),
        holds=tuple(_active_hold(hold, now) for hold in order.holds if hold.released_at is None),
        case=CaseState(undecided[0].state) if undecided else None,
        packing_since=order.packing_since,
        has_email=bool(order.email),
    )


def line_facts(line: IncomingLine) -> LineFacts:
    """Return the quantities of a line."""
    return LineFacts(line.quantity, line.cancelled, line.shipped, line.delivered, line.returned, line.needs_shipping)


def line_row(line: IncomingLine, order_id: int, position: int, line_id: int) -> Row:
    """Return the row of an order line."""
    return {
        "id": line_id,
        "order_id": order_id,
        "position": position,
        "external_id": kept_code(line.external_id),
        "sku": kept_code(line.sku),
        "title": kept_line(line.title),
        "variant": kept_line(line.variant),
        "temperature": line.temperature,
        "needs_shipping": line.needs_shipping,
        "ordered": line.quantity,
        "cancelled": line.cancelled,
        "shipped": line.shipped,
        "delivered": line.delivered,
        "returned": line.returned,
        "unit_price_minor": line.unit_price_minor,
        "discount_minor": line.discount_minor,
        "tax_minor": line.tax_minor,
    }


def address_columns(address: IncomingAddress) -> dict[str, str]:
    """Return the columns of an address as they may be stored."""
    return {
        "name": kept_line(address.name),
        "company": kept_line(address.company),
        "line1": kept_line(address.line1),
        "line2": kept_line(address.line2),
        "city": kept_line(address.city),
        "region": kept_line(address.region),
        "postcode": kept_code(address.postcode),
        "country": kept_code(address.country),
        "phone": kept_code(address.phone),
    }


def _order_row(order: IncomingOrder, arrival: Arrival, settled: SettledColumns) -> Row:
    number, name, email = kept_code(order.number), kept_line(order.customer_name), kept_email(order.email)
    return {
        **{name: getattr(order, name) for name in _SAME},
        **{name: getattr(settled, name) for name in _SETTLED},
        "id": arrival.order_id,
        "number": number,
        "number_reversed": number[::-1],
        "channel": kept_code(order.channel),
        "received_at": order.received_at or arrival.now,
        "customer_id": arrival.customer_id,
        "customer_name": name,
        "email": email,
        "phone": kept_code(order.phone),
        "phone_reversed": reversed_digits(order.phone),
        "ship_digest": address_digest_of(order.shipping),
        "language": kept_code(order.language),
        "shipping_method": kept_line(order.shipping_method),
        "told_status": kept_code(order.told_status) if order.told_status else None,
        "note_count": len(order.notes),
        "risk_level": kept_code(order.risk_level),
        "tags": kept_line(order.tags),
        "staff_fields": kept_line(order.staff_fields),
        "search_text": order_search_text(number, name, email, [line.sku for line in order.lines]),
        "version": 1,
        "changed_at": arrival.now,
    }


def address_digest_of(address: IncomingAddress | None) -> str:
    """Return the code of the address that an order is shipped to."""
    if address is None:
        return ""
    kept = address_columns(address)
    return address_digest(*(kept[name] for name in ("country", "postcode", "city", "line1", "line2")))


def _active_hold(hold: IncomingHold, now: datetime) -> ActiveHold:
    blocks = DEFAULT_BLOCKS[hold.type] if hold.blocks is None else _blocks(hold.blocks)
    return ActiveHold(0, hold.type, blocks, hold.reason, hold.placed_by, hold.placed_at or now, hold.review_at)


def _blocks(text: str) -> frozenset[Blocks]:
    return frozenset(Blocks(step) for step in text.split(",") if step)
