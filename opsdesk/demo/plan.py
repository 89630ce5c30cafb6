"""How large a demo shop is, and when its orders were placed."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime

from opsdesk.domain.errors import Invalid

DEFAULT_ORDERS = 2_000
MOST_ORDERS = 1_000_000
FEWEST_ORDERS = 150
"""Fewer cannot show every trouble."""

FULL_STORIES = 4_000
"""So many of the newest orders have mails and a full timeline; older ones came in one go when the shop moved here."""

DAY = 86_400
_ORDERS_A_DAY = 22
_LONGEST_DAYS = 1_080.0
_SEASON_DAYS = 14
_SEASON = 2.0
"""The last two weeks are that much busier than the weeks before."""

# Share of a day's orders that has come in by each full hour: hardly any at night, most in the evening.
_BY_HOUR = (
    0.00, 0.01, 0.015, 0.018, 0.02, 0.025, 0.035, 0.055, 0.09, 0.14, 0.20, 0.26, 0.32,
    0.375, 0.43, 0.485, 0.54, 0.60, 0.665, 0.735, 0.81, 0.88, 0.94, 0.98, 1.00,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What a demo shop is built from; the same plan always gives the same shop.

    Attributes:
        now: the moment that the shop stands at; the newest orders are minutes old.
        os_login: the login of the operating system that signs in as the shop's admin.
        password_hash: the hash of the password that everybody in the shop has; empty where nobody has one.
    """

    orders: int
    seed: int
    now: datetime
    os_login: str = ""
    password_hash: str = ""

    def __post_init__(self) -> None:
        if not FEWEST_ORDERS <= self.orders <= MOST_ORDERS:
            raise Invalid("orders", f"A demo shop has {FEWEST_ORDERS} to {MOST_ORDERS:,} orders.")

    @property
    def end(self) -> int:
        """The present, in seconds of Unix time."""
        return int(self.now.timestamp())

    @property
    def days(self) -> float:
        """Over how many days the orders were placed: 90 for 2,000, three years for a million."""
        if self.orders <= DEFAULT_ORDERS:
            return max(8.0, min(90.0, self.orders / _ORDERS_A_DAY / _SEASON))
        return min(_LONGEST_DAYS, 90.0 * math.pow(self.orders / DEFAULT_ORDERS, 0.4))

    @property
    def a_day(self) -> float:
        """How many orders come in on a day now."""
        season = min(self.days, _SEASON_DAYS)
        return self.orders / (season + (self.days - season) / _SEASON)

    @property
    def first_full(self) -> int:
        """The index of the first order that has a full story."""
        return max(0, self.orders - FULL_STORIES)

    def placed(self, index: int, jitter: float) -> int:
        """Return when an order was placed, in seconds; later for each next one (`jitter` from 0 to 1)."""
        return self._moment(index + jitter)

    def index_at(self, moment: int) -> int:
        """Return the order that was placed at about this moment."""
        low, high = 0, self.orders - 1
        while low < high:
            middle = (low + high) // 2
            if self._moment(middle + 0.5) < moment:
                low = middle + 1
            else:
                high = middle
        return low

    def _moment(self, place: float) -> int:
        # Counted back from the present: the last order is minutes old, whatever the hour.
        ago = (self.orders - place) / self.a_day
        if ago > _SEASON_DAYS:
            ago = _SEASON_DAYS + (ago - _SEASON_DAYS) * _SEASON
        return _moment_of(_days_worth(self.end) - ago)


def _days_worth(moment: int) -> float:
    """Return how many days' worth of orders had come in by a moment."""
    day, second = divmod(moment, DAY)
    hour, rest = divmod(second, 3_600)
    return day + _BY_HOUR[hour] + (_BY_HOUR[hour + 1] - _BY_HOUR[hour]) * rest / 3_600


def _moment_of(worth: float) -> int:
    day = int(worth)
    share = worth - day
    hour = min(23, max(0, bisect_left(_BY_HOUR, share) - 1))
    within = (share - _BY_HOUR[hour]) / (_BY_HOUR[hour + 1] - _BY_HOUR[hour])
    return int(day * DAY + hour * 3_600 + within * 3_600)
