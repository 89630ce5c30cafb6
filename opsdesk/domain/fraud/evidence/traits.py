"""What can be seen in a name and in an address of e-mail without asking anybody."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from opsdesk.domain.searching import folded

_KEYBOARD_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop")
_RUN_LENGTH = 5
_KEYBOARD_RUNS = frozenset(
    run[place : place + _RUN_LENGTH]
    for row in _KEYBOARD_ROWS
    for run in (row, row[::-1])
    for place in range(len(row) - _RUN_LENGTH + 1)
)
_REPEATED = re.compile(r"([^\W\d_])\1{3,}")
_TRAILING_DIGITS = re.compile(r"\d+\Z", re.ASCII)
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]+")
_WORDS = re.compile(r"[a-z]{3,}")
_LETTER = re.compile(r"[^\W\d_]")


def split_email(address: str) -> tuple[str, str]:
    """Return local part and domain in small letters, both empty where it is no address."""
    local, sign, domain = address.strip().lower().rpartition("@")
    return (local, domain) if sign and local and "." in domain else ("", "")


def trailing_digits(text: str) -> int:
    """Return how many digits the text ends with."""
    found = _TRAILING_DIGITS.search(text)
    return len(found.group()) if found else 0


def longest_consonant_run(text: str) -> int:
    """Return how much of the text is its longest run of consonants, in percent. `y` counts as a vowel."""
    runs = _CONSONANTS.findall(folded(text))
    return max(map(len, runs), default=0) * 100 // len(text) if text else 0


@lru_cache(maxsize=16_384)
def is_nonsense(text: str) -> bool:
    """Say whether the text looks struck at random: a run along the keyboard, one letter again and again."""
    plain = folded(text)
    if _REPEATED.search(plain):
        return True
    return any(plain[place : place + _RUN_LENGTH] in _KEYBOARD_RUNS for place in range(len(plain) - _RUN_LENGTH + 1))


def lacks_letters(text: str) -> bool:
    """Say whether something that should be words holds no letter at all."""
    return bool(text.strip()) and not _LETTER.search(text)


def names_agree(name: str, others: Iterable[str]) -> bool | None:
    """Say whether a word of the name stands in one of the other texts; None where the name has no long word.

    The domain of a firm is looked at as well as the local part: `info@mueller-bau.example` is signed by Müller.
    """
    words = _WORDS.findall(_without_umlauts(name))
    if not words:
        return None
    texts = [_without_umlauts(text) for text in others]
    return any(word in text for word in words for text in texts)


def _without_umlauts(text: str) -> str:
    """Spell ä, ae and a alike: people write Müller, and mueller in their address."""
    return folded(text).replace("ae", "a").replace("oe", "o").replace("ue", "u")
