"""The order queue: saved views, a filter as one types, marks, and a preview that follows the pointer."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from opsdesk.domain.orders.queues import MOST_COUNTED, QueueQuery, SavedView, Sort
from opsdesk.keys import bindings
from opsdesk.screens.frame.host import StoreChange
from opsdesk.screens.frame.latest import run_latest
from opsdesk.screens.queue.commands import QueueCommands
from opsdesk.screens.queue.preview import QueuePreview
from opsdesk.screens.queue.rows import COLUMNS, SORTED_BY, row_of, why_empty
from opsdesk.theme import Tone
from opsdesk.widgets.filter_line import FilterLine
from opsdesk.widgets.record_table import RecordTable
from opsdesk.widgets.view_tabs import Tab, ViewTabs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsdesk.domain.orders.queues import QueueLine
    from opsdesk.store.views.queue.first_page import FirstPage
    from opsdesk.store.views.queue.reading import PageKey
    from opsdesk.store.work import Done
    from opsdesk.widgets.rows import Row

_PAGE = 100
_MOST_ROWS = 5_000
"""Nobody scrolls further; a filter finds the rest, and the memory stays small."""


class OrdersScreen(QueueCommands):
    """The first screen of everybody's day."""

    PLACE = "1 ORDERS"
    NAME_OF_PLACE = "orders"
    KEYS = ("queue", "everywhere")
    TOPICS = frozenset({"order", "mail"})
    BODY_FOCUS = "#queue"
    BINDINGS: ClassVar[list[BindingType]] = bindings("queue")

    def __init__(self, view: SavedView = SavedView.TO_SHIP) -> None:
        super().__init__()
        self.asked = QueueQuery.of(view)
        self.counts: dict[SavedView, int] = {}
        self._next: PageKey | None = None
        self._new_ids: set[int] = set()

    def compose_body(self) -> ComposeResult:
        """Yield the views, the filter, the list and its preview."""
        yield ViewTabs(id="views")
        with Horizontal(id="filter-row"):
            yield Static(Content("Filter /"), classes="desk--prompt")
            yield FilterLine(id="filter")
        with Horizontal(id="queue-columns"):
            with Vertical(id="queue-list"):
                yield RecordTable(COLUMNS, id="queue")
            yield QueuePreview()
        yield Static(Content(""), id="queue-line")

    def on_mount(self) -> None:
        """Show the frame; the rows come when the store is open. Textual runs the base class's handler too."""
        self._show_views()
        if not self.desk.is_open:
            self.table.show({}, empty=("Opening the store ...",))

    # Reading.

    def greet(self, first: FirstPage) -> None:
        """Show the first page before the store is open. Nothing can be done to it until it has been read again."""
        self.counts = dict(first.counts)
        self.lines = {str(line.id): line for line in first.lines}
        with self.table.prevent(RecordTable.Pointed):
            self.table.show(
                self._rows(first.lines, me=first.user_name), empty=why_empty(self.asked.view, "", self.counts)
            )
        self._show_views()

    async def load(self) -> None:
        """Read the first page of the view and the counts of all views."""
        if not self.desk.is_signed_in:
            return
        from opsdesk.store.views.queue.counts import view_counts
        from opsdesk.store.views.queue.reading import queue_page

        now, user_id = self.desk.clock(), self.desk.actor.user_id
        asked = self._query()
        page, counts = await asyncio.gather(
            self.fetch(queue_page, asked, now=now, limit=_PAGE),
            self.fetch(view_counts, user_id=user_id, now=now),
        )
        if page is None or counts is None or not self.is_attached:
            return
        self.counts, self._next, self._new_ids = counts, page.next, set()
        self.lines = {str(line.id): line for line in page.lines}
        empty = why_empty(asked.view, asked.words, counts)
        self.table.show(self._rows(page.lines), empty=empty)
        self._show_views()
        if page.misread:
            self.say_no(
                f"The filter does not know {', '.join(page.misread)[:60]}. Try state:hold, due:<2h, total:>100."
            )

    @on(RecordTable.NearEnd, "#queue")
    def _near_end(self, event: RecordTable.NearEnd) -> None:
        if self._next is not None and len(self.lines) < _MOST_ROWS:
            run_latest(self, partial(self._read_on, self._next), "page")

    async def _read_on(self, after: PageKey) -> None:
        from opsdesk.store.views.queue.reading import queue_page

        asked = self._query()
        page = await self.fetch(queue_page, asked, now=self.desk.clock(), after=after, limit=_PAGE)
        if page is None or not self.is_attached or self._next is not after:
            return
        self._next = page.next
        self.lines |= {str(line.id): line for line in page.lines}
        self.table.append(self._rows(page.lines))
        self._show_views()

    def take_in(self, change: StoreChange) -> None:
        """Patch the rows that changed in place; count the new ones, and let nothing move."""
        self.run_worker(self._take_in(change), group="changes")

    async def _take_in(self, change: StoreChange) -> None:
        from opsdesk.store.views.queue.counts import view_counts
        from opsdesk.store.views.queue.reading import MOST_LINES, queue_lines, queue_page

        now, user_id = self.desk.clock(), self.desk.actor.user_id
        known = [order_id for order_id in change.order_ids if str(order_id) in self.lines][:MOST_LINES]
        changed, page, counts = await asyncio.gather(
            self.fetch(queue_lines, known, user_id=user_id, now=now),
            self.fetch(queue_page, self._query(), now=now, limit=min(MOST_LINES, max(_PAGE, len(self.lines)))),
            self.fetch(view_counts, user_id=user_id, now=now),
        )
        if changed is None or page is None or counts is None or not self.is_attached:
            return
        self.counts = counts
        self.lines |= {str(order_id): line for order_id, line in changed.items()}
        self.table.patch(self._rows(changed.values()))
        if change.is_own:
            self.remember_versions(str(order_id) for order_id in changed)
        present = {line.id for line in page.lines}
        self.table.strike(str(order_id) for order_id in known if order_id not in present)
        self._new_ids = {line.id for line in page.lines if str(line.id) not in self.lines}
        self._show_views()
        self.query_one(QueuePreview).reread(change.order_ids)
        self.show_keys()

    def done(self, done: Done) -> None:
        """Say what was done, and show it in its row."""
        super().done(done)
        if done.subject_id is not None:
            self.own_change([done.subject_id])

    def own_change(self, order_ids: Iterable[int]) -> None:
        """Show what this terminal has just changed."""
        self.take_in(StoreChange(frozenset({"order"}), frozenset(order_ids), is_own=True))

    def _query(self) -> QueueQuery:
        asked = self.asked
        return QueueQuery(asked.view, asked.sort, asked.descending, asked.words, self.desk.actor.user_id)

    def _rows(self, lines: Iterable[QueueLine], *, me: str = "") -> dict[str, Row]:
        now, zone, me = self.desk.clock(), self.desk.zone, me or self.desk.actor.name
        return {str(line.id): row_of(line, now, zone, self.host.glyphs, me=me) for line in lines}

    # Showing.

    def _show_views(self) -> None:
        tabs = [Tab(view.value, view.label, self.count_word(view), _view_tone(view, self.counts)) for view in SavedView]
        self.query_one("#views", ViewTabs).show(tabs, self.asked.view.value)
        new, marked = len(self._new_ids), len(self.table.marked)
        order = "↓" if self.asked.descending else "↑"
        self.show_state(
            (f"filter: {self.asked.words}" if self.asked.words else "", Tone.LOOK),
            (self._shown_word(), Tone.DIM),
            (f"sort {self.asked.sort.value} {order}", Tone.DIM),
            (f"{marked} marked" if marked else "", Tone.NOW),
            (f"{new} new, F5" if new else "", Tone.CHANGED),
        )

    def _shown_word(self) -> str:
        """Say how many are shown, and of how many where that is known."""
        if not self.counts:
            return ""
        shown = f"{len(self.lines)}{'+' if self._next is not None and self.asked.words else ''}"
        return f"{shown} found" if self.asked.words else f"{shown} of {self.count_word(self.asked.view)}"

    def count_word(self, view: SavedView) -> str:
        """Return how many orders a view has; a thousand and more are not counted further."""
        count = self.counts.get(view)
        if count is None:
            return ""
        return f"{MOST_COUNTED}+" if count >= MOST_COUNTED else str(count)

    def marks_changed(self) -> None:
        """Say how many are marked, and what F9 would do with them."""
        self._show_views()
        self.show_keys()

    @on(RecordTable.Pointed, "#queue")
    def _pointed(self, event: RecordTable.Pointed) -> None:
        if self.desk.is_signed_in:
            self.query_one(QueuePreview).point_at(int(event.key) if event.key else None)
            self.show_keys()

    # Views, sorting, filter.

    def ask(self, asked: QueueQuery) -> None:
        """Ask the queue something else."""
        self.asked = asked
        self._show_views()
        self.reload()

    def go_to_view(self, view: SavedView) -> None:
        """Go to a saved view; its filter is empty, its marks are gone."""
        self.query_one("#filter", FilterLine).put("")
        self.table.clear_marks()
        self.remove_class("-filtering")
        self.ask(QueueQuery.of(view))

    def sort_by(self, sort: Sort) -> None:
        """Sort by something else; again turns it round."""
        if sort not in self.asked.view.sorts:
            self.say_no(f"{self.asked.view.label} cannot be sorted by {sort.value}.")
            return
        is_same = sort is self.asked.sort
        descending = not self.asked.descending if is_same else sort is not Sort.DUE
        self.ask(QueueQuery(self.asked.view, sort, descending, self.asked.words))

    @on(ViewTabs.Chosen)
    def _view_clicked(self, event: ViewTabs.Chosen) -> None:
        self.go_to_view(SavedView(event.key))

    @on(RecordTable.HeadClicked)
    def _head_clicked(self, event: RecordTable.HeadClicked) -> None:
        if sort := SORTED_BY.get(event.column_key):
            self.sort_by(sort)

    @on(RecordTable.Opened, "#queue")
    def _opened(self) -> None:
        self.action_open()

    @on(FilterLine.Filtered)
    def _filtered(self, event: FilterLine.Filtered) -> None:
        words = event.text.strip()
        if event.is_final:
            self.set_class(bool(words), "-filtering")
            self.focus_body()
        if words != self.asked.words or event.is_final:
            self.ask(QueueQuery(self.asked.view, self.asked.sort, self.asked.descending, words))


def _view_tone(view: SavedView, counts: dict[SavedView, int]) -> Tone:
    if view is SavedView.LATE and counts.get(view):
        return Tone.ALARM
    return Tone.PLAIN if counts.get(view) else Tone.DIM
