"""Moments as people type them: `2h`, `15:00`, `tomorrow`, `mon 9:30`, `27 Nov`, `27.11. 15:00`, `2026-11-27`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opsdesk.domain.errors import Invalid

MORNING = time(9)
"""When a day is meant that is typed without an hour."""

_AFTER = re.compile(r"(\d{1,4})\s*(m|min|h|d|w)\Z")
_CLOCK = re.compile(r"(?:(?:at|,)\s*)?(\d{1,2})(?::(\d{2}))?\Z")
_ISO = re.compile(r"(20\d{2})-(\d{1,2})-(\d{1,2})\Z")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(20\d{2})?\Z")
_NAMED = re.compile(r"(\d{1,2})\.?\s*([a-z]{3,9})\.?(?:\s+(20\d{2}))?\Z")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_UNITS = {"m": "minutes", "min": "minutes", "h": "hours"}
HOW = "Write it like 2h, 15:00, tomorrow, mon 9:30 or 27 Nov 15:00."


def read_moment(text: str, now: datetime, zone: ZoneInfo, *, field: str = "until") -> datetime | None:
    """Read a moment in the shop's zone, in UTC; None for an empty text. A clock time that is past today means tomorrow.

    Raises:
        Invalid: it cannot be read, or names a day that does not exist.
    """
    typed = " ".join(text.lower().split())
    if not typed:
        return None
    local = now.astimezone(zone)
    if found := _AFTER.match(typed):
        return _after(int(found[1]), found[2], now, local)
    day_text, clock = _split(typed)
    if not day_text and clock is not None:
        today = datetime.combine(local.date(), clock, zone)
        return (today if today > local else today + timedelta(days=1)).astimezone(UTC)
    day = _day(day_text, local.date(), field)
    if day is None:
        raise Invalid(field, f"{text.strip()[:40]!r} is no moment. {HOW}")
    return datetime.combine(day, clock or MORNING, zone).astimezone(UTC)


def read_day(text: str, now: datetime, zone: ZoneInfo, *, field: str = "day") -> date | None:
    """Read a day in the shop's zone, written as in a moment; None for an empty text.

    Raises:
        Invalid: it cannot be read.
    """
    found = read_moment(text, now, zone, field=field)
    return found.astimezone(zone).date() if found else None


def _after(count: int, unit: str, now: datetime, local: datetime) -> datetime:
    if unit in _UNITS:
        return now + timedelta(**{_UNITS[unit]: count})
    # A day later is the same time on the clock, whatever the clocks did that night.
    return (local + timedelta(days=count if unit == "d" else 7 * count)).astimezone(UTC)


def _split(typed: str) -> tuple[str, time | None]:
    """Part a text into day and clock time; a lone number is a clock time."""
    head, _, last = typed.rpartition(" ")
    for day_text, clock_text in ((head, last), ("", typed)):
        found = _CLOCK.match(clock_text)
        if found and int(found[1]) < 24 and int(found[2] or 0) < 60 and (found[2] or not day_text or _ends_a_day(head)):
            return day_text.removesuffix(" at").rstrip(","), time(int(found[1]), int(found[2] or 0))
    return typed, None


def _ends_a_day(head: str) -> bool:
    return (
        head[:3] in _DAYS or head in ("today", "tomorrow") or head.endswith((".", *_MONTHS)) or bool(_ISO.match(head))
    )


def _day(text: str, today: date, field: str) -> date | None:
    if text in ("today", "tomorrow"):
        return today + timedelta(days=text == "tomorrow")
    if text[:3] in _DAYS and len(text) >= 3:
        return today + timedelta(days=(_DAYS.index(text[:3]) - today.weekday() - 1) % 7 + 1)
    if found := _ISO.match(text):
        return _date(int(found[1]), int(found[2]), int(found[3]), field)
    if found := _DOTTED.match(text):
        return _coming(found[3], int(found[2]), int(found[1]), today, field)
    if (found := _NAMED.match(text)) and found[2][:3] in _MONTHS:
        return _coming(found[3], _MONTHS.index(found[2][:3]) + 1, int(found[1]), today, field)
    return None


def _coming(year: str | None, month: int, day: int, today: date, field: str) -> date:
    """Return the day in the year that was typed, or the next time that it comes."""
    if year:
        return _date(int(year), month, day, field)
    this_year = _date(today.year, month, day, field)
    return this_year if this_year >= today else _date(today.year + 1, month, day, field)


def _date(year: int, month: int, day: int, field: str) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise Invalid(field, f"There is no {day}.{month}.{year} in the calendar. {HOW}") from error
