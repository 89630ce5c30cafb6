"""Notes by staff on an order."""

from __future__ import annotations

from opsdesk.domain.errors import Invalid
from opsdesk.operations.words import kept_text
from opsdesk.store.tables import NoteRow
from opsdesk.store.work import Done, Work, operation

_SHOWN = 80


@operation("order.note")
def note(work: Work, order_id: int, *, text: str) -> Done:
    """Write a note on an order, for everybody who opens it later.

    Raises:
        Invalid: there is no text.
    """
    kept = kept_text(text)
    if not kept.strip():
        raise Invalid("text", "The note is empty. Write something, or leave with F3.")
    order = work.orders.locked(order_id)
    work.add(NoteRow(order_id=order_id, author=work.actor.name, written_at=work.now, text=kept))
    order.note_count += 1
    first_line = kept.strip().splitlines()[0]
    work.record("order.noted", "order", order_id, f"Note: {first_line[:_SHOWN]}", after=kept)
    work.orders.settle(order)
    return Done(f"Noted on {order.number}.", order_id, order.version)
