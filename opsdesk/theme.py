"""Tones, symbols and the four themes. A state is always symbol + word + tone; the tone alone never says anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from textual.theme import Theme

from opsdesk.settings import Glyphs


class Tone(StrEnum):
    """What a colour means. Each theme has one colour for each tone."""

    PLAIN = "plain"
    DIM = "dim"
    GOOD = "good"
    NOW = "now"
    LOOK = "look"
    ALARM = "alarm"
    DOUBT = "doubt"
    MONEY = "money"
    COLD = "cold"
    SHORT = "short"
    CHANGED = "changed"

    @property
    def style(self) -> str:
        """The style for `Content`, resolved by whichever theme is on."""
        return f"bold $tone-{self.value}" if self is Tone.ALARM else f"$tone-{self.value}"


@dataclass(frozen=True, slots=True)
class Symbol:
    """One symbol in both character sets, and its tone."""

    ascii: str
    unicode: str
    tone: Tone

    def shown(self, glyphs: Glyphs) -> str:
        """Return the characters for this terminal."""
        return self.ascii if glyphs is Glyphs.ASCII else self.unicode


SYMBOLS: Mapping[str, Symbol] = {
    "done": Symbol("[+]", "✓", Tone.GOOD),
    "now": Symbol("[>]", "▶", Tone.NOW),
    "open": Symbol("[ ]", "□", Tone.PLAIN),
    "look": Symbol("[!]", "▲", Tone.LOOK),
    "wrong": Symbol("[X]", "✗", Tone.ALARM),
    "asked": Symbol("[?]", "?", Tone.DOUBT),
    "nothing": Symbol("[-]", "–", Tone.DIM),
    "overdue": Symbol("!!", "!!", Tone.ALARM),
    "soon": Symbol("!", "!", Tone.LOOK),
    "suspect": Symbol("?", "?", Tone.DOUBT),
    "held": Symbol("H", "‖", Tone.DOUBT),
    "unpaid": Symbol("$", "$", Tone.MONEY),
    "alike": Symbol("=", "=", Tone.MONEY),
    "frozen": Symbol("#", "*", Tone.COLD),
    "short": Symbol("o", "o", Tone.SHORT),
    "hands": Symbol("@", "@", Tone.COLD),
    "changed": Symbol("~", "~", Tone.CHANGED),
    "note": Symbol("n", "n", Tone.PLAIN),
    "asleep": Symbol("z", "z", Tone.DIM),
    "gone": Symbol("x", "×", Tone.DIM),
    "ready": Symbol("+", "●", Tone.GOOD),
    "packing": Symbol("b", "◐", Tone.NOW),
    "away": Symbol(">", "→", Tone.NOW),
    "arrived": Symbol("v", "✓", Tone.GOOD),
}
"""Every symbol by its name. ASCII is enough to read the screen by; ambiguous-width characters are left out."""

_TONES: Mapping[str, Mapping[Tone, str]] = {
    "dark": {
        Tone.PLAIN: "#d7dde5",
        Tone.DIM: "#8e99a8",
        Tone.GOOD: "#7fce8d",
        Tone.NOW: "#6fb7ff",
        Tone.LOOK: "#f0b45a",
        Tone.ALARM: "#ff857c",
        Tone.DOUBT: "#dba4f5",
        Tone.MONEY: "#e6d36b",
        Tone.COLD: "#8fbcff",
        Tone.SHORT: "#f5a870",
        Tone.CHANGED: "#62d6d6",
    },
    "light": {
        Tone.PLAIN: "#1d2127",
        Tone.DIM: "#586069",
        Tone.GOOD: "#166b2f",
        Tone.NOW: "#0a55b0",
        Tone.LOOK: "#7d5000",
        Tone.ALARM: "#b0121c",
        Tone.DOUBT: "#7a2ea0",
        Tone.MONEY: "#665700",
        Tone.COLD: "#1b4fc0",
        Tone.SHORT: "#8c3f00",
        Tone.CHANGED: "#006565",
    },
    # Blue, orange, yellow and white only: no pair that red-green or blue-yellow weakness makes alike.
    "safe": {
        Tone.PLAIN: "#e8e8e8",
        Tone.DIM: "#9a9a9a",
        Tone.GOOD: "#63b8f0",
        Tone.NOW: "#a7d5ff",
        Tone.LOOK: "#f0b030",
        Tone.ALARM: "#ff9a4d",
        Tone.DOUBT: "#f0e442",
        Tone.MONEY: "#f0e442",
        Tone.COLD: "#8fb4ff",
        Tone.SHORT: "#f0b030",
        Tone.CHANGED: "#a7d5ff",
    },
    "terminal": {
        Tone.PLAIN: "ansi_default",
        Tone.DIM: "ansi_default",
        Tone.GOOD: "ansi_green",
        Tone.NOW: "ansi_cyan",
        Tone.LOOK: "ansi_yellow",
        Tone.ALARM: "ansi_red",
        Tone.DOUBT: "ansi_magenta",
        Tone.MONEY: "ansi_yellow",
        Tone.COLD: "ansi_cyan",
        Tone.SHORT: "ansi_yellow",
        Tone.CHANGED: "ansi_cyan",
    },
}

_GROUNDS: Mapping[str, Mapping[str, str]] = {
    "dark": {
        "ground": "#11151b",
        "raised": "#1a2029",
        "line": "#36404d",
        "pointer": "#2c4a6e",
        "pointer-text": "#ffffff",
    },
    "light": {
        "ground": "#fbfbf9",
        "raised": "#eeeeea",
        "line": "#a8adb4",
        "pointer": "#0a4a94",
        "pointer-text": "#ffffff",
    },
    "safe": {
        "ground": "#0d0d10",
        "raised": "#1b1b20",
        "line": "#4a4a52",
        "pointer": "#14508c",
        "pointer-text": "#ffffff",
    },
    "terminal": {
        "ground": "ansi_default",
        "raised": "ansi_default",
        "line": "ansi_bright_black",
        "pointer": "ansi_blue",
        "pointer-text": "ansi_bright_white",
    },
}

THEME_NAMES = tuple(_TONES)
"""`dark`, `light`, `safe` for every kind of colour vision, and `terminal`, which takes the terminal's own colours."""


def colours(name: str) -> dict[str, str]:
    """Return every colour of a theme by its variable, without the dollar sign."""
    return {f"tone-{tone.value}": colour for tone, colour in _TONES[name].items()} | dict(_GROUNDS[name])


def theme(name: str) -> Theme:
    """Return a theme as Textual wants it."""
    tones, grounds = _TONES[name], _GROUNDS[name]
    return Theme(
        name=f"opsdesk-{name}",
        primary=tones[Tone.NOW],
        secondary=tones[Tone.CHANGED],
        warning=tones[Tone.LOOK],
        error=tones[Tone.ALARM],
        success=tones[Tone.GOOD],
        accent=tones[Tone.NOW],
        foreground=tones[Tone.PLAIN],
        background=grounds["ground"],
        surface=grounds["ground"],
        panel=grounds["raised"],
        boost=grounds["ground"] if name == "terminal" else None,
        dark=name != "light",
        ansi=name == "terminal",
        variables=colours(name) | _textual_variables(name),
    )


def _textual_variables(name: str) -> dict[str, str]:
    tones, grounds = _TONES[name], _GROUNDS[name]
    return {
        "block-cursor-background": grounds["pointer"],
        "block-cursor-foreground": grounds["pointer-text"],
        "input-cursor-background": tones[Tone.PLAIN] if name != "terminal" else "ansi_white",
        "input-cursor-foreground": grounds["ground"] if name != "terminal" else "ansi_black",
        "input-selection-background": grounds["pointer"],
        "input-selection-foreground": grounds["pointer-text"],
        "scrollbar": grounds["line"],
        "scrollbar-hover": grounds["line"],
        "scrollbar-active": tones[Tone.NOW],
        "scrollbar-background": grounds["ground"],
        "scrollbar-background-hover": grounds["ground"],
        "scrollbar-background-active": grounds["ground"],
        "scrollbar-corner-color": grounds["ground"],
        # Textual's own style sheet asks for these in themes that take the terminal's colours.
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "border-blurred": grounds["line"],
        "screen-selection-background": grounds["pointer"],
        "screen-selection-foreground": grounds["pointer-text"],
    }
