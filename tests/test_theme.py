"""Colours that everybody can read, and states that need no colour."""

from __future__ import annotations

import pytest
from textual.color import Color

from opsdesk.domain.orders.queues import Flag
from opsdesk.domain.orders.states import Headline
from opsdesk.domain.payments.order_money import PaymentStatus
from opsdesk.screens.headlines import HEADLINE_LOOKS, PAYMENT_TONES
from opsdesk.screens.queue.rows import FLAG_TONES
from opsdesk.settings import Glyphs
from opsdesk.theme import SYMBOLS, THEME_NAMES, Tone, colours, theme

_LEAST = 4.5
"""WCAG 2.1, 1.4.3: contrast of text."""

_WITH_COLOURS = [name for name in THEME_NAMES if name != "terminal"]


def luminance(colour: str) -> float:
    parts = [value / 255 for value in Color.parse(colour).rgb]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", _WITH_COLOURS)
@pytest.mark.parametrize("tone", Tone)
@pytest.mark.parametrize("ground", ["ground", "raised"])
def test_every_tone_can_be_read_on_every_ground(name: str, tone: Tone, ground: str) -> None:
    found = colours(name)
    assert contrast(found[f"tone-{tone.value}"], found[ground]) >= _LEAST


@pytest.mark.parametrize("name", _WITH_COLOURS)
def test_the_row_under_the_pointer_can_be_read(name: str) -> None:
    found = colours(name)
    assert contrast(found["pointer-text"], found["pointer"]) >= _LEAST
    assert contrast(found["pointer"], found["ground"]) >= 1.5


def test_the_measure_of_contrast_knows_black_on_white_and_grey_on_grey() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#888888") < _LEAST


def test_the_safe_theme_has_no_pair_that_differs_by_red_and_green_alone() -> None:
    found = colours("safe")
    good, alarm = Color.parse(found["tone-good"]), Color.parse(found["tone-alarm"])
    assert good.b > good.r
    assert alarm.r > alarm.b
    assert abs(good.b - alarm.b) > 100


@pytest.mark.parametrize("glyphs", Glyphs)
def test_every_state_has_a_symbol_and_a_word(glyphs: Glyphs) -> None:
    for headline in Headline:
        name, _ = HEADLINE_LOOKS[headline]
        assert SYMBOLS[name].shown(glyphs).strip()
        assert headline.word.strip()
    assert set(PAYMENT_TONES) == set(PaymentStatus)
    assert set(FLAG_TONES) == set(Flag)


def test_ascii_symbols_are_ascii_and_no_symbol_is_wide() -> None:
    from rich.cells import cell_len

    for symbol in SYMBOLS.values():
        assert symbol.ascii.isascii()
        assert cell_len(symbol.unicode) == len(symbol.unicode)


@pytest.mark.parametrize("name", THEME_NAMES)
def test_every_theme_can_be_made(name: str) -> None:
    assert theme(name).name == f"opsdesk-{name}"
    assert theme(name).ansi is (name == "terminal")
