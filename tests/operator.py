"""A person at the desk, for tests: presses keys, types, sees what stands on the screen."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import gettempdir
from zoneinfo import ZoneInfo

from textual import events
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip

from opsdesk.desk import Desk, OpenedShop
from opsdesk.domain.people.actors import Actor
from opsdesk.screens.frame.host import DeskHost
from opsdesk.settings import Glyphs, Settings, data_folder

WIDE = (120, 36)
NARROW = (80, 24)
_LONGEST_S = 10.0


def settings(url: str, *, glyphs: Glyphs = Glyphs.UNICODE, state: Path | None = None) -> Settings:
    """Return settings that say the same on every machine."""
    folder = state or Path(os.environ.get("XDG_STATE_HOME", gettempdir())) / "opsdesk"
    return Settings(url, folder, folder / "templates", None, ZoneInfo("Europe/Berlin"), glyphs)


def desk_at(url: str, actor: Actor | None, clock: Callable[[], datetime], *, glyphs: Glyphs = Glyphs.UNICODE) -> Desk:
    """Return a desk at a store; it opens by itself with the screen."""
    chosen = settings(url, glyphs=glyphs)
    return Desk(lambda: open_shop(chosen), chosen, actor=actor, clock=clock)


def open_shop(chosen: Settings) -> OpenedShop:
    """Open the store and the letters as the app does, with the shipped templates alone."""
    from opsdesk.integrations.fraud_files import fraud_on_demand
    from opsdesk.integrations.mail.opening import open_statuses, open_writer
    from opsdesk.integrations.shop_files import open_carriers
    from opsdesk.store.engine import open_store
    from opsdesk.store.views.shop import shop

    store = replace(open_store(chosen.store_url), fraud=fraud_on_demand(data_folder()), zone=chosen.zone)
    with store.reading() as session:
        found = shop(session, chosen.zone)
    writer = open_writer(data_folder(), None, found.facts)
    return OpenedShop(store, writer, open_statuses(data_folder()), found, open_carriers(data_folder()))


class DeskApp(DeskHost):
    """The app with one screen on it and an opened desk."""

    def __init__(self, desk: Desk, first: Callable[[], Screen[object]], *, theme_name: str = "dark") -> None:
        super().__init__(desk, theme_name=theme_name)
        self._first = first

    async def on_mount(self) -> None:
        await self.desk.open()
        await self.push_screen(self._first())

    async def on_unmount(self) -> None:
        await self.desk.close()


class Operator:
    """Presses keys on a running app and waits until they have had their effect."""

    def __init__(self, pilot: Pilot[int]) -> None:
        self.pilot = pilot
        self.app = pilot.app

    @property
    def screen(self) -> Screen[object]:
        return self.app.screen

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, each after the last has had its effect."""
        for key in keys:
            await self.pilot.press(key)
            await self.settle()

    async def burst(self, *keys: str) -> None:
        """Press keys faster than anything can answer, as type-ahead and scanners do."""
        await self.pilot.press(*keys)
        await self.settle()

    async def type(self, text: str) -> None:
        """Type a text."""
        await self.pilot.press(*text)
        await self.settle()

    async def paste(self, text: str) -> None:
        """Paste a text, which arrives as one."""
        self.app.post_message(events.Paste(text))
        await self.settle()

    async def settle(self, *, with_preview: bool = False) -> None:
        """Wait until no key waits, nothing is read or written, and the screen is drawn."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _LONGEST_S
        calm = 0
        while calm < 3:
            if loop.time() > until:
                raise AssertionError("The app does not come to rest.")
            await self.pilot.pause()
            busy = [worker for worker in self.app.workers if not (worker.is_finished or worker.is_cancelled)]
            # A worker that waits for the answer of an open panel waits for the person, not for the machine.
            is_busy = len(busy) > self._asked
            desk, lane = getattr(self.app, "desk", None), getattr(self.app, "key_lane", None)
            is_opening = desk is not None and not (desk.is_open and len(self.app.screen_stack) >= self.app.FIRST_DEPTH)
            is_busy = is_busy or is_opening or (with_preview and self._preview_is_behind)
            calm = calm + 1 if not is_busy and (lane is None or lane.is_idle) else 0
            if is_busy:
                await asyncio.wait([asyncio.ensure_future(asyncio.sleep(0.005))])

    @property
    def _asked(self) -> int:
        waiting = [callback for screen in self.app.screen_stack for callback in screen._result_callbacks]
        return sum(callback.future is not None and not callback.future.done() for callback in waiting)

    @property
    def _preview_is_behind(self) -> bool:
        return any(getattr(preview, "is_behind", False) for preview in self.app.screen.query("QueuePreview"))

    async def pass_time(self, seconds: float) -> None:
        """Let timers of the app go off."""
        await asyncio.sleep(seconds)
        await self.settle(with_preview=True)

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, line by line."""
        return [strip.text for strip in _strips(self.app.screen)]

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(self.lines)

    def sees(self, words: str) -> bool:
        """Say whether the words stand on the screen."""
        return words in self.text


def _strips(screen: Screen[object]) -> list[Strip]:
    return screen._compositor.render_strips()


@asynccontextmanager
async def working(app: DeskHost, *, size: tuple[int, int] = WIDE) -> AsyncIterator[Operator]:
    """Run an app without a terminal, and sit down at it."""
    async with app.run_test(size=size) as pilot:
        operator = Operator(pilot)
        await operator.settle()
        yield operator
