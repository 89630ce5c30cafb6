"""The pay link as a QR code on the terminal: what a camera would read is the link."""

from __future__ import annotations

import segno

from opsdesk.widgets.qr_code import qr_lines

LINK = "https://buy.example.com/a1B2c3D4"
_HALVES = {" ": (False, False), "▀": (True, False), "▄": (False, True), "█": (True, True)}


def _modules(lines: list[str]) -> list[list[bool]]:
    found: list[list[bool]] = []
    for line in lines:
        pairs = [_HALVES[char] for char in line]
        found += [[upper for upper, _ in pairs], [lower for _, lower in pairs]]
    return found


def test_every_module_of_the_code_is_drawn_where_it_belongs() -> None:
    lines = qr_lines(LINK, columns=80, rows=24)
    assert lines is not None
    wanted = [
        [bool(module) for module in row]
        for row in segno.make(LINK, error="l", micro=False, boost_error=False).matrix_iter(border=2)
    ]
    assert _modules([line.plain for line in lines])[: len(wanted)] == wanted


def test_it_is_dark_on_light_in_every_theme() -> None:
    lines = qr_lines(LINK, columns=80, rows=24)
    assert lines is not None
    assert {str(span.style) for line in lines for span in line.spans} == {"#000000 on #ffffff"}


def test_a_short_link_fits_beside_its_words_on_the_smallest_terminal() -> None:
    lines = qr_lines(LINK, columns=40, rows=17)
    assert lines is not None
    assert len(lines) <= 17
    assert max(line.cell_length for line in lines) <= 40


def test_a_code_that_does_not_fit_is_not_drawn_in_part() -> None:
    assert qr_lines(LINK, columns=20, rows=17) is None
    assert qr_lines(LINK, columns=80, rows=10) is None
    assert qr_lines("https://example.com/" + "x" * 400, columns=80, rows=18) is None
