"""Codes that only need words: reasons of foreign scores, and the shop's own reasons for a decision."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from opsdesk.domain.fraud.codes.decoded import CodeWords
from opsdesk.domain.fraud.entries import entries, read_tables


class Verdict(StrEnum):
    """What a case is decided to be."""

    RELEASE = "release"
    CANCEL_FRAUD = "cancel_fraud"
    CANCEL_UNVERIFIED = "cancel_unverified"
    OTHER = "other"

    @property
    def cancels(self) -> bool:
        """True where the order ends with it."""
        return self in (Verdict.CANCEL_FRAUD, Verdict.CANCEL_UNVERIFIED)


WordTable = Mapping[tuple[str, str], CodeWords]
DecisionTable = Mapping[str, tuple[Verdict, CodeWords]]


def read_foreign_reasons(shipped: str, own: str = "") -> WordTable:
    """Read the reasons of foreign scores by group and code; the shop's own replace or follow them.

    Raises:
        Invalid: an entry is no reason with its words.
    """
    file = "fraud/minfraud.toml"
    table: dict[tuple[str, str], CodeWords] = {}
    for text in (shipped, own):
        for entry in entries(read_tables(text, file), "reason", file, named="group"):
            group = entry.text("group")
            for row in entry.tables("rows"):
                code = row.text("code")
                table[group, code] = CodeWords(code, row.text("words"), group)
                row.done()
            entry.done()
    return table


def read_decisions(shipped: str, own: str = "") -> DecisionTable:
    """Read the shop's reasons for a decision by code.

    Raises:
        Invalid: an entry is no reason with its words.
    """
    file = "fraud/decisions.toml"
    table: dict[str, tuple[Verdict, CodeWords]] = {}
    for text in (shipped, own):
        for entry in entries(read_tables(text, file), "reason", file, named="verdict"):
            verdict = entry.choice("verdict", Verdict)
            for row in entry.tables("rows"):
                code = row.text("code")
                table[code] = (verdict, CodeWords(code, row.text("words"), verdict))
                row.done()
            entry.done()
    return table
