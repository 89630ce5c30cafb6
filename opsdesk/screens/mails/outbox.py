"""The outbox: every mail in its grace time, on its way, failed or in doubt, and whether anybody sends it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from opsdesk.keys import bindings
from opsdesk.screens.frame.host import StoreChange
from opsdesk.screens.frame.latest import run_latest
from opsdesk.screens.mails.outbox_commands import OutboxCommands
from opsdesk.screens.mails.outbox_rows import COLUMNS, is_counting, one_line, row_of, sheet_lines, why_empty
from opsdesk.theme import Tone
from opsdesk.widgets.filter_line import FilterLine
from opsdesk.widgets.paper import Paper
from opsdesk.widgets.record_table import RecordTable
from opsdesk.widgets.view_tabs import Tab, ViewTabs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsdesk.store.views.mails.listing import MailLine
    from opsdesk.store.views.mails.outbox import MailView, OutboxPage, WorkerSeen
    from opsdesk.widgets.rows import Row

_MOST_ROWS = 2_000
_READ_AFTER_S = 0.1
"""Walking down the list reads nothing; standing still does."""


class OutboxScreen(OutboxCommands):
    """Screen 9."""

    PLACE = "9 OUTBOX"
    NAME_OF_PLACE = "outbox"
    KEYS = ("outbox", "everywhere")
    TOPICS = frozenset({"order", "mail"})
    BODY_FOCUS = "#mails"
    BINDINGS: ClassVar[list[BindingType]] = bindings("outbox")
    CSS_PATH = "outbox.tcss"

    _worker: WorkerSeen | None = None
    _page: OutboxPage | None = None
    _new_count = 0

    def compose_body(self) -> ComposeResult:
        """Yield the views, the filter, the list and the mail beside it."""
        yield ViewTabs(id="views")
        with Horizontal(id="filter-row"):
            yield Static(Content("Filter /"), classes="desk--prompt")
            yield FilterLine(id="filter")
        with Horizontal(id="outbox-columns"):
            with Vertical(id="outbox-list"):
                yield RecordTable(COLUMNS, id="mails")
            with VerticalScroll(id="mail-preview", can_focus=False):
                yield Paper(id="mail-paper")
        yield Static(Content(""), id="mail-line")

    def on_mount(self) -> None:
        """Count the last minute of each mail down. Textual runs the base class's handler too."""
        self.set_interval(1.0, self._count_down)

    async def load(self) -> None:
        """Read the first page of the view, how many there are, and whether a worker sends them."""
        from opsdesk.store.views.mails.outbox import outbox_counts, outbox_page, worker_seen

        page, counts, worker = await asyncio.gather(
            self.fetch(outbox_page, self.view),
            self.fetch(outbox_counts),
            self.fetch(worker_seen, now=self.desk.clock()),
        )
        if page is None or counts is None or not self.is_attached:
            return
        self._page, self._worker, self.counts, self._new_count = page, worker, counts, 0
        self.lines = {str(line.id): line for line in page.lines}
        self._show_rows()
        self._read_pointed()

    def take_in(self, change: StoreChange) -> None:
        """Patch what changed in place; count what is new, and let nothing move."""
        run_latest(self, self._take_in, "changes")

    async def _take_in(self) -> None:
        from opsdesk.store.views.mails.outbox import mails_by_id, outbox_counts, outbox_page, worker_seen

        known = [int(key) for key in self.lines]
        now_lines, page, counts, worker = await asyncio.gather(
            self.fetch(mails_by_id, known),
            self.fetch(outbox_page, self.view),
            self.fetch(outbox_counts),
            self.fetch(worker_seen, now=self.desk.clock()),
        )
        if now_lines is None or page is None or counts is None or not self.is_attached:
            return
        self._worker, self.counts = worker, counts
        self.lines |= {str(line.id): line for line in now_lines}
        self.table.patch(self._rows(now_lines))
        present = {str(line.id) for line in page.lines}
        self._new_count = len(present - set(self.lines))
        self.table.strike(key for key in self.table.keys[: len(page.lines)] if key not in present)
        self._show_state()
        self._read_pointed()
        self.show_keys()

    @on(RecordTable.NearEnd, "#mails")
    def _near_end(self) -> None:
        if self._page is not None and self._page.next is not None and len(self.lines) < _MOST_ROWS:
            run_latest(self, partial(self._read_on, self._page), "page")

    async def _read_on(self, before: OutboxPage) -> None:
        from opsdesk.store.views.mails.outbox import outbox_page

        page = await self.fetch(outbox_page, self.view, after=before.next)
        if page is None or not self.is_attached or self._page is not before:
            return
        self._page = page
        self.lines |= {str(line.id): line for line in page.lines}
        self.table.append(self._rows(self._matching(page.lines)))
        self._show_state()

    def _show_rows(self) -> None:
        rows = self._rows(self._matching(self.lines.values()))
        self.table.show(rows, empty=why_empty(self.view, self.words, self.counts))
        self._show_state()
        self.show_keys()

    def _matching(self, lines: Iterable[MailLine]) -> list[MailLine]:
        words = self.words.casefold().split()
        return [
            line
            for line in lines
            if all(word in f"{line.order_number} {line.recipient} {line.subject}".casefold() for word in words)
        ]

    def _rows(self, lines: Iterable[MailLine]) -> dict[str, Row]:
        now, zone = self.desk.clock(), self.desk.zone
        return {str(line.id): row_of(line, now, zone, self.host.glyphs) for line in lines}

    def _show_state(self) -> None:
        from opsdesk.store.views.mails.outbox import MailView

        tabs = [Tab(view.value, view.label, self._count_word(view), self._tone(view)) for view in MailView]
        self.query_one("#views", ViewTabs).show(tabs, self.view.value)
        self.show_state(
            (f"filter: {self.words}" if self.words else "", Tone.LOOK),
            (f"{len(self.table.keys)} shown", Tone.DIM),
            (f"{self._new_count} new, F5" if self._new_count else "", Tone.CHANGED),
        )
        self.show_title()

    def _count_word(self, view: MailView) -> str:
        count = self.counts.get(view)
        return "" if count is None else "1000+" if count >= 1000 else str(count)

    def _tone(self, view: MailView) -> Tone:
        if not self.counts.get(view):
            return Tone.DIM
        return {"failed": Tone.ALARM, "in doubt": Tone.DOUBT}.get(view.value, Tone.PLAIN)

    def title_parts(self) -> tuple[tuple[str, Tone], ...]:
        """Say in the first line whether anybody sends the mails."""
        if self._worker is None:
            return ()
        if not self.desk.settings.smtp_url:
            return ((f"{self.host.symbol('look')} no mail server is set: mails wait", Tone.LOOK),)
        if self._worker.is_running:
            return ((f"{self.host.symbol('done')} worker runs", Tone.GOOD),)
        seen = self._worker.last_seen
        since = f" since {seen.astimezone(self.desk.zone):%d %b %H:%M}" if seen else ""
        return ((f"{self.host.symbol('look')} no worker runs{since}: mails wait", Tone.LOOK),)

    def _count_down(self) -> None:
        now = self.desk.clock()
        counting = [line for line in self.lines.values() if is_counting(line, now)]
        if counting and self.is_active:
            self.table.patch(self._rows(counting))

    # The mail beside the list.

    @on(RecordTable.Pointed, "#mails")
    def _pointed(self) -> None:
        self.show_keys()
        self.set_timer(_READ_AFTER_S, self._read_pointed)

    def _read_pointed(self) -> None:
        run_latest(self, self._read_mail, "preview")

    async def _read_mail(self) -> None:
        from opsdesk.store.views.mails.listing import mail_text

        line = self.line
        paper = self.query_one("#mail-paper", Paper)
        if line is None:
            paper.show(lambda _width: ())
            self.query_one("#mail-line", Static).update(Content(""))
            return
        mail = await self.fetch(mail_text, line.id)
        if mail is not None and self.is_attached and self.line is not None and self.line.id == mail.line.id:
            now, zone = self.desk.clock(), self.desk.zone
            paper.show(partial(sheet_lines, mail, now, zone, self.host.symbol))
            self.query_one("#mail-line", Static).update(Content.styled(one_line(mail.line), Tone.DIM.style))

    # Views and filter.

    @on(ViewTabs.Chosen)
    def _view_clicked(self, event: ViewTabs.Chosen) -> None:
        from opsdesk.store.views.mails.outbox import MailView

        self.go_to_view(MailView(event.key))

    @on(RecordTable.Opened, "#mails")
    async def _opened(self) -> None:
        await self.run_action("open")

    @on(FilterLine.Filtered)
    def _filtered(self, event: FilterLine.Filtered) -> None:
        self.words = event.text.strip()
        if event.is_final:
            self.set_class(bool(self.words), "-filtering")
            self.focus_body()
        self._show_rows()
