"""An order as its screen opens it: itself and its newest history, in one reading of one state of the store."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from opsdesk.store.views.orders.detail import OrderDetail, order_detail
from opsdesk.store.views.orders.timeline import TimelineLine, timeline


def opened_order(
    session: Session, order_id: int, *, user_id: int | None, now: datetime, moments: int
) -> tuple[OrderDetail, list[TimelineLine]] | tuple[None, list[TimelineLine]]:
    """Return the order with at most `moments` lines of its history, newest first; None when there is no such order."""
    detail = order_detail(session, order_id, user_id=user_id, now=now)
    return (detail, timeline(session, order_id, limit=moments)) if detail is not None else (None, [])
