"""Rows out of a store and into one, as plain values that both stores understand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from psycopg import IsolationLevel, sql
from sqlalchemy import Boolean, Column
from sqlalchemy.exc import OperationalError
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

from opsdesk.store import tables as _tables  # noqa: F401  the import fills the metadata
from opsdesk.store.audit.chain import START, Head
from opsdesk.store.engine import Store, unavailable
from opsdesk.store.filling import Value, filling

Rows = Iterable[Sequence[Value]]

_PASSING = frozenset({"lease", "presence"})
"""Who works right now is no part of a shop's records."""
_BATCH = 5_000


def columns() -> dict[str, tuple[str, ...]]:
    """Return the columns of every table that is kept, tables before those that refer to them."""
    kept = [table for table in SQLModel.metadata.sorted_tables if table.name not in _PASSING]
    return {table.name: tuple(column.name for column in table.columns) for table in kept}


class RowReader:
    """Reads all tables as they stand at one moment."""

    def __init__(self, driver: Any, *, is_sqlite: bool) -> None:
        self._driver = driver
        self._is_sqlite = is_sqlite

    def rows(self, table: str, names: Sequence[str]) -> Iterator[Sequence[Value]]:
        """Read the rows of a table one by one."""
        if self._is_sqlite:
            wanted = ", ".join(f'"{name}"' for name in names)
            return iter(self._driver.execute(f'SELECT {wanted} FROM "{table}"'))  # noqa: S608  our own tables
        return _from_postgres(self._driver, table, names)

    def count(self, table: str) -> int:
        """Count the rows of a table."""
        return int(self._driver.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])  # noqa: S608  our own tables

    def head(self) -> Head:
        """Return the newest row of the history."""
        found = self._driver.execute("SELECT id, hash FROM activity ORDER BY id DESC LIMIT 1").fetchone()
        return Head(*found) if found else Head(0, START)


@contextmanager
def rows_out(store: Store) -> Iterator[RowReader]:
    """Give a reader of the store at this moment, whatever others write meanwhile.

    Raises:
        Unavailable: the server cannot be reached.
    """
    try:
        connection = store.reader.raw_connection()
    except OperationalError as error:
        raise unavailable(error) from error
    driver: Any = connection.driver_connection
    try:
        if store.is_sqlite:
            driver.execute("BEGIN")
        else:
            driver.isolation_level = IsolationLevel.REPEATABLE_READ
        yield RowReader(driver, is_sqlite=store.is_sqlite)
    finally:
        # The transaction and its level must not come back from the pool.
        connection.invalidate()


def rows_in(store: Store, names: Mapping[str, Sequence[str]], read: Callable[[str], Rows]) -> None:
    """Fill an empty store with the rows that `read` gives for each table."""
    with filling(store) as load:
        for table, columns_of_table in names.items():
            rows = iter(read(table))
            while batch := list(islice(rows, _BATCH)):
                load.add(table, columns_of_table, batch)


def _from_postgres(driver: Any, table: str, names: Sequence[str]) -> Iterator[Sequence[Value]]:
    described = SQLModel.metadata.tables[table].columns
    wanted = sql.SQL(", ").join(_as_plain(described[name]) for name in names)
    with driver.cursor(name="backup") as cursor:
        cursor.itersize = _BATCH
        cursor.execute(sql.SQL("SELECT {} FROM {}").format(wanted, sql.Identifier(table)))
        yield from cursor


def _as_plain(column: Column[Any]) -> sql.Composable:
    name = sql.Identifier(column.name)
    if isinstance(column.type, UTCDateTime):
        return sql.SQL("to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')").format(name)
    return sql.SQL("{}::int").format(name) if isinstance(column.type, Boolean) else name
