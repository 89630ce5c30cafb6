"""The audit chain: each activity row is sealed together with the seal of the row before it.

The seal is an HMAC whose key lies outside the store, so that somebody who can write to the store alone cannot make
a chain that verifies. Two writers must not seal on the same predecessor: on SQLite the write lock of the
transaction sees to that, on Postgres an advisory lock held until the commit.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import insert, select, text
from sqlmodel import Session, col

from opsdesk.store.tables import ActivityRow

START = "0" * 64
"""Stands for the hash of the row before the first."""

_LOCK_KEY = 0x0D5C4A1
FIELDS = (
    "id",
    "actor",
    "role",
    "terminal",
    "action",
    "outcome",
    "subject_kind",
    "subject_id",
    "command_id",
    "summary",
    "before",
    "after",
)
"""The sealed columns in their fixed order; the moment goes before them, the seal itself is `hash`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to be written to the history; `before` and `after` are readable values, empty where nothing changed."""

    action: str
    subject_kind: str
    subject_id: int
    summary: str
    before: str = ""
    after: str = ""
    outcome: str = "done"


class Head(NamedTuple):
    """The newest row of the chain at some moment; `(0, START)` before the first."""

    id: int
    hash: str


class Link(NamedTuple):
    """What one command added to the chain: the head that it was sealed on, and the head that it left."""

    before: Head
    after: Head


@dataclass(frozen=True, slots=True)
class Sealed:
    """Who and when, common to all entries of one command."""

    at: datetime
    actor: str
    role: str
    terminal: str
    command_id: str


def append(session: Session, key: bytes, common: Sealed, entries: Iterable[Entry]) -> Link:
    """Seal and write the entries; return which head they were sealed on and the one they left.

    Call it last in a transaction: on Postgres every other writer waits from here to the commit.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
    before = head(session)
    rows = list(_sealed_rows(key, before, common, entries))
    if not rows:
        return Link(before, before)
    session.execute(insert(ActivityRow), rows)
    return Link(before, Head(before.id + len(rows), str(rows[-1]["hash"])))


def head(session: Session) -> Head:
    """Return the id and the hash of the newest row."""
    newest = select(col(ActivityRow.id), col(ActivityRow.hash)).order_by(col(ActivityRow.id).desc()).limit(1)
    found = session.execute(newest).one_or_none()
    return Head(found.id, found.hash) if found else Head(0, START)


def seal(key: bytes, previous: str, at: datetime, row: Iterable[object]) -> str:
    """Return the seal of a row: an HMAC-SHA-256 over the previous seal, the moment and the fields in table order.

    Each part goes in with its length, so that no text can be moved from one field to the next unnoticed.
    """
    parts = [previous, at.astimezone(UTC).isoformat(timespec="microseconds"), *map(str, row)]
    return hmac.digest(key, "".join([f"{len(part)}:{part}" for part in parts]).encode(), hashlib.sha256).hex()


def _sealed_rows(key: bytes, before: Head, common: Sealed, entries: Iterable[Entry]) -> Iterator[dict[str, object]]:
    previous = before.hash
    for number, entry in enumerate(entries, before.id + 1):
        row: dict[str, object] = {
            "id": number,
            "actor": common.actor,
            "role": common.role,
            "terminal": common.terminal,
            "action": entry.action,
            "outcome": entry.outcome,
            "subject_kind": entry.subject_kind,
            "subject_id": entry.subject_id,
            "command_id": common.command_id,
            "summary": entry.summary,
            "before": entry.before,
            "after": entry.after,
        }
        previous = seal(key, previous, common.at, row.values())
        row["hash"] = previous
        row["at"] = common.at
        yield row
