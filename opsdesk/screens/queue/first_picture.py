"""The first picture: the frame of the queue, drawn before anything that the queue needs has been imported.

It says the same as the queue does while its store is being opened; a test holds the two against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

if TYPE_CHECKING:
    from opsdesk.screens.frame.host import DeskHost

_TABS = (" New  To check  On hold ", "[To ship]", " Late  Mine  Unassigned  Everything")
_HEAD_LEFT, _HEAD_RIGHT = "   FL  ORDER      AGE   DUE CUSTOMER", "LN       TOTAL PAY    STATE          WHO  "
_NARROW_RIGHT = "TOTAL PAY    STATE        WHO  "
_OPENING = "  Opening the store ..."
_LANE = "F1 Help  F2 Find  F3 Back  F4 Choices  F5 Refresh  F6 Note  F7 Hold  F8 Next"
_NARROW_LANE = "F1Help F2Find F3Back F4Choices F6Note F7Hold"
_PREVIEW = 35
_ROOMY = (118, 34)


class Picture(Widget):
    """All of it in one widget; each further one would cost the start a millisecond."""

    DEFAULT_CSS = """
    Picture { width: 100%; height: 100%; }
    """

    def render(self) -> Content:
        """Draw title, find line, views, head and keys."""
        width, height = self.size
        is_wide = width >= _ROOMY[0] and height >= _ROOMY[1]
        host = cast("DeskHost", self.app)
        clock = f"{host.desk.clock().astimezone(host.desk.zone):%a %d %b %H:%M}"
        lines = [
            _between(((" 1 ORDERS ", "bold $tone-plain"), (" BROWSE ", "bold $tone-now")), clock, width, "$raised"),
            _between(((" Find >", "$tone-dim"),), "sort due ↑", width, "$ground"),
            Content.assemble(
                (_TABS[0], "$tone-dim"), (_TABS[1], "bold $pointer-text on $pointer"), (_TABS[2], "$tone-dim")
            ),
            Content.styled(_head(width - _PREVIEW if is_wide else width, is_roomy=is_wide), "bold $tone-dim"),
            Content(""),
            Content.styled(_OPENING, "$tone-plain"),
        ]
        keys = _LANE if width >= 100 and height >= 28 else _NARROW_LANE
        rest = height - len(lines) - (2 if keys is _LANE else 1)
        lines += [Content("")] * max(0, rest)
        lines.append(_between(((f" {keys}", "$tone-plain"),), "", width, "$raised"))
        if keys is _LANE:
            lines.append(_between((("", ""),), "", width, "$raised"))
        return Content("\n").join(lines[:height])


class FirstPicture(Screen[None]):
    """Stands until the queue has been imported, which takes its place."""

    def compose(self) -> ComposeResult:
        """Yield the picture."""
        yield Picture()


def _head(width: int, *, is_roomy: bool) -> str:
    right = _HEAD_RIGHT if is_roomy else _NARROW_RIGHT
    return _HEAD_LEFT + right.rjust(max(len(right) + 1, width - 1 - len(_HEAD_LEFT)))


def _between(left: tuple[tuple[str, str], ...], right: str, width: int, ground: str) -> Content:
    used = sum(len(text) for text, _ in left) + len(right) + 1
    made = Content.assemble(*left, (" " * max(1, width - used), ""), (f"{right} ", "$tone-dim"))
    return made.stylize(f"on {ground}")
