"""Some hundred orders in one transaction: what is known is looked up at once, what is new is written at once.

No statement is repeated for each order, so an order costs the same whether it is the first or the millionth.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, text, update
from sqlmodel import Session, SQLModel, col

from opsdesk.domain.incoming.arrivals import IncomingOrder
from opsdesk.domain.incoming.paying_in import payments_in
from opsdesk.store.bulk import table_of, write_rows
from opsdesk.store.intake.parts import Arrival, Row, Rows
from opsdesk.store.intake.rows import add_order, customer_row, identity_of
from opsdesk.store.intake.words import kept_payload
from opsdesk.store.tables import (
    AddressRow,
    CancellationRow,
    CaseRow,
    CustomerRow,
    HoldRow,
    JournalRow,
    NoteRow,
    OrderLineRow,
    OrderRow,
    ParcelLineRow,
    ParcelRow,
    PaymentRow,
    SourceRecordRow,
    TransactionRow,
)

Key = tuple[str, str]
"""A source and the id of a record there."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the store has of a record that comes in: its payload's hash, and when that last changed."""

    content_hash: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Sorted:
    """A batch sorted by what is to be done with it; changed orders with their ids."""

    new: list[IncomingOrder]
    changed: list[tuple[int, IncomingOrder]]
    unchanged: int
    known: dict[Key, Known]


@dataclass(slots=True)
class _Numbers:
    """Reserved ids, handed out some at a time."""

    ids: Sequence[int]
    taken: int = 0

    def take(self, count: int) -> Sequence[int]:
        first, self.taken = self.taken, self.taken + count
        return self.ids[first : self.taken]


def record_kind(order: IncomingOrder) -> str:
    """Return under which kind the payload is kept: an export of ours never takes the place of the shop's own words."""
    return "order-export" if order.is_own else "order"


def content_hash(payload: str) -> str:
    """Return what tells two versions of a record apart."""
    return hashlib.sha256(payload.encode()).hexdigest()


def sort_batch(session: Session, orders: Sequence[IncomingOrder]) -> Sorted:
    """Find out which orders are new, which changed at their source, and which came before just as they are.

    A version that is older than the one we have counts as unchanged: it arrives late and says nothing new.
    """
    known = _known(session, orders)
    fresh = [order for order in orders if not _is_old(order, known.get((order.source, order.external_id)))]
    ids = _order_ids(session, fresh)
    changed = [
        (order_id, order) for order in fresh if (order_id := ids.get((order.source, order.external_id))) is not None
    ]
    new = [order for order in fresh if (order.source, order.external_id) not in ids]
    return Sorted(new, changed, len(orders) - len(fresh), known)


def write_new(session: Session, orders: Sequence[IncomingOrder], *, now: datetime, author: str) -> list[int]:
    """Write new orders with everything that belongs to them; return their ids."""
    if not orders:
        return []
    rows = Rows()
    customers = _customers(session, orders, rows)
    told = [payments_in(order.payments) for order in orders]
    order_ids = reserve(session, OrderRow, len(orders))
    lines = _Numbers(reserve(session, OrderLineRow, sum(len(order.lines) for order in orders)))
    parcels = _Numbers(reserve(session, ParcelRow, sum(len(order.parcels) for order in orders)))
    payments = _Numbers(reserve(session, PaymentRow, sum(map(len, told))))
    transactions = _Numbers(reserve(session, TransactionRow, sum(len(order.payments) for order in orders)))
    for order_id, order, paid in zip(order_ids, orders, told, strict=True):
        arrival = Arrival(
            now,
            author,
            order_id,
            customers[identity_of(order)],
            lines.take(len(order.lines)),
            parcels.take(len(order.parcels)),
            payments.take(len(paid)),
            transactions.take(len(order.payments)),
        )
        add_order(rows, order, paid, arrival)
    _write(session, rows)
    return list(order_ids)


def keep_payloads(
    session: Session, orders: Iterable[tuple[int, IncomingOrder]], known: dict[Key, Known], *, now: datetime
) -> None:
    """Keep the payloads as they came, each in place of the earlier version."""
    rows = [
        {
            "source": order.source,
            "kind": record_kind(order),
            "external_id": order.external_id,
            "subject_id": order_id,
            "content_hash": content_hash(order.payload),
            "payload": kept_payload(order.payload),
            "first_seen_at": now,
            "last_changed_at": order.modified_at or now,
        }
        for order_id, order in orders
    ]
    write_rows(session, SourceRecordRow, [row for row in rows if (row["source"], row["external_id"]) not in known])
    _replace_payloads(session, [row for row in rows if (row["source"], row["external_id"]) in known])


def reserve(session: Session, table: type[SQLModel], count: int) -> Sequence[int]:
    """Return ids that nobody else will use, in rising order."""
    if not count:
        return range(0)
    connection, name = session.connection(), str(table.__tablename__)
    if connection.dialect.name == "sqlite":
        # The write lock has been ours since the transaction began.
        newest = connection.execute(select(table_of(table).c.id).order_by(table_of(table).c.id.desc()).limit(1))
        first = (newest.scalar_one_or_none() or 0) + 1
        return range(first, first + count)
    numbers = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
    return sorted(connection.execute(numbers, {"name": name, "count": count}).scalars())


def _write(session: Session, rows: Rows) -> None:
    write_rows(session, CustomerRow, rows.customers)
    write_rows(session, OrderRow, rows.orders)
    write_rows(session, OrderLineRow, rows.lines)
    write_rows(session, AddressRow, rows.addresses)
    write_rows(session, PaymentRow, rows.payments)
    write_rows(session, TransactionRow, rows.transactions)
    write_rows(session, JournalRow, rows.journal)
    write_rows(session, ParcelRow, rows.parcels)
    write_rows(session, ParcelLineRow, rows.parcel_lines)
    write_rows(session, HoldRow, rows.holds)
    write_rows(session, CaseRow, rows.cases)
    write_rows(session, NoteRow, rows.notes)
    write_rows(session, CancellationRow, rows.cancellations)


def _known(session: Session, orders: Sequence[IncomingOrder]) -> dict[Key, Known]:
    groups: dict[Key, list[str]] = {}
    for order in orders:
        groups.setdefault((order.source, record_kind(order)), []).append(order.external_id)
    known: dict[Key, Known] = {}
    for (source, kind), ids in groups.items():
        wanted = select(
            col(SourceRecordRow.external_id), col(SourceRecordRow.content_hash), col(SourceRecordRow.last_changed_at)
        ).where(
            col(SourceRecordRow.source) == source,
            col(SourceRecordRow.kind) == kind,
            col(SourceRecordRow.external_id).in_(ids),
        )
        for external_id, found, changed_at in session.execute(wanted):
            known[source, external_id] = Known(found, changed_at)
    return known


def _is_old(order: IncomingOrder, known: Known | None) -> bool:
    if known is None:
        return False
    if known.content_hash == content_hash(order.payload):
        return True
    return order.modified_at is not None and order.modified_at < known.changed_at


def _order_ids(session: Session, orders: Sequence[IncomingOrder]) -> dict[Key, int]:
    groups: dict[str, list[str]] = {}
    for order in orders:
        groups.setdefault(order.source, []).append(order.external_id)
    found: dict[Key, int] = {}
    for source, ids in groups.items():
        wanted = select(col(OrderRow.id), col(OrderRow.external_id)).where(
            col(OrderRow.source) == source, col(OrderRow.external_id).in_(ids)
        )
        found.update({(source, external_id): order_id for order_id, external_id in session.execute(wanted) if order_id})
    return found


def _customers(session: Session, orders: Sequence[IncomingOrder], rows: Rows) -> dict[str, int]:
    """Find the customers of new orders, and add a row for each one who is not known yet."""
    first_orders: dict[str, IncomingOrder] = {}
    for order in orders:
        first_orders.setdefault(identity_of(order), order)
    wanted = select(col(CustomerRow.identity), col(CustomerRow.id)).where(
        col(CustomerRow.identity).in_(list(first_orders))
    )
    customers = {identity: number for identity, number in session.execute(wanted) if number is not None}
    missing = [identity for identity in first_orders if identity not in customers]
    for number, identity in zip(reserve(session, CustomerRow, len(missing)), missing, strict=True):
        customers[identity] = number
        rows.customers.append(customer_row(first_orders[identity], number, identity))
    return customers


def _replace_payloads(session: Session, rows: Sequence[Row]) -> None:
    if not rows:
        return
    table = table_of(SourceRecordRow)
    replaced = (
        update(table)
        .where(
            table.c.source == bindparam("key_source"),
            table.c.kind == bindparam("key_kind"),
            table.c.external_id == bindparam("key_id"),
        )
        .values(
            content_hash=bindparam("content_hash"),
            payload=bindparam("payload"),
            last_changed_at=bindparam("last_changed_at"),
        )
    )
    session.connection().execute(
        replaced,
        [
            {
                "key_source": row["source"],
                "key_kind": row["kind"],
                "key_id": row["external_id"],
                "content_hash": row["content_hash"],
                "payload": row["payload"],
                "last_changed_at": row["last_changed_at"],
            }
            for row in rows
        ],
    )
