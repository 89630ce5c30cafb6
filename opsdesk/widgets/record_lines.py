"""How a list of records is drawn, line by line: its head, its rows, or why there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from opsdesk.theme import Tone
from opsdesk.widgets.rows import GAP, Column, Row, cut, fit
from opsdesk.widgets.segments import joined

PREFIX = 3
"""Pointer, mark and a space before each row."""


class RowStyles:
    """How rows look in one theme."""

    def __init__(self, theme: str, variables: Mapping[str, str]) -> None:
        self.theme = theme

        def colour(name: str) -> RichColor | None:
            return Color.parse(variables[name]).rich_color if name in variables else None

        self.tones = {tone: Style(color=colour(f"tone-{tone.value}")) for tone in Tone}
        self.head = Style(color=colour("tone-dim"), bold=True)
        self.pointer = Style(color=colour("pointer-text"), bgcolor=colour("pointer"), bold=True)
        self.pointer_away = Style(color=colour("tone-plain"), bgcolor=colour("raised"))
        self.marked = Style(bgcolor=colour("raised"), bold=True)
        self.gone = Style(color=colour("tone-dim"), strike=True)


class RecordLines(ScrollView):
    """Draws the lines that are asked for, and nothing else. `RecordTable` decides what they show."""

    DEFAULT_CSS = """
    RecordLines { height: 1fr; width: 1fr; background: $ground; color: $tone-plain; overflow-x: hidden;
        overflow-y: scroll; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    """

    def __init__(self, columns: Sequence[Column], *, id: str | None = None) -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._shown_columns: tuple[tuple[int, Column, int], ...] = ()
        self._rows: dict[str, Row] = {}
        self._order: list[str] = []
        self._pointer = 0
        self._marks: set[str] = set()
        self._gone: set[str] = set()
        self._empty: tuple[str, ...] = ()
        self._styles_of = RowStyles("", {})

    @property
    def _visible_rows(self) -> int:
        return max(1, self.size.height - 1)

    def _keep_in_sight(self) -> bool:
        """Scroll by half a page when the pointer has left the view: one repaint for many moves."""
        top, rows = round(self.scroll_y), self._visible_rows
        if top <= self._pointer < top + rows:
            return False
        if self._pointer < top:
            wanted = self._pointer - rows // 2 if top - self._pointer <= rows else self._pointer
        else:
            wanted = self._pointer - rows // 2
        wanted = min(max(0, wanted), max(0, len(self._order) - rows))
        self.scroll_to(y=wanted, animate=False, immediate=True, force=True)
        self.refresh()
        return True

    def _resize_virtual(self) -> None:
        self.virtual_size = Size(max(1, self.size.width), len(self._order) + 1)

    def _redraw(self, key: str) -> None:
        self.refresh_lines(self._order.index(key) + 1)

    def on_resize(self) -> None:
        """Fit the columns to the new width; pointer and record stay in sight."""
        self._shown_columns = fit(self._columns, self.scrollable_content_region.width - PREFIX)
        self._resize_virtual()
        self._keep_in_sight()

    def on_focus(self) -> None:
        """Show the pointer as one that keys act on."""
        self.refresh_lines(self._pointer + 1)

    def on_blur(self) -> None:
        """Show the pointer as one that waits."""
        self.refresh_lines(self._pointer + 1)

    def render_line(self, y: int) -> Strip:
        """Draw one line: the head, a row, or why there is none."""
        width = self.size.width
        base = self.rich_style
        if y == 0:
            return self._head(width).apply_style(base)
        row = y - 1 + round(self.scroll_y)
        if row < len(self._order):
            return self._line(row, width).apply_style(base)
        if not self._order and 0 <= y - 2 < len(self._empty):
            dim = self._tone(Tone.PLAIN if y == 2 else Tone.DIM)
            return Strip([Segment("  " + cut(self._empty[y - 2], max(0, width - 2)), dim)]).apply_style(base)
        return Strip.blank(width, base)

    def _head(self, width: int) -> Strip:
        style = self._row_styles.head
        titles = (" " * GAP).join(cut(column.title, cells, column.align) for _, column, cells in self._shown_columns)
        return Strip([Segment(cut(" " * PREFIX + titles, width), style)], width)

    def _line(self, row: int, width: int) -> Strip:
        key = self._order[row]
        cells = self._rows[key]
        over = self._row_style(row, key)
        marks = (">" if row == self._pointer else " ") + ("*" if key in self._marks else " ") + " "
        segments = [Segment(marks, over)]
        for number, (index, column, size) in enumerate(self._shown_columns):
            cell = cells[index]
            gap = " " * GAP if number else ""
            segments.append(Segment(gap + cut(cell.text, size, column.align), self._tone(cell.tone) + over))
        return Strip(joined(segments)).adjust_cell_length(width, over)

    def _row_style(self, row: int, key: str) -> Style:
        styles = self._row_styles
        if row == self._pointer:
            return styles.pointer if self.has_focus else styles.pointer_away
        if key in self._gone:
            return styles.gone
        return styles.marked if key in self._marks else Style.null()

    @property
    def _row_styles(self) -> RowStyles:
        """The styles of the theme that is on. Taken from its variables: component classes would cost every start."""
        if self._styles_of.theme != self.app.theme:
            self._styles_of = RowStyles(self.app.theme, self.app.theme_variables)
        return self._styles_of

    def _tone(self, tone: Tone) -> Style:
        return self._row_styles.tones[tone]
