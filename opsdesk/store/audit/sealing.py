"""Which key a command seals its history with, and that it is the key of this store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.errors import Refused
from opsdesk.store.audit import chain
from opsdesk.store.audit.keys import FILE_NAME, audit_key, existing_audit_key
from opsdesk.store.tables import ActivityRow

if TYPE_CHECKING:
    from opsdesk.store.engine import Store

_FITTING: set[tuple[str, bytes]] = set()
"""Stores whose newest row this process has found to be sealed with the key: asked once, not with every command."""


def sealing_key(session: Session, store: Store) -> bytes:
    """Return the key that the history of this store is sealed with; it is made when the history begins.

    Raises:
        Refused: the key is missing here, or the history is sealed with another one. A row sealed with a second key
            would make the whole history fail its check, and nobody could tell it from a forged one.
    """
    newest = chain.head(session)
    if newest.id == 0:
        return audit_key()
    key = existing_audit_key()
    if (store.url, key) not in _FITTING:
        if not is_sealed(session, key, newest.id):
            raise Refused(
                f"Nothing was saved: the history of this store is sealed with another {FILE_NAME} than the one on this "
                "machine. Copy that file from a machine that works on this store, or ask `opsdesk doctor`."
            )
        _FITTING.add((store.url, key))
    return key


def is_sealed(session: Session, key: bytes, row_id: int) -> bool:
    """Say whether a row of the history carries the seal that this key gives it."""
    columns = [col(getattr(ActivityRow, name)) for name in (*chain.FIELDS, "at", "hash")]
    row = session.execute(select(*columns).where(col(ActivityRow.id) == row_id)).one_or_none()
    before = hash_of(session, row_id - 1) if row_id > 1 else chain.START
    if row is None or before is None:
        return False
    *sealed, at, found = tuple(row)
    return chain.seal(key, before, at, sealed) == str(found)


def hash_of(session: Session, row_id: int) -> str | None:
    """Return the seal of a row; None when there is no such row."""
    return session.execute(select(col(ActivityRow.hash)).where(col(ActivityRow.id) == row_id)).scalar_one_or_none()
