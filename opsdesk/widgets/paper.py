"""A sheet of lines that are laid out for the width there is: tables, wrapped texts, headings with a rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from opsdesk.terminal.text import fitted
from opsdesk.theme import Tone

Draw = Callable[[int], Sequence[Content]]
"""Lays lines out for a width; none of them is wider."""


class Paper(Widget):
    """Draws lines for its width, and is as high as they are many."""

    DEFAULT_CSS = """
    Paper { width: 1fr; height: auto; }
    """

    def __init__(self, draw: Draw | None = None, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id, classes=classes)
        self._draw: Draw = draw or (lambda _width: ())
        self._drawn: dict[int, Content] = {}

    def show(self, draw: Draw) -> None:
        """Show other lines; nothing is sent to the terminal when they read the same, nor placed anew where as many."""
        width = self.content_size.width
        before, self._draw, self._drawn = self._drawn.get(width), draw, {}
        if not self.display:
            # It is laid out for the width that it has when it is shown.
            return
        after = self._at(width)
        if before is None or _height(before) != _height(after):
            self.refresh(layout=True)
        elif not before.is_same(after):
            self.refresh()

    @property
    def text(self) -> str:
        """What can be read on the sheet now."""
        return self._at(self.content_size.width).plain

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines there are at a width."""
        return _height(self._at(width))

    def render(self) -> Content:
        """Draw the lines."""
        return self._at(self.content_size.width)

    def _at(self, width: int) -> Content:
        if width not in self._drawn:
            self._drawn = {width: Content("\n").join(self._draw(max(8, width)))}
        return self._drawn[width]


def _height(lines: Content) -> int:
    return lines.plain.count("\n") + 1 if lines.plain else 0


def heading(title: str, width: int, note: str = "") -> Content:
    """Return a heading: its words, a rule to the right, and a note at its end."""
    tail = f" {note}" if note else ""
    rule = max(2, width - len(title) - len(tail) - 1)
    return Content.assemble((title, "bold $tone-now"), (f" {'─' * rule}", "$line"), (tail, Tone.DIM.style))


def paragraph(text: str, width: int, *, style: str = Tone.PLAIN.style, indent: int = 0) -> list[Content]:
    """Return a text of one or more lines, wrapped between words, each line begun with `indent` blanks."""
    wrapped: list[Content] = []
    for line in text.split("\n"):
        wrapped += Content.styled(line, style).wrap(max(8, width - indent)) if line else [Content("")]
    return [Content(" " * indent) + line.rstrip() for line in wrapped]


def row(*cells: tuple[str, int, str]) -> Content:
    """Return a row of cells, each `(text, columns, style)`; a negative number of columns sets it to the right."""
    parts: list[tuple[str, str]] = []
    for number, (text, columns, style) in enumerate(cells):
        between = " " if number else ""
        parts.append((between + placed(text, columns), style))
    return Content.assemble(*parts)


def placed(text: str, columns: int) -> str:
    """Return a text in exactly so many columns, to the right where the number is negative."""
    if columns >= 0:
        return fitted(text, columns)
    cut = fitted(text, -columns).rstrip()
    return " " * (-columns - _cells(cut)) + cut


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
