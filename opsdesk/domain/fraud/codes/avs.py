"""Address verification: one letter, read with the table of its gateway and network, never without."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from opsdesk.domain.fraud.codes.decoded import Avs, AvsSummary, Match
from opsdesk.domain.fraud.entries import Entry, entries, read_tables
from opsdesk.domain.payments.instruments import Check

_FILE = "fraud/avs.toml"
ANY = "any"


@dataclass(frozen=True, slots=True)
class AvsTables:
    """Every table of letters, and which of them speaks for a gateway and a network.

    Attributes:
        networks: the tables of a network; where there are several, all that know the letter must agree.
        gateways: the tables of a gateway by network, looked up before those of the network.
    """

    tables: Mapping[str, Mapping[str, Avs]]
    networks: Mapping[str, tuple[str, ...]]
    gateways: Mapping[str, Mapping[str, tuple[str, ...]]]

    def decode(self, gateway: str, network: str, code: str) -> Avs | None:
        """Say what the letter means there; None where none was sent.

        A letter that no table has, or that means different things where nobody says which is meant, is unverified.
        """
        letter, wire, card = code.strip().upper(), gateway.strip().lower(), network.strip().lower()
        if not letter:
            return None
        own = self.gateways.get(wire, {})
        for table in own.get(card, own.get(ANY, ())):
            if letter in self.tables.get(table, {}):
                return replace(self.tables[table][letter], gateway=wire, network=card)
        candidates = self.networks.get(card) or tuple(table for tables in self.networks.values() for table in tables)
        found = _agreed(self.tables[table][letter] for table in candidates if letter in self.tables.get(table, {}))
        return replace(found, code=letter, gateway=wire, network=card)


def avs_of_checks(street: Check, postal: Check, gateway: str = "") -> Avs | None:
    """Read what a gateway says of street and postcode in words instead of a letter; None where it says nothing."""
    if street is Check.NONE and postal is Check.NONE:
        return None
    first, second = _MATCHES.get(street, Match.UNKNOWN), _MATCHES.get(postal, Match.UNKNOWN)
    if first is second is Match.MATCH:
        summary = AvsSummary.FULL
    elif Match.MATCH in (first, second):
        summary = AvsSummary.STREET_ONLY if first is Match.MATCH else AvsSummary.POSTAL_ONLY
    elif Match.NOMATCH in (first, second):
        summary = AvsSummary.NONE
    else:
        is_unsupported = Check.UNAVAILABLE in (street, postal)
        summary = AvsSummary.UNSUPPORTED if is_unsupported else AvsSummary.UNVERIFIED
    return Avs(summary, first, second, gateway=gateway)


def read_avs(shipped: str, own: str = "") -> AvsTables:
    """Read the shipped tables and the shop's own, which replace or follow them by code.

    Raises:
        Invalid: an entry is no table, network or gateway; the sentence names it.
    """
    tables: dict[str, Mapping[str, Avs]] = {}
    networks: dict[str, tuple[str, ...]] = {}
    gateways: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for text in (shipped, own):
        read = read_tables(text, _FILE)
        for entry in entries(read, "table", _FILE):
            code = entry.text("code")
            entry.text("source", "")
            tables[code] = {row.code: row for row in map(_row, entry.tables("rows"))}
            entry.done()
        for entry in entries(read, "network", _FILE):
            networks[entry.text("code")] = _known(entry, "tables", tables)
            entry.done()
        for entry in entries(read, "gateway", _FILE):
            first = entry.table("first")
            gateways[entry.text("code")] = {name: _known(first, name, tables) for name in first.names()}
            entry.done()
    return AvsTables(tables, networks, gateways)


_MATCHES = {Check.PASS: Match.MATCH, Check.FAIL: Match.NOMATCH}


def _agreed(found: Iterable[Avs]) -> Avs:
    meanings = list(found)
    if not meanings:
        return Avs(AvsSummary.UNVERIFIED, remark="nobody knows this code")
    facts = {(one.summary, one.street, one.postal, one.name) for one in meanings}
    if len(facts) > 1:
        return Avs(AvsSummary.UNVERIFIED, remark="this code means different things, and the gateway is not known")
    return replace(meanings[0], remark="")


def _row(entry: Entry) -> Avs:
    row = Avs(
        entry.choice("summary", AvsSummary),
        entry.choice("street", Match, Match.UNKNOWN),
        entry.choice("postal", Match, Match.UNKNOWN),
        entry.choice("name", Match, Match.UNKNOWN),
        code=entry.text("code").upper(),
        remark=entry.text("remark", ""),
    )
    entry.done()
    return row


def _known(entry: Entry, key: str, tables: Mapping[str, object]) -> tuple[str, ...]:
    names = entry.texts(key)
    for name in names:
        if name not in tables:
            raise entry.wrong(key, f"there is no table {name!r}. Known are: {', '.join(tables)}.")
    return names
