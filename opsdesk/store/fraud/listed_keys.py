"""What the shop's own lists say of an order's e-mail address, card and the like: trusted, blocked, a hub, snoozed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from opsdesk.domain.address_digests import digest_of
from opsdesk.domain.fraud.evidence.entities import Entity, Key
from opsdesk.domain.fraud.lists import ListKind
from opsdesk.store.fraud.asking import ask
from opsdesk.store.fraud.linked_orders import is_sqlite, moment

_ENTITIES = ", ".join(f"'{entity.value}'" for entity in Entity)


@dataclass(frozen=True, slots=True)
class Listing:
    """One entry: what it does, of a snooze for which rule, and from when until when it counts."""

    kind: str
    rule_id: str
    since: datetime
    until: datetime | None

    def counts_at(self, at: datetime) -> bool:
        """Say whether it counts at that moment."""
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Listed:
    """What the lists say, by entity and digest."""

    entries: dict[tuple[str, str], list[Listing]] = field(default_factory=dict)

    def entities(self, keys: Iterable[Key], kind: ListKind, at: datetime) -> frozenset[Entity]:
        """Return which of the keys stand on a list at that moment."""
        return frozenset(key.entity for key in keys if any(said.kind == kind for said in self._of(key, at)))

    def snoozed(self, keys: Iterable[Key], at: datetime) -> frozenset[str]:
        """Return the rules that are silent about one of the keys at that moment."""
        return frozenset(said.rule_id for key in keys for said in self._of(key, at) if said.kind == ListKind.SNOOZE)

    def _of(self, key: Key, at: datetime) -> Iterator[Listing]:
        if self.entries:
            found = self.entries.get((key.entity.value, digest_of(key.value)), ())
            yield from (said for said in found if said.counts_at(at))


def has_lists(session: Session) -> bool:
    """Say whether anything was ever put on a list."""
    return ask(session, "SELECT 1 FROM risk_list_entry LIMIT 1").first() is not None


def listed(session: Session, keys: Iterable[Key]) -> Listed:
    """Look up what the lists say of keys, and ever said."""
    digests = sorted({digest_of(key.value) for key in keys})
    if not digests:
        return Listed()
    on_sqlite = is_sqlite(session)
    mine = "digest IN (SELECT value FROM json_each(:digests))" if on_sqlite else "digest = ANY(:digests)"
    asked = f"""
        SELECT entity, digest, kind, rule_id, added_at, expires_at, removed_at FROM risk_list_entry
        WHERE entity IN ({_ENTITIES}) AND {mine}
    """  # noqa: S608  our own words
    found = Listed()
    for row in ask(session, asked, {"digests": json.dumps(digests) if on_sqlite else digests}):
        found.entries.setdefault((row.entity, row.digest), []).append(_listing(row))
    return found


def _listing(row: Row[Any]) -> Listing:
    ends = [moment(end) for end in (row.expires_at, row.removed_at) if end is not None]
    return Listing(row.kind, row.rule_id, moment(row.added_at), min(ends, default=None))
