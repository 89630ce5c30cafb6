"""A widget of fixed size that sends only the cells that differ: the key bar and the preview change with every step."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.style import Style
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from opsdesk.widgets.segments import joined


class Sheet(Widget):
    """Draws the lines that `draw` returns. `redraw` compares them with what stands there, cell by cell."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id, classes=classes)
        self._strips: list[Strip] | None = None
        self._contents: list[Content] = []

    def draw(self, width: int, height: int) -> Sequence[Content]:
        """Return the lines for this size; more than `height` are cut off."""
        return ()

    def redraw(self) -> None:
        """Draw again what differs."""
        if not self.is_attached:
            return
        if self._strips is None:
            # Nothing to compare with, e.g. after other styles: what stands on the terminal is old all the same.
            self.refresh()
            return
        old, self._strips = self._strips, self._laid_out()
        for y, (before, after) in enumerate(zip(old, self._strips, strict=True)):
            if found := differing_cells(before, after):
                left, right = found
                self.refresh(Region(left, y, right - left, 1))

    @property
    def text(self) -> str:
        """What can be read on the sheet now."""
        self._ensure()
        return "\n".join(content.plain.rstrip() for content in self._contents)

    def on_resize(self) -> None:
        """Lay everything out anew."""
        self._strips = None
        self.refresh()

    def notify_style_update(self) -> None:
        """Take other colours, e.g. of another theme."""
        super().notify_style_update()
        self._strips = None

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        strips = self._ensure()
        return strips[y] if y < len(strips) else Strip.blank(self.size.width, self.rich_style)

    def _ensure(self) -> list[Strip]:
        if self._strips is None:
            self._strips = self._laid_out()
        return self._strips

    def _laid_out(self) -> list[Strip]:
        width, height = self.size
        self._contents = list(self.draw(width, height))[:height]
        strips = [self._strip(content, width) for content in self._contents]
        return strips + [Strip.blank(width, self.rich_style)] * (height - len(strips))

    def _strip(self, content: Content, width: int) -> Strip:
        made = Visual.to_strips(self, content, max(1, width), 1, self.visual_style, apply_selection=False)
        line = made[0] if made else Strip.blank(width, self.rich_style)
        return Strip(joined(line.adjust_cell_length(width, self.rich_style)), width)


def differing_cells(before: Strip, after: Strip) -> tuple[int, int] | None:
    """Return the first and the last but one cell that differ, or None when the lines are alike."""
    if before == after:
        return None
    old, new = _cells(before), _cells(after)
    if len(old) != len(new):
        return 0, max(len(old), len(new))
    differing = [x for x, (one, other) in enumerate(zip(old, new, strict=True)) if one != other]
    return (differing[0], differing[-1] + 1) if differing else None


def _cells(strip: Strip) -> list[tuple[str, Style | None]]:
    found: list[tuple[str, Style | None]] = []
    for segment in strip:
        for character in segment.text:
            width = cell_len(character)
            if width == 0 and found:
                found[-1] = (found[-1][0] + character, found[-1][1])
            found += [(character, segment.style)] * width
    return found
