"""How a mail reads: as a row of the outbox, and as a sheet beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from textual.content import Content

from opsdesk.domain.mails.outgoing import MailState
from opsdesk.domain.moments import due_word
from opsdesk.settings import Glyphs
from opsdesk.terminal.text import shown
from opsdesk.theme import SYMBOLS, Tone
from opsdesk.widgets.paper import paragraph
from opsdesk.widgets.rows import Cell, Column, Row

if TYPE_CHECKING:
    from opsdesk.store.views.mails.listing import MailLine, MailText
    from opsdesk.store.views.mails.outbox import MailView

COLUMNS: tuple[Column, ...] = (
    Column("state", "STATE", 13),
    Column("when", "WHEN", 6, "right"),
    Column("order", "ORDER", 8),
    Column("to", "TO", 14, grows=True),
    Column("subject", "SUBJECT", 14, grows=True),
    Column("tries", "TRY", 3, "right"),
    Column("who", "WHO", 6, needs=70),
)

_LOOKS: Mapping[MailState, tuple[str, str, Tone]] = {
    MailState.QUEUED: ("open", "waiting", Tone.PLAIN),
    MailState.SENDING: ("away", "being sent", Tone.NOW),
    MailState.RETRY: ("soon", "tried again", Tone.LOOK),
    MailState.ACCEPTED: ("done", "accepted", Tone.GOOD),
    MailState.HELD: ("asked", "in doubt", Tone.DOUBT),
    MailState.FAILED: ("wrong", "failed", Tone.ALARM),
    MailState.BOUNCED: ("wrong", "came back", Tone.ALARM),
    MailState.CANCELLED: ("gone", "taken back", Tone.DIM),
}
_COUNTED_DOWN_S = 60


def row_of(line: MailLine, now: datetime, zone: ZoneInfo, glyphs: Glyphs) -> Row:
    """Return the row of a mail."""
    symbol, word, tone = _LOOKS[line.state]
    short = SYMBOLS[symbol].shown(glyphs).strip("[]")[:1] or " "
    return (
        Cell(f"{short} {word}", tone),
        Cell(when(line, now, zone), tone if line.state is MailState.QUEUED else Tone.DIM),
        Cell(line.order_number or "-", Tone.PLAIN),
        Cell(line.recipient, Tone.PLAIN),
        Cell(line.subject, Tone.PLAIN),
        Cell(str(line.attempts) if line.attempts else "", Tone.DIM),
        Cell(line.queued_by, Tone.DIM),
    )


def when(line: MailLine, now: datetime, zone: ZoneInfo) -> str:
    """Say when it goes out, or when it was settled; the last minute is counted down."""
    if line.state.can_be_changed:
        left = (line.not_before - now).total_seconds()
        if left <= 0:
            return "now"
        return f"{int(left)}s" if left < _COUNTED_DOWN_S else due_word(line.not_before, now, zone)
    return due_word(line.accepted_at or line.queued_at, now, zone)


def is_counting(line: MailLine, now: datetime) -> bool:
    """Say whether the row shows seconds."""
    return line.state.can_be_changed and (line.not_before - now).total_seconds() < _COUNTED_DOWN_S


def facts_of(line: MailLine, now: datetime, zone: ZoneInfo, symbol: Callable[[str], str]) -> list[tuple[str, str]]:
    """Return label and value of each line above the words of a mail."""
    name, word, _ = _LOOKS[line.state]
    rows = [
        ("To", line.recipient),
        ("State", f"{symbol(name)} {word}"),
        _moment(line, when(line, now, zone)),
        ("Order", line.order_number or "none"),
    ]
    return [*rows, ("Tries", str(line.attempts))] if line.attempts else rows


def _moment(line: MailLine, word: str) -> tuple[str, str]:
    if line.state.can_be_changed:
        return "Goes out", f"in {word}" if word.endswith("s") else word
    return "Accepted" if line.accepted_at else "Written", word


def sheet_lines(
    mail: MailText, now: datetime, zone: ZoneInfo, symbol: Callable[[str], str], width: int
) -> Sequence[Content]:
    """Lay a mail out: what is known of it, what the mail server said, then its words as they are sent."""
    lines = [
        Content.assemble((f"{label:<9}", Tone.DIM.style), shown(value, Tone.PLAIN.style))
        for label, value in facts_of(mail.line, now, zone, symbol)
    ]
    if mail.line.last_error:
        lines += [Content(""), *paragraph(mail.line.last_error, width, style=Tone.LOOK.style)]
    lines += [Content(""), *paragraph(mail.line.subject, width, style=f"bold {Tone.PLAIN.style}"), Content("")]
    return [*lines, *paragraph(mail.text, width)]


def one_line(line: MailLine) -> str:
    """Return what matters most about a mail, for a narrow screen."""
    return line.last_error or f"{line.order_number or 'no order'}: {line.subject}"


def why_empty(view: MailView, words: str, counts: Mapping[MailView, int]) -> tuple[str, ...]:
    """Say why a view shows nothing, and which key helps."""
    if words:
        return (f"No mail here matches {words[:60]}.", "Esc in the filter (/) shows all of the view again.")
    others = [f"{count} {other.value}" for other, count in counts.items() if count and other is not view]
    sentence = {
        "open": "No mail waits, and none needs anybody.",
        "in doubt": "No mail is in doubt.",
        "failed": "No mail has failed.",
        "waiting": "No mail waits.",
        "sent": "No mail has gone out yet.",
    }[view.value]
    return (sentence, f"There are {', '.join(others)}; > goes to the next view.") if others else (sentence,)
