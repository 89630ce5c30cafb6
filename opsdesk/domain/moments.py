"""Moments in time: always aware, UTC inside, the shop's zone on screen, the clock injected."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Answers the present moment, aware and in UTC."""


def system_clock() -> datetime:
    """Return now, in UTC."""
    return datetime.now(UTC)


def age(since: datetime, now: datetime) -> str:
    """Say how long ago in at most four characters: `2m`, `5h10`, `3d4h`, `41d`."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 10:
        return f"{hours}h{minutes:02}"
    if hours < 24:
        return f"{hours}h"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours}h" if days < 10 and hours else f"{days}d"


def due_word(due: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    """Say when it is due in five characters: `15:00` today, `26Nov` otherwise, `-` if nothing was promised."""
    if due is None:
        return "-"
    local = due.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return f"{local:%H:%M}"
    return f"{local.day:02}{local:%b}"


def add_business_days(start: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the same local wall time `days` working days (Monday to Friday) later, in UTC."""
    local = start.astimezone(zone)
    remaining = days
    while remaining > 0:
        local += timedelta(days=1)
        if local.weekday() < 5:
            remaining -= 1
    return local.astimezone(UTC)
