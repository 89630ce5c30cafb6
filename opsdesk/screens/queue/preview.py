"""The preview beside the queue: it follows the pointer a moment later, and always says which order it shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from opsdesk.screens.frame.carrying import Carrying
from opsdesk.screens.frame.latest import run_latest
from opsdesk.theme import Tone
from opsdesk.widgets.paper import Draw
from opsdesk.widgets.sheet import Sheet

if TYPE_CHECKING:
    from opsdesk.domain.orders.queues import QueueLine
    from opsdesk.store.views.orders.detail import OrderDetail
    from opsdesk.store.views.orders.timeline import TimelineLine

_DELAY_S = 0.1
"""Walking down the list asks nothing; standing still does."""

_MOMENTS = 5


class QueuePreview(Sheet):
    """Shows one order. Until the next one has been read it goes on showing, and naming, the one before."""

    def __init__(self) -> None:
        super().__init__(id="preview")
        self._draw_lines: Draw = lambda _width: ()
        self._wanted: int | None = None
        self._shown: OrderDetail | None = None
        self._pause: Timer | None = None

    def draw(self, width: int, height: int) -> Sequence[Content]:
        """Return the order's lines."""
        return [Content(" ") + line for line in self._draw_lines(max(8, width - 2))]

    def _show(self, lines: Draw) -> None:
        self._draw_lines = lines
        self.redraw()

    @property
    def is_behind(self) -> bool:
        """True until the order under the pointer is the one that is shown."""
        return self._wanted is not None and (self._shown is None or self._shown.id != self._wanted)

    def point_at(self, order_id: int | None) -> None:
        """Follow the pointer, a moment later."""
        if order_id == self._wanted:
            return
        self._wanted = order_id
        if self._pause is not None:
            self._pause.stop()
        if order_id is None:
            self._shown = None
            self._show(lambda _width: ())
            return
        self._pause = self.set_timer(_DELAY_S, self._read)

    def reread(self, order_ids: Iterable[int]) -> None:
        """Read the order again if it is one of those that changed."""
        if self._wanted in set(order_ids):
            self._read()

    def detail_of(self, line: QueueLine) -> OrderDetail | None:
        """Return everything about an order, if it is the one that is shown and still as it was."""
        shown = self._shown
        return shown if shown is not None and (shown.id, shown.version) == (line.id, line.version) else None

    def _read(self) -> None:
        run_latest(self.screen, self._read_in, "preview")

    async def _read_in(self) -> None:
        from opsdesk.store.views.orders.detail import order_detail
        from opsdesk.store.views.orders.timeline import timeline

        screen, wanted = self.screen, self._wanted
        if wanted is None or not isinstance(screen, Carrying):
            return
        desk = screen.desk
        detail = await screen.fetch(order_detail, wanted, user_id=desk.actor.user_id, now=desk.clock())
        moments = await screen.fetch(timeline, wanted, limit=_MOMENTS)
        if wanted != self._wanted or not self.is_attached:
            return
        if detail is None or moments is None:
            self._show(lambda _width: (Content("This order is not in the store any more."),))
            return
        self._shown = detail
        self._show_order(detail, moments, screen)

    def _show_order(self, detail: OrderDetail, moments: Sequence[TimelineLine], screen: Carrying[object]) -> None:
        from opsdesk.screens.order.panels import Seen
        from opsdesk.screens.queue.preview_lines import one_line, preview_lines

        seen = Seen(detail, screen.desk.clock(), screen.desk.zone, screen.host.symbol)
        self._show(lambda width: preview_lines(seen, moments, width))
        screen.query_one("#queue-line", Static).update(Content.styled(one_line(seen), Tone.DIM.style), layout=False)
        if hasattr(screen, "show_keys"):
            screen.show_keys()
