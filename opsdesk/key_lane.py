"""One key after the other: type-ahead that is never lost and never lands in the wrong place.

Textual hands a key to the widget that has the focus at that moment and goes on, while what the key does (an open
list, a moved focus) happens a few messages later; keys that arrive together therefore act on the screen as it was. Here
a key waits until the one before it has had its whole effect, and while a screen reads what it needs to answer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events

if TYPE_CHECKING:
    from textual.app import App
    from textual.message_pump import MessagePump
    from textual.widget import Widget

PATIENCE_S = 1.0
"""After this a text is typed on, and a key that leaves no longer waits (ergonomics.md 2, Loading)."""

LONGEST_HOLD_S = 10.0
"""After this the keyboard is free again, and commands that waited come to nothing: where they belong never came."""

_LEAVES = frozenset({"f3", "escape", "L"})
"""Back, and lock this terminal."""

_LOOK_S, _LOOKS = 0.01, 50
"""A node is waited for half a second at most, as long as it is there."""

_PASSES = 2
"""A key's handler may post a message whose handler acts; that is one pass more than the key itself."""


def takes_text(widget: Widget) -> bool:
    """Say whether letters are text in a widget: a field, but not a list that they choose from."""
    return bool(getattr(widget, "TAKES_TEXT", True)) and widget.check_consume_key("a", "a")


SHORTEST_SCAN, FEWEST_DIGITS = 8, 5
_SCAN_GAP_S = 0.008
"""Longer than between two keys of a scanner, shorter than anybody notices; small letters never wait for it."""

_SCANNED = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:/")
_SCAN_ENDS = frozenset({"enter", "ctrl+j", "tab"})


def begins_a_scan(waiting: Iterable[events.Event]) -> bool:
    """Say whether these keys, which arrived together, are a code that a scanner typed: letters would be commands.

    A code is capitals, digits and few signs, has many digits, and ends with Enter or Tab; a note typed ahead has small
    letters and spaces (ergonomics.md 1.4, integrations.md 5).
    """
    code = ""
    for event in waiting:
        if not isinstance(event, events.Key):
            return False
        if event.key in _SCAN_ENDS:
            return len(code) >= SHORTEST_SCAN and sum(map(str.isdigit, code)) >= FEWEST_DIGITS
        if event.character is None or event.character not in _SCANNED:
            return False
        code += event.character
    return False


@dataclass(frozen=True, slots=True)
class _Hold:
    """Until when keys wait, on the loop's clock: those that leave or add to a text, and all others."""

    patient_until: float
    until: float


def _is_leaving(event: events.Event) -> bool:
    return isinstance(event, events.Key) and event.key in _LEAVES


class KeyLane:
    """Keys and pastes in the order in which they arrived."""

    def __init__(
        self,
        app: App[int],
        dispatch: Callable[[events.Event], Awaitable[None]],
        take_scan: Callable[[], None] = lambda: None,
    ) -> None:
        self._app = app
        self._dispatch = dispatch
        self._take_scan = take_scan
        self._waiting: deque[events.Event] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._unsettled: MessagePump | None = None
        self._adds_text = False
        self._held: dict[int, _Hold] = {}
        self._freed = asyncio.Event()
        self._last_hold = 0
        self._forgotten = 0

    @property
    def is_idle(self) -> bool:
        """True when no key waits and nothing holds them."""
        return not self._waiting and not self._held and (self._pump is None or self._pump.done())

    def take(self, event: events.Event) -> None:
        """Take a key or a paste that has just arrived."""
        self._waiting.append(event)
        if _is_leaving(event):
            self._freed.set()
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._run(), name="keys in order")

    def forget_ahead(self) -> None:
        """Let the keys that wait by now come to nothing: they were meant for what a refused command would have opened.

        A code of a scanner among them is kept, and so is what is pasted; keys that come after this act as always.
        """
        self._forgotten = len(self._waiting)

    def hold(self, longest_s: float = LONGEST_HOLD_S, *, patience_s: float = PATIENCE_S) -> Callable[[], None]:
        """Keep keys waiting until the returned function is called.

        Those that leave or add to a text wait `patience_s` at most, and after `longest_s` nothing waits any more.
        """
        self._last_hold += 1
        mine, now = self._last_hold, asyncio.get_running_loop().time()
        self._held[mine] = _Hold(now + min(patience_s, longest_s), now + longest_s)

        def let_go() -> None:
            self._held.pop(mine, None)
            self._freed.set()

        return let_go

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep keys waiting while the block runs."""
        let_go = self.hold()
        try:
            yield
        finally:
            let_go()

    async def _run(self) -> None:
        while self._waiting:
            event = self._waiting[0]
            if not self._follows_in_the_same_text(event):
                await self._settle()
                await self._until_free()
                await self._gather_scan()
                if begins_a_scan(self._waiting):
                    self._forgotten = 0
                    self._take_scan()
            self._waiting.popleft()
            if self._forgotten:
                self._forgotten -= 1
                if isinstance(event, events.Key):
                    continue
            self._unsettled, self._adds_text = self._app.focused or self._app.screen, self._is_text(event)
            self._app.call_later(self._dispatch, event)
            if not self._adds_text:
                await self._pass_through(self._app)
            if not self._waiting:
                # A key may arrive meanwhile; asked behind the loop, it would lie here until the next one comes.
                await self._settle()

    def _follows_in_the_same_text(self, event: events.Event) -> bool:
        """Say whether the key only adds to the text that the key before it added to.

        A key that edits (Ctrl+U, Home) is resolved through bindings, later than a letter is taken in.
        """
        is_same = self._app.focused is not None and self._app.focused is self._unsettled
        return is_same and self._adds_text and not self._held and self._is_text(event)

    def _is_text(self, event: events.Event) -> bool:
        field = self._field
        if field is None:
            return False
        return isinstance(event, events.Paste) or (
            isinstance(event, events.Key) and field.check_consume_key(event.key, event.character)
        )

    @property
    def _field(self) -> Widget | None:
        """What text is typed into; a list takes letters too, but each may choose, close it and move the focus."""
        focused = self._app.focused
        return focused if focused is not None and takes_text(focused) else None

    async def _gather_scan(self) -> None:
        """Wait for the rest of a code if this may be its beginning; a scanner's keys come some milliseconds apart."""
        event = self._waiting[0]
        may_begin = isinstance(event, events.Key) and event.character is not None and event.character in _SCANNED
        if not may_begin or self._field is not None:
            return
        seen = 0
        while seen != len(self._waiting):
            seen = len(self._waiting)
            await asyncio.sleep(_SCAN_GAP_S)

    async def _settle(self) -> None:
        target, self._unsettled = self._unsettled, None
        if target is None:
            return
        screen = self._app.screen
        for _ in range(_PASSES):
            await self._pass_up(target)
        if self._app.screen is not screen:
            await self._pass_up(self._app.screen)
        if self._app.focused is not None:
            await self._pass_up(self._app.focused)

    async def _pass_up(self, target: MessagePump) -> None:
        for node in (*getattr(target, "ancestors_with_self", (target,)),):
            await self._pass_through(node)

    async def _pass_through(self, node: MessagePump) -> None:
        """Wait until a node has handled everything that it had been sent so far."""
        done = asyncio.Event()
        if not (node.is_running and node.call_later(done.set)):
            return
        for _ in range(_LOOKS):
            try:
                await asyncio.wait_for(done.wait(), _LOOK_S)
            except TimeoutError:
                # A node that has been removed meanwhile never answers.
                if node.is_running:
                    continue
            return

    async def _until_free(self) -> None:
        loop = asyncio.get_running_loop()
        while self._held:
            now = loop.time()
            if self._give_up(now):
                continue
            ends = (end for hold in self._held.values() for end in (hold.patient_until, hold.until) if end > now)
            self._freed.clear()
            try:
                await asyncio.wait_for(self._freed.wait(), min(ends) - now)
            except TimeoutError:
                continue
            # What the answer did to the screen comes before the next key.
            await self._pass_up(self._app.focused or self._app.screen)

    def _give_up(self, now: float) -> bool:
        """Drop the holds that last too long for what waits behind them; return whether there were any.

        Commands in front of a key that leaves were meant for what has not come, and so is everything in the end.
        """
        impatient = [mine for mine, hold in self._held.items() if hold.patient_until <= now]
        over = [mine for mine in impatient if self._held[mine].until <= now]
        if impatient and self._field is not None:
            over = impatient
        elif impatient and (place := self._place_of_leaving()) is not None:
            over, self._forgotten = impatient, place
        elif over:
            self.forget_ahead()
        for mine in over:
            del self._held[mine]
        return bool(over)

    def _place_of_leaving(self) -> int | None:
        """Return where a key waits that leaves what is open; a letter in the code of a scanner does not."""
        waiting = list(self._waiting)
        for place in range(self._forgotten, len(waiting)):
            if begins_a_scan(waiting[place:]):
                return None
            if _is_leaving(waiting[place]):
                return place
        return None
