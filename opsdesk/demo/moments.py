"""Moments as the loader wants them: seconds of Unix time, written as both stores read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from opsdesk.demo.plan import DAY

_CLOCK = tuple(f" {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000000" for second in range(DAY))
_OPENS, _CLOSES = 8 * 3_600, 17 * 3_600


def stamp(moment: int) -> str:
    """Return the moment as text, in UTC: what SQLite keeps, and what Postgres reads in its UTC session."""
    day, second = divmod(moment, DAY)
    return _date(day) + _CLOCK[second]


def moment_of(moment: int) -> datetime:
    """Return the moment as an aware value."""
    return datetime.fromtimestamp(moment, UTC)


def full_hour(moment: int) -> int:
    """Return the full hour before the moment: what is promised is promised for one."""
    return moment - moment % 3_600


def working(moment: int) -> int:
    """Return the moment, or the next working morning when nobody is in the house then."""
    day, second = divmod(moment, DAY)
    if second > _CLOSES:
        day, second = day + 1, _OPENS + second % 5_400
    elif second < _OPENS:
        second = _OPENS + second % 5_400
    return (day + (0, 0, 0, 0, 0, 2, 1)[(day + 3) % 7]) * DAY + second


def working_days_later(moment: int, days: int, hour: int = 16) -> int:
    """Return the full hour of the day that is so many working days later."""
    day = moment // DAY
    while days > 0:
        day += 1
        days -= (day + 3) % 7 < 5
    return day * DAY + hour * 3_600


@lru_cache(maxsize=4_096)
def _date(day: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).date().isoformat()
