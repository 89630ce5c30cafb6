"""How an order reads as a row of the queue: the worst thing first, then who, what, how much, how far, with whom."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from opsdesk.domain.moments import age, due_word
from opsdesk.domain.orders.queues import Flag, QueueLine, SavedView, Sort, flags
from opsdesk.screens.headlines import HEADLINE_LOOKS, PAYMENT_TONES
from opsdesk.settings import Glyphs
from opsdesk.theme import SYMBOLS, Tone
from opsdesk.widgets.rows import Cell, Column, Row

_ROOMY = 79
"""From this width on the state has room for its symbol as well as its word."""

COLUMNS: tuple[Column, ...] = (
    Column("flag", "FL", 3),
    Column("number", "ORDER", 8),
    Column("age", "AGE", 5, "right"),
    Column("due", "DUE", 5, "right"),
    Column("customer", "CUSTOMER", 10, grows=True),
    Column("lines", "LN", 3, "right", needs=_ROOMY),
    Column("total", "TOTAL", 11, "right"),
    Column("payment", "PAY", 6),
    Column("state", "STATE", 14, needs=_ROOMY),
    Column("state_word", "STATE", 12, until=_ROOMY),
    Column("owner", "WHO", 5),
)

SORTED_BY: Mapping[str, Sort] = {
    "age": Sort.PLACED,
    "due": Sort.DUE,
    "total": Sort.TOTAL,
}
"""Heads that can be clicked to sort."""

FLAG_TONES: Mapping[Flag, Tone] = {
    Flag.OVERDUE: Tone.ALARM,
    Flag.DUE_SOON: Tone.LOOK,
    Flag.FRAUD: Tone.DOUBT,
    Flag.MAIL_TROUBLE: Tone.LOOK,
    Flag.UNPAID: Tone.MONEY,
    Flag.DUPLICATE: Tone.MONEY,
    Flag.SHORT: Tone.SHORT,
    Flag.HELD: Tone.DOUBT,
    Flag.SNOOZED: Tone.DIM,
    Flag.IN_HANDS: Tone.COLD,
    Flag.CHANGED: Tone.CHANGED,
    Flag.NEW: Tone.GOOD,
    Flag.NOTE: Tone.PLAIN,
}
_SECOND = (Flag.CHANGED, Flag.NOTE)
"""Small marks that stand beside the worst one."""


def row_of(line: QueueLine, now: datetime, zone: ZoneInfo, glyphs: Glyphs, *, me: str) -> Row:
    """Return the row of an order."""
    said = flags(line, now)
    worst = said[0] if said else None
    beside = next((flag for flag in _SECOND if flag in said and flag is not worst), None)
    symbol_name, state_tone = HEADLINE_LOOKS[line.headline]
    symbol = SYMBOLS[symbol_name].shown(glyphs)
    flag_text = (worst.symbol if worst else "").ljust(2) + (beside.symbol if beside else "")
    return (
        Cell(flag_text, FLAG_TONES[worst] if worst else Tone.PLAIN),
        Cell(line.number, Tone.PLAIN),
        Cell(age(line.placed_at, now), Tone.DIM),
        Cell(due_word(line.promised_at, now, zone), _due_tone(said)),
        Cell(line.customer_name, Tone.PLAIN),
        Cell(f"{line.line_count}{_cold(line, glyphs)}", Tone.COLD if _is_cold(line) else Tone.DIM),
        Cell(str(line.total).replace(",", ""), Tone.PLAIN),
        Cell(line.payment.word, PAYMENT_TONES[line.payment]),
        Cell(f"{symbol[:1]} {line.headline.word}", state_tone),
        Cell(line.headline.word, state_tone),
        Cell(line.owner_name or "-", Tone.NOW if line.owner_name == me else Tone.DIM),
    )


def _due_tone(said: tuple[Flag, ...]) -> Tone:
    if Flag.OVERDUE in said:
        return Tone.ALARM
    return Tone.LOOK if Flag.DUE_SOON in said else Tone.PLAIN


def _is_cold(line: QueueLine) -> bool:
    return line.temperature in ("frozen", "chilled")


def _cold(line: QueueLine, glyphs: Glyphs) -> str:
    return SYMBOLS["frozen"].shown(glyphs) if _is_cold(line) else " "


def why_empty(view: SavedView, words: str, counts: Mapping[SavedView, int]) -> tuple[str, ...]:
    """Say why a view shows nothing, and which key helps."""
    if words:
        return (f"Nothing in {view.label} matches {words[:60]}.", "Esc in the filter (/) shows all of the view again.")
    others = [
        f"{counts[other]} {other.label.lower()}" for other in SavedView if counts.get(other) and other is not view
    ]
    sentence = {
        SavedView.NEW: "No new orders: somebody has looked at each.",
        SavedView.TO_CHECK: "Nothing waits for somebody's judgement.",
        SavedView.ON_HOLD: "Nothing is on hold or waiting.",
        SavedView.TO_SHIP: "Nothing is ready to leave the house.",
        SavedView.LATE: "Nothing is late.",
        SavedView.MINE: "You have taken on no open order. Press a on one to take it on.",
        SavedView.UNASSIGNED: "Every open order is with somebody.",
        SavedView.EVERYTHING: "There are no orders yet. Bring some in with `opsdesk import orders FILE`.",
    }[view]
    rest = f"There are {', '.join(others[:4])}; > goes to the next view." if others else ""
    return (sentence, rest) if rest else (sentence,)
