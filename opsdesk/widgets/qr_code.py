"""A QR code drawn with half blocks, black on white whatever the theme: cameras need dark on light."""

from __future__ import annotations

from textual.content import Content

_QUIET = 2
"""Modules of white around the code. ISO/IEC 18004 asks for four; phones read two, and a terminal is small."""
_STYLE = "#000000 on #ffffff"
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def qr_lines(text: str, *, columns: int, rows: int) -> list[Content] | None:
    """Return the code of a text as lines, or None when it does not fit into so many columns and rows."""
    import segno

    code = segno.make(text, error="l", micro=False, boost_error=False)
    modules = [[bool(module) for module in line] for line in code.matrix_iter(border=_QUIET)]
    if len(modules) % 2:
        modules.append([False] * len(modules[0]))
    if len(modules[0]) > columns or len(modules) // 2 > rows:
        return None
    pairs = zip(modules[::2], modules[1::2], strict=True)
    return [Content.styled("".join(_HALVES[pair] for pair in zip(*two, strict=True)), _STYLE) for two in pairs]
