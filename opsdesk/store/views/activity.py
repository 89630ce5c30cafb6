"""What happened since somebody last heard: read after the doorbell rang."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, Select, bindparam, func, select
from sqlmodel import Session, col

from opsdesk.store.tables import ActivityRow


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One line of the history of one record."""

    id: int
    at: datetime
    actor: str
    subject_kind: str
    subject_id: int
    action: str
    summary: str
    command_id: str


def since(session: Session, activity_id: int, limit: int = 200) -> list[ChangeLine]:
    """Return what was done after a line of the history, oldest first; what was only refused is left out."""
    rows = session.connection().execute(_since(), {"activity_id": activity_id, "limit": limit})
    return [ChangeLine(*row) for row in rows]


def newest(session: Session) -> int:
    """Return the newest line of the history, 0 before anything happened: what is read later came after it."""
    found: int | None = session.connection().execute(_newest()).scalar()
    return found or 0


@lru_cache(maxsize=1)
def _since() -> Select[Any]:
    line = ActivityRow
    columns: tuple[Any, ...] = (
        col(line.id), col(line.at), col(line.actor), col(line.subject_kind), col(line.subject_id), col(line.action),
        col(line.summary), col(line.command_id),
    )  # fmt: skip
    later = select(*columns).where(col(line.id) > bindparam("activity_id", type_=Integer()))
    done = later.where(col(line.outcome) == "done").order_by(col(line.id))
    return done.limit(bindparam("limit", type_=Integer()))


@lru_cache(maxsize=1)
def _newest() -> Select[Any]:
    return select(func.max(col(ActivityRow.id)))
