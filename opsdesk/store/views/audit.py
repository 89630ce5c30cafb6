"""The history as its rows stand in the store, for `opsdesk audit show`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.store.tables import ActivityRow, OrderRow

MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One row of the history."""

    id: int
    at: datetime
    actor: str
    role: str
    terminal: str
    action: str
    outcome: str
    subject_kind: str
    subject_id: int
    command_id: str
    summary: str
    before: str
    after: str
    hash: str


_COLUMNS = tuple(col(getattr(ActivityRow, name)) for name in AuditLine.__slots__)


def audit_lines(
    session: Session, *, after_id: int = 0, order_number: str = "", limit: int = 50
) -> tuple[AuditLine, ...]:
    """Return rows in their order: those after `after_id`, or the newest ones when it is 0; at most 200."""
    wanted = select(*_COLUMNS).limit(min(limit, MOST_LINES))
    if order_number:
        orders = select(col(OrderRow.id)).where(col(OrderRow.number) == order_number)
        wanted = wanted.where(col(ActivityRow.subject_kind) == "order", col(ActivityRow.subject_id).in_(orders))
    if after_id:
        page = wanted.where(col(ActivityRow.id) > after_id).order_by(col(ActivityRow.id))
        return tuple(AuditLine(*row) for row in session.execute(page))
    newest = session.execute(wanted.order_by(col(ActivityRow.id).desc())).all()
    return tuple(AuditLine(*row) for row in reversed(newest))
