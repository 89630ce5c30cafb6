"""Lists that rules may name, forwarders, and what a shop trusts or blocks: always with author, reason and end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from opsdesk.domain.fraud.entries import Entry, entries, read_tables
from opsdesk.domain.fraud.evidence.addresses import Forwarder, Place
from opsdesk.domain.fraud.evidence.entities import Entity, Key

_FILE = "fraud/lists.toml"
_NAME = re.compile(r"[a-z][a-z0-9_]{2,39}\Z")


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of the shop's files."""

    lists: Mapping[str, frozenset[str]]
    meanings: Mapping[str, str]
    forwarders: tuple[Forwarder, ...] = ()


def read_lists(shipped: str, own: str = "") -> Lists:
    """Read the shipped lists and the shop's own, whose entries are added to a list of the same name.

    Raises:
        Invalid: an entry is no list or forwarder.
    """
    lists: dict[str, frozenset[str]] = {}
    meanings: dict[str, str] = {}
    forwarders: list[Forwarder] = []
    for text in (shipped, own):
        read = read_tables(text, _FILE)
        for entry in entries(read, "list", _FILE, named="name"):
            name = entry.text("name")
            if not _NAME.match(name):
                raise entry.wrong("name", f"{name[:40]!r} is no name; use small letters, digits and underscores.")
            meanings[name] = entry.text("meaning", meanings.get(name, name.replace("_", " ")))
            # Articles keep their letters: shops write them in capitals.
            added = entry.texts("entries", ())
            folds = not name.endswith("_skus")
            lists[name] = lists.get(name, frozenset()) | {one.lower() if folds else one for one in added}
            entry.done()
        forwarders += map(_forwarder, entries(read, "forwarder", _FILE, named="name"))
    return Lists(lists, meanings, tuple(forwarders))


def _forwarder(entry: Entry) -> Forwarder:
    place = Place(
        line1=entry.text("street"), postcode=entry.text("postcode", ""), country=entry.text("country").upper()
    )
    forwarder = Forwarder(entry.text("name"), place)
    entry.done()
    return forwarder


class ListKind(StrEnum):
    """What an entry of the shop's own lists does."""

    ALLOW = "allow"
    BLOCK = "block"
    HUB = "hub"
    SNOOZE = "snooze"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """One value that the shop trusts, blocks, knows as shared by many, or lets one rule be silent about.

    Attributes:
        expires_at: None stands for never, which only a hub may.
        rule_id: of a snooze, the rule that is silent.
    """

    kind: ListKind
    key: Key
    reason: str
    author: str
    added_at: datetime
    expires_at: datetime | None = None
    rule_id: str = ""

    def is_active(self, now: datetime) -> bool:
        """Say whether it counts now."""
        return self.expires_at is None or now < self.expires_at


_LONGEST = timedelta(days=730)
_NEVER_ALLOWED = frozenset({Entity.IP, Entity.NETWORK, Entity.NAME})


def why_not_list(entry: ListEntry, *, hard_rules: frozenset[str] = frozenset(), snooze_days: int = 180) -> str | None:
    """Say why the entry cannot be added, or None if it can."""
    if not entry.key.value:
        return "There is no value to put on the list."
    if not entry.reason.strip():
        return "Say why; whoever reads the list in a year must understand it."
    if entry.kind is not ListKind.HUB and entry.expires_at is None:
        return "Say until when. Nobody looks again at what never ends."
    if entry.kind is ListKind.ALLOW and entry.key.entity in _NEVER_ALLOWED:
        return f"The {entry.key.entity.word} is shared too easily to be trusted. Trust the card, e-mail or address."
    if entry.expires_at is not None and entry.expires_at <= entry.added_at:
        return "It would end before it begins."
    longest = timedelta(days=snooze_days) if entry.kind is ListKind.SNOOZE else _LONGEST
    if entry.expires_at is not None and entry.expires_at - entry.added_at > longest:
        return f"It may last {longest.days} days at most."
    if entry.kind is ListKind.SNOOZE:
        return _why_not_snooze(entry, hard_rules)
    return None


def _why_not_snooze(entry: ListEntry, hard_rules: frozenset[str]) -> str | None:
    if not entry.rule_id:
        return "Say which rule is to be silent about it."
    if entry.rule_id in hard_rules:
        return f"{entry.rule_id} is a hard rule and is never silent. Decide its orders one by one."
    return None


def listed(entries_: Iterable[ListEntry], keys: Iterable[Key], kind: ListKind, now: datetime) -> frozenset[Entity]:
    """Return which of an order's entities stand on a list now."""
    mine = set(keys)
    return frozenset(
        entry.key.entity for entry in entries_ if entry.kind is kind and entry.key in mine and entry.is_active(now)
    )


def snoozed_rules(entries_: Iterable[ListEntry], keys: Iterable[Key], now: datetime) -> frozenset[str]:
    """Return the rules that are silent about one of an order's entities now."""
    mine = set(keys)
    return frozenset(
        entry.rule_id
        for entry in entries_
        if entry.kind is ListKind.SNOOZE and entry.key in mine and entry.is_active(now)
    )
