"""How much about money waits, for the first line of every screen: one statement, by partial indexes alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import String, bindparam, func, literal_column, select, text, union_all
from sqlmodel import Session

from opsdesk.store.tables import OrderRow
from opsdesk.store.tables.amendments import AMENDMENT_OPEN
from opsdesk.store.tables.money import CALL_IN_TROUBLE, MAY_EXPIRE
from opsdesk.store.tables.refunds import REFUND_OUTSIDE, REFUND_WAITS
from opsdesk.store.views.money.tasks import MOST, SOON, TaskKind

_tables = OrderRow.metadata.tables
_REFUND, _CALL, _EVENT = _tables["refund"], _tables["gateway_call"], _tables["gateway_event"]
_DISPUTE, _PAYMENT, _AMENDMENT = _tables["dispute"], _tables["payment"], _tables["amendment"]


def _count(kind: TaskKind, table: Any, *conditions: Any) -> Any:
    rows = select(literal_column("1")).select_from(table).where(*conditions).limit(MOST).subquery()
    return select(literal_column(f"'{kind.value}'", String).label("kind"), func.count().label("count")).select_from(
        rows
    )


def _words(condition: str, table: str) -> Any:
    return text(condition.replace("state", f"{table}.state"))


_COUNTS = union_all(
    _count(TaskKind.REFUND_FAILED, _REFUND, _words(REFUND_WAITS, "refund"), _REFUND.c.state == "failed"),
    _count(TaskKind.APPROVE, _REFUND, _words(REFUND_WAITS, "refund"), _REFUND.c.state == "pending_approval"),
    _count(TaskKind.REFUND_OUTSIDE, _REFUND, _words(REFUND_OUTSIDE, "refund")),
    _count(
        TaskKind.CALL_FAILED,
        _CALL,
        _words(CALL_IN_TROUBLE, "gateway_call"),
        _CALL.c.state == "failed",
        _CALL.c.share_id.is_(None),
    ),
    _count(TaskKind.EVENT_HELD, _EVENT, text("outcome = 'held' AND settled_at IS NULL")),
    _count(TaskKind.DISPUTE, _DISPUTE, text("closed_at IS NULL"), _DISPUTE.c.answered_at.is_(None)),
    _count(TaskKind.EXPIRING, _PAYMENT, _words(MAY_EXPIRE, "payment"), _PAYMENT.c.expires_at <= bindparam("soon")),
    _count(TaskKind.RECALL, _AMENDMENT, _words(AMENDMENT_OPEN, "amendment"), _AMENDMENT.c.state == "awaiting_packer"),
)


def money_counts(session: Session, *, now: datetime) -> Mapping[TaskKind, int]:
    """Return how many things of each kind wait for a person at `now`, at most 100 each.

    What the gateway is still being asked about is not counted, nor is a dispute that was answered.
    """
    return {TaskKind(kind): count for kind, count in session.execute(_COUNTS, {"soon": now + SOON})}
