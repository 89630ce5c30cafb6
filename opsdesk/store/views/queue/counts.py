"""How many orders stand in each saved view, counted no further than anybody reads."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, func, literal_column, select, union_all
from sqlmodel import Session, col

from opsdesk.domain.orders.queues import MOST_COUNTED, SavedView
from opsdesk.store.tables import OrderRow
from opsdesk.store.views.queue.walks import awake, in_view


def view_counts(session: Session, *, user_id: int | None, now: datetime) -> dict[SavedView, int]:
    """Return the number of orders in each view; `MOST_COUNTED` means that many or more."""
    row = session.connection().execute(statement(), {"user_id": user_id, "now": now}).one()
    return dict(zip(SavedView, row, strict=True))


@lru_cache(maxsize=1)
def statement() -> Select[Any]:
    """Build the one statement that counts every view: parameters `now` and `user_id`."""
    return select(*(_capped(view).label(view.value) for view in SavedView))


def _capped(view: SavedView) -> Any:
    standing = [*in_view(view), awake()] if view.is_working else []
    desks = [[col(OrderRow.stage) == stage.value] for stage in view.stages] or [[]]
    parts = [_rows([*standing, *desk], view) for desk in desks]
    found = union_all(*(select(part.subquery()) for part in parts)).limit(MOST_COUNTED)
    return select(func.count()).select_from(found.subquery()).scalar_subquery()


def _rows(standing: list[Any], view: SavedView) -> Select[Any]:
    rows: Select[Any] = (
        select(literal_column("1").label("one")).select_from(OrderRow).where(*standing).limit(MOST_COUNTED)
    )
    if not view.is_working:
        return rows
    # In this order they come from the index that knows `snoozed_until`, and no order itself is read.
    leading = [col(OrderRow.owner_id)] if view is SavedView.UNASSIGNED else []
    key = col(OrderRow.placed_at) if view is SavedView.NEW else col(OrderRow.promised_at)
    return rows.order_by(*leading, key, col(OrderRow.id))
