"""The lines that every desk has: where one is, what the list shows, and what happened last."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

from opsdesk.theme import Tone


class TitleLine(Static):
    """The first line: screen, mode, who works here, what needs somebody, the time."""

    DEFAULT_CSS = """
    TitleLine { height: 1; width: 100%; background: $raised; color: $tone-plain; }
    """

    def __init__(self) -> None:
        super().__init__(Content(""))
        self._shown: tuple[object, ...] = ()

    def show(self, title: str, mode: str, parts: tuple[tuple[str, Tone], ...], right: str) -> None:
        """Show the line; nothing is drawn when it reads the same as before."""
        wanted = (title, mode, parts, right, self.size.width)
        if wanted == self._shown:
            return
        self._shown = wanted
        pieces: list[tuple[str, str]] = [(f" {title} ", "bold $tone-plain"), (f" {mode} ", _mode_style(mode))]
        length = cell_len(title) + cell_len(mode) + 4
        room = self.size.width - cell_len(right) - 2
        for text, tone in parts:
            if length + cell_len(text) + 3 > room:
                break
            pieces += [(" │ ", "$line"), (text, tone.style)]
            length += cell_len(text) + 3
        pieces.append((" " * max(1, self.size.width - length - cell_len(right) - 1), ""))
        pieces.append((right, Tone.DIM.style))
        self.update(Content.assemble(*pieces), layout=False)


def _mode_style(mode: str) -> str:
    if mode == "BROWSE":
        return "bold $tone-now"
    return "bold $ground on $tone-look"


class StateLine(Static):
    """What the list shows, at the right of the find line."""

    DEFAULT_CSS = """
    StateLine { width: auto; max-width: 70%; height: 1; color: $tone-dim; padding: 0 1; }
    """

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  Textual's own word
        super().__init__(Content(""), id=id)
        self._text = ""

    def show(self, *parts: tuple[str, Tone]) -> None:
        """Show these parts beside each other."""
        text = "   ".join(part for part, _ in parts if part)
        if text != self._text:
            self._text = text
            pieces = [Content.styled(part, tone.style) for part, tone in parts if part]
            self.update(Content("   ").join(pieces))

    @property
    def text(self) -> str:
        """What the line says."""
        return self._text


@dataclass(frozen=True)
class Said:
    """What the message line says: a sentence, its tone and symbol, a hint beside it and lines under it."""

    sentence: str = ""
    tone: Tone = Tone.PLAIN
    symbol: str = ""
    hint: str = ""
    more: str = ""


class MessageLine(Static):
    """The last result; it stays until the next one."""

    DEFAULT_CSS = """
    MessageLine { height: 1; width: 100%; padding: 0 1; color: $tone-plain; background: $ground; }
    MessageLine.-tall { height: auto; max-height: 6; }
    """

    def __init__(self) -> None:
        super().__init__(Content(""))
        self.said = Said()

    @property
    def text(self) -> str:
        """What the sentence is."""
        return self.said.sentence

    def show(self, said: Said) -> None:
        """Show a sentence behind its symbol, a dimmed hint beside it, and further lines under it."""
        self.said = said
        tone = said.tone
        pieces: list[tuple[str, str]] = [(f"{said.symbol} ", tone.style)] if said.symbol else []
        if said.sentence:
            pieces.append((said.sentence, tone.style if tone in (Tone.ALARM, Tone.LOOK) else Tone.PLAIN.style))
        if said.hint:
            pieces.append((f"   {said.hint}", Tone.DIM.style))
        if said.more:
            pieces.append((f"\n{said.more}", Tone.PLAIN.style))
        height = self.styles.height
        grows = self.has_class("-tall") or bool(said.more) or (height is not None and height.is_auto)
        self.set_class(bool(said.more), "-tall")
        self.update(Content.assemble(*pieces), layout=grows)
