"""Moments: ages and due times that fit their columns, working days of the shop, summer time included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.moments import add_business_days, age, due_word

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 13, 32, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "word"),
    [(timedelta(0), "0m"), (timedelta(minutes=59), "59m"), (timedelta(hours=5, minutes=10), "5h10"),
     (timedelta(hours=23, minutes=59), "23h"), (timedelta(days=3, hours=4), "3d4h"), (timedelta(days=3), "3d"),
     (timedelta(days=41, hours=7), "41d"), (-timedelta(hours=1), "0m")],
)  # fmt: skip
def test_an_age_reads_at_a_glance(ago: timedelta, word: str) -> None:
    assert age(NOW - ago, NOW) == word


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=999)))
def test_an_age_never_breaks_its_column(ago: timedelta) -> None:
    assert len(age(NOW - ago, NOW)) <= 5


def test_due_today_is_a_time_and_otherwise_a_day_in_the_shops_zone() -> None:
    late_evening = datetime(2026, 11, 24, 22, 59, tzinfo=UTC)
    assert due_word(late_evening, NOW, BERLIN) == "23:59"
    assert due_word(late_evening + timedelta(minutes=1), NOW, BERLIN) == "25Nov"
    assert due_word(None, NOW, BERLIN) == "-"


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (datetime(2026, 11, 20, 15, tzinfo=UTC), 1, datetime(2026, 11, 23, 15, tzinfo=UTC)),
        (datetime(2026, 11, 21, 15, tzinfo=UTC), 1, datetime(2026, 11, 23, 15, tzinfo=UTC)),
        (datetime(2026, 3, 27, 11, tzinfo=UTC), 1, datetime(2026, 3, 30, 10, tzinfo=UTC)),
        (datetime(2026, 10, 23, 10, tzinfo=UTC), 1, datetime(2026, 10, 26, 11, tzinfo=UTC)),
        (datetime(2026, 11, 24, 13, tzinfo=UTC), 0, datetime(2026, 11, 24, 13, tzinfo=UTC)),
    ],
    ids=["over a weekend", "from a Saturday", "into summer time", "out of summer time", "no days"],
)
def test_working_days_keep_the_wall_clock_of_the_shop(start: datetime, days: int, end: datetime) -> None:
    assert add_business_days(start, days, BERLIN) == end
