"""The place where the check is shown while a rule is typed."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from opsdesk.widgets.paper import Draw
from opsdesk.widgets.sheet import Sheet


class CheckSheet(Sheet):
    """What the check says, in a place of fixed size: at each pause only the cells that differ are drawn again."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id)
        self._lines: Draw = lambda _width: ()

    def show(self, lines: Draw) -> None:
        """Show these lines; what does not fit is cut off."""
        self._lines = lines
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Content]:
        """Return the lines for this width."""
        return self._lines(max(8, width))
