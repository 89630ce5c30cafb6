"""What moved of the orders that a person follows, since they last looked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, Select, bindparam, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from opsdesk.store.tables import ActivityRow, FollowRow, LookRow, OrderRow, UserRow

MOST = 20


@dataclass(frozen=True, slots=True)
class FollowedNews:
    """The newest thing that somebody else did to a followed order; `activity_id` is its line of the history."""

    order_id: int
    number: str
    activity_id: int
    actor: str
    summary: str


def followed_news(session: Session, *, user_id: int) -> tuple[FollowedNews, ...]:
    """Return at most 20 followed orders that others changed after the follower's last look, the newest first."""
    rows = session.connection().execute(_news(), {"user_id": user_id})
    return tuple(FollowedNews(*row) for row in rows)


@lru_cache(maxsize=1)
def _news() -> Select[Any]:
    me = bindparam("user_id", type_=Integer())
    line = aliased(ActivityRow)
    my_name = select(col(UserRow.name)).where(col(UserRow.id) == me).scalar_subquery()
    looked = (
        select(col(LookRow.activity_id))
        .where(col(LookRow.user_id) == me, col(LookRow.order_id) == col(FollowRow.order_id))
        .scalar_subquery()
    )
    newest = (
        select(func.max(col(line.id)))
        .where(
            col(line.subject_kind) == "order",
            col(line.subject_id) == col(FollowRow.order_id),
            col(line.id) > col(FollowRow.since_activity_id),
            col(line.id) > func.coalesce(looked, 0),
            col(line.outcome) == "done",
            col(line.actor) != my_name,
        )
        .scalar_subquery()
    )
    columns: tuple[Any, ...] = (
        col(OrderRow.id), col(OrderRow.number), col(ActivityRow.id), col(ActivityRow.actor), col(ActivityRow.summary),
    )  # fmt: skip
    return (
        select(*columns)
        .select_from(FollowRow)
        .join(OrderRow, col(OrderRow.id) == col(FollowRow.order_id))
        .join(ActivityRow, col(ActivityRow.id) == newest)
        .where(col(FollowRow.user_id) == me)
        .order_by(col(ActivityRow.id).desc())
        .limit(MOST)
    )
