"""Moments as people type them, read in the shop's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.errors import Invalid
from opsdesk.domain.typed_moments import read_day, read_moment

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 13, 32, 7, tzinfo=UTC)  # a Tuesday, 14:32 in Berlin


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("30m", "24 14:02"),
        ("2h", "24 15:32"),
        (" 2 H ", "24 15:32"),
        ("1d", "25 13:32"),
        ("15:00", "24 14:00"),
        ("9:30", "25 08:30"),
        ("18", "24 17:00"),
        ("today 17:00", "24 16:00"),
        ("tomorrow", "25 08:00"),
        ("Tomorrow at 7:15", "25 06:15"),
        ("fri", "27 08:00"),
        ("Friday 9", "27 08:00"),
        ("thu 15:30", "26 14:30"),
        ("27 Nov", "27 08:00"),
        ("27 november 15:00", "27 14:00"),
        ("27.11.", "27 08:00"),
        ("27.11. 15:00", "27 14:00"),
        ("27.11.2026 15:00", "27 14:00"),
        ("2026-11-27", "27 08:00"),
        ("2026-11-27 06:05", "27 05:05"),
    ],
)
def test_what_people_type_is_the_moment_they_mean(typed: str, meant: str) -> None:
    found = read_moment(typed, NOW, BERLIN)
    assert found is not None
    assert f"{found:%d %H:%M}" == meant


def test_a_day_without_a_year_is_the_next_one() -> None:
    assert read_day("1 Mar", NOW, BERLIN) == date(2027, 3, 1)
    assert read_day("tue", NOW, BERLIN) == date(2026, 12, 1)
    assert read_day("", NOW, BERLIN) is None


def test_a_day_keeps_its_clock_time_when_the_clocks_change() -> None:
    before = datetime(2026, 3, 28, 8, 0, tzinfo=UTC)  # 9:00 in Berlin, the night before summer time
    assert read_moment("1d", before, BERLIN) == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize("typed", ["soon", "31.2.", "25:00", "15:70", "2026-13-01", "99 Nov", "in a bit", "0001-01-01"])
def test_what_is_no_moment_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(Invalid, match="Write it like") as refused:
        read_moment(typed, NOW, BERLIN, field="review_at")
    assert refused.value.field == "review_at"


@given(st.text(max_size=30))
def test_no_text_breaks_the_reader(typed: str) -> None:
    try:
        found = read_moment(typed, NOW, BERLIN)
    except Invalid:
        return
    assert found is None or found.tzinfo is not None
