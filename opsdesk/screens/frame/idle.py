"""When a terminal has been left alone for too long."""

from __future__ import annotations

from datetime import timedelta

from opsdesk.domain.moments import Clock


class Idle:
    """Knows since when nobody touched the keys."""

    def __init__(self, clock: Clock, limit: timedelta) -> None:
        self._clock = clock
        self._limit = limit
        self._since = clock()

    def touch(self) -> None:
        """Somebody is there."""
        self._since = self._clock()

    @property
    def is_over(self) -> bool:
        """True once nobody has been there for as long as the limit."""
        return self._clock() - self._since >= self._limit

    def has_rested(self, span: timedelta) -> bool:
        """Say whether no key came for so long."""
        return self._clock() - self._since >= span
