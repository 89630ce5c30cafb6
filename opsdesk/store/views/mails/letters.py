"""What a letter about one order may speak of."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import case, func, select
from sqlmodel import Session, col

from opsdesk.domain.errors import Refused
from opsdesk.domain.mails.letters import LetterFacts, LetterLine, LetterParcel
from opsdesk.domain.money import Money
from opsdesk.domain.orders.cases import CaseState
from opsdesk.store.tables import (
    AddressRow,
    CaseRow,
    OrderLineRow,
    OrderRow,
    ParcelLineRow,
    ParcelRow,
    PaymentRow,
    TransactionRow,
)

MOST_LINES = 200
"""A letter that lists more helps nobody; the rest is in the order."""


def letter_facts(session: Session, order_id: int, *, agent: str) -> LetterFacts:
    """Return the plain facts of an order for its letters, signed by `agent`.

    Raises:
        Refused: there is no such order.
    """
    order = session.execute(select(OrderRow).where(col(OrderRow.id) == order_id)).scalar_one_or_none()
    if order is None:
        raise Refused("The order no longer exists.")
    lines = _lines(session, order)
    return LetterFacts(
        order_number=order.number,
        placed_at=order.placed_at,
        customer_name=order.customer_name,
        language=order.language,
        lines=tuple(lines.values()),
        address=_address(session, order_id),
        total=Money(order.total_minor, order.currency),
        paid=Money(order.paid_minor, order.currency),
        refunded=Money(_refunded(session, order_id), order.currency),
        parcels=_parcels(session, order_id, lines),
        agent=agent,
        deadline=_deadline(session, order_id),
        held_until=_held_until(session, order_id),
    )


def _deadline(session: Session, order_id: int) -> datetime | None:
    """Return by when the customer has been asked to answer, while they are waited for."""
    asked = select(col(CaseRow.respond_by)).where(
        col(CaseRow.order_id) == order_id, col(CaseRow.state) == CaseState.AWAITING_CUSTOMER.value
    )
    return session.execute(asked.order_by(col(CaseRow.id).desc()).limit(1)).scalar()


def _held_until(session: Session, order_id: int) -> datetime | None:
    """Return when the first authorisation of the order ends of which something is left."""
    left = col(PaymentRow.authorised_minor) - col(PaymentRow.captured_minor) - col(PaymentRow.voided_minor)
    held = select(func.min(col(PaymentRow.expires_at))).where(
        col(PaymentRow.order_id) == order_id, col(PaymentRow.ended) == "", left > 0
    )
    return session.execute(held).scalar()


def _lines(session: Session, order: OrderRow) -> dict[int, LetterLine]:
    wanted = (
        select(
            col(OrderLineRow.id),
            col(OrderLineRow.title),
            col(OrderLineRow.variant),
            col(OrderLineRow.sku),
            col(OrderLineRow.ordered),
            col(OrderLineRow.unit_price_minor),
            col(OrderLineRow.discount_minor),
        )
        .where(col(OrderLineRow.order_id) == order.id, col(OrderLineRow.ordered) > 0)
        .order_by(col(OrderLineRow.position))
        .limit(MOST_LINES)
    )
    return {
        line_id: LetterLine(title, ordered, Money(ordered * price - discount, order.currency), variant, sku)
        for line_id, title, variant, sku, ordered, price, discount in session.execute(wanted)
    }


def _address(session: Session, order_id: int) -> tuple[str, ...]:
    found = session.execute(
        select(AddressRow).where(col(AddressRow.order_id) == order_id, col(AddressRow.kind) == "shipping")
    ).scalar_one_or_none()
    if found is None:
        return ()
    town = f"{found.postcode} {found.city}".strip()
    rows = (found.name, found.company, found.line1, found.line2, town, found.region, found.country)
    return tuple(row for row in rows if row)


def _refunded(session: Session, order_id: int) -> int:
    signed = case(
        (col(TransactionRow.kind) == "refund", col(TransactionRow.amount_minor)),
        else_=-col(TransactionRow.amount_minor),
    )
    total = select(func.coalesce(func.sum(signed), 0)).where(
        col(TransactionRow.order_id) == order_id,
        col(TransactionRow.kind).in_(("refund", "refund_reversal")),
        col(TransactionRow.state) == "succeeded",
    )
    return int(session.execute(total).scalar_one())


def _parcels(session: Session, order_id: int, lines: dict[int, LetterLine]) -> tuple[LetterParcel, ...]:
    sent = select(ParcelRow).where(col(ParcelRow.order_id) == order_id, col(ParcelRow.recalled_at).is_(None))
    parcels = session.execute(sent.order_by(col(ParcelRow.id))).scalars().all()
    contents: dict[int, list[LetterLine]] = {}
    inside = select(col(ParcelLineRow.parcel_id), col(ParcelLineRow.line_id), col(ParcelLineRow.quantity)).where(
        col(ParcelLineRow.parcel_id).in_([parcel.id for parcel in parcels])
    )
    for parcel_id, line_id, quantity in session.execute(inside):
        if line := lines.get(line_id):
            contents.setdefault(parcel_id, []).append(
                LetterLine(line.title, quantity, line.price, line.variant, line.sku)
            )
    return tuple(
        LetterParcel(
            parcel.carrier, parcel.tracking_number, parcel.tracking_url, tuple(contents.get(parcel.id or 0, ()))
        )
        for parcel in parcels
    )
