"""The test gateway's own clock: a test can move it on without waiting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class PeerClock:
    """Tells the gateway's time: that of `source`, moved on by what it was told."""

    def __init__(self, source: Callable[[], datetime] | None = None) -> None:
        self._source = source or (lambda: datetime.now(UTC))
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """Return the moment, aware and in UTC."""
        return self._source().astimezone(UTC) + self._ahead

    def unix(self) -> int:
        """Return the moment as whole seconds since 1970, as the interface tells times."""
        return int(self.now().timestamp())

    def advance(self, **amount: float) -> datetime:
        """Move on by `days=`, `hours=`, `minutes=` or `seconds=`, and return the new moment."""
        self._ahead += timedelta(**amount)
        return self.now()

    def stand_at(self, moment: datetime) -> None:
        """Stand still at a moment until `advance` is called."""
        self._source, self._ahead = (lambda: moment), timedelta(0)
