"""What a kept screen does when it closes, and when it is opened again for something else."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, TypeVar

from textual import events
from textual.geometry import Size

from opsdesk.screens.frame.acting import Acting
from opsdesk.screens.frame.carrying import Banner
from opsdesk.widgets.paper import Paper
from opsdesk.widgets.scan_box import ScanBox

ResultT = TypeVar("ResultT")
SOON_ENOUGH_S = 0.1
"""So long a screen waits for what it shows before it comes up without it."""


class Reopening(Acting[ResultT]):
    """The part of a screen that outlives its closing; `frame/keeping.py` says which ones do."""

    IS_KEPT: ClassVar[bool] = False
    """It is set aside when it closes, and opened again instead of being built anew; it says how in `open_again`."""

    READS_AHEAD: ClassVar[bool] = False
    """Opened again, it is read before it comes up, so that it is laid out and painted once."""

    is_stale = False
    is_loaded = False
    is_aside = False
    """It has closed, and is kept for the next time."""

    is_ahead = False
    """It is built before anybody opens it: there is nothing to read yet."""

    is_begun_again = False
    """It has been opened again, and is not on top yet."""

    _theme_of_styles = ""

    async def load(self) -> None:
        """Read what the screen shows, through `fetch`, and show it."""

    @property
    def is_attached(self) -> bool:
        """False once it has closed, also where it is kept: what was asked before then is not shown any more."""
        return not self.is_aside and super().is_attached

    @property
    def is_free(self) -> bool:
        """True while it is set aside and nothing that it began is under way."""
        return self.is_aside and not self.under_way

    @property
    def is_empty(self) -> bool:
        """True where nothing of what it was opened for has been read."""
        return not self.is_loaded

    def closed(self, result: object) -> None:
        """Say what a screen or panel on top of this one did."""

    def release_keys(self) -> None:
        """Let keys go on."""

    async def lay_out(self, size: Size) -> None:
        """Fit everything to a terminal before the screen comes up for the first time."""
        fitted = asyncio.Event()
        self.post_message(events.Resize(size, size))
        self.call_later(fitted.set)
        await fitted.wait()
        self._refresh_layout(size)

    def set_aside(self) -> None:
        """Drop what is being read, and wait to be opened again."""
        self.is_aside = True
        self._theme_of_styles = self.app.theme
        self.workers.cancel_node(self)
        self.release_keys()

    def open_again(self, *args: object, **kwargs: object) -> None:
        """Begin anew, as if it had just been built with these; called before it is on top. Screens add their own."""
        self.is_aside = self.is_stale = self.is_loaded = False
        self.is_begun_again = True
        self.query_one("#find", ScanBox).value = ""
        for banner in self.query(Banner):
            banner.hide()
        self.say("")

    def show_nothing(self) -> None:
        """Take away what was shown of another record; screens add what is not on paper."""
        for paper in self.query(Paper):
            paper.show(lambda _width: ())

    def _on_timer_update(self) -> None:
        """Paint once what has to be laid out and painted; Textual paints what moved first, and then everything."""
        if self._layout_required and self._repaint_required:
            self._dirty_widgets.add(self)
            self._repaint_required = False
        super()._on_timer_update()

    async def open_read(self, screen: Reopening[Any]) -> None:
        """Read a kept screen before it comes up; for a slow store it comes up empty, and reads by itself."""
        reading = asyncio.ensure_future(screen.load())
        await asyncio.wait({reading}, timeout=SOON_ENOUGH_S)
        screen.is_loaded = reading.done()
        if screen.is_loaded:
            reading.result()
        else:
            reading.cancel()
        if screen.is_empty:
            screen.show_nothing()
        if self.is_attached:
            self.app.push_screen(screen, callback=self.closed)
        else:
            screen.set_aside()
