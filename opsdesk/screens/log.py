"""Everything that happened to one order, page by page, each moment with what was before and the mail that went out."""

from __future__ import annotations

from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content

from opsdesk.screens.frame.base import DeskScreen
from opsdesk.screens.frame.host import StoreChange
from opsdesk.screens.frame.latest import run_latest
from opsdesk.screens.order.panels import DIM, PLAIN
from opsdesk.screens.order.timeline import MOMENT_SYMBOLS, changes_of
from opsdesk.screens.order.words import moment, stamp
from opsdesk.store.views.mails.listing import MailText, mail_text
from opsdesk.store.views.orders.detail import OrderDetail, order_detail
from opsdesk.store.views.orders.timeline import MomentKind, TimelineLine, timeline
from opsdesk.theme import Tone
from opsdesk.widgets.paper import Paper, heading, paragraph
from opsdesk.widgets.record_table import RecordTable
from opsdesk.widgets.rows import Cell, Column, Row

_PAGE = 100
_READ_AFTER_S = 0.1
_COLUMNS = (
    Column("at", "WHEN", 12, align="right"),
    Column("symbol", "", 1),
    Column("who", "WHO", 10),
    Column("what", "WHAT", 20, grows=True),
)


class LogScreen(DeskScreen[None]):
    """The whole history of an order; the moment under the pointer is told in full beside it."""

    PLACE = "LOG"
    TOPICS = frozenset({"order", "mail"})
    BODY_FOCUS = "#moments"
    CSS_PATH = "log.tcss"

    def __init__(self, order_id: int) -> None:
        super().__init__()
        self.order_id = order_id
        self.detail: OrderDetail | None = None
        self.moments: dict[str, TimelineLine] = {}
        self._is_whole = False

    def compose_body(self) -> ComposeResult:
        """Yield the list, and the moment beside it."""
        with Horizontal(id="log-columns"):
            with Vertical(id="log-list"):
                yield RecordTable(_COLUMNS, id="moments")
            with VerticalScroll(id="log-side", can_focus=True):
                yield Paper(id="log-moment")

    @property
    def table(self) -> RecordTable:
        """The list."""
        return self.query_one("#moments", RecordTable)

    @property
    def pointed(self) -> TimelineLine | None:
        """The moment under the pointer."""
        return self.moments.get(self.table.pointed or "")

    async def load(self) -> None:
        """Read the newest page."""
        now = self.desk.clock()
        detail = await self.fetch(order_detail, self.order_id, user_id=self.desk.actor.user_id, now=now)
        page = await self.fetch(timeline, self.order_id, limit=_PAGE)
        if detail is None or page is None or not self.is_attached:
            return
        self.detail, self.moments = detail, {}
        self._take(page)
        self.table.show(self._rows(self.moments), empty=("Nothing has happened to this order yet.",))
        self.show_state((f"{len(self.moments)} moments{'' if self._is_whole else ', more below'}", Tone.DIM))
        self.show_title()
        self._read_pointed()

    def take_in(self, change: StoreChange) -> None:
        """Read again when it is this order that changed."""
        if not change.order_ids or self.order_id in change.order_ids:
            self.reload()

    def title_parts(self) -> tuple[tuple[str, Tone], ...]:
        """Say whose history it is."""
        return ((f"{self.detail.number} {self.detail.head.customer_name}", Tone.PLAIN),) if self.detail else ()

    def _take(self, page: list[TimelineLine]) -> dict[str, TimelineLine]:
        fresh = {f"{each.id}-{number}": each for number, each in enumerate(page, len(self.moments))}
        self.moments |= fresh
        self._is_whole = bool(page) and page[-1].kind is MomentKind.PLACED
        return fresh

    def _rows(self, moments: dict[str, TimelineLine]) -> dict[str, Row]:
        now, zone = self.desk.clock(), self.desk.zone
        rows: dict[str, Row] = {}
        for key, each in moments.items():
            name, tone = MOMENT_SYMBOLS[each.kind]
            state = f"  {each.mail_state.word}" if each.mail_state is not None else ""
            rows[key] = (
                Cell(stamp(each.at, now, zone).strip(), Tone.DIM),
                Cell(self.host.symbol(name).strip("[]"), tone),
                Cell(each.actor),
                Cell(f"{each.words}{state}"),
            )
        return rows

    @on(RecordTable.NearEnd, "#moments")
    def _near_end(self) -> None:
        if not self._is_whole:
            run_latest(self, self._read_on, "page")

    async def _read_on(self) -> None:
        oldest = min((each.id for each in self.moments.values() if each.id), default=0)
        page = await self.fetch(timeline, self.order_id, before_id=oldest, limit=_PAGE) if oldest else None
        if page and self.is_attached:
            self.table.append(self._rows(self._take(page)))
            self.show_state((f"{len(self.moments)} moments{'' if self._is_whole else ', more below'}", Tone.DIM))

    @on(RecordTable.Pointed, "#moments")
    def _pointed(self) -> None:
        self.set_timer(_READ_AFTER_S, self._read_pointed)

    def _read_pointed(self) -> None:
        run_latest(self, self._show_pointed, "preview")

    async def _show_pointed(self) -> None:
        each = self.pointed
        if each is None:
            self.query_one("#log-moment", Paper).show(lambda _width: ())
            return
        mail = await self.fetch(mail_text, each.mail_id) if each.mail_id is not None else None
        if self.is_attached and self.pointed is each:
            self.query_one("#log-moment", Paper).show(partial(self._lines, each, mail))

    def _lines(self, each: TimelineLine, mail: MailText | None, width: int) -> list[Content]:
        now, zone = self.desk.clock(), self.desk.zone
        lines = [
            *paragraph(f"{moment(each.at, now, zone)}  {each.actor}", width, style=f"bold {PLAIN}"),
            *paragraph(each.words, width),
        ]
        if each.kind is MomentKind.NOTE and each.after:
            lines += [Content(""), *paragraph(each.after, width)]
        for change in changes_of(each):
            lines += paragraph(change, width, style=DIM)
        if mail is not None:
            lines += _mail_lines(mail, width)
        return lines


def _mail_lines(mail: MailText, width: int) -> list[Content]:
    error = [f"Last answer: {mail.line.last_error}"] if mail.line.last_error else []
    head = [f"To {mail.line.recipient}, in {mail.language}", f"Subject: {mail.line.subject}", *error]
    return [
        Content(""),
        heading("MAIL", width, mail.line.state.word),
        *(line for text in head for line in paragraph(text, width, style=DIM)),
        Content(""),
        *paragraph(mail.text.rstrip(), width),
    ]
