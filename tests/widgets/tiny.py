"""The smallest app that a widget can live in: our colours, and no desk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from textual import events
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

from opsdesk import theme
from opsdesk.key_lane import KeyLane


class Tiny(App[None]):
    """Shows some widgets; with `lane` its keys wait for each other as they do at a desk."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, *widgets: Widget, lane: bool = False) -> None:
        super().__init__()
        self._widgets = widgets
        self.told: list[Message] = []
        self.key_lane = KeyLane(self, super().on_event) if lane else None

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme.colours("dark")

    def compose(self) -> ComposeResult:
        yield from self._widgets

    async def on_event(self, event: events.Event) -> None:
        if self.key_lane is not None and isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self.key_lane.take(event)
            return
        await super().on_event(event)


def burst(app: App[None], keys: Iterable[str]) -> None:
    """Put keys into the app's queue all at once, as bytes that arrive together are."""
    for key in keys:
        character = key if len(key) == 1 else None
        app.post_message(events.Key(key, character))


async def calm(pilot: Pilot[None]) -> None:
    """Wait until every message has been handled."""
    for _ in range(6):
        await pilot.pause()


async def until(holds: Callable[[], object]) -> None:
    """Wait for what a timer or a key of the app brings by and by."""
    loop = asyncio.get_running_loop()
    end = loop.time() + 60
    while not holds():
        assert loop.time() < end, "It never comes."
        await asyncio.sleep(0.005)


@asynccontextmanager
async def running(app: Tiny, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    async with app.run_test(size=size) as pilot:
        await calm(pilot)
        yield pilot
