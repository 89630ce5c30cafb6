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
from unicodedata import lookup
from zoneinfo import ZoneInfo

from textual import events
from textual.keys import REPLACED_KEYS, _character_to_key, _get_unicode_name_from_key
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip

from opsdesk.desk import Desk, OpenedShop
from opsdesk.domain.people.actors import Actor
from opsdesk.screens.frame.host import DeskHost
from opsdesk.settings import Glyphs, Settings, data_folder

WIDE = (120, 36)
NARROW = (80, 24)
_LONGEST_S = 60.0
"""Longer than the slowest machine needs; only a test that fails waits for it."""
_ROUND_S = 0.005
_BETWEEN_KEYS_S = 0.02


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
            self._send(key)
            await self.settle()

    async def burst(self, *keys: str) -> None:
        """Press keys faster than anything can answer, as type-ahead and scanners do."""
        self.send(*keys)
        await self.settle()

    def send(self, *keys: str) -> None:
        """Press keys and wait for nothing."""
        for key in keys:
            self._send(key)

    async def type(self, text: str) -> None:
        """Type a text as fast as a person can, which is slower than a scanner."""
        for character in text:
            self._send(character)
            await asyncio.sleep(_BETWEEN_KEYS_S)
        await self.settle()

    def _send(self, key: str) -> None:
        # The pilot's own press waits after each key until the processor rests, which on a busy machine is never.
        name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
        driver = self.app._driver
        assert driver is not None
        pressed = events.Key(name, _character_of(name))
        pressed.set_sender(self.app)
        driver.send_message(pressed)

    async def paste(self, text: str) -> None:
        """Paste a text, which arrives as one."""
        self.app.post_message(events.Paste(text))
        await self.settle()

    async def settle(self) -> None:
        """Wait until no key waits, nothing is read or written, and the screen is drawn."""
        await self._until_calm(lambda: self._is_busy)

    async def rest(self) -> None:
        """Settle, and wait for what was put off for a moment: previews, drafts, sums that follow what is typed."""
        await self._until_calm(lambda: self._is_busy or self._is_put_off)

    async def _until_calm(self, is_under_way: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + _LONGEST_S
        calm = 0
        while calm < 2:
            if loop.time() > until:
                raise AssertionError("The app does not come to rest.")
            if is_under_way():
                calm = 0
                await asyncio.sleep(_ROUND_S)
                continue
            await self._round()
            calm = 0 if is_under_way() else calm + 1

    @property
    def _is_busy(self) -> bool:
        busy = [worker for worker in self.app.workers if not (worker.is_finished or worker.is_cancelled)]
        # A worker that waits for the answer of an open panel waits for the person, not for the machine.
        if len(busy) > self._asked:
            return True
        desk, lane = getattr(self.app, "desk", None), getattr(self.app, "key_lane", None)
        is_opening = desk is not None and not (desk.is_open and len(self.app.screen_stack) >= self.app.FIRST_DEPTH)
        return is_opening or not (lane is None or lane.is_idle)

    async def _round(self) -> None:
        """Let everything on the screen handle what was sent to it, and draw."""
        screens = self.app.screen_stack
        told = [self.app, *screens[:-1], *screens[-1].walk_children(with_self=True)] if screens else [self.app]
        waiting = len(told)
        everybody: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def answered() -> None:
            nonlocal waiting
            waiting -= 1
            if not waiting and not everybody.done():
                everybody.set_result(None)

        for pump in told:
            if not pump.call_later(answered):
                answered()
        until = asyncio.get_running_loop().time() + _LONGEST_S
        while not (everybody.done() or self.app._exception_event.is_set()):
            if asyncio.get_running_loop().time() > until:
                raise AssertionError("The app does not answer.")
            await asyncio.sleep(0)
        await asyncio.sleep(_ROUND_S)
        await self._nothing_left(until)
        self.app.screen._on_timer_update()
        await self._nothing_left(until)

    async def _nothing_left(self, until: float) -> None:
        """Let the loop do all that can be done now: how many steps fit into a moment hangs on the machine."""
        loop = asyncio.get_running_loop()
        while loop._ready:  # type: ignore[attr-defined]  # every loop of the standard library has it
            if loop.time() > until:
                raise AssertionError("The app is never done.")
            await asyncio.sleep(0)

    @property
    def _asked(self) -> int:
        answers = [callback.future for screen in self.app.screen_stack for callback in screen._result_callbacks]
        # Every panel promises an answer; only where a worker waits for it has the promise a callback.
        return sum(answer is not None and not answer.done() and bool(answer._callbacks) for answer in answers)

    @property
    def _is_put_off(self) -> bool:
        """True while a timer is running that goes off once."""
        pumps = [self.app, *(node for screen in self.app.screen_stack for node in screen.walk_children(with_self=True))]
        timers = [timer for pump in pumps for timer in list(pump._timers) if timer._repeat == 0]
        return any(timer._task is not None and not timer._task.done() for timer in timers)

    async def until_seen(self, words: str) -> None:
        """Wait for what the screen will say by and by, while work goes on behind it."""
        await self.until(lambda: self.sees(words), f"The screen never says: {words}")

    async def until(self, holds: Callable[[], object], otherwise: str = "It never comes.") -> None:
        """Wait for what will be so by and by, while work goes on behind the screen."""
        until = asyncio.get_running_loop().time() + _LONGEST_S
        while not holds():
            if asyncio.get_running_loop().time() > until:
                raise AssertionError(f"{otherwise}\n{self.text}")
            await asyncio.sleep(_ROUND_S)

    async def pass_time(self, seconds: float) -> None:
        """Let a while go by in which something must not happen; for what must happen there are `rest` and `until`."""
        await asyncio.sleep(seconds)
        await self.rest()

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


def _character_of(key: str) -> str | None:
    try:
        return lookup(_get_unicode_name_from_key(REPLACED_KEYS.get(key, key)))
    except KeyError:
        return key if len(key) == 1 else None


def _strips(screen: Screen[object]) -> list[Strip]:
    return screen._compositor.render_strips()


@asynccontextmanager
async def working(app: DeskHost, *, size: tuple[int, int] = WIDE) -> AsyncIterator[Operator]:
    """Run an app without a terminal, and sit down at it."""
    async with app.run_test(size=size) as pilot:
        operator = Operator(pilot)
        await operator.settle()
        yield operator
