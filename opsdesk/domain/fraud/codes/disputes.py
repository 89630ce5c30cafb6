"""Reasons of disputes and early warnings: which of them say that an order was fraud, and which say something else."""

from __future__ import annotations

from collections.abc import Mapping

from opsdesk.domain.fraud.codes.decoded import DisputeCode, FraudLabel
from opsdesk.domain.fraud.entries import Entry, entries, read_tables

_FILE = "fraud/disputes.toml"
DisputeTable = Mapping[tuple[str, str], DisputeCode]
WARNING = "warning"
"""Stands for the network of early warnings, which come before a dispute."""


def decode_dispute(table: DisputeTable, network: str, code: str) -> DisputeCode:
    """Say what the code means for the order; one that is not in the table is no fraud.

    Where the network is not known, the code counts if exactly one network has it.
    """
    card, number = network.strip().lower(), _plain(code)
    found = table.get((card, number))
    if found is None and not card:
        others = [row for (own, known), row in table.items() if known == number and own != WARNING]
        found = others[0] if len(others) == 1 else None
    return found or DisputeCode(card, number, "no fraud code", FraudLabel.NO)


def decode_warning(table: DisputeTable, kind: str) -> DisputeCode:
    """Say what an early warning means; one of an unknown kind is a warning still."""
    return table.get((WARNING, _plain(kind))) or DisputeCode(
        WARNING, kind.strip().lower(), "reported as fraud", FraudLabel.YES
    )


def read_disputes(shipped: str, own: str = "") -> DisputeTable:
    """Read the shipped codes and the shop's own, which replace or follow them.

    Raises:
        Invalid: an entry is no code with its meaning.
    """
    table: dict[tuple[str, str], DisputeCode] = {}
    for text in (shipped, own):
        for entry in entries(read_tables(text, _FILE), "dispute", _FILE, named="network"):
            network = entry.text("network")
            for row in entry.tables("rows"):
                code = _row(network, row)
                table[network, _plain(code.code)] = code
            entry.done()
    return table


def _row(network: str, row: Entry) -> DisputeCode:
    code = DisputeCode(
        network,
        row.text("code"),
        row.text("words"),
        row.choice("label", FraudLabel),
        row.flag("about_order", True),
        row.text("remark", ""),
    )
    row.done()
    return code


def _plain(code: str) -> str:
    return code.strip().upper()
