"""`opsdesk refund note`: the credit note of a refund, as text or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import opened
from opsdesk.cli.options import JsonOption, StoreOption
from opsdesk.cli.output import say, say_json
from opsdesk.cli.refunds import app

if TYPE_CHECKING:
    from opsdesk.store.views.money.credit_notes import CreditNoteView

NoteArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="Of the credit note, e.g. CN-000012 or 12.")]


@app.command("note")
def show_note(number: NoteArgument, store: StoreOption = "", as_json: JsonOption = False) -> None:
    """Print a credit note: what was credited, net, tax and gross, and whether it was cancelled since."""
    from opsdesk.domain.refunds.credit_notes import read_number
    from opsdesk.store.views.money.credit_notes import credit_note

    with opened(store) as found, found.reading() as session:
        note = credit_note(session, read_number(number))
    if as_json:
        say_json(note)
    else:
        _print(note)


def _print(note: CreditNoteView) -> None:
    what = f"CANCELS CREDIT NOTE {note.cancels}" if note.cancels else "CREDIT NOTE"
    say(note.number, what, f"{note.issued_at:%Y-%m-%d}", f"order {note.order}")
    if note.cancelled_by:
        say(f"Cancelled by {note.cancelled_by}.")
    for row in note.address:
        say(row)
    say("")
    for line in note.lines:
        units = f"{line.quantity} x " if line.quantity else ""
        say(f"{units}{line.label}", f"net {line.net}", f"tax {line.tax}", f"gross {line.gross}")
    say("Total", f"net {note.net}", f"tax {note.tax}", f"gross {note.gross}")
