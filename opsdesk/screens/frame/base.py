"""DeskScreen: what every desk has. Title, find line, last result, key bar, reading, live refresh."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from opsdesk.keys import PLACES, bindings
from opsdesk.screens.frame.carrying import Banner
from opsdesk.screens.frame.finding import find_anything
from opsdesk.screens.frame.host import StoreChange
from opsdesk.screens.frame.latest import run_latest
from opsdesk.screens.frame.reopening import Reopening
from opsdesk.theme import Tone
from opsdesk.widgets.key_bar import KeyBar
from opsdesk.widgets.lines import MessageLine, Said, StateLine, TitleLine
from opsdesk.widgets.scan_box import ScanBox

ResultT = TypeVar("ResultT")
_CLOCK_S = 5.0
_READING_SHOWN_S = 0.15
_READING = "reading ..."
_WIDTHS: list[tuple[int, str]] | None = [(0, "-narrow"), (118, "-wide")]
_HEIGHTS: list[tuple[int, str]] | None = [(0, "-short"), (34, "-tall")]


class DeskScreen(Reopening[ResultT]):
    """A desk. A subclass names its `PLACE`, `KEYS` and `TOPICS`, yields its body and reads it in `load`."""

    PLACE: ClassVar[str] = ""
    """What the first line calls it, e.g. `1 ORDERS`."""

    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS

    TOPICS: ClassVar[frozenset[str]] = frozenset()
    """Kinds of subjects that it shows; a change to one of them is read in."""

    AUTO_FOCUS: ClassVar[str | None] = ""
    BODY_FOCUS: ClassVar[str] = ""
    """Selector of the part that has the focus when nothing is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("everywhere"),
        *(Binding(place.digit, f"go('{place.name}')", show=False) for place in PLACES if place.digit),
    ]

    _let_go: Callable[[], None] | None = None
    _reading: object | None = None

    def compose(self) -> ComposeResult:
        """Lay out the lines that every desk has, with the body between them."""
        yield TitleLine()
        with Horizontal(classes="desk--find"):
            yield Static(Content("Find >"), classes="desk--prompt")
            yield ScanBox(id="find")
            yield StateLine()
        with Vertical(classes="desk--body"):
            yield from self.compose_body()
        yield Banner()
        yield MessageLine()
        yield KeyBar()

    def compose_body(self) -> ComposeResult:
        """Yield what this desk shows."""
        yield from ()

    def title_parts(self) -> tuple[tuple[str, Tone], ...]:
        """Return what the first line says besides screen, mode, user and alerts."""
        return ()

    def on_mount(self) -> None:
        """Paint the frame at once, then read. A program that ends meanwhile lays nothing out."""
        if not self.children:
            return
        self.watch(self, "focused", self._focus_moved, init=False)
        self.set_interval(_CLOCK_S, self.show_title)
        self.show_title()
        self.show_keys()
        self.focus_body()
        if self.desk.is_open and not self.is_ahead:
            self.reload()

    def on_resize(self) -> None:
        """Fit the lines to the new width."""
        self.call_after_refresh(self._fit)

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Read in what changed while another screen was on top."""
        if self.is_begun_again and self._theme_of_styles == self.app.theme:
            event.refresh_styles = False
        self.show_title()
        self.show_keys()
        if self.is_begun_again:
            self.focus_body()
        is_unread = self.is_begun_again and not self.is_loaded
        if (self.is_stale or is_unread) and self.desk.is_open:
            self.reload()
            self.is_stale = False
        self.is_begun_again = False

    def focus_body(self) -> None:
        """Go to the part of the screen that is worked in."""
        found = self.query(self.BODY_FOCUS).first() if self.BODY_FOCUS and self.query(self.BODY_FOCUS) else None
        self.set_focus(found)

    def reload(self) -> None:
        """Read the screen again; an older reading that is still under way is dropped. Keys wait for it a moment."""
        self.release_keys()
        self._let_go = self.host.key_lane.hold()
        run_latest(self, self._read, "reload")

    async def _read(self) -> None:
        self._reading = mine = object()
        before = self.said
        reading = self.set_timer(_READING_SHOWN_S, lambda: self._say_reading(mine, before))
        try:
            await self.load()
            self.is_loaded = True
        finally:
            reading.stop()
            if self._reading is mine:
                self._reading = None
                if self.message == _READING:
                    self.show_said(before)
                self.release_keys()
        self.show_title()
        self.show_keys()

    def _say_reading(self, mine: object, before: Said) -> None:
        # The timer may have gone off just before the answer came, or behind what the screen has said of it already.
        if self._reading is mine and self.said == before:
            self.say(_READING, hint="F3 leaves")

    def release_keys(self) -> None:
        """Let keys go on that wait for a reading."""
        if self._let_go is not None:
            self._let_go()
            self._let_go = None

    def on_unmount(self) -> None:
        """Let keys go on if the screen was closed while it was still reading."""
        self.release_keys()

    def seated(self) -> None:
        """Begin anew for somebody who has just signed in."""
        self.say(f"{self.desk.actor.name} works here now.")
        self.reload()

    def store_changed(self, change: StoreChange) -> None:
        """Take in a change if it concerns this screen; later if another screen is on top."""
        if self.TOPICS.isdisjoint(change.topics):
            return
        if self.is_active:
            self.take_in(change)
        else:
            self.is_stale = True

    def take_in(self, change: StoreChange) -> None:
        """Show what changed. Lists patch their rows in place instead of reading everything again."""
        self.reload()

    def show_title(self) -> None:
        """Bring the first line up to date; nothing is drawn when it reads the same."""
        for line in self.query(TitleLine):
            now = self.desk.clock().astimezone(self.desk.zone)
            parts: list[tuple[str, Tone]] = []
            if self.desk.is_open and self.app.size.width >= 100:
                parts.append((self.desk.shop.facts.name, Tone.PLAIN))
            if self.desk.is_signed_in:
                parts.append((self.desk.actor.name, Tone.PLAIN))
            if since := self.host.store_away_since:
                parts.append((f"store away since {since.astimezone(self.desk.zone):%H:%M}, trying again", Tone.ALARM))
            parts += [(f"{self.host.symbol('look')} {alert}", Tone.LOOK) for alert in self.host.alerts]
            line.show(self.PLACE, self.mode.value, (*parts, *self.title_parts()), f"{now:%a %d %b %H:%M}")

    def show_state(self, *parts: tuple[str, Tone]) -> None:
        """Say at the right of the find line what the screen shows."""
        self.query_one(StateLine).show(*parts)

    def open_panel(self, panel: Screen[object]) -> None:
        """Open a panel or screen on top; what it did is said here when it closes."""
        self.app.push_screen(panel, callback=self.closed)

    def closed(self, result: object) -> None:
        """Say what a panel did, if it did something."""
        if hasattr(result, "command_id") and hasattr(result, "can_undo"):
            self.done(result)  # type: ignore[arg-type]  # a Done, whose class is imported with the store

    def open_named(self, name: str, *args: object, **kwargs: object) -> bool:
        """Open the screen of this name, or say that this version has none."""
        screen = self.host.screen_for(name, *args, **kwargs)
        if screen is None:
            self.say_no(f"There is no screen for this yet ({name}).")
            return False
        if isinstance(screen, DeskScreen) and screen.is_begun_again and screen.READS_AHEAD:
            self.begin(self.open_read(screen))
        else:
            self.open_panel(screen)
        return True

    def _focus_moved(self) -> None:
        self.show_title()
        self.show_keys()

    def _fit(self) -> None:
        self.show_title()
        self.show_keys()

    @on(ScanBox.Scanned, "#find")
    def _looked_for(self, event: ScanBox.Scanned) -> None:
        event.stop()
        self.focus_body()
        self.begin(find_anything(self, event.text))

    @on(ScanBox.Left, "#find")
    def _find_left(self, event: ScanBox.Left) -> None:
        event.stop()
        self.focus_body()
