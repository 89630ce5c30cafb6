"""Who has a record open now. It lapses by itself, so that a killed terminal leaves no ghost for long."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, text
from sqlmodel import Session, col

from opsdesk.domain.moments import Clock
from opsdesk.store.desk.leases import store_time
from opsdesk.store.engine import Store
from opsdesk.store.tables import PresenceRow
from opsdesk.store.upsert import upsert
from opsdesk.store.views.orders.parts import Present

BEAT = timedelta(seconds=10)
"""How often a screen says that it is still there."""

LAPSE = timedelta(seconds=35)
"""Three beats and a slow write: after that, nobody is taken to be there."""

_PRESENCE, _USERS = PresenceRow.metadata.tables["presence"], PresenceRow.metadata.tables["users"]
_HERE = (
    select(
        _PRESENCE.c.user_id,
        _USERS.c.name,
        _PRESENCE.c.terminal,
        _PRESENCE.c.is_editing,
        _PRESENCE.c.seen_at,
    )
    .join(_USERS, _USERS.c.id == _PRESENCE.c.user_id)
    .where(
        _PRESENCE.c.subject_kind == bindparam("kind"),
        _PRESENCE.c.subject_id == bindparam("subject"),
        _PRESENCE.c.seen_at > bindparam("since", type_=_PRESENCE.c.seen_at.type),
    )
    .order_by(_PRESENCE.c.is_editing.desc(), _PRESENCE.c.seen_at.desc())
    .limit(20)
)


def beat(  # noqa: PLR0913  who, where and at which record
    store: Store, user_id: int, terminal: str, kind: str, subject_id: int, *, is_editing: bool = False, clock: Clock
) -> None:
    """Say that the user has the record open on this terminal; a terminal is at one record at a time."""
    with Session(store.writer) as session, session.begin():
        values = {
            "terminal": terminal,
            "user_id": user_id,
            "subject_kind": kind,
            "subject_id": subject_id,
            "is_editing": is_editing,
            "seen_at": store_time(session, clock),
        }
        upsert(session, _PRESENCE, values, key=("terminal",))


def leave(store: Store, terminal: str) -> None:
    """Say that nobody at this terminal has anything open any more."""
    with Session(store.writer) as session, session.begin():
        session.execute(delete(PresenceRow).where(col(PresenceRow.terminal) == terminal))


def who_is_here(session: Session, kind: str, subject_id: int, *, now: datetime) -> tuple[Present, ...]:
    """Return at most 20 people who have the record open, those who are editing first.

    `now` counts on one SQLite file only; a server is asked for its own time, as `beat` does.
    """
    if session.get_bind().dialect.name == "postgresql":
        now = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    found = session.execute(_HERE, {"kind": kind, "subject": subject_id, "since": now - LAPSE})
    return tuple(Present(*row) for row in found)
