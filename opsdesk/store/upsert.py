"""Write a row, or replace the one with the same key: in one statement, the same on both stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Table
from sqlmodel import Session


def upsert(
    session: Session, table: Table, values: Mapping[str, object], *, key: Sequence[str], unless_newer: str = ""
) -> None:
    """Insert the row; where `key` is taken already, replace every other column.

    With `unless_newer` a row stays as it is whose value in that column is greater already.
    """
    # Both dialects take some time to import, and whoever only reads needs neither.
    from sqlalchemy.dialects import postgresql, sqlite

    on_server = session.get_bind().dialect.name == "postgresql"
    fresh = (postgresql.insert(table) if on_server else sqlite.insert(table)).values(dict(values))
    rest = {name: fresh.excluded[name] for name in values if name not in key}
    newer = table.c[unless_newer] <= fresh.excluded[unless_newer] if unless_newer else None
    session.execute(fresh.on_conflict_do_update(index_elements=key, set_=rest, where=newer))
