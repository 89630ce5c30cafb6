"""Whole orders and products as an export writes them, page by page in the order of their ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar

from sqlalchemy import select
from sqlmodel import Session, SQLModel, col

from opsdesk.domain.incoming.arrivals import (
    IncomingAddress,
    IncomingCancellation,
    IncomingCase,
    IncomingHold,
    IncomingLine,
    IncomingNote,
    IncomingOrder,
    IncomingParcel,
    IncomingPayment,
    IncomingProduct,
)
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.store.tables import (
    AddressRow,
    CancellationRow,
    CaseRow,
    CustomerRow,
    HoldRow,
    NoteRow,
    OrderLineRow,
    OrderRow,
    ParcelLineRow,
    ParcelRow,
    ProductRow,
    TransactionRow,
)

Table = TypeVar("Table", bound=SQLModel)
PAGE = 200
_SAME = (
    "source",
    "external_id",
    "number",
    "placed_at",
    "currency",
    "total_minor",
    "channel",
    "customer_name",
    "email",
    "phone",
    "language",
    "discount_minor",
    "shipping_minor",
    "tax_minor",
    "tax_included",
    "shipping_method",
    "temperature",
    "risk_level",
    "tags",
    "staff_fields",
    "told_status",
    "told_at",
    "promised_at",
    "received_at",
    "touched_at",
    "packing_since",
)
"""Columns of an order that are called the same in a file."""


def orders_after(session: Session, order_id: int) -> tuple[list[IncomingOrder], int]:
    """Return the next orders with everything that belongs to them, and the id of the last one."""
    wanted = select(OrderRow).where(col(OrderRow.id) > order_id).order_by(col(OrderRow.id)).limit(PAGE)
    rows = list(session.execute(wanted).scalars())
    parts = _Parts(session, [row.id or 0 for row in rows])
    customers = _identities(session, {row.customer_id for row in rows})
    orders = [_order(row, parts, customers.get(row.customer_id, "")) for row in rows]
    session.expunge_all()
    return orders, rows[-1].id or 0 if rows else order_id


def products_after(session: Session, product_id: int) -> tuple[list[IncomingProduct], int]:
    """Return the next products, and the id of the last one."""
    wanted = select(ProductRow).where(col(ProductRow.id) > product_id).order_by(col(ProductRow.id)).limit(PAGE)
    rows = list(session.execute(wanted).scalars())
    products = [
        IncomingProduct(
            source=row.source,
            external_id=row.external_id,
            sku=row.sku,
            title=row.title,
            price_minor=row.price_minor,
            currency=row.currency,
            variant=row.variant,
            ean=row.ean,
            temperature=row.temperature,
            weight_g=row.weight_g,
            stock=row.stock,
            is_active=row.is_active,
        )
        for row in rows
    ]
    session.expunge_all()
    return products, rows[-1].id or 0 if rows else product_id


class _Parts:
    """The rows of the tables beside the orders of one page, by order."""

    def __init__(self, session: Session, ids: Sequence[int]) -> None:
        self._session, self._ids = session, ids
        self.lines = self._of(OrderLineRow, "position")
        self.addresses = self._of(AddressRow, "kind")
        self.payments = self._of(TransactionRow, "id")
        self.parcels = self._of(ParcelRow, "id")
        self.holds = self._of(HoldRow, "id")
        self.cases = self._of(CaseRow, "id")
        self.notes = self._of(NoteRow, "id")
        self.cancellations = self._of(CancellationRow, "id")
        self.contents: dict[int, list[ParcelLineRow]] = defaultdict(list)
        parcels = [row.id for rows in self.parcels.values() for row in rows]
        inside = select(ParcelLineRow).where(col(ParcelLineRow.parcel_id).in_(parcels))
        for content in session.execute(inside.order_by(col(ParcelLineRow.line_id))).scalars():
            self.contents[content.parcel_id].append(content)

    def _of(self, table: type[Table], by: str) -> dict[int, list[Table]]:
        found: dict[int, list[Table]] = defaultdict(list)
        wanted = select(table).where(table.order_id.in_(self._ids))  # type: ignore[attr-defined]  # each has one
        for row in self._session.execute(wanted.order_by(getattr(table, by))).scalars():
            found[row.order_id].append(row)
        return found


def _identities(session: Session, ids: Iterable[int]) -> dict[int, str]:
    wanted = select(col(CustomerRow.id), col(CustomerRow.identity)).where(col(CustomerRow.id).in_(list(ids)))
    return {number: identity for number, identity in session.execute(wanted) if number is not None}


def _order(row: OrderRow, parts: _Parts, identity: str) -> IncomingOrder:
    order_id = row.id or 0
    # A line that was amended away says nothing without its amendment, which stays here.
    lines = [line for line in parts.lines[order_id] if line.ordered]
    positions = {line.id or 0: position for position, line in enumerate(lines, 1)}
    addresses = {address.kind: _address(address) for address in parts.addresses[order_id]}
    return IncomingOrder(
        lines=tuple(_line(line) for line in lines),
        customer_id="" if row.email == identity else identity.removeprefix(f"{row.source}:"),
        lifecycle=Lifecycle(row.lifecycle),
        shipping=addresses.get("shipping"),
        billing=addresses.get("billing"),
        payments=tuple(_payment(paid) for paid in parts.payments[order_id]),
        parcels=tuple(_parcel(parcel, parts.contents[parcel.id or 0], positions) for parcel in parts.parcels[order_id]),
        holds=tuple(_hold(hold) for hold in parts.holds[order_id]),
        cases=tuple(_case(case) for case in parts.cases[order_id]),
        notes=tuple(IncomingNote(note.text, note.written_at, note.author) for note in parts.notes[order_id]),
        cancellations=tuple(_cancellation(record, positions) for record in parts.cancellations[order_id]),
        is_own=True,
        **{name: getattr(row, name) for name in _SAME},
    )


def _line(row: OrderLineRow) -> IncomingLine:
    return IncomingLine(
        sku=row.sku,
        title=row.title,
        quantity=row.ordered,
        unit_price_minor=row.unit_price_minor,
        variant=row.variant,
        external_id=row.external_id,
        discount_minor=row.discount_minor,
        tax_minor=row.tax_minor,
        temperature=row.temperature,
        needs_shipping=row.needs_shipping,
        cancelled=row.cancelled,
        shipped=row.shipped,
        delivered=row.delivered,
        returned=row.returned,
    )


def _address(row: AddressRow) -> IncomingAddress:
    return IncomingAddress(
        row.name, row.company, row.line1, row.line2, row.city, row.region, row.postcode, row.country, row.phone
    )


def _payment(row: TransactionRow) -> IncomingPayment:
    return IncomingPayment(row.kind, row.state, row.amount_minor, row.gateway, row.reference, row.happened_at)


def _parcel(row: ParcelRow, contents: Sequence[ParcelLineRow], positions: dict[int, int]) -> IncomingParcel:
    inside = tuple((positions[in_it.line_id], in_it.quantity) for in_it in contents if in_it.line_id in positions)
    return IncomingParcel(
        row.carrier,
        row.tracking_number,
        row.shipped_at,
        inside,
        row.tracking_url,
        row.shipped_by,
        row.delivered_at,
        row.recalled_at,
    )


def _hold(row: HoldRow) -> IncomingHold:
    return IncomingHold(
        type=HoldType(row.type),
        reason=row.reason,
        blocks=row.blocks,
        placed_by=row.placed_by,
        placed_at=row.placed_at,
        review_at=row.review_at,
        on_review=row.on_review,
        reviewed_at=row.reviewed_at,
        released_by=row.released_by,
        released_at=row.released_at,
        release_note=row.release_note,
    )


def _case(row: CaseRow) -> IncomingCase:
    return IncomingCase(
        row.kind,
        row.state,
        row.opened_by,
        row.opened_at,
        row.answer_days,
        row.respond_by,
        row.decided_by,
        row.decided_at,
    )


def _cancellation(row: CancellationRow, positions: dict[int, int]) -> IncomingCancellation:
    pairs = (pair.split(":") for pair in row.lines.split(",") if pair)
    took = tuple((positions[int(line_id)], int(units)) for line_id, units in pairs if int(line_id) in positions)
    return IncomingCancellation(
        row.reason, row.cancelled_at, row.note, row.cancelled_by, row.reopened_by, row.reopened_at, took
    )
