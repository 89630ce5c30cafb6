"""Whether somebody sends mails and watches deadlines: without a worker no clock of the shop moves anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from opsdesk.store.desk.leases import WORKER_LEASE, find_lease

_PATIENCE = timedelta(seconds=30)
"""A worker that is busy with a slow mail server renews its lease late."""


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """Whether a worker runs, and when it was last seen; None if none ever was."""

    is_running: bool
    last_seen: datetime | None


def worker_seen(session: Session, *, now: datetime) -> WorkerSeen:
    """Return whether a worker runs."""
    lease = find_lease(session, WORKER_LEASE)
    if lease is None:
        return WorkerSeen(is_running=False, last_seen=None)
    return WorkerSeen(lease.expires_at + _PATIENCE > now, lease.beat_at)
