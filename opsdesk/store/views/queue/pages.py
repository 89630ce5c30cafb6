"""How a page of the queue is put together: which walks it takes, where they begin, and where they give up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from sqlmodel import Session

from opsdesk.domain.orders.queue_filters import ME, NOBODY, QueueFilter
from opsdesk.domain.orders.queues import IN_HOUSE, QueueLine, QueueQuery, SavedView, Sort, stages_of
from opsdesk.domain.orders.states import Stage
from opsdesk.store.views.queue.line import line_of
from opsdesk.store.views.queue.lines import listed
from opsdesk.store.views.queue.matches import Matches, find_matches
from opsdesk.store.views.queue.walks import Walk, bound_statement, page_statement

LOOK_AHEAD = 1500
"""How many rows one page passes over in search of those that the filter wants."""

_EARLIEST, _LATEST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
_LARGEST = 2**62

Value = datetime | int
Parameters = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class PageKey:
    """A place in the queue: what the line at it is sorted by (None without a promise), and its order."""

    value: Value | None
    id: int


LAST = PageKey(None, _LARGEST)
"""Behind everything: the page before it is the last one."""


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Some lines of the queue.

    Attributes:
        next: where the page behind this one begins, None if there is none.
        previous: where the page before this one ends, None if there is none.
        is_complete: False when orders that were not looked at may match the filter too; if there is a `next`, it
            looks further, otherwise only another word helps.
        misread: pieces of the filter that mean nothing.
    """

    lines: tuple[QueueLine, ...]
    next: PageKey | None = None
    previous: PageKey | None = None
    is_complete: bool = True
    misread: tuple[str, ...] = ()


def key_of(line: QueueLine, sort: Sort) -> PageKey:
    """Return the place of a line in a queue that is sorted so."""
    if sort is Sort.TOTAL:
        return PageKey(line.total.minor, line.id)
    return PageKey(line.promised_at if sort is Sort.DUE else line.placed_at, line.id)


@dataclass(slots=True)
class Reading:
    """One page being read."""

    session: Session
    query: QueueQuery
    wanted: QueueFilter
    now: datetime
    is_backward: bool

    def page(self, key: PageKey | None, limit: int) -> QueuePage:
        """Read the page behind `key`, or ahead of it when going backward."""
        key = None if key == LAST else key
        matches = find_matches(self.session, self.query, self.wanted, now=self.now)
        walk, asked = self._walk(matches)
        found: list[QueueLine] = []
        left, stopped = LOOK_AHEAD, None
        for part, begin in self._parts(walk, key):
            ahead = asked | begin
            bound: dict[str, object] = {}
            if part.criteria and not part.is_among:
                bound, passed = self._bound(part, ahead, left)
                left, stopped = left - passed, _place(bound)
            statement = page_statement(replace(part, is_bounded=bool(bound)))
            missing = {"limit": limit + 1 - len(found)}
            found += map(line_of, self.session.connection().execute(statement, ahead | bound | missing))
            if len(found) > limit or stopped is not None:
                break
        return self._bundle(found, limit, key, stopped, is_cut=matches.is_cut)

    def _walk(self, matches: Matches) -> tuple[Walk, dict[str, object]]:
        is_sqlite = self.session.get_bind().dialect.name == "sqlite"
        criteria, asked = criteria_of(self.wanted, matches.words_left)
        stages = self.query.view.stages or (_narrowed(self.wanted) if not self.query.view.is_working else ())
        walk = Walk(
            self.query.view,
            self.query.sort,
            self.query.descending is not self.is_backward,
            stages,
            criteria,
            is_among=matches.ids is not None,
            is_sqlite=is_sqlite,
        )
        asked |= {"now": self.now, "user_id": self.query.user_id}
        if matches.ids is not None:
            asked["ids"] = listed(matches.ids, is_sqlite=is_sqlite)
        return walk, asked

    def _parts(self, walk: Walk, key: PageKey | None) -> Iterator[tuple[Walk, dict[str, object]]]:
        """Give the walks in the order of this page, each with the place where it begins."""
        has_undated = walk.sort is Sort.DUE and walk.view is not SavedView.LATE
        parts = [walk, replace(walk, is_undated=True)] if has_undated else [walk]
        if self.is_backward:
            parts.reverse()
        if key is not None and len(parts) == 2 and (key.value is None) is not parts[0].is_undated:
            del parts[0]
        for place, part in enumerate(parts):
            yield part, _begin(part, key if place == 0 else None)

    def _bound(self, walk: Walk, asked: Parameters, limit: int) -> tuple[dict[str, object], int]:
        """Find the last key that may be looked at, or nothing if all that is left may be, and how many rows that is."""
        bare = replace(walk, criteria=())
        row = self.session.connection().execute(bound_statement(bare), {**asked, "limit": max(limit, 1)}).first()
        if row is None or row[2] < limit:
            return {}, row[2] if row else 0
        return {"last_key": row[0], "last_id": row[1]}, row[2]

    def _bundle(
        self, found: list[QueueLine], limit: int, key: PageKey | None, stopped: PageKey | None, *, is_cut: bool
    ) -> QueuePage:
        has_more = len(found) > limit
        lines = found[:limit]
        far = key_of(lines[-1], self.query.sort) if has_more else stopped
        near = key_of(lines[0], self.query.sort) if lines and key is not None else None
        if self.is_backward:
            lines.reverse()
            far, near = near, far
        is_complete = not is_cut and (has_more or stopped is None)
        return QueuePage(tuple(lines), far, near, is_complete, self.wanted.misread)


def _place(bound: Mapping[str, object]) -> PageKey | None:
    if not bound:
        return None
    value, order_id = bound["last_key"], bound["last_id"]
    assert isinstance(order_id, int)
    assert value is None or isinstance(value, Value)
    return PageKey(value, order_id)


def _begin(walk: Walk, key: PageKey | None) -> dict[str, object]:
    if key is not None and (key.value is not None or walk.is_undated):
        return {"key": key.value, "id": key.id}
    if walk.sort is Sort.TOTAL:
        return {"key": _LARGEST if walk.descending else -1, "id": _LARGEST if walk.descending else -1}
    return {"key": _LATEST if walk.descending else _EARLIEST, "id": _LARGEST if walk.descending else -1}


def _narrowed(wanted: QueueFilter) -> tuple[Stage, ...]:
    """Return the desks at which everything that the filter wants must stand, if that can be said."""
    if wanted.stage in IN_HOUSE:
        return (wanted.stage,)
    if wanted.is_new:
        return tuple(stage for stage in Stage if stage in IN_HOUSE)
    return (stages_of(wanted.headlines) or ()) if wanted.headlines else ()


def criteria_of(wanted: QueueFilter, words: Sequence[str]) -> tuple[tuple[tuple[str, int], ...], dict[str, object]]:
    """Return what each row must meet, as a walk names it, and the parameters for it."""
    several: dict[str, Sequence[str]] = {
        "word": words,
        "headline": sorted(word.value for word in wanted.headlines or ()),
        "payment": sorted(word.value for word in wanted.payments or ()),
        "stage": [wanted.stage.value] if wanted.stage else [],
        "temperature": [wanted.temperature] if wanted.temperature else [],
    }
    single = {
        "cold": wanted.is_cold,
        "snoozed": wanted.is_snoozed,
        "new": wanted.is_new,
        "nobody": wanted.owner == NOBODY,
        "me": wanted.owner == ME,
        "owner": wanted.owner not in (None, NOBODY, ME),
        "due_before": wanted.due_before is not None,
        "due_after": wanted.due_after is not None,
        "more": wanted.more_than is not None,
        "less": wanted.less_than is not None,
    }
    asked: dict[str, object] = {
        f"{name}_{place}": value for name, values in several.items() for place, value in enumerate(values)
    }
    asked |= {"owner": wanted.owner, "due_before": wanted.due_before, "due_after": wanted.due_after}
    for name, amount in (("more", wanted.more_than), ("less", wanted.less_than)):
        asked |= {f"{name}_{places}": _minor(amount, places) for places in (0, 2, 3, 4)}
    wants = [(name, len(values)) for name, values in several.items() if values]
    wants += [(name, 0) for name, is_wanted in single.items() if is_wanted]
    return tuple(wants), asked


def _minor(amount: Decimal | None, places: int) -> int | None:
    return None if amount is None else int(amount.scaleb(places))
