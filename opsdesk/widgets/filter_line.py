"""The line that narrows a list while it is typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input

DEBOUNCE_S = 0.015
"""A pause this short joins what a scanner types into one question. A question takes no longer than a letter to type."""


class FilterLine(Input):
    """Tells what is typed after a short pause, and at once on Enter. Esc empties it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,ctrl+j,down,tab", "finish", show=False, priority=False),
    ]

    DEFAULT_CSS = """
    FilterLine { width: 1fr; height: 1; border: none; padding: 0; background: $ground; color: $tone-plain; }
    FilterLine:focus { border: none; background: $raised; background-tint: $tone-now 12%; }
    """

    @dataclass
    class Filtered(Message):
        """The list should show what matches `text`; `is_final` when the person is done typing."""

        text: str
        is_final: bool

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id, max_length=200, compact=True, select_on_focus=False)
        self.cursor_blink = False
        self._pause: Timer | None = None

    def put(self, text: str) -> None:
        """Set the text without telling anybody."""
        with self.prevent(Input.Changed):
            self.value = text
            self.cursor_position = len(text)

    def action_finish(self) -> None:
        """Tell what is typed now, and that it is complete."""
        self._tell(is_final=True)

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self.put("")
            self._tell(is_final=True)
            return
        await super()._on_key(event)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(DEBOUNCE_S, lambda: self._tell(is_final=False))

    def _tell(self, *, is_final: bool) -> None:
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        self.post_message(self.Filtered(self.value, is_final))
