"""The last guard before the terminal: whatever a widget was given, no control character leaves the program in its text.

Stored text is clean already (`domain.text`). This catches the rest: what is being typed or pasted, what a mail server
answered, and whatever somebody forgot. It does not reach what is printed outside the app; that goes through
`domain.text.visible`.

Wiring: `App.get_line_filters` appends `TERMINAL_FILTER`; `terminal.citizen.CitizenApp` does it.
"""

from __future__ import annotations

from rich.cells import set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from opsdesk.domain.text import is_clean, visible

_MOST_ZERO_WIDTH = 3


class TerminalFilter(LineFilter):
    """Put a mark in place of each character that could steer the terminal, and keep the width of the line."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments, with the dirty ones made visible; styles and Textual's own controls stay."""
        return [_clean(segment) if _is_dirty(segment) else segment for segment in segments]


TERMINAL_FILTER = TerminalFilter()


def _is_dirty(segment: Segment) -> bool:
    text = segment.text
    if segment.control or text.isascii():
        return not segment.control and not text.isprintable()
    # Lines and symbols of our own are printable; only what is neither is looked at letter by letter.
    too_many_marks = len(text) - segment.cell_length > _MOST_ZERO_WIDTH
    return too_many_marks or (not text.isprintable() and not is_clean(text))


def _clean(segment: Segment) -> Segment:
    return Segment(set_cell_size(visible(segment.text), segment.cell_length), segment.style)
