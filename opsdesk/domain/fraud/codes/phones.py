"""Telephone numbers: the words of their types and checks, and numbers that ring nowhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from opsdesk.domain.fraud.codes.decoded import CodeWords
from opsdesk.domain.fraud.entries import Entry, read_tables

_FILE = "fraud/phones.toml"
_RANGE = re.compile(r"\+[0-9][0-9x ]{5,30}\Z")


@dataclass(frozen=True, slots=True)
class PhoneTables:
    """Types and possible-checks by the library's number, and reserved ranges as patterns of equal length."""

    types: Mapping[int, CodeWords]
    checks: Mapping[int, CodeWords]
    fictional: tuple[str, ...]

    def type(self, number: int) -> CodeWords:
        """Return the type of a number; an unknown one is of unknown type."""
        return self.types.get(number) or CodeWords("UNKNOWN", "unknown type")

    def check(self, number: int) -> CodeWords:
        """Return what the possible-check found."""
        return self.checks.get(number) or CodeWords("UNKNOWN", "unknown check")

    def is_fictional(self, international: str) -> bool:
        """Say whether a number, `+` and digits, lies in a range reserved for films and books."""
        plain = international.replace(" ", "")
        return any(_lies_in(plain, pattern) for pattern in self.fictional if len(pattern) == len(plain))


def read_phones(shipped: str, own: str = "") -> PhoneTables:
    """Read types, checks and reserved ranges; the shop's own are added.

    Raises:
        Invalid: an entry is no type, check or range.
    """
    types: dict[int, CodeWords] = {}
    checks: dict[int, CodeWords] = {}
    fictional: list[str] = []
    for text in (shipped, own):
        whole = Entry(read_tables(text, _FILE), _FILE)
        types |= dict(map(_row, whole.tables("types")))
        checks |= dict(map(_row, whole.tables("checks")))
        for pattern in whole.texts("fictional", ()):
            if not _RANGE.match(pattern):
                raise whole.wrong("fictional", f"{pattern[:40]!r} is no range. Write it like +44 7700 900xxx.")
            fictional.append(pattern.replace(" ", ""))
        whole.done()
    return PhoneTables(types, checks, tuple(fictional))


def _row(entry: Entry) -> tuple[int, CodeWords]:
    row = entry.whole("number", 0, 999), CodeWords(entry.text("code"), entry.text("words"))
    entry.done()
    return row


def _lies_in(number: str, pattern: str) -> bool:
    return all(wanted in ("x", found) for found, wanted in zip(number, pattern, strict=True))
