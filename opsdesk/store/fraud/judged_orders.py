"""What orders that are judged say of themselves: their rows, lines, addresses, payments and checks, many at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from opsdesk.domain.fraud.evidence.addresses import Place
from opsdesk.domain.fraud.evidence.facts import OrderedLine
from opsdesk.domain.money import Money
from opsdesk.store.fraud.asking import ask
from opsdesk.store.fraud.linked_orders import among, id_list, is_sqlite, moment, stamp

_HEADS = """
    SELECT id, number, source, placed_at, channel, currency, customer_id, customer_name, email, phone, phone_reversed,
        ship_digest, total_minor, shipping_minor, discount_minor, shipping_method, staff_fields, risk_level, is_open,
        stage, lifecycle, fulfilment_status, hold_type
    FROM orders WHERE {mine}
"""
_LINES = """
    SELECT order_id, sku, ordered, unit_price_minor, discount_minor, needs_shipping FROM order_line
    WHERE {mine} ORDER BY order_id, position
"""
_ADDRESSES = """
    SELECT order_id, kind, name, company, line1, line2, city, region, postcode, country FROM order_address WHERE {mine}
"""
_PAYMENTS = """
    SELECT payment.order_id, payment.gateway, payment.method, payment_check.*
    FROM payment LEFT JOIN payment_check ON payment_check.payment_id = payment.id
    WHERE {mine} ORDER BY payment.id
"""
_FAILED = """
    SELECT order_id, count(*) AS times FROM payment_transaction
    WHERE {mine} AND state = 'failed' AND kind IN ('authorise', 'sale', 'capture') GROUP BY order_id
"""


@dataclass(slots=True)
class Judged:
    """One order with what belongs to it."""

    head: Row[Any]
    placed_at: datetime
    lines: list[OrderedLine] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    payments: list[Row[Any]] = field(default_factory=list)
    declined: int = 0

    @property
    def cards(self) -> list[str]:
        """The cards that were tried, each once."""
        return list(dict.fromkeys(paid.fingerprint for paid in self.payments if paid.fingerprint))


def judged_orders(session: Session, ids: Sequence[int]) -> list[Judged]:
    """Return the orders with what belongs to them, in the order of their ids."""
    asked = {"ids": id_list(session, ids)}

    def rows(statement: str, column: str) -> Sequence[Row[Any]]:
        return ask(session, statement.format(mine=among(session, column)), asked).all()

    found = {row.id: Judged(row, moment(row.placed_at)) for row in rows(_HEADS, "id")}
    for line in rows(_LINES, "order_id"):
        found[line.order_id].lines.append(_line(line, found[line.order_id].head.currency))
    for address in rows(_ADDRESSES, "order_id"):
        found[address.order_id].places[address.kind] = Place(*address[2:])
    for paid in rows(_PAYMENTS, "payment.order_id"):
        found[paid[0]].payments.append(paid)
    for failed in rows(_FAILED, "order_id"):
        found[failed.order_id].declined = failed.times
    return [found[order_id] for order_id in dict.fromkeys(ids) if order_id in found]


def _line(row: Row[Any], currency: str) -> OrderedLine:
    value = Money(row.ordered * row.unit_price_minor - row.discount_minor, currency)
    return OrderedLine(sku=row.sku, quantity=row.ordered, value=value, is_digital=not row.needs_shipping)


_TOTALS = (
    "SELECT currency, {listed} FROM (SELECT currency, total_minor FROM orders WHERE placed_at < {at} "
    "ORDER BY placed_at DESC, id DESC LIMIT :most) AS newest GROUP BY currency"
)
_TOTALS_OF = {
    True: _TOTALS.format(at=":at", listed="json_group_array(total_minor)"),
    False: _TOTALS.format(at="CAST(:at AS timestamptz)", listed="json_agg(total_minor)"),
}


def usual_totals(session: Session, at: datetime, most: int) -> dict[str, list[int]]:
    """Return the totals of the newest orders before a moment by currency, sorted."""
    on_sqlite = is_sqlite(session)
    asked = {"at": stamp(at) if on_sqlite else at, "most": most}
    found = ask(session, _TOTALS_OF[on_sqlite], asked)
    return {currency: sorted(json.loads(told) if on_sqlite else told) for currency, told in found}
