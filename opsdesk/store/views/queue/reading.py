"""The order queue, a page at a time: at most two hundred lines, found by key, however many orders there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select
from sqlmodel import Session, col

from opsdesk.domain.orders.queue_filters import parse_filter
from opsdesk.domain.orders.queues import QueueLine, QueueQuery
from opsdesk.store.tables import OrderRow
from opsdesk.store.views.queue.line import line_of
from opsdesk.store.views.queue.lines import among, listed, select_lines
from opsdesk.store.views.queue.pages import LAST, PageKey, QueuePage, Reading, key_of

__all__ = ["LAST", "MOST_LINES", "PageKey", "QueueLine", "QueuePage", "key_of", "queue_lines", "queue_page"]

MOST_LINES = 200
"""A page is never longer; nobody reads further without turning it."""


def queue_page(  # noqa: PLR0913  what is asked, and the two ends a page can hang from
    session: Session,
    query: QueueQuery,
    *,
    now: datetime,
    after: PageKey | None = None,
    before: PageKey | None = None,
    limit: int = 100,
) -> QueuePage:
    """Return the page that begins behind `after`, or ends ahead of `before`, or else the first one.

    A sort that the view does not have is answered in the view's own.
    """
    wanted = parse_filter(query.words, now=now)
    sort = query.sort if query.sort in query.view.sorts else query.view.sorts[0]
    reading = Reading(session, replace(query, sort=sort), wanted, now, is_backward=before is not None)
    return reading.page(before or after, min(limit, MOST_LINES))


def queue_lines(session: Session, ids: Sequence[int], *, user_id: int | None, now: datetime) -> dict[int, QueueLine]:
    """Return the present state of some lines, wherever they stand now, so that rows can be changed in their place."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    asked = {"ids": listed(ids[:MOST_LINES], is_sqlite=is_sqlite), "user_id": user_id, "now": now}
    rows = session.connection().execute(_lines(is_sqlite=is_sqlite), asked)
    return {line.id: line for line in map(line_of, rows)}


@lru_cache(maxsize=2)
def _lines(*, is_sqlite: bool) -> Select[Any]:
    return select_lines().where(among(col(OrderRow.id), is_sqlite=is_sqlite))
