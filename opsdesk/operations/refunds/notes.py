"""The credit note of a refund: issued when the refund has succeeded, cancelled by another document if it has not."""

from __future__ import annotations

from collections.abc import Iterable

from opsdesk.domain.money import Money
from opsdesk.domain.refunds.credit_notes import (
    SERIES,
    NoteLine,
    lines_from_json,
    lines_to_json,
    note_lines,
    note_number,
    opposite,
    sums_of,
)
from opsdesk.store.repositories.refundables import part_of
from opsdesk.store.tables import CreditNoteRow, RefundRow
from opsdesk.store.work import Work


def issue_note(work: Work, refund: RefundRow) -> None:
    """Issue the credit note of a refund that has succeeded, once; one of what was paid too much alone has none."""
    lines = note_lines(part_of(row) for row in work.settlements.parts(refund.id or 0))
    if lines and work.notes.standing(refund.id or 0) is None:
        row = _write(work, refund, lines)
        amount = Money(row.gross_minor, row.currency)
        summary = f"Credit note {note_number(row.number)} over {amount}"
        work.record("credit_note.issued", "order", refund.order_id, summary, after=note_number(row.number))


def cancel_note(work: Work, refund: RefundRow, why: str) -> None:
    """Cancel the credit note of a refund that has not succeeded after all; the note itself stays as it is."""
    note = work.notes.standing(refund.id or 0)
    if note is None:
        return
    row = _write(work, refund, opposite(lines_from_json(note.lines)), cancels=note, why=why)
    summary = f"Credit note {note_number(note.number)} cancelled by {note_number(row.number)}. {why}".strip()
    work.record(
        "credit_note.cancelled", "order", refund.order_id, summary,
        before=note_number(note.number), after=note_number(row.number),
    )  # fmt: skip


def _write(
    work: Work, refund: RefundRow, lines: Iterable[NoteLine], *, cancels: CreditNoteRow | None = None, why: str = ""
) -> CreditNoteRow:
    kept = tuple(lines)
    sums = sums_of(kept)
    row = CreditNoteRow(
        series=SERIES,
        number=work.notes.take_number(),
        order_id=refund.order_id,
        refund_id=refund.id or 0,
        cancels_id=cancels.id if cancels is not None else None,
        currency=refund.currency,
        net_minor=sums.net,
        tax_minor=sums.tax,
        gross_minor=sums.gross,
        lines=lines_to_json(kept),
        reason=why or refund.reason,
        issued_at=work.now,
        issued_by=work.actor.name,
    )
    work.add(row)
    return row
