"""When an order has to leave the house, where its source promises nothing itself."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from opsdesk.domain.moments import add_business_days

CUT_OFF = time(16, 0)
"""When the day's parcels are handed over, on the shop's clock (ergonomics.md 1.4: a cut-off, not midnight)."""

HANDLING_DAYS = 1
"""Working days between the order and the hand-over; what comes after the cut-off counts as the next day's."""


def promise_of(placed_at: datetime, zone: ZoneInfo) -> datetime:
    """Return the cut-off by which an order that was placed then has to be handed over, in UTC."""
    local = placed_at.astimezone(zone)
    counts_today = local.weekday() < 5 and local.time() < CUT_OFF
    first_day = placed_at if counts_today else add_business_days(placed_at, 1, zone)
    due = add_business_days(first_day, HANDLING_DAYS, zone).astimezone(zone)
    return datetime.combine(due.date(), CUT_OFF, zone).astimezone(UTC)
