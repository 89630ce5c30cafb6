"""The saved views in one row, each with its count; brackets mark the one that is on, colour alone never does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from opsdesk.theme import Tone


@dataclass(frozen=True, slots=True)
class Tab:
    """One view: its key, its words and how many records it has, as text."""

    key: str
    label: str
    count: str = ""
    tone: Tone = Tone.DIM


class ViewTabs(Widget):
    """Draws the tabs that fit around the current one. A click chooses."""

    DEFAULT_CSS = """
    ViewTabs { height: 1; width: 100%; background: $ground; }
    """

    @dataclass
    class Chosen(Message):
        """A tab was clicked."""

        key: str

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id)
        self._tabs: tuple[Tab, ...] = ()
        self._current = ""
        self._spots: list[tuple[int, int, str]] = []

    def show(self, tabs: Sequence[Tab], current: str) -> None:
        """Show these tabs; nothing is drawn when they read the same."""
        wanted = (tuple(tabs), current)
        if wanted != (self._tabs, self._current):
            self._tabs, self._current = wanted
            self.refresh()

    def render(self) -> Content:
        """Draw the row, from the first tab that keeps the current one in sight."""
        texts = [_text(tab, is_current=tab.key == self._current) for tab in self._tabs]
        at = next((number for number, tab in enumerate(self._tabs) if tab.key == self._current), 0)
        first = 0
        while first < at and sum(cell_len(text) for text in texts[first : at + 1]) > self.size.width - 3:
            first += 1
        pieces: list[tuple[str, str]] = [("‹" if first else " ", Tone.DIM.style)]
        self._spots, left = [], 1
        for tab, text in list(zip(self._tabs, texts, strict=True))[first:]:
            if left + cell_len(text) > self.size.width - 1:
                pieces.append(("›", Tone.DIM.style))
                break
            style = "bold $pointer-text on $pointer" if tab.key == self._current else tab.tone.style
            pieces.append((text, style))
            self._spots.append((left, left + cell_len(text), tab.key))
            left += cell_len(text)
        return Content.assemble(*pieces)

    async def _on_click(self, event: events.Click) -> None:
        for left, right, key in self._spots:
            if left <= event.x < right:
                self.post_message(self.Chosen(key))


def _text(tab: Tab, *, is_current: bool) -> str:
    words = f"{tab.label} {tab.count}".strip()
    return f"[{words}]" if is_current else f" {words} "
