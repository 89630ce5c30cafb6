"""The statements behind the queue: each is built once, walks one index in order, and stops at the page's end.

A walk begins at a key, never at a count. Its first page begins at a key before all others, so that one statement
serves all pages. Orders without a promise have nothing to sort by; they are a walk of their own behind the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    text,
    tuple_,
    union_all,
)
from sqlmodel import col
from sqlmodel.sql.sqltypes import UTCDateTime

from opsdesk.domain.money import currencies_with
from opsdesk.domain.orders.queues import SavedView, Sort
from opsdesk.domain.orders.states import Stage
from opsdesk.store.tables import OrderRow, UserRow
from opsdesk.store.tables.orders import IN_HOUSE, UNTOUCHED
from opsdesk.store.views.queue.lines import among, select_lines

_Clause = ColumnElement[bool]
_ID = col(OrderRow.id)
_KEYS: Mapping[Sort, Any] = {
    Sort.DUE: col(OrderRow.promised_at),
    Sort.PLACED: col(OrderRow.placed_at),
    Sort.TOTAL: col(OrderRow.total_minor),
}


@dataclass(frozen=True, slots=True)
class Walk:
    """Which rows are read, and in which order.

    Attributes:
        stages: the desks whose orders are wanted, a branch for each; empty where the desk does not matter.
        criteria: what each row must meet, by the names of `_CRITERIA`, with how many values each has.
        is_undated: walk the orders that were promised for no moment.
        is_bounded: stop at a last key, because many rows may be passed over.
        is_among: choose from a bounded list of orders that were found before.
    """

    view: SavedView
    sort: Sort
    descending: bool
    stages: tuple[Stage, ...] = ()
    criteria: tuple[tuple[str, int], ...] = ()
    is_undated: bool = False
    is_bounded: bool = False
    is_among: bool = False
    is_sqlite: bool = True


@lru_cache(maxsize=512)
def page_statement(walk: Walk) -> Select[Any]:
    """Build the statement for one page of lines: parameters `key`, `id`, `limit`, `now`, `user_id` and the criteria."""
    branches = _branches(walk)
    lines = select_lines().order_by(*_order(walk)).limit(_number("limit"))
    if len(branches) == 1:
        return lines.where(*branches[0]).with_hint(OrderRow, _index(walk), "sqlite")
    keys = union_all(*(_keys(walk, branch) for branch in branches)).subquery("keys")
    return lines.join(keys, keys.c.id == _ID)


@lru_cache(maxsize=512)
def bound_statement(walk: Walk) -> Select[Any]:
    """Build the statement for the last key among the next `limit` rows, and how many there are, whatever is in them."""
    ahead, counted = _ahead(walk).subquery("ahead"), _ahead(walk).subquery("counted")
    count = select(func.count()).select_from(counted).scalar_subquery()
    backwards = replace(walk, descending=not walk.descending)
    order = [_directed(ahead.c.key, backwards), _directed(ahead.c.id, backwards)]
    return select(ahead.c.key, ahead.c.id, count).order_by(*order).limit(1)


def _ahead(walk: Walk) -> Any:
    """Select the next `limit` keys."""
    branches = [_keys(walk, branch) for branch in _branches(walk)]
    if len(branches) == 1:
        return branches[0]
    both = union_all(*branches).subquery()
    order = [_directed(both.c.key, walk), _directed(both.c.id, walk)]
    return select(both.c.id, both.c.key).order_by(*order).limit(_number("limit"))


def in_view(view: SavedView) -> list[_Clause]:
    """Say what stands in a view apart from its desks: parameters `now` and `user_id`."""
    if view is SavedView.EVERYTHING:
        return []
    owner = col(OrderRow.owner_id)
    standing: list[Any] = [text(UNTOUCHED if view is SavedView.NEW else IN_HOUSE)]
    if view is SavedView.LATE:
        standing.append(col(OrderRow.promised_at) < _moment("now"))
    if view is SavedView.MINE:
        standing.append(owner == _number("user_id"))
    if view is SavedView.UNASSIGNED:
        standing.append(owner.is_(None))
    return standing


def awake() -> _Clause:
    """Say that an order is not snoozed at the moment `now`."""
    snoozed = col(OrderRow.snoozed_until)
    return or_(snoozed.is_(None), snoozed <= _moment("now"))


def _branches(walk: Walk) -> list[list[_Clause]]:
    common = [*in_view(walk.view), *_position(walk)]
    if walk.stages and walk.view is SavedView.EVERYTHING:
        common.append(text(IN_HOUSE))  # type: ignore[arg-type]  # a text is a clause, too
    if walk.view.is_working and ("snoozed", 0) not in walk.criteria:
        common.append(awake())
    common += [_CRITERIA[name](count, walk.is_sqlite) for name, count in walk.criteria]
    if walk.is_among:
        common.append(among(_ID, is_sqlite=walk.is_sqlite))
    desks = [col(OrderRow.stage) == stage.value for stage in walk.stages]
    if walk.is_among:
        return [[*common, or_(*desks)] if desks else common]
    return [[desk, *common] for desk in desks] or [common]


def _keys(walk: Walk, branch: Sequence[_Clause]) -> Select[Any]:
    first = select(_ID.label("id"), _KEYS[walk.sort].label("key")).where(*branch).order_by(*_order(walk))
    return select(first.limit(_number("limit")).with_hint(OrderRow, _index(walk), "sqlite").subquery())


def _index(walk: Walk) -> str:
    """Name the index for SQLite, whose planner knows nothing of the page's end and may rather sort everything."""
    if walk.is_among:
        return "NOT INDEXED"
    if walk.stages:
        return f"INDEXED BY ix_orders_stage_{walk.sort}"
    kind = {SavedView.NEW: "untouched_", SavedView.MINE: "owner_", SavedView.UNASSIGNED: "owner_"}.get(walk.view, "")
    return f"INDEXED BY ix_orders_{kind}{walk.sort}"


def _position(walk: Walk) -> list[_Clause]:
    key = _KEYS[walk.sort]
    here: Any
    if walk.is_undated:
        here, begin, end = _ID, _big("id"), _big("last_id")
    else:
        at = _big if walk.sort is Sort.TOTAL else _moment
        here, begin, end = tuple_(key, _ID), tuple_(at("key"), _big("id")), tuple_(at("last_key"), _big("last_id"))
    standing = [key.is_(None)] if walk.is_undated else []
    standing.append(here < begin if walk.descending else here > begin)
    if walk.is_bounded:
        standing.append(here >= end if walk.descending else here <= end)
    return standing


def _order(walk: Walk) -> list[Any]:
    # Postgres takes the order from an index only if the column before is named too, although it is NULL throughout.
    leading = [col(OrderRow.owner_id)] if walk.view is SavedView.UNASSIGNED and not walk.is_among else []
    return [_directed(column, walk) for column in (*leading, _KEYS[walk.sort], _ID)]


def _directed(column: Any, walk: Walk) -> Any:
    return column.desc() if walk.descending else column.asc()


def _number(name: str) -> Any:
    return bindparam(name, type_=Integer())


def _big(name: str) -> Any:
    return bindparam(name, type_=BigInteger())


def _moment(name: str) -> Any:
    return bindparam(name, type_=UTCDateTime())


def _one_of(name: str, column: Any) -> Callable[[int, bool], _Clause]:
    return lambda count, _: or_(*(column == bindparam(f"{name}_{place}", type_=String()) for place in range(count)))


def _words(count: int, is_sqlite: bool) -> _Clause:
    position = func.instr if is_sqlite else func.strpos
    wanted = (bindparam(f"word_{place}", type_=String()) for place in range(count))
    return and_(*(position(col(OrderRow.search_text), word) > 0 for word in wanted))


def _amount(name: str) -> Any:
    currency = col(OrderRow.currency)
    places = [(currency.in_(currencies_with(number)), _big(f"{name}_{number}")) for number in (0, 3, 4)]
    return case(*places, else_=_big(f"{name}_2"))


def _owned(_count: int, _is_sqlite: bool) -> _Clause:
    owner = select(col(UserRow.id)).where(col(UserRow.name) == bindparam("owner", type_=String())).scalar_subquery()
    return col(OrderRow.owner_id) == owner


_CRITERIA: Mapping[str, Callable[[int, bool], _Clause]] = {
    "word": _words,
    "headline": _one_of("headline", col(OrderRow.headline)),
    "payment": _one_of("payment", col(OrderRow.payment_status)),
    "stage": _one_of("stage", col(OrderRow.stage)),
    "temperature": _one_of("temperature", col(OrderRow.temperature)),
    "cold": lambda _count, _: col(OrderRow.temperature) != "ambient",
    "snoozed": lambda _count, _: col(OrderRow.snoozed_until) > _moment("now"),
    "new": lambda _count, _: text(UNTOUCHED),  # type: ignore[dict-item,return-value]
    "nobody": lambda _count, _: col(OrderRow.owner_id).is_(None),
    "me": lambda _count, _: col(OrderRow.owner_id) == _number("user_id"),
    "owner": _owned,
    "due_before": lambda _count, _: col(OrderRow.promised_at) < _moment("due_before"),
    "due_after": lambda _count, _: col(OrderRow.promised_at) > _moment("due_after"),
    "more": lambda _count, _: col(OrderRow.total_minor) > _amount("more"),
    "less": lambda _count, _: col(OrderRow.total_minor) < _amount("less"),
}
