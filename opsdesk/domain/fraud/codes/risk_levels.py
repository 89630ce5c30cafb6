"""What gateways think of a payment, in three words, and the names of card networks in one spelling."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from opsdesk.domain.fraud.entries import entries, read_tables

_FILE = "fraud/risk_levels.toml"
_LEVELS = ("low", "medium", "high")
_LETTERS = re.compile(r"[^a-z]+")
_NETWORKS = {
    "americanexpress": "amex",
    "mc": "mastercard",
    "dinersclub": "diners",
    "dinersclubinternational": "diners",
    "chinaunionpay": "unionpay",
    "discovercard": "discover",
}


@dataclass(frozen=True, slots=True)
class RiskLevels:
    """Levels by gateway and word, and where they begin as numbers."""

    words: Mapping[tuple[str, str], str]
    begins: Mapping[str, Mapping[str, int]]

    def level(self, gateway: str, word: str, score: int | None = None) -> str:
        """Return `low`, `medium` or `high`; empty where nobody can say."""
        wire = gateway.strip().lower()
        if found := self.words.get((wire, word.strip().lower())):
            return found
        begins = self.begins.get(wire)
        if score is None or begins is None:
            return ""
        reached = [level for level in _LEVELS if score >= begins.get(level, 0 if level == "low" else 101)]
        return reached[-1]


def network_name(brand: str) -> str:
    """Return the name of a network as the tables know it: `American Express` is `amex`."""
    plain = _LETTERS.sub("", brand.strip().lower())
    return _NETWORKS.get(plain, plain)


def read_risk_levels(shipped: str, own: str = "") -> RiskLevels:
    """Read the shipped levels and the shop's own, which replace or follow them.

    Raises:
        Invalid: an entry is no gateway with its levels.
    """
    words: dict[tuple[str, str], str] = {}
    begins: dict[str, Mapping[str, int]] = {}
    for text in (shipped, own):
        for entry in entries(read_tables(text, _FILE), "level", _FILE, named="gateway"):
            gateway = entry.text("gateway")
            for level in _LEVELS:
                words |= {(gateway, word.lower()): level for word in entry.texts(level, ())}
            if entry.has("from"):
                marks = entry.table("from")
                begins[gateway] = {level: marks.whole(level, 0, 100) for level in _LEVELS if marks.has(level)}
                marks.done()
            entry.done()
    return RiskLevels(words, begins)
