"""What a user has seen of an order: the newest line of its history when they last looked."""

from __future__ import annotations

from sqlmodel import Session

from opsdesk.domain.moments import Clock
from opsdesk.store.desk.leases import store_time
from opsdesk.store.engine import Store
from opsdesk.store.tables import LookRow
from opsdesk.store.upsert import upsert

_LOOKS = LookRow.metadata.tables["look"]


def mark_looked(store: Store, user_id: int, order_id: int, activity_id: int, *, clock: Clock) -> None:
    """Remember that the user has seen the order's history up to `activity_id`; never less than before."""
    with Session(store.writer) as session, session.begin():
        values = {
            "user_id": user_id,
            "order_id": order_id,
            "activity_id": activity_id,
            "looked_at": store_time(session, clock),
        }
        upsert(session, _LOOKS, values, key=("user_id", "order_id"), unless_newer="activity_id")
