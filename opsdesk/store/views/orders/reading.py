"""The statements behind one order's screen, each by key and bounded.

They are built once: composing one anew costs as much as running it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, bindparam, func, literal_column, select
from sqlmodel import Session

from opsdesk.domain.money import Money
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import Blocks, HoldType, OnReview
from opsdesk.domain.orders.states import Headline, LineFacts
from opsdesk.domain.payments.order_money import PaymentStatus
from opsdesk.domain.payments.transactions import TransactionKind, TransactionState
from opsdesk.store.tables import OrderRow
from opsdesk.store.views.orders.parts import (
    AddressDetail,
    CancellationDetail,
    CaseDetail,
    CustomerDetail,
    HoldDetail,
    LastLook,
    LineDetail,
    NoteDetail,
    OtherOrder,
    PackedUnits,
    ParcelDetail,
    TransactionDetail,
)

MOST_NOTES = 50
MOST_OTHERS = 10
STOP_COUNTING = 100
MOST_PAST = 50
"""Past holds, recalled parcels and cancellations: what is older is in the timeline."""

_tables = OrderRow.metadata.tables
_ORDERS, _LINES, _ADDRESSES = _tables["orders"], _tables["order_line"], _tables["order_address"]
_PARCELS, _INSIDE = _tables["parcel"], _tables["parcel_line"]
_ACTIVITY, _LOOKS, _FOLLOWS, _USERS = _tables["activity"], _tables["look"], _tables["follow"], _tables["users"]
_CUSTOMERS = _tables["customer"]


def _of_order(name: str, newest: int = 0) -> Select[Any]:
    table = _tables[name]
    query = select(table).where(table.c.order_id == bindparam("order_id"))
    return query.order_by(table.c.id.desc()).limit(newest) if newest else query


_ALL_LINES = _of_order("order_line").order_by(_LINES.c.position, _LINES.c.id)
_ALL_ADDRESSES = _of_order("order_address")
_ALL_TRANSACTIONS = _of_order("payment_transaction").order_by(_tables["payment_transaction"].c.id)
_ALL_HOLDS = (
    _of_order("hold").order_by(_tables["hold"].c.released_at.is_not(None), _tables["hold"].c.id.desc()).limit(MOST_PAST)
)
_CASES = (
    _of_order("verification_case")
    .where(_tables["verification_case"].c.decided_at.is_(None))
    .order_by(_tables["verification_case"].c.id)
    .limit(1)
)
_ALL_PARCELS = (
    select(_PARCELS, _INSIDE.c.line_id, _INSIDE.c.quantity)
    .outerjoin(_INSIDE, _INSIDE.c.parcel_id == _PARCELS.c.id)
    .where(_PARCELS.c.order_id == bindparam("order_id"))
    .order_by(_PARCELS.c.id, _INSIDE.c.line_id)
)
_NOTES = _of_order("note", MOST_NOTES)
_CANCELLATIONS = _of_order("cancellation", MOST_PAST)
_CUSTOMER = select(_CUSTOMERS).where(_CUSTOMERS.c.id == bindparam("customer_id"))
_OTHERS = (
    select(
        _ORDERS.c.id,
        _ORDERS.c.number,
        _ORDERS.c.placed_at,
        _ORDERS.c.total_minor,
        _ORDERS.c.currency,
        _ORDERS.c.headline,
        _ORDERS.c.payment_status,
    )
    .where(_ORDERS.c.customer_id == bindparam("customer_id"))
    .order_by(_ORDERS.c.placed_at.desc(), _ORDERS.c.id.desc())
    .limit(MOST_OTHERS + 1)
)
_COUNTED = select(func.count()).select_from(
    select(literal_column("1"))
    .select_from(_ORDERS)
    .where(_ORDERS.c.customer_id == bindparam("customer_id"))
    .limit(STOP_COUNTING + 1)
    .subquery()
)
_IS_HISTORY = (_ACTIVITY.c.subject_kind == "order") & (_ACTIVITY.c.subject_id == bindparam("order_id"))
_NEWEST = select(func.max(_ACTIVITY.c.id)).where(_IS_HISTORY)
_LOOK = select(_LOOKS.c.activity_id, _LOOKS.c.looked_at, _USERS.c.name).join(_USERS, _USERS.c.id == _LOOKS.c.user_id)
_LOOK = _LOOK.where(_LOOKS.c.order_id == bindparam("order_id"), _LOOKS.c.user_id == bindparam("user_id"))
_NEWS = select(func.count()).select_from(
    select(literal_column("1"))
    .select_from(_ACTIVITY)
    .where(_IS_HISTORY, _ACTIVITY.c.id > bindparam("seen"), _ACTIVITY.c.actor != bindparam("name"))
    .limit(STOP_COUNTING)
    .subquery()
)
_FOLLOWED: Select[Any] = select(literal_column("1")).where(
    _FOLLOWS.c.order_id == bindparam("order_id"), _FOLLOWS.c.user_id == bindparam("user_id")
)


def lines(session: Session, order_id: int, currency: str) -> tuple[LineDetail, ...]:
    """Return every line in the order of the document."""
    return tuple(
        LineDetail(
            id=row.id,
            position=row.position,
            sku=row.sku,
            title=row.title,
            variant=row.variant,
            temperature=row.temperature,
            quantities=LineFacts(
                row.ordered, row.cancelled, row.shipped, row.delivered, row.returned, row.needs_shipping
            ),
            unit_price=Money(row.unit_price_minor, currency),
            discount=Money(row.discount_minor, currency),
        )
        for row in session.execute(_ALL_LINES, {"order_id": order_id})
    )


def addresses(session: Session, order_id: int) -> dict[str, AddressDetail]:
    """Return the addresses by kind: `shipping`, `billing`."""
    found = session.execute(_ALL_ADDRESSES, {"order_id": order_id})
    return {
        row.kind: AddressDetail(
            row.name,
            row.company,
            row.line1,
            row.line2,
            row.city,
            row.region,
            row.postcode,
            row.country,
            row.phone,
        )
        for row in found
    }


def transactions(session: Session, order_id: int) -> tuple[TransactionDetail, ...]:
    """Return every movement of money, oldest first."""
    return tuple(
        TransactionDetail(
            row.id,
            TransactionKind(row.kind),
            TransactionState(row.state),
            Money(row.amount_minor, row.currency),
            row.gateway,
            row.reference,
            row.happened_at,
        )
        for row in session.execute(_ALL_TRANSACTIONS, {"order_id": order_id})
    )


def holds(session: Session, order_id: int) -> tuple[HoldDetail, ...]:
    """Return the active holds, then the newest past ones."""
    return tuple(
        HoldDetail(
            id=row.id,
            type=HoldType(row.type),
            reason=row.reason,
            blocks=frozenset(Blocks(step) for step in row.blocks.split(",") if step),
            placed_by=row.placed_by,
            placed_at=row.placed_at,
            review_at=row.review_at,
            on_review=OnReview(row.on_review),
            released_by=row.released_by,
            released_at=row.released_at,
            release_note=row.release_note,
        )
        for row in session.execute(_ALL_HOLDS, {"order_id": order_id})
    )


def open_case(session: Session, order_id: int) -> CaseDetail | None:
    """Return the oldest case that nobody has decided."""
    row = session.execute(_CASES, {"order_id": order_id}).one_or_none()
    if row is None:
        return None
    return CaseDetail(
        row.id, row.kind, CaseState(row.state), row.opened_by, row.opened_at, row.answer_days, row.respond_by
    )


def parcels(session: Session, order_id: int) -> tuple[ParcelDetail, ...]:
    """Return the parcels with what is in them, oldest first, recalled ones too."""
    inside: dict[int, list[PackedUnits]] = {}
    heads: dict[int, Row[Any]] = {}
    for row in session.execute(_ALL_PARCELS, {"order_id": order_id}):
        heads.setdefault(row.id, row)
        if row.line_id is not None:
            inside.setdefault(row.id, []).append(PackedUnits(row.line_id, row.quantity))
    return tuple(
        ParcelDetail(
            row.id,
            row.carrier,
            row.tracking_number,
            row.tracking_url,
            row.shipped_by,
            row.shipped_at,
            row.delivered_at,
            row.recalled_at,
            tuple(inside.get(row.id, ())),
        )
        for row in heads.values()
    )


def notes(session: Session, order_id: int) -> tuple[NoteDetail, ...]:
    """Return at most 50 notes, newest first."""
    found = session.execute(_NOTES, {"order_id": order_id})
    return tuple(NoteDetail(row.id, row.author, row.written_at, row.text) for row in found)


def cancellations(session: Session, order_id: int) -> tuple[CancellationDetail, ...]:
    """Return why the order was cancelled, newest first."""
    found = session.execute(_CANCELLATIONS, {"order_id": order_id})
    return tuple(
        CancellationDetail(row.reason, row.note, row.cancelled_by, row.cancelled_at, row.reopened_at) for row in found
    )


def customer(session: Session, customer_id: int, order_id: int) -> CustomerDetail:
    """Return who ordered, with at most 10 other orders, newest first."""
    row = session.execute(_CUSTOMER, {"customer_id": customer_id}).one()
    found = session.execute(_OTHERS, {"customer_id": customer_id}).all()
    others = tuple(_other(other) for other in found if other.id != order_id)[:MOST_OTHERS]
    count = len(found) - 1
    if len(found) > MOST_OTHERS:
        count = session.execute(_COUNTED, {"customer_id": customer_id}).scalar_one() - 1
    return CustomerDetail(
        row.id, row.name, row.email, row.phone, row.country, row.language, row.created_at, others, count
    )


def _other(row: Row[Any]) -> OtherOrder:
    return OtherOrder(
        row.id,
        row.number,
        row.placed_at,
        Money(row.total_minor, row.currency),
        Headline(row.headline),
        PaymentStatus(row.payment_status),
    )


def last_look(session: Session, order_id: int, user_id: int | None) -> LastLook | None:
    """Return when the user last looked and how much others changed since, or None before the first look."""
    if user_id is None:
        return None
    row = session.execute(_LOOK, {"order_id": order_id, "user_id": user_id}).one_or_none()
    if row is None:
        return None
    news = session.execute(_NEWS, {"order_id": order_id, "seen": row.activity_id, "name": row.name}).scalar_one()
    return LastLook(row.activity_id, row.looked_at, news)


def newest_activity(session: Session, order_id: int) -> int:
    """Return the id of the newest line of the order's history, 0 when it has none."""
    return session.execute(_NEWEST, {"order_id": order_id}).scalar() or 0


def is_followed(session: Session, order_id: int, user_id: int | None) -> bool:
    """Say whether the user wants to hear of the order."""
    if user_id is None:
        return False
    return session.execute(_FOLLOWED, {"order_id": order_id, "user_id": user_id}).one_or_none() is not None
