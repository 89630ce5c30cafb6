"""From the words of a filter to the few orders that can match them, through the text index, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, Select, String, bindparam, column, func, select, table, text
from sqlmodel import Session, col
from sqlmodel.sql.sqltypes import UTCDateTime

from opsdesk.domain.orders.queue_filters import QueueFilter
from opsdesk.domain.orders.queues import QueueQuery, SavedView, Sort
from opsdesk.store.tables import OrderLineRow, OrderRow
from opsdesk.store.tables.orders import IN_HOUSE

SHORTEST_INDEXED = 3
"""The text index knows pieces of three letters; shorter words are compared row by row."""
MOST_MATCHES = 400
"""How many orders are taken from an index before they are sorted, the newest of them."""
DENSE = 100
"""A word that every hundredth order has is met soon enough by walking."""
PROBED = 2000
"""Among so many of the newest orders Postgres first looks whether a word is that common."""
PROBED_FURTHER = 10_000
"""Among so many it looks for a word that is neither common nor rare: its index would bring thousands of orders."""
_NEITHER = 5

_LIKE = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})


@dataclass(frozen=True, slots=True)
class Matches:
    """The orders among which a page is chosen.

    Attributes:
        ids: None when nothing narrowed it down and the view is walked.
        words_left: words that each row must still be compared with.
        is_cut: True when there may be more than `ids`.
    """

    ids: list[int] | None
    words_left: tuple[str, ...]
    is_cut: bool = False


def find_matches(session: Session, query: QueueQuery, wanted: QueueFilter, *, now: datetime) -> Matches:
    """Narrow a filter down to some orders, where an index knows them."""
    indexed = tuple(word for word in wanted.words if len(word) >= SHORTEST_INDEXED)
    rest = tuple(word for word in wanted.words if len(word) < SHORTEST_INDEXED)
    ids: list[int] | None = None
    is_cut = False
    if wanted.sku is not None:
        ids = orders_with_sku(session, wanted.sku, limit=MOST_MATCHES + 1)
        is_cut, rest = len(ids) > MOST_MATCHES, wanted.words
    elif indexed:
        ids, is_cut = orders_with_words(session, indexed, limit=MOST_MATCHES)
        if is_cut and ids[0] - ids[-1] < len(ids) * DENSE:
            ids, is_cut, rest = None, False, wanted.words
    if ids is None and query.view is SavedView.LATE and query.sort is not Sort.DUE:
        ids = _most_overdue(session, now)
        is_cut, rest = len(ids) > MOST_MATCHES, wanted.words
    return Matches(None if ids is None else ids[:MOST_MATCHES], rest, is_cut)


def _most_overdue(session: Session, now: datetime) -> list[int]:
    """Late orders are kept by their promise; in another order the most overdue of them are sorted."""
    return list(session.connection().execute(_overdue(), {"now": now, "limit": MOST_MATCHES + 1}).scalars())


def orders_with_words(session: Session, words: Sequence[str], *, limit: int) -> tuple[list[int], bool]:
    """Return the newest orders whose search text has all words, and whether there are more than these.

    Each word has at least `SHORTEST_INDEXED` letters. SQLite's index gives the newest first and can be left after
    `limit`. The one of Postgres gives all at once, in no order: for a word that many orders have, the newest few
    thousand orders are read instead.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        match = {"match": " ".join(map(_phrase, words)), "limit": limit + 1}
        found = list(connection.execute(_sqlite_words(), match).scalars())
        return found[:limit], len(found) > limit
    asked: dict[str, object] = {"limit": limit + 1, "probed": PROBED}
    for place, word in enumerate(words):
        asked |= {f"word_{place}": word, f"pattern_{place}": f"%{word.translate(_LIKE)}%"}
    recent = list(connection.execute(_recent_words(len(words)), asked).scalars())
    if _NEITHER <= len(recent) < PROBED // DENSE:
        asked["probed"] = PROBED_FURTHER
        recent = list(connection.execute(_recent_words(len(words)), asked).scalars())
    if len(recent) >= PROBED // DENSE:
        return recent[:limit], True
    found = list(connection.execute(_postgres_words(len(words)), asked).scalars())
    return found[:limit], len(found) > limit


def orders_with_sku(session: Session, sku: str, *, limit: int) -> list[int]:
    """Return the newest orders that have this article on a line, in capitals if not as it was typed."""
    for written in dict.fromkeys((sku, sku.upper())):
        found = session.connection().execute(_sku(), {"sku": written, "limit": limit}).scalars()
        if orders := list(dict.fromkeys(found)):
            return orders
    return []


def _phrase(word: str) -> str:
    # Inside quotes nothing is an operator; a quote is doubled.
    return '"' + word.replace('"', '""') + '"'


@lru_cache(maxsize=1)
def _sqlite_words() -> Select[Any]:
    search = table("order_search", column("rowid", Integer()), column("order_search", String()))
    matching = search.c.order_search.op("MATCH")(bindparam("match", type_=String()))
    newest = search.c.rowid.desc()
    return select(search.c.rowid).where(matching).order_by(newest).limit(bindparam("limit", type_=Integer()))


@lru_cache(maxsize=16)
def _recent_words(count: int) -> Select[Any]:
    """Compare the words row by row: asked with LIKE, the planner would bring in the index with all it has."""
    number, searched = col(OrderRow.id), col(OrderRow.search_text)
    newest = select(func.max(number)).scalar_subquery()
    words = (bindparam(f"word_{place}", type_=String()) for place in range(count))
    having: Select[Any] = select(number).where(*(func.strpos(searched, word) > 0 for word in words))
    recent = having.where(number > newest - bindparam("probed", type_=Integer()))
    return recent.order_by(number.desc()).limit(bindparam("limit", type_=Integer()))


@lru_cache(maxsize=16)
def _postgres_words(count: int) -> Select[Any]:
    patterns = (bindparam(f"pattern_{place}", type_=String()) for place in range(count))
    having: Select[Any] = select(col(OrderRow.id).label("id")).where(
        *(col(OrderRow.search_text).like(pattern) for pattern in patterns)
    )
    # Behind this fence the planner cannot hope to meet the words soon while it walks the orders from the newest.
    found = having.cte("found").prefix_with("MATERIALIZED", dialect="postgresql")
    return select(found.c.id).order_by(found.c.id.desc()).limit(bindparam("limit", type_=Integer()))


@lru_cache(maxsize=1)
def _sku() -> Select[Any]:
    line = OrderLineRow
    wanted = select(col(line.order_id)).where(col(line.sku) == bindparam("sku", type_=String()))
    return wanted.order_by(col(line.order_id).desc()).limit(bindparam("limit", type_=Integer()))


@lru_cache(maxsize=1)
def _overdue() -> Select[Any]:
    due = col(OrderRow.promised_at)
    late = select(col(OrderRow.id)).where(text(IN_HOUSE), due < bindparam("now", type_=UTCDateTime()))
    return late.order_by(due, col(OrderRow.id)).limit(bindparam("limit", type_=Integer()))
