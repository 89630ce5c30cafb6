"""The check of the security code, letter by letter."""

from __future__ import annotations

from collections.abc import Mapping

from opsdesk.domain.fraud.codes.decoded import Cvv, CvvSummary
from opsdesk.domain.fraud.entries import entries, read_tables
from opsdesk.domain.payments.instruments import Check

_FILE = "fraud/cvv.toml"
CvvTable = Mapping[str, Cvv]
_CHECKS = {
    Check.PASS: Cvv(CvvSummary.MATCH, "security code matches"),
    Check.FAIL: Cvv(CvvSummary.NOMATCH, "security code does not match"),
    Check.UNAVAILABLE: Cvv(CvvSummary.NOT_CHECKED, "the bank cannot check security codes"),
    Check.UNCHECKED: Cvv(CvvSummary.NOT_CHECKED, "security code not checked"),
}


def decode_cvv(table: CvvTable, code: str) -> Cvv:
    """Say what the letter means; an unknown one was not checked."""
    letter = code.strip().upper()
    return table.get(letter) or Cvv(CvvSummary.NOT_CHECKED, "nobody knows this code", letter)


def cvv_of_check(check: Check) -> Cvv | None:
    """Read what a gateway says in words instead of a letter; None where it says nothing."""
    return _CHECKS.get(check)


def read_cvv(shipped: str, own: str = "") -> CvvTable:
    """Read the shipped letters and the shop's own, which replace or follow them.

    Raises:
        Invalid: an entry is no letter with its meaning.
    """
    table: dict[str, Cvv] = {}
    for text in (shipped, own):
        for entry in entries(read_tables(text, _FILE), "cvv", _FILE):
            code = entry.text("code", "").upper()
            table[code] = Cvv(entry.choice("summary", CvvSummary), entry.text("words"), code)
            entry.done()
    return table
