"""The timeline of an order as lines: grouped by day, who did what, and what it was before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from textual.content import Content

from opsdesk.domain.mails.outgoing import MailState
from opsdesk.screens.order.panels import DIM, PLAIN, Seen
from opsdesk.screens.order.words import day_name
from opsdesk.store.views.orders.timeline import MomentKind, TimelineLine
from opsdesk.theme import Tone
from opsdesk.widgets.paper import paragraph

MOMENT_SYMBOLS = {
    MomentKind.PLACED: ("now", Tone.NOW),
    MomentKind.EVENT: ("nothing", Tone.DIM),
    MomentKind.NOTE: ("note", Tone.PLAIN),
    MomentKind.HOLD: ("held", Tone.DOUBT),
    MomentKind.MONEY: ("unpaid", Tone.MONEY),
    MomentKind.GOODS: ("away", Tone.NOW),
    MomentKind.MAIL: ("hands", Tone.COLD),
}
"""Symbol and tone of each kind of moment."""

_MAIL_TONES = {
    MailState.ACCEPTED: Tone.GOOD,
    MailState.FAILED: Tone.ALARM,
    MailState.BOUNCED: Tone.ALARM,
    MailState.HELD: Tone.LOOK,
}
_INDENT = 8


def timeline_lines(
    seen: Seen, moments: Iterable[TimelineLine], width: int, *, most_changes: int = 3, seen_up_to: int | None = None
) -> list[Content]:
    """Return the timeline, newest first, a heading for each day; what is newer than `seen_up_to` is marked."""
    lines: list[Content] = []
    day: date | None = None
    for each in moments:
        local = each.at.astimezone(seen.zone).date()
        if local != day:
            day = local
            lines.append(Content.styled(day_name(each.at, seen.now, seen.zone), f"bold {DIM}"))
        is_new = seen_up_to is not None and each.id > seen_up_to
        lines += moment_lines(seen, each, width, most_changes=most_changes, is_new=is_new)
    return lines


def moment_lines(
    seen: Seen, each: TimelineLine, width: int, *, most_changes: int = 3, is_new: bool = False
) -> list[Content]:
    """Return one moment: time, symbol, who and what, then what changed."""
    name, tone = ("changed", Tone.CHANGED) if is_new else MOMENT_SYMBOLS[each.kind]
    symbol = seen.symbol(name).strip("[]") or "-"
    head = Content.assemble(
        (f"{each.at.astimezone(seen.zone):%H:%M} ", DIM),
        (f"{symbol} ", tone.style),
    )
    words = Content.assemble((each.actor, f"bold {PLAIN}"), (f" {each.words}", PLAIN))
    if each.mail_state is not None:
        words += Content.styled(f"  {each.mail_state.word}", _MAIL_TONES.get(each.mail_state, Tone.DIM).style)
    wrapped = words.wrap(max(8, width - _INDENT))
    lines = [head + wrapped[0].rstrip(), *(Content(" " * _INDENT) + rest.rstrip() for rest in wrapped[1:])]
    changes = changes_of(each)
    for change in changes[:most_changes]:
        lines += paragraph(change, width, style=DIM, indent=_INDENT)
    if len(changes) > most_changes:
        lines.append(Content.styled(f"{' ' * _INDENT}and {len(changes) - most_changes} more", DIM))
    return lines


def changes_of(each: TimelineLine) -> list[str]:
    """Say what was and what is, a line for each named field; nothing where the words say it all."""
    if each.kind is MomentKind.NOTE or not each.before or not each.after:
        return []
    old, new = _named(each.before), _named(each.after)
    if old is not None and new is not None and old.keys() == new.keys():
        return [f"{name}: {_quoted(old[name])} → {_quoted(new[name])}" for name in new]
    if "\n" in each.before or "\n" in each.after:
        return []
    return [f"{each.before} → {each.after}"]


def news_words(news: Iterable[TimelineLine], zone: ZoneInfo) -> list[str]:
    """Say in a line each what happened since somebody looked, oldest first."""
    said = []
    for each in reversed(list(news)):
        changes = "; ".join(changes_of(each)[:2])
        said.append(
            f"{each.at.astimezone(zone):%H:%M} {each.actor}: {each.words}" + (f" ({changes})" if changes else "")
        )
    return said


def _named(text: str) -> dict[str, str] | None:
    pairs = [line.partition(": ") for line in text.split("\n")]
    return {name: value for name, _, value in pairs} if all(separator for _, separator, _ in pairs) else None


def _quoted(text: str) -> str:
    return text or "(empty)"
