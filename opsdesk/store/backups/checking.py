"""Checking a copy of a store: its file, its history, and the rules that always hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session

from opsdesk.domain.errors import Refused
from opsdesk.store.audit import chain
from opsdesk.store.audit.chain import Head
from opsdesk.store.audit.checking import verify_chain
from opsdesk.store.audit.keys import existing_audit_key
from opsdesk.store.backups.files import Description
from opsdesk.store.engine import SCHEMA_VERSION, Store
from opsdesk.store.verify.running import verify_store

MOST_NAMED = 20


def check_copy(store: Store, described: Description, noted: Sequence[Head]) -> tuple[str, ...]:
    """Return what is wrong with a restored store, at most so many sentences of each kind.

    `noted` are heads of the history that must be in it.
    """
    try:
        with store.reading() as session:
            found = [*file_problems(session), *_missing_rows(session, described)]
            found += _history_problems(session, described, noted)
        if described.schema == SCHEMA_VERSION:
            made_at = datetime.fromisoformat(described.made_at)
            report = verify_store(store, now=made_at, with_seals=False)
            found += [violation.sentence for violation in report.violations][:MOST_NAMED]
    except DatabaseError as error:
        return (f"The copy cannot be read: {error.orig}.",)
    return tuple(found)


def seals_can_be_checked() -> bool:
    """Say whether this machine has the key that the history was sealed with."""
    try:
        existing_audit_key()
    except Refused:
        return False
    return True


def file_problems(session: Session) -> Iterable[str]:
    """Read a whole SQLite file for damage; a server looks after its files itself."""
    if session.get_bind().dialect.name != "sqlite":
        return
    for (answer,) in session.execute(text(f"PRAGMA integrity_check({MOST_NAMED})")):
        if answer != "ok":
            yield f"The file is damaged: {answer}."
    for table, row, parent, _ in session.execute(text("PRAGMA foreign_key_check")).fetchmany(MOST_NAMED):
        yield f"Row {row} of {table} belongs to a row of {parent} that is not there."


def _missing_rows(session: Session, described: Description) -> Iterable[str]:
    for table, count in described.rows.items():
        found = count_rows(session, table)
        if found != count:
            yield f"{table} has {found} rows and should have {count}."


def count_rows(session: Session, table: str) -> int:
    """Count the rows of one of our tables."""
    return int(session.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one())  # noqa: S608


def _history_problems(session: Session, described: Description, noted: Sequence[Head]) -> Iterable[str]:
    head = chain.head(session)
    if head != described.head:
        yield f"The history ends at row {head.id} and should end at row {described.head.id}."
    if head.id and seals_can_be_checked():
        report = verify_chain(session, existing_audit_key(), noted)
        yield from [problem.sentence for problem in report.problems][:MOST_NAMED]
