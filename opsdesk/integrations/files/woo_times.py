"""Moments of WooCommerce: each stands there twice, in UTC without saying so and in the shop's own wall time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from opsdesk.integrations.files.values import Fields, moment_of

_UTC = ZoneInfo("UTC")


def woo_moment(record: Fields, field: str, zone: ZoneInfo) -> datetime | None:
    """Return a moment: the one in UTC where it is given, else the wall time in the shop's zone.

    Raises:
        Invalid: it is no moment.
    """
    in_utc = moment_of(record.get(f"{field}_gmt"), f"{field}_gmt", _UTC)
    return in_utc or moment_of(record.get(field), field, zone)
