"""The one clock of a case: until when it must be decided, why then, and how much of the time is used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from textual.content import Content

from opsdesk.domain.fraud.cases.deadlines import decide_by
from opsdesk.domain.fraud.cases.states import CaseFacts
from opsdesk.domain.fraud.thresholds import DeadlineSettings
from opsdesk.screens.order.words import moment
from opsdesk.theme import Tone

_CELLS = 10
_SOON = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Countdown:
    """How long there is, why, and how much of it is used, in tenths."""

    at: datetime
    left: timedelta
    used: int
    why: str

    @property
    def is_over(self) -> bool:
        """True when the moment is past."""
        return self.left <= timedelta()

    @property
    def tone(self) -> Tone:
        """How urgent it is."""
        if self.is_over:
            return Tone.ALARM
        return Tone.LOOK if self.left < _SOON else Tone.PLAIN


def span_words(span: timedelta) -> str:
    """Say a span in at most two units: `45 min`, `3 h 12 min`, `2 d 5 h`."""
    minutes = int(abs(span).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes:02} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def short_span(span: timedelta) -> str:
    """Say a span in a column: `45 min`, `3:12 h`, `2d 5h`."""
    minutes = int(abs(span).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02} h" if hours < 24 else f"{hours // 24}d {hours % 24}h"


def countdown(case: CaseFacts, now: datetime, zone: ZoneInfo, settings: DeadlineSettings) -> Countdown | None:
    """Return the clock of an open case; None where nothing ends it, or it is closed."""
    at = None if case.state.is_closed else decide_by(case, settings)
    if at is None:
        return None
    window, gone = at - case.opened_at, now - case.opened_at
    used = _CELLS if window <= timedelta() else min(_CELLS, max(0, int(gone * _CELLS / window)))
    if case.respond_by is not None and at == case.respond_by:
        why = "the customer was asked to answer until then"
    else:
        ends = case.authorisation_ends or at
        why = f"the authorisation {'ends' if ends > now else 'ended'} {moment(ends, now, zone)}"
    return Countdown(at, at - now, used, why)


def countdown_line(clock: Countdown | None, now: datetime, zone: ZoneInfo, width: int) -> Content:
    """Return the clock as one line: the moment, what is left, a bar, and why then."""
    if clock is None:
        return Content.styled("No clock runs: no money ends and nobody was asked to answer.", Tone.DIM.style)
    left = f"{span_words(clock.left)} late" if clock.is_over else f"{span_words(clock.left)} left"
    head = f"decide by {moment(clock.at, now, zone)}  "
    bar = "▓" * clock.used + "─" * (_CELLS - clock.used)
    why = f"  {clock.why}" if len(head) + _CELLS + len(left) + len(clock.why) + 4 <= width else ""
    return Content.assemble(
        (head, Tone.PLAIN.style),
        (bar, clock.tone.style),
        (f"  {left}", f"bold {clock.tone.style}" if clock.tone is not Tone.ALARM else clock.tone.style),
        (why, Tone.DIM.style),
    )
