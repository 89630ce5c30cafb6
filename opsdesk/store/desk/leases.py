"""Leases: a job that only one process may run, and the proof that it still runs.

A lease ends by the store's time and never by its holder's good behaviour. Its token rises with each new holder and is
checked in the transaction of every write, so a holder that slept past its end cannot write any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import insert, select, text, update
from sqlmodel import Session, col

from opsdesk.domain.moments import Clock
from opsdesk.store.engine import Store
from opsdesk.store.tables import LeaseRow

WORKER_LEASE = "worker"
"""The lease of whoever sends mails and watches deadlines."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as it was taken or seen."""

    name: str
    holder: str
    token: int
    expires_at: datetime
    beat_at: datetime

    @property
    def claim(self) -> str:
        """The mark that rows carry which this holder works on."""
        return f"{self.holder}#{self.token}"


def store_time(session: Session, clock: Clock) -> datetime:
    """Return the one time that all holders share: the server's, or on one SQLite file that of its machine."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(datetime, session.execute(text("SELECT clock_timestamp()")).scalar_one())
    return clock()


def take_lease(store: Store, name: str, holder: str, *, lasts: timedelta, clock: Clock) -> Lease | None:
    """Take the lease, or renew one's own; return None while somebody else holds it."""
    with Session(store.writer) as session, session.begin():
        now = store_time(session, clock)
        found = _locked(session, name)
        if found is None:
            found = Lease(name, holder, 1, now + lasts, now)
            session.execute(insert(LeaseRow).values(_values(found)))
            return found
        if found.holder != holder and found.expires_at > now:
            return None
        # A lease that ran out may have been taken and lost by somebody in between: that is a new term.
        is_renewal = found.holder == holder and found.expires_at > now
        taken = Lease(name, holder, found.token if is_renewal else found.token + 1, now + lasts, now)
        session.execute(update(LeaseRow).where(col(LeaseRow.name) == name).values(_values(taken)))
        return taken


def give_back(store: Store, lease: Lease, *, clock: Clock) -> None:
    """Let the next one take the lease at once."""
    with Session(store.writer) as session, session.begin():
        mine = (col(LeaseRow.name) == lease.name) & (col(LeaseRow.token) == lease.token)
        session.execute(update(LeaseRow).where(mine).values(expires_at=store_time(session, clock)))


def is_held(session: Session, lease: Lease, *, clock: Clock) -> bool:
    """Say whether the lease still stands, and keep it so until the transaction ends."""
    found = _locked(session, lease.name)
    return found is not None and found.token == lease.token and found.expires_at > store_time(session, clock)


def find_lease(session: Session, name: str) -> Lease | None:
    """Return who holds, or last held, the lease."""
    row = session.execute(select(*_COLUMNS).where(col(LeaseRow.name) == name)).one_or_none()
    return Lease(*row) if row else None


_COLUMNS = (
    col(LeaseRow.name),
    col(LeaseRow.holder),
    col(LeaseRow.token),
    col(LeaseRow.expires_at),
    col(LeaseRow.beat_at),
)


def _locked(session: Session, name: str) -> Lease | None:
    row = session.execute(select(*_COLUMNS).where(col(LeaseRow.name) == name).with_for_update()).one_or_none()
    return Lease(*row) if row else None


def _values(lease: Lease) -> dict[str, object]:
    return {
        "name": lease.name,
        "holder": lease.holder,
        "token": lease.token,
        "expires_at": lease.expires_at,
        "beat_at": lease.beat_at,
    }
