"""Checking the audit chain from its first row to its last, against the key and against the heads noted elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Row, Select, literal, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from opsdesk.store.audit import chain
from opsdesk.store.audit.anchor import remembered_heads
from opsdesk.store.audit.chain import START, Head
from opsdesk.store.audit.keys import existing_audit_key
from opsdesk.store.engine import Store
from opsdesk.store.tables import ActivityRow

BATCH = 5_000
MOST_NAMED = 100
"""So many problems are told one by one; the others are counted."""

_AuditRow = Row[Any]
_COLUMNS = tuple(col(getattr(ActivityRow, name)) for name in (*chain.FIELDS, "at", "hash"))
_BEFORE_ALL, _AFTER_ALL = -(2**63), 2**63 - 1
# What a damaged or doctored SQLite file answers with: bytes that are no text, a moment that is none, a torn page.
_UNREADABLE = (DatabaseError, ValueError, TypeError)


@dataclass(frozen=True, slots=True)
class AuditProblem:
    """One thing that is wrong with the history; `row_id` is where it shows."""

    row_id: int
    sentence: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a check of the whole history found.

    Attributes:
        head: the newest row.
        noted: the head that was noted outside the store; None if nothing was noted on this machine.
        problems: at most 100 of them.
        problem_count: all of them.
    """

    rows: int
    head: Head
    noted: Head | None
    problems: tuple[AuditProblem, ...]
    problem_count: int

    @property
    def is_intact(self) -> bool:
        """True when nothing was changed, removed, added or cut off."""
        return self.problem_count == 0


def verify_audit(store: Store) -> AuditReport:
    """Check the history of a store against this machine's key and notes.

    Raises:
        Refused: the key or the notes are missing or cannot be read.
        Unavailable: the store cannot be reached.
    """
    noted = remembered_heads(store.url)
    with store.reading() as session:
        if not noted and chain.head(session).id == 0:
            return AuditReport(0, Head(0, START), None, (), 0)
        return verify_chain(session, existing_audit_key(), noted)


def verify_chain(session: Session, key: bytes, noted: Sequence[Head] = ()) -> AuditReport:
    """Check every seal and every noted head; memory does not grow with the history."""
    walk = _Walk(key, {head.id: head.hash for head in noted})
    _tell_rows(session, walk)
    walk.compare_end()
    head = Head(walk.last_id, walk.last_hash or "")
    return AuditReport(walk.rows, head, max(noted, default=None), tuple(walk.problems), walk.problem_count)


@dataclass
class _Walk:
    """Goes along the chain and remembers what does not fit; an unknown hash is None and fits everything."""

    key: bytes
    noted: dict[int, str]
    rows: int = 0
    last_id: int = 0
    last_hash: str | None = START
    problems: list[AuditProblem] = field(default_factory=list)
    problem_count: int = 0

    def take(self, row: _AuditRow) -> None:
        *sealed, at, found = tuple(row)
        row_id = int(str(sealed[0]))
        if not self._is_expected(row_id):
            return
        if self.last_hash is not None and not self._is_sealed(self.last_hash, sealed, at, found):
            self.add(row_id, f"Row {row_id} was changed, added or exchanged: its seal does not fit.")
        if self.noted.get(row_id, found) != found:
            self.add(row_id, f"Row {row_id} is not the one that was noted: the history was made anew.")
        self.last_id, self.last_hash = row_id, str(found)

    def take_unreadable(self, row_id: int) -> None:
        if self._is_expected(row_id):
            self.add(row_id, f"Row {row_id} cannot be read: it was changed, or the file is damaged.")
            self.last_id, self.last_hash = row_id, None

    def compare_end(self) -> None:
        newest = max(self.noted, default=0)
        if newest > self.last_id:
            cut = _rows(self.last_id + 1, newest)
            self.add(self.last_id, f"The newest row is {self.last_id}, but row {newest} was noted: {cut} cut off.")

    def add(self, row_id: int, sentence: str) -> None:
        self.problem_count += 1
        if len(self.problems) < MOST_NAMED:
            self.problems.append(AuditProblem(row_id, sentence))

    def _is_expected(self, row_id: int) -> bool:
        self.rows += 1
        if row_id < 1:
            self.add(row_id, f"Row {row_id} was added: rows are counted from 1.")
            return False
        if row_id > self.last_id + 1:
            self.add(row_id, f"{_rows(self.last_id + 1, row_id - 1)} removed.".capitalize())
            self.last_hash = None
        return True

    def _is_sealed(self, before: str, sealed: list[object], at: object, found: object) -> bool:
        try:
            return isinstance(at, datetime) and chain.seal(self.key, before, at, sealed) == found
        except UnicodeEncodeError:
            return False


def _rows(first: int, last: int) -> str:
    return f"row {first} was" if first == last else f"rows {first} to {last} were"


def _tell_rows(session: Session, walk: _Walk) -> None:
    """Read the rows in the order of their ids and lead the walk past them."""
    after = _BEFORE_ALL
    while True:
        try:
            batch = session.execute(_page(_COLUMNS, after)).all()
        except _UNREADABLE:
            if session.get_bind().dialect.name != "sqlite":
                raise
            after = _tell_one_by_one(session, walk, after)
            continue
        for row in batch:
            walk.take(row)
        if not batch:
            return
        after = batch[-1][0]


def _tell_one_by_one(session: Session, walk: _Walk, after: int) -> int:
    """Find the rows of a page that cannot be read; return the id to go on after."""
    try:
        ids = session.execute(_page((col(ActivityRow.id),), after)).scalars().all()
    except DatabaseError:
        walk.add(walk.last_id, f"The rows after {walk.last_id} cannot be read: the file is damaged.")
        return _AFTER_ALL
    for row_id in ids:
        try:
            row = session.execute(select(*_COLUMNS).where(col(ActivityRow.id) == row_id)).one()
        except _UNREADABLE:
            walk.take_unreadable(row_id)
        else:
            walk.take(row)
    return ids[-1] if ids else _AFTER_ALL


def _page(columns: Sequence[Mapped[Any]], after: int) -> Select[Any]:
    return (
        select(*columns)
        .where(col(ActivityRow.id) > literal(after, BigInteger))
        .order_by(col(ActivityRow.id))
        .limit(BATCH)
    )
