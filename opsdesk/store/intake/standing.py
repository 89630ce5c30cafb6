"""What stands of an order beside its row, as far as a change at its source is measured against it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.payments.transactions import Movement, TransactionKind, TransactionState
from opsdesk.store.tables import (
    CancellationRow,
    HoldRow,
    NoteRow,
    OrderLineRow,
    ParcelLineRow,
    ParcelRow,
    PaymentRow,
    TransactionRow,
)

_UNDER_WAY = {
    TransactionKind.CAPTURE: "capturing",
    TransactionKind.VOID: "voiding",
    TransactionKind.REFUND: "refunding",
}
"""What is set aside for each kind of call: its gateway may tell the source of it before it answers us."""


@dataclass(frozen=True, slots=True)
class KnownPayment:
    """A movement of money that stands here."""

    reference: str
    movement: Movement


class Standing:
    """Reads, and clears away what nobody has touched, within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def payments(self, order_id: int) -> list[KnownPayment]:
        """Return every movement of money, and what is set aside here for one that is under way."""
        wanted = select(TransactionRow).where(col(TransactionRow.order_id) == order_id)
        known = [
            KnownPayment(
                row.reference, Movement(TransactionKind(row.kind), TransactionState(row.state), row.amount_minor)
            )
            for row in self._session.execute(wanted).scalars()
        ]
        paying = select(PaymentRow).where(col(PaymentRow.order_id) == order_id)
        for payment in self._session.execute(paying).scalars():
            known += [
                KnownPayment("", Movement(kind, TransactionState.SUCCEEDED, getattr(payment, f"{name}_minor")))
                for kind, name in _UNDER_WAY.items()
            ]
        return known

    def holds(self, order_id: int) -> list[HoldRow]:
        """Return every hold, the released ones too."""
        return list(self._session.execute(select(HoldRow).where(col(HoldRow.order_id) == order_id)).scalars())

    def was_reopened(self, order_id: int) -> bool:
        """Say whether somebody here reopened the order after a cancellation."""
        wanted = select(col(CancellationRow.id)).where(
            col(CancellationRow.order_id) == order_id, col(CancellationRow.reopened_at).is_not(None)
        )
        return self._session.execute(wanted.limit(1)).first() is not None

    def was_recalled(self, order_id: int) -> bool:
        """Say whether somebody here recalled a parcel."""
        wanted = select(col(ParcelRow.id)).where(
            col(ParcelRow.order_id) == order_id, col(ParcelRow.recalled_at).is_not(None)
        )
        return self._session.execute(wanted.limit(1)).first() is not None

    def notes(self, order_id: int) -> set[str]:
        """Return the texts of the notes."""
        wanted = select(col(NoteRow.text)).where(col(NoteRow.order_id) == order_id)
        return set(self._session.execute(wanted).scalars())

    def was_sent(self, line: OrderLineRow) -> bool:
        """Say whether the line ever was in a parcel, even in one that was recalled."""
        wanted = select(col(ParcelLineRow.parcel_id)).where(col(ParcelLineRow.line_id) == line.id)
        return self._session.execute(wanted.limit(1)).first() is not None

    def remove(self, line: OrderLineRow) -> None:
        """Take away a line of which nothing was ever cancelled or sent."""
        self._session.delete(line)
        self._session.flush()
