"""What a status does and asks for, in words."""

from __future__ import annotations

from textual.content import Content

from opsdesk.domain.statuses.menu import EffectKind, Status
from opsdesk.screens.order.words import plural
from opsdesk.theme import Tone

_EFFECT_WORDS = {
    EffectKind.PLACE_HOLD: "Places a hold: {hold}.",
    EffectKind.RELEASE_HOLD: "Releases the hold: {hold}.",
    EffectKind.OPEN_CASE: "Opens a case; the clock starts when the mail server has accepted the mail.",
    EffectKind.START_PACKING: "Marks it as being packed.",
    EffectKind.DELIVER: "Marks what was shipped as delivered.",
    EffectKind.CANCEL: "Cancels what has not left the house.",
}


def asks_word(status: Status) -> str:
    """Say what choosing the status asks of the customer, or does to the order."""
    if status.keeps_deadline:
        return "repeats the deadline"
    if status.answer_days:
        return f"asks for an answer within {plural(status.answer_days, 'working day')}"
    return "cancels the order" if any(each.kind is EffectKind.CANCEL for each in status.effects) else ""


def effect_lines(status: Status, to: str, due: str, width: int) -> list[Content]:
    """Return the status, what telling it does, whom the mail goes to, and by when the customer is asked to answer."""
    does = " ".join(
        _EFFECT_WORDS[each.kind].format(hold=each.hold.label if each.hold else "") for each in status.effects
    )
    lines = Content.assemble((status.name, f"bold {Tone.NOW.style}"), (f"  {does}", Tone.DIM.style)).wrap(width)
    goes = f"To {to}. " if to else "No mail goes out. "
    days = f" ({plural(status.answer_days, 'working day')})" if status.answer_days else ""
    asks = f"Answer by {due}{days}." if due else ""
    lines += Content.assemble((goes, Tone.PLAIN.style), (asks, Tone.LOOK.style)).wrap(width)
    return lines
