"""Lines and symbols for terminals whose font holds ASCII alone: what is drawn is replaced, letters of names are not.

Wiring: the app appends `ASCII_GLYPHS` to its line filters when `OPSDESK_GLYPHS=ascii`.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_CORNERS = "╭╮╰╯┌┐└┘├┤┬┴┼┏┓┗┛╔╗╚╝╠╣╦╩╬"
_VERTICAL = "│┃║▏▎▍▌▋▊▉▐▕"
_HORIZONTAL = "─━═▔▁"
_BLOCKS = "█▓▒▂▃▄▅▆▇▀"
_OTHERS = {
    "…": "~",
    "→": ">",
    "←": "<",
    "↑": "^",
    "↓": "v",
    "‹": "<",
    "›": ">",
    "▲": "!",
    "△": "!",
    "▶": ">",
    "▼": "v",
    "●": "+",
    "◐": "b",
    "○": "o",
    "□": "o",
    "■": "#",
    "✓": "+",
    "✗": "X",
    "×": "x",
    "·": ".",
    "•": "*",
    "–": "-",
    "—": "-",
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    "‖": "H",
}
_TABLE = str.maketrans(
    {
        **dict.fromkeys(_CORNERS, "+"),
        **dict.fromkeys(_VERTICAL, "|"),
        **dict.fromkeys(_HORIZONTAL, "-"),
        **dict.fromkeys(_BLOCKS, "#"),
        **_OTHERS,
    }
)


class AsciiGlyphs(LineFilter):
    """Replaces each drawn character by one ASCII character of the same width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with plain characters; names in other scripts stay as they are."""
        return [
            segment
            if segment.control or segment.text.isascii()
            else Segment(segment.text.translate(_TABLE), segment.style)
            for segment in segments
        ]


ASCII_GLYPHS = AsciiGlyphs()
