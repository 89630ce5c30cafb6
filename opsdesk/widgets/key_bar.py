"""The key bar: what works now, most used first. Every hint is a button; what cannot be done stays in place, grey.

What changes with every step (F9 and the record that letters act on) stands in parts of its own, because a terminal
update always begins at the left edge of a widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message

from opsdesk.theme import Tone
from opsdesk.widgets.sheet import Sheet

_FIRST_TO_KEEP = frozenset({"screen.help", "screen.find", "screen.back"})
"""When there is no room for all, the way to help, to anything, and back stays on the screen."""

_FIRST_TO_GO = frozenset({"screen.refresh", "screen.next"})


@dataclass(frozen=True, slots=True)
class BarKey:
    """One hint: the command, its key as people read it, its verb, and why it cannot be done now."""

    command_id: str
    key: str
    label: str
    why_not: str | None = None
    is_main: bool = False


class Hints(Sheet):
    """A row of hints, cut to its width."""

    DEFAULT_CSS = """
    Hints { height: 1; width: 1fr; background: $raised; color: $tone-plain; }
    """

    def __init__(self, *, more: str = "", tightens: bool = False, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._tightens = tightens
        self._more = more
        self._keys: tuple[BarKey, ...] = ()
        self._spots: list[tuple[int, int, str]] = []

    def show(self, keys: Sequence[BarKey]) -> None:
        """Show these hints; only what reads differently is drawn again."""
        if tuple(keys) != self._keys:
            self._keys = tuple(keys)
            self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Content]:
        """Return the row."""
        room = width - len(self._more) - 2
        is_tight = self._tightens and _length(self._keys, is_tight=False) > room
        parts: list[tuple[str, str]] = [(" ", "")]
        self._spots, at = [], 1
        for each in _most_useful(self._keys, room, is_tight=is_tight):
            text, gap = _key_text(each, is_tight=is_tight), 1 if is_tight else 2
            length = cell_len(text + each.label)
            key_style, word_style = _styles(each)
            parts += [(text, key_style), (each.label + " " * gap, word_style)]
            self._spots.append((at, at + length, each.command_id))
            at += length + gap
        if self._more:
            parts.append((" " * max(0, width - at - len(self._more) - 1) + self._more, Tone.DIM.style))
            self._spots.append((width - len(self._more) - 1, width, "screen.help"))
        return (Content.assemble(*parts),)

    async def _on_click(self, event: events.Click) -> None:
        for left, right, command_id in self._spots:
            if left <= event.x < right:
                event.stop()
                self.post_message(KeyBar.Pressed(command_id))
                return


class Words(Sheet):
    """One short text in a place of its own: what F9 does, or which record the letters act on."""

    DEFAULT_CSS = """
    Words { height: 1; width: auto; background: $raised; color: $tone-plain; }
    """

    def __init__(self, *, classes: str, align_right: bool = False) -> None:
        super().__init__(classes=classes)
        self._words: tuple[tuple[str, str], ...] = ()
        self._align_right = align_right
        self._command_id = ""

    def show(self, *parts: tuple[str, str], command_id: str = "") -> None:
        """Show these parts, each with its style."""
        if parts != self._words:
            self._words, self._command_id = parts, command_id
            self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Content]:
        """Return the text, at the right or the left."""
        content = Content.assemble(*self._words)
        room = max(1, width - 1)
        if content.cell_length > room:
            content = content.rstrip()
        if content.cell_length > room:
            content = content.truncate(room, ellipsis=True)
        return (content.pad_left(width - 1 - content.cell_length) if self._align_right else content,)

    async def _on_click(self, event: events.Click) -> None:
        if self._command_id:
            event.stop()
            self.post_message(KeyBar.Pressed(self._command_id))


class KeyBar(Vertical):
    """Two lines when there is room, one when there is not: F-keys, then letters behind the record that they act on."""

    DEFAULT_CSS = """
    KeyBar { height: 2; width: 100%; background: $raised; color: $tone-plain; }
    KeyBar Horizontal { height: 1; width: 100%; }
    KeyBar .key-bar--main { width: 34; }
    KeyBar .key-bar--subject { width: auto; max-width: 12; min-width: 9; }
    KeyBar.-one-line { height: 1; }
    KeyBar.-one-line .key-bar--letters { display: none; }
    KeyBar.-one-line .key-bar--main { width: 25; }
    KeyBar.-no-main .key-bar--main { display: none; }
    """

    @dataclass
    class Pressed(Message):
        """A hint was clicked."""

        command_id: str

    def __init__(self) -> None:
        super().__init__()
        self._lane = Hints(tightens=True, classes="key-bar--lane")
        self._main = Words(classes="key-bar--main", align_right=True)
        self._subject = Words(classes="key-bar--subject")
        self._letters = Hints(more="? more")

    def compose(self) -> ComposeResult:
        """Lay out both rows."""
        with Horizontal():
            yield self._lane
            yield self._main
        with Horizontal(classes="key-bar--letters"):
            yield self._subject
            yield self._letters

    def show(self, lane: Sequence[BarKey], letters: Sequence[BarKey], subject: str = "") -> None:
        """Show these hints; only what reads differently is drawn again."""
        main = next((each for each in lane if each.is_main), None)
        self.set_class(main is None, "-no-main")
        self._lane.show([each for each in lane if not each.is_main])
        if main is not None:
            style = "bold $pointer-text on $pointer" if main.why_not is None else f"{Tone.DIM.style} dim"
            self._main.show((f" {main.key} {main.label} ", style), command_id=main.command_id)
        self._subject.show((f" {subject}:" if subject and letters else "", "bold $tone-plain"))
        self._letters.show(letters)

    @property
    def text(self) -> str:
        """What can be read in the bar now."""
        parts = [self._lane.text, "" if self.has_class("-no-main") else self._main.text]
        if not self.has_class("-one-line"):
            parts += [self._subject.text, self._letters.text]
        return " ".join(part.strip() for part in parts if part.strip())


def _styles(each: BarKey) -> tuple[str, str]:
    if each.why_not is not None:
        return f"{Tone.DIM.style} dim", f"{Tone.DIM.style} dim"
    return f"bold {Tone.NOW.style}", Tone.PLAIN.style


def _key_text(each: BarKey, *, is_tight: bool) -> str:
    return each.key if is_tight and each.key[0] == "F" and each.key[1:].isdigit() else f"{each.key} "


def _length(keys: Sequence[BarKey], *, is_tight: bool) -> int:
    gap = 1 if is_tight else 2
    return sum(cell_len(_key_text(each, is_tight=is_tight) + each.label) + gap for each in keys)


def _most_useful(keys: Sequence[BarKey], room: int, *, is_tight: bool) -> Sequence[BarKey]:
    """Return what fits, in order; the way out and to help goes last."""
    shown = list(keys)
    while shown and _length(shown, is_tight=is_tight) > room:
        first = [each for each in shown if each.command_id in _FIRST_TO_GO]
        spare = [each for each in shown if each.command_id not in _FIRST_TO_KEEP]
        shown.remove((first or spare or shown)[-1])
    return shown
