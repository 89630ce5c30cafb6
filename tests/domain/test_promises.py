"""The promise of an order whose shop makes none: the cut-off one working day later, on the shop's clock."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.orders.promises import CUT_OFF, promise_of

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("placed", "due"),
    [
        ("2026-11-24T09:00", "2026-11-25T15:00"),
        ("2026-11-24T15:00", "2026-11-26T15:00"),
        ("2026-11-20T09:00", "2026-11-23T15:00"),
        ("2026-11-20T18:00", "2026-11-24T15:00"),
        ("2026-11-21T09:00", "2026-11-24T15:00"),
        ("2026-03-27T09:00", "2026-03-30T14:00"),
    ],
    ids=["in the morning", "after the cut-off", "on Friday", "late on Friday", "on Saturday", "into summer time"],
)
def test_the_promise_is_a_cut_off(placed: str, due: str) -> None:
    moment = datetime.fromisoformat(placed).replace(tzinfo=UTC)
    assert promise_of(moment, BERLIN) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))
def test_the_promise_is_later_on_a_working_day_at_the_cut_off(placed: datetime) -> None:
    due = promise_of(placed, BERLIN)
    assert due > placed
    assert due.astimezone(BERLIN).weekday() < 5
    assert due.astimezone(BERLIN).time() == CUT_OFF
