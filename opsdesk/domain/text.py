"""Text from outside, made fit to be stored and shown: nothing in it can steer a terminal, hide, or pretend.

Stored text holds no control character (LF in multi-line text aside), no direction override, nothing invisible, and is
in Unicode form C. What only pads (zero-width spaces, soft hyphens, direction marks) goes; what deceives (direction
overrides, tags, half characters) leaves the visible mark U+FFFD, so that a clerk sees that something was there.

Card numbers are a matter of `domain.cards`: mask first, then clean, so that a cut cannot leave half a number behind.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

MARK: Final = "\ufffd"
"""Stands where something was that must not be shown."""

_JOINERS = ("\u200c", "\u200d")
_CONTROLS = "\x00-\x1f\x7f-\x9f"
_PADDING = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f"
    "\u3164\ufeff\uffa0"
)
_PLANE_ENDS = "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
_DECEPTION = (
    "\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff\ufdd0-\ufdef\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    + _PLANE_ENDS
)
_BREAK = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_SPACE = "\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_BLANK = re.compile(f"[{_SPACE}]")
_SPACES = re.compile(f"[ \n{_SPACE}]+")
_TRAILING = re.compile(r" +(?=\n)")
_EMPTY_LINES = re.compile(r"\n{4,}")
_MOST_MARKS = 4
_VARIANTS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_STRAY_VARIANT = re.compile(f"(?<![^\\s{_VARIANTS}])[{_VARIANTS}]|(?<=[{_VARIANTS}])[{_VARIANTS}]")
# Cyrillic and Greek letters that nobody can tell from Latin ones.
_LOOK_ALIKES = frozenset("аеорсухіјѕԁһԛԝАВЕКМНОРСТУХІЈЅԌҮοΟΑΒΕΖΗΙΚΜΝΡΤΥΧνικρυχ")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_WORD = re.compile(r"\w+")


def clean_line(text: str, *, longest: int) -> str:
    """Return the text as one line of at most `longest` characters; a longer one ends in `…`."""
    if not (text.isascii() and text.isprintable()):
        text = _unfold(text)
    if "  " in text or "\n" in text:
        text = _SPACES.sub(" ", text)
    return _cut(text.strip(" "), longest)


def clean_text(text: str, *, longest: int) -> str:
    """Return the text with its lines, ended by LF alone, at most `longest` characters; a longer one ends in `…`."""
    if not (text.isascii() and text.isprintable()):
        text = _TRAILING.sub("", _unfold(text))
        text = _EMPTY_LINES.sub("\n\n\n", text)
    return _cut(text.rstrip(" \n").lstrip("\n"), longest)


def is_clean(text: str, *, lines: bool = False) -> bool:
    """Say whether the text holds nothing that must not be stored; `lines` allows LF."""
    if lines:
        text = text.replace("\n", "")
    if text.isascii() and text.isprintable():
        return True
    return _unsafe().search(text) is None and _settle_joiners(text, "") == text


def visible(text: str, *, lines: bool = False) -> str:
    """Return the text with a mark in place of each character that must not reach a terminal or a log.

    For what was never stored, such as a file name or a mail server's answer. `lines` allows LF.
    """
    if text.isascii() and text.isprintable():
        return text
    if lines:
        return "\n".join(visible(line) for line in text.split("\n"))
    return _unsafe().sub(MARK, _settle_joiners(without_mark_floods(text), MARK))


def without_mark_floods(text: str) -> str:
    """Keep at most four combining marks on one letter: thousands hang some terminals, and cover other rows."""
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return text if len(kept) == len(text) else "".join(kept)


def mixed_words(text: str) -> tuple[str, ...]:
    """Return the words in which Latin letters stand beside Cyrillic or Greek ones that look just like them."""
    if text.isascii():
        return ()
    return tuple(word for word in _WORD.findall(text) if _LATIN.search(word) and not _LOOK_ALIKES.isdisjoint(word))


def _unfold(text: str) -> str:
    text = _BREAK.sub("\n", text)
    # What is dropped may part two marks, and form C may join them: so the flood is measured last.
    text = _deceptive().sub(MARK, _settle_joiners(_dropped().sub("", text), ""))
    if text.isascii():
        return _BLANK.sub(" ", text)
    text = unicodedata.normalize("NFC", _BLANK.sub(" ", text))
    text = without_mark_floods(_STRAY_VARIANT.sub("", text))
    # What went may have left a joiner alone.
    return text if _settle_joiners(text, "") == text else _unfold(text)


def _settle_joiners(text: str, instead: str) -> str:
    """Keep zero-width joiners between letters that join and between emoji, and nowhere else."""
    if "\u200c" not in text and "\u200d" not in text:
        return text
    padded = f" {text} "
    return "".join(
        instead if letter in _JOINERS and not (_joins(padded[place]) and _joins(padded[place + 2])) else letter
        for place, letter in enumerate(text)
    )


def _joins(letter: str) -> bool:
    """Say whether a joiner may stand beside it: Hebrew and every script after it, pictures; never Latin."""
    code = ord(letter)
    return (
        0x0590 <= code <= 0x1DFF
        or 0x2190 <= code <= 0x2BFF
        or 0x2E80 <= code <= 0xD7FF
        or 0xF900 <= code <= 0xFDCF
        or 0xFDF0 <= code <= 0xFDFF
        or code == 0xFE0F
        or 0xFE70 <= code <= 0xFEFC
        or 0x1F000 <= code <= 0x1FAFF
    )


# These take a millisecond each to compile, which the program has no time for before its first picture.


@cache
def _unsafe() -> re.Pattern[str]:
    return re.compile(f"[{_CONTROLS}{_PADDING}{_DECEPTION}\u2028\u2029]")


@cache
def _dropped() -> re.Pattern[str]:
    return re.compile(f"[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f{_PADDING}]")


@cache
def _deceptive() -> re.Pattern[str]:
    return re.compile(f"[{_DECEPTION}]+")


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    end = max(0, longest - 1)
    while end and (unicodedata.combining(text[end]) or text[end - 1] == "\u200d" or text[end] in "\u200c\u200d\ufe0f"):
        end -= 1
    return f"{text[:end].rstrip()}…"[:longest]
