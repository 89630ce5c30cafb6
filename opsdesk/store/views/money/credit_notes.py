"""Credit notes as they are shown and printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.errors import Refused
from opsdesk.domain.money import Money
from opsdesk.domain.refunds.credit_notes import lines_from_json, note_number
from opsdesk.store.tables import AddressRow, CreditNoteRow, OrderRow


@dataclass(frozen=True, slots=True)
class NoteLineView:
    """One amount of a credit note."""

    kind: str
    label: str
    quantity: int
    net: Money
    tax: Money
    gross: Money


@dataclass(frozen=True, slots=True)
class CreditNoteView:
    """A credit note as it was issued.

    Attributes:
        cancels: the number of the document that this one cancels.
        cancelled_by: the number of the document that cancels this one.
    """

    number: str
    order: str
    refund_id: int
    issued_at: datetime
    issued_by: str
    reason: str
    address: tuple[str, ...]
    lines: tuple[NoteLineView, ...]
    net: Money
    tax: Money
    gross: Money
    cancels: str
    cancelled_by: str


def credit_note(session: Session, number: int) -> CreditNoteView:
    """Return the credit note with this number.

    Raises:
        Refused: there is none.
    """
    row = session.execute(select(CreditNoteRow).where(col(CreditNoteRow.number) == number)).scalar_one_or_none()
    if row is None:
        raise Refused(f"There is no credit note {note_number(number)}. `opsdesk refund list NUMBER --json` names them.")
    order = session.get_one(OrderRow, row.order_id)
    by = session.execute(select(CreditNoteRow).where(col(CreditNoteRow.cancels_id) == row.id)).scalar_one_or_none()
    cancelled = session.get(CreditNoteRow, row.cancels_id) if row.cancels_id is not None else None
    return CreditNoteView(
        number=note_number(row.number, row.series),
        order=order.number,
        refund_id=row.refund_id,
        issued_at=row.issued_at,
        issued_by=row.issued_by,
        reason=row.reason,
        address=_billed_to(session, order),
        lines=_lines(row),
        net=Money(row.net_minor, row.currency),
        tax=Money(row.tax_minor, row.currency),
        gross=Money(row.gross_minor, row.currency),
        cancels=note_number(cancelled.number) if cancelled is not None else "",
        cancelled_by=note_number(by.number) if by is not None else "",
    )


def _lines(row: CreditNoteRow) -> tuple[NoteLineView, ...]:
    return tuple(
        NoteLineView(
            line.kind,
            line.label,
            line.quantity,
            Money(line.net, row.currency),
            Money(line.tax, row.currency),
            Money(line.gross, row.currency),
        )
        for line in lines_from_json(row.lines)
    )


def _billed_to(session: Session, order: OrderRow) -> tuple[str, ...]:
    row = session.get(AddressRow, (order.id, "billing")) or session.get(AddressRow, (order.id, "shipping"))
    if row is None:
        return (order.customer_name,)
    town = f"{row.postcode} {row.city}".strip()
    return tuple(part for part in (row.name, row.company, row.line1, row.line2, town, row.country) if part)
