"""The check of the security code, letter by letter."""

from __future__ import annotations

from collections.abc import Mapping

from opsdesk.domain.fraud.codes.decoded import CvvResult, CvvSummary
from opsdesk.domain.fraud.entries import entries, read_tables
from opsdesk.domain.payments.instruments import Check

_FILE = "fraud/cvv_results.toml"
CvvResults = Mapping[str, CvvResult]
_CHECKS = {
    Check.PASS: CvvResult(CvvSummary.MATCH, "security code matches"),
    Check.FAIL: CvvResult(CvvSummary.NOMATCH, "security code does not match"),
    Check.UNAVAILABLE: CvvResult(CvvSummary.NOT_CHECKED, "the bank cannot check security codes"),
    Check.UNCHECKED: CvvResult(CvvSummary.NOT_CHECKED, "security code not checked"),
}


def decode_cvv_result(table: CvvResults, code: str) -> CvvResult:
    """Say what the letter means; an unknown one was not checked."""
    letter = code.strip().upper()
    return table.get(letter) or CvvResult(CvvSummary.NOT_CHECKED, "nobody knows this code", letter)


def cvv_result_of(check: Check) -> CvvResult | None:
    """Read what a gateway says in words instead of a letter; None where it says nothing."""
    return _CHECKS.get(check)


def read_cvv_results(shipped: str, own: str = "") -> CvvResults:
    """Read the shipped letters and the shop's own, which replace or follow them.

    Raises:
        Invalid: an entry is no letter with its meaning.
    """
    table: dict[str, CvvResult] = {}
    for text in (shipped, own):
        for entry in entries(read_tables(text, _FILE), "cvv_result", _FILE):
            code = entry.text("code", "").upper()
            table[code] = CvvResult(entry.choice("summary", CvvSummary), entry.text("words"), code)
            entry.done()
    return table
