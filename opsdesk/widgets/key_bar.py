"""The key bar: what works now, most used first. Every hint is a button; what cannot be done stays in place, grey."""

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
class BarKey:
    """One hint: the command, its key as people read it, its verb, and why it cannot be done now."""

    command_id: str
    key: str
    label: str
    why_not: str | None = None
    is_main: bool = False


@dataclass(frozen=True, slots=True)
class _Spot:
    row: int
    left: int
    right: int
    command_id: str


class KeyBar(Widget):
    """Two lines when there is room, one when there is not: F-keys, then letters behind the record that they act on."""

    DEFAULT_CSS = """
    KeyBar { height: 2; width: 100%; background: $raised; color: $tone-plain; }
    KeyBar.-one-line { height: 1; }
    """

    @dataclass
    class Pressed(Message):
        """A hint was clicked."""

        command_id: str

    def __init__(self) -> None:
        super().__init__()
        self._lane: tuple[BarKey, ...] = ()
        self._letters: tuple[BarKey, ...] = ()
        self._subject = ""
        self._spots: list[_Spot] = []

    def show(self, lane: Sequence[BarKey], letters: Sequence[BarKey], subject: str = "") -> None:
        """Show these hints; nothing is drawn again when they are the same as before."""
        wanted = (tuple(lane), tuple(letters), subject)
        if wanted != (self._lane, self._letters, self._subject):
            self._lane, self._letters, self._subject = wanted
            self.refresh()

    @property
    def text(self) -> str:
        """What can be read in the bar now."""
        return self.render().plain

    def render(self) -> Content:
        """Draw the hints that fit."""
        self._spots = []
        width = max(20, self.size.width)
        if self.has_class("-one-line"):
            return self._row(0, width, self._lane, "", is_tight=True)
        subject = f"{self._subject}: " if self._subject and self._letters else ""
        rows = [self._row(0, width, self._lane, "", is_tight=False)]
        rows.append(self._row(1, width, self._letters, subject, is_tight=False))
        return Content("\n").join(rows)

    def _row(self, row: int, width: int, keys: Sequence[BarKey], subject: str, *, is_tight: bool) -> Content:
        parts: list[tuple[str, str]] = [(f" {subject}", "bold $tone-plain")]
        at, gap = 1 + cell_len(subject), 1 if is_tight else 2
        more = "^G more" if is_tight else "? more"
        for each in keys:
            between = "" if is_tight and each.key.startswith("F") else " "
            length = cell_len(each.key + between + each.label)
            if at + length + gap + len(more) > width:
                break
            key_style, word_style = _styles(each)
            parts += [(each.key + between, key_style), (each.label, word_style), (" " * gap, "")]
            self._spots.append(_Spot(row, at, at + length, each.command_id))
            at += length + gap
        if row == 1 or is_tight:
            parts += [(" " * max(0, width - at - len(more) - 1) + more, Tone.DIM.style)]
            self._spots.append(_Spot(row, width - len(more) - 1, width, "screen.help"))
        return Content.assemble(*parts)

    async def _on_click(self, event: events.Click) -> None:
        for spot in self._spots:
            if spot.row == event.y and spot.left <= event.x < spot.right:
                event.stop()
                self.post_message(self.Pressed(spot.command_id))
                return


def _styles(each: BarKey) -> tuple[str, str]:
    if each.why_not is not None:
        return f"{Tone.DIM.style} dim", f"{Tone.DIM.style} dim"
    if each.is_main:
        return "bold $pointer-text on $pointer", "bold $pointer-text on $pointer"
    return f"bold {Tone.NOW.style}", Tone.PLAIN.style
