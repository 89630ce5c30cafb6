"""Credit notes of one unit of work, and the numbers that they take: without a gap, because both commit together."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.refunds.credit_notes import SERIES
from opsdesk.store.bulk import table_of
from opsdesk.store.tables import CreditNoteRow, DocumentSeriesRow


class CreditNotes:
    """The credit notes of one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def take_number(self) -> int:
        """Take the next number; whoever else wants one waits until this unit of work has ended, either way."""
        # Both dialects take some time to import, and whoever only reads needs neither.
        from sqlalchemy.dialects import postgresql, sqlite

        on_server = self._session.get_bind().dialect.name == "postgresql"
        table = table_of(DocumentSeriesRow)
        first = (postgresql.insert(table) if on_server else sqlite.insert(table)).values(series=SERIES, last_number=1)
        more = first.on_conflict_do_update(index_elements=["series"], set_={"last_number": table.c.last_number + 1})
        return int(self._session.execute(more.returning(table.c.last_number)).scalar_one())

    def standing(self, refund_id: int) -> CreditNoteRow | None:
        """Return the credit note of a refund that nothing has cancelled."""
        cancelled = select(col(CreditNoteRow.cancels_id)).where(col(CreditNoteRow.cancels_id).is_not(None))
        found = select(CreditNoteRow).where(
            col(CreditNoteRow.refund_id) == refund_id,
            col(CreditNoteRow.cancels_id).is_(None),
            col(CreditNoteRow.id).not_in(cancelled.where(col(CreditNoteRow.refund_id) == refund_id)),
        )
        return self._session.execute(found).scalar_one_or_none()
