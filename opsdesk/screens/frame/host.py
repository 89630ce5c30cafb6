"""The app as the screens know it: one desk, keys in order, themes, undo, and the way from screen to screen."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.filter import LineFilter
from textual.screen import Screen
from textual.timer import Timer
from textual.worker import WorkerCancelled, WorkerFailed, active_worker

from opsdesk import theme
from opsdesk.domain.errors import Unavailable
from opsdesk.key_lane import KeyLane
from opsdesk.screens.frame.idle import Idle
from opsdesk.screens.frame.keeping import Kept
from opsdesk.screens.frame.latest import run_latest
from opsdesk.screens.frame.registry import SCREENS
from opsdesk.settings import Glyphs
from opsdesk.terminal.ascii_glyphs import ASCII_GLYPHS
from opsdesk.terminal.citizen import CitizenApp
from opsdesk.terminal.place import terminal_name

if TYPE_CHECKING:
    from opsdesk.desk import Desk
    from opsdesk.domain.people.actors import Actor
    from opsdesk.operations.jobs import JobResult
    from opsdesk.store.work import Done

MOST_UNDO = 50
_LOOK_AGAIN_S = 2.0


@dataclass(frozen=True, slots=True)
class StoreChange:
    """What somebody changed in the store: kinds of subjects, and which orders.

    Attributes:
        topics: kinds of subjects, e.g. `order`, `mail`, `user`.
        order_ids: the orders among them.
        is_own: True when this terminal changed it itself.
    """

    topics: frozenset[str]
    order_ids: frozenset[int] = frozenset()
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Undoable:
    """Something that was done here and can be taken back: one command, or a job of many."""

    words: str
    command_id: str
    job: JobResult | None = None


class DeskHost(CitizenApp[int], inherit_bindings=False):
    """Everything that screens ask of their app. `OpsDeskApp` wires it; tests use it as it is."""

    CSS_PATH = Path(__file__).parent.parent.parent / "opsdesk.tcss"
    # Textual's own go before those of every screen, and Ctrl+Q among them ends the program at once.
    BINDINGS: ClassVar[list[BindingType]] = []
    ENABLE_COMMAND_PALETTE = False
    FIRST_DEPTH: ClassVar[int] = 2
    """How many screens lie on each other when the first desk is on top."""

    def __init__(self, desk: Desk, *, theme_name: str = "dark") -> None:
        super().__init__(state_folder=desk.settings.state_folder)
        self.desk = desk
        self.key_lane = KeyLane(self, self._dispatch, self._take_scan)
        self.store_away_since: datetime | None = None
        self.alerts: tuple[str, ...] = ()
        self.terminal = terminal_name()
        self.idle = Idle(desk.clock, desk.settings.lock_after)
        self.own_commands: list[str] = []
        self._undo: list[Undoable] = []
        self._is_leading = False
        self.kept = Kept(self)
        self._look_again: Timer | None = None
        for name in theme.THEME_NAMES:
            self.register_theme(theme.theme(name))
        self.theme = f"opsdesk-{theme_name}"

    @property
    def glyphs(self) -> Glyphs:
        """Which characters symbols are drawn with."""
        return self.desk.settings.glyphs

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Draw with ASCII alone where the terminal's font has no more."""
        filters = super().get_line_filters()
        return [*filters, ASCII_GLYPHS] if self.glyphs is Glyphs.ASCII else filters

    def symbol(self, name: str) -> str:
        """Return a symbol for this terminal."""
        return theme.SYMBOLS[name].shown(self.glyphs)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give every tone a colour, whichever theme is on."""
        return theme.colours("dark")

    async def on_event(self, event: events.Event) -> None:
        """Take keys and pastes in order; everything else is Textual's."""
        is_input = isinstance(event, events.Key | events.Paste)
        if is_input and not event.is_forwarded:
            # A key that comes after the time was over belongs to whoever sits there now: it unlocks nothing.
            if not self.lock_if_idle():
                self.idle.touch()
                self.key_lane.take(event)
            return
        if isinstance(event, events.MouseEvent) and not self.lock_if_idle():
            self.idle.touch()
        await super().on_event(event)

    def on_mount(self) -> None:
        """Look once a second whether somebody is still there."""
        self.set_interval(1.0, self.lock_if_idle)

    def lock_if_idle(self) -> bool:
        """Lock the terminal if it was left alone for too long; return whether it was locked now."""
        if not self.idle.is_over:
            return False
        self.idle.touch()
        return self.lock_up(after_pause=True)

    def lock_up(self, *, after_pause: bool = False) -> bool:
        """Lock the terminal; return False when it is locked already or nobody works here."""
        from opsdesk.screens.people.lock import LockScreen

        if not self.desk.is_signed_in or any(isinstance(screen, LockScreen) for screen in self.screen_stack):
            return False
        self.push_screen(LockScreen(self.desk.actor.name, after_pause=after_pause))
        return True

    async def seat(self, actor: Actor) -> None:
        """Let somebody work here. What the one before had open is parked under their name, and closed.

        What they had given to be done is carried out first, in their name.
        """
        from opsdesk.screens.frame.base import DeskScreen

        desks = [screen for screen in self.screen_stack if isinstance(screen, DeskScreen)]
        for screen in reversed(desks):
            screen.leaving()
        await self._carried_out()
        while len(self.screen_stack) > self.FIRST_DEPTH:
            self.pop_screen()
        self.kept.forget()
        self.desk.switch(actor)
        self.forget_done()
        if desks:
            desks[0].seated()

    async def _carried_out(self) -> None:
        """Wait for the commands and drafts that were begun, except for the one that waits here."""
        mine = active_worker.get(None)
        begun = [worker for worker in self.workers if worker.group in ("writes", "quiet") and not worker.is_finished]
        for worker in begun:
            if worker is not mine:
                with suppress(WorkerFailed, WorkerCancelled):
                    await worker.wait()

    def _take_scan(self) -> None:
        """Let a scanned code fall into the find line instead of being taken for commands."""
        from opsdesk.keys import Mode
        from opsdesk.screens.frame.base import DeskScreen
        from opsdesk.screens.frame.panels import DeskPanel

        screen = self.screen
        if isinstance(screen, DeskScreen) and not isinstance(screen, DeskPanel) and screen.mode is Mode.BROWSE:
            screen.action_find()

    async def _dispatch(self, event: events.Event) -> None:
        if self._is_leading and isinstance(event, events.Key):
            self._is_leading = False
            await self._led(event)
            return
        await super().on_event(event)

    def lead(self) -> None:
        """Make the next key a command, whatever has the focus."""
        self._is_leading = True

    @property
    def is_leading(self) -> bool:
        """True between Ctrl+G and the key behind it."""
        return self._is_leading

    async def _led(self, event: events.Key) -> None:
        from opsdesk.keys import Mode, commands_of
        from opsdesk.screens.frame.base import DeskScreen

        screen = self.screen
        if not isinstance(screen, DeskScreen):
            return
        key = event.key
        for each in commands_of(*screen.KEYS):
            is_lane = key.isdigit() and each.f_key == int(key)
            if is_lane or (key in each.keys and each.mode is not Mode.ANY and not key.isdigit()):
                await screen.run_command(each.id)
                return
        screen.led_nowhere(event.key)

    def screen_for(self, name: str, *args: object, **kwargs: object) -> Screen[object] | None:
        """Return the screen of this name, kept or new, or None when this version has none."""
        module_name, _, class_name = SCREENS.get(name, "").partition(":")
        if not module_name or find_spec(module_name.rpartition(".")[0]) is None or find_spec(module_name) is None:
            return None
        return self.kept.screen(getattr(import_module(module_name), class_name), *args, **kwargs)

    def pop_screen(self) -> AwaitComplete:
        """Close the screen on top; one that is kept is told so before anything else happens."""
        closed, popping = self.screen, super().pop_screen()
        self.kept.closed(closed)
        return popping

    def note_done(self, done: Done) -> None:
        """Keep a command that can be taken back, the newest last."""
        self.own_commands = [*self.own_commands, done.command_id][-MOST_UNDO:]
        if done.can_undo:
            self._undo = [*self._undo, Undoable(done.message, done.command_id)][-MOST_UNDO:]

    def note_job(self, result: JobResult) -> None:
        """Keep a job, which is taken back as one."""
        self.own_commands = [*self.own_commands, result.job_id][-MOST_UNDO:]
        if result.done:
            self._undo = [*self._undo, Undoable(result.message, result.job_id, result)][-MOST_UNDO:]

    @property
    def undoable(self) -> Undoable | None:
        """The newest thing that this person did and that can still be taken back."""
        return self._undo[-1] if self._undo else None

    def forget_done(self, command_id: str | None = None) -> None:
        """Forget one command, or all of them when somebody else sits down."""
        self._undo = [done for done in self._undo if command_id is not None and done.command_id != command_id]

    def tell_screens(self, change: StoreChange) -> None:
        """Tell every open screen that the store has changed."""
        from opsdesk.screens.frame.base import DeskScreen

        for screen in self.screen_stack:
            if isinstance(screen, DeskScreen):
                screen.store_changed(change)

    def show_alerts(self, alerts: tuple[str, ...]) -> None:
        """Say in the first line what needs somebody."""
        if alerts != self.alerts:
            self.alerts = alerts
            self._refresh_titles()

    def store_is_away(self) -> None:
        """Remember since when the store does not answer."""
        if self.store_away_since is None:
            self.store_away_since = self.desk.clock()
            self._look_again = self.set_interval(_LOOK_AGAIN_S, self._look_for_store)
            self._refresh_titles()

    def store_is_back(self) -> None:
        """The store answers again."""
        if self.store_away_since is None:
            return
        self.store_away_since = None
        if self._look_again is not None:
            self._look_again.stop()
        self._refresh_titles()

    def _look_for_store(self) -> None:
        run_latest(self, self._ask_store, "store")

    async def _ask_store(self) -> None:
        from opsdesk.screens.frame.base import DeskScreen
        from opsdesk.store.views.users import has_admin

        try:
            await self.desk.read(has_admin)
        except Unavailable:
            return
        self.store_is_back()
        screen = self.screen
        if isinstance(screen, DeskScreen):
            screen.say("The store answers again.")
            screen.reload()

    def _refresh_titles(self) -> None:
        from opsdesk.screens.frame.base import DeskScreen

        if isinstance(self.screen, DeskScreen):
            self.screen.show_title()
