"""What the readers of shops' exports share: how a shop's words become facts here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from opsdesk.domain.incoming.arrivals import IncomingLine, IncomingOrder, IncomingParcel
from opsdesk.domain.incoming.rules import with_conflict
from opsdesk.domain.orders.promises import promise_of
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.domain.payments.order_money import is_covered
from opsdesk.domain.payments.transactions import Movement, TransactionKind, TransactionState, money_facts

SETTLED_AFTER = timedelta(days=30)
"""So long after everything has left the house, nothing more is to be expected of an order."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read.

    Attributes:
        shop: the name under which its orders are known; an order is known again by it and its id there.
        zone: the zone of moments that do not say theirs.
        now: what is long past is measured from here.
        currency: the currency of prices that do not say theirs.
    """

    shop: str
    zone: ZoneInfo
    now: datetime
    currency: str = "EUR"


def known_currency(order: IncomingOrder) -> IncomingOrder:
    """Return the order, held when it is in a currency that nobody here knows the decimals of."""
    from babel.numbers import list_currencies

    if order.currency in list_currencies():
        return order
    return with_conflict(order, f"Nothing is known of the currency {order.currency}; two decimals were assumed.")


def promised(order: IncomingOrder, zone: ZoneInfo) -> IncomingOrder:
    """Return the order with the shop's own promise where its source makes none and something is still to be sent."""
    is_open = any(line.needs_shipping and line.quantity > line.cancelled + line.shipped for line in order.lines)
    if order.promised_at is not None or order.lifecycle is not Lifecycle.PLACED or not is_open:
        return order
    return replace(order, promised_at=promise_of(order.placed_at, zone))


def sent_by_shop(order: IncomingOrder, at: datetime, *, tracking: str = "", carrier: str = "") -> IncomingOrder:
    """Return the order with a parcel for what its lines say was shipped."""
    contents = tuple((position, line.shipped) for position, line in enumerate(order.lines, 1) if line.shipped)
    if not contents:
        return order
    parcel = IncomingParcel(carrier or order.shipping_method or "unknown", tracking, at, contents)
    return replace(order, parcels=(parcel,))


def settled_long_ago(order: IncomingOrder, now: datetime) -> IncomingOrder:
    """Return the order as completed when it is paid and everything left the house long ago."""
    if order.lifecycle is not Lifecycle.PLACED or not order.parcels or order.holds:
        return order
    is_open = any(line.needs_shipping and line.quantity > line.cancelled + line.shipped for line in order.lines)
    movements = [Movement(TransactionKind(p.kind), TransactionState(p.state), p.amount_minor) for p in order.payments]
    if is_open or not is_covered(money_facts(order.total_minor, movements)):
        return order
    if order.parcels[-1].shipped_at > now - SETTLED_AFTER:
        return order
    return replace(order, lifecycle=Lifecycle.COMPLETED)


def closed_by_refund(order: IncomingOrder) -> IncomingOrder:
    """Return the order as completed when all money went back: what has not left the house will not."""
    movements = [Movement(TransactionKind(p.kind), TransactionState(p.state), p.amount_minor) for p in order.payments]
    money = money_facts(order.total_minor, movements)
    if order.lifecycle is not Lifecycle.PLACED or order.holds or not money.refunded or money.paid > 0:
        return order
    lines = tuple(replace(line, cancelled=line.quantity - line.shipped) for line in order.lines)
    return replace(order, lifecycle=Lifecycle.COMPLETED, lines=lines)


def countable(line: IncomingLine) -> IncomingLine:
    """Return a line with less than no units as one that takes money off: nothing is sent for it."""
    if line.quantity >= 0:
        return line
    price = -line.unit_price_minor
    return replace(line, quantity=-line.quantity, unit_price_minor=price, needs_shipping=False, shipped=0)


def fee_line(title: str, amount_minor: int, *, external_id: str = "", tax_minor: int = 0) -> IncomingLine:
    """Return a fee, a tip or a duty as a line that needs no shipping."""
    return IncomingLine("", title, 1, amount_minor, external_id=external_id, tax_minor=tax_minor, needs_shipping=False)


def payload_of(record: object) -> str:
    """Return a record that was put together from several rows as one text."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def first(cells: Mapping[str, str], *names: str) -> str:
    """Return the first of these cells that is not empty."""
    return next((cells[name] for name in names if cells.get(name)), "")
