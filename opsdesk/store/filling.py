"""Filling an empty store with a great many rows: what slows writing down is put aside first and made anew afterwards.

On SQLite this goes into a file that nobody uses yet, so it needs no journal; on Postgres all of it is one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from opsdesk.domain.errors import Refused
from opsdesk.store.engine import Store

Value = str | int | None
"""Moments are written as `2026-11-24 13:32:07.000000`, in UTC; booleans as 0 and 1."""


class Filling(Protocol):
    """Takes rows for one table after the other."""

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
        """Write the rows; `columns` names their values."""
        ...


@contextmanager
def filling(store: Store) -> Iterator[Filling]:
    """Fill an empty store. Indexes and references are in place again when the block ends."""
    # The journal can only be left while nobody else is connected.
    store.close()
    connection = store.writer.raw_connection()
    try:
        driver = connection.driver_connection
        assert driver is not None
        yield from _into_sqlite(driver) if store.is_sqlite else _into_postgres(driver)
    finally:
        # Settings of the load must not come back from the pool.
        connection.invalidate()


def is_empty(store: Store) -> bool:
    """Say whether nobody has put an order, a customer or a user into the store yet."""
    with store.reading() as session:
        return not any(
            session.execute(text(f"SELECT EXISTS (SELECT 1 FROM {table})")).scalar()  # noqa: S608  fixed names
            for table in ("orders", "customer", "users", "product", "activity")
        )


def require_unused(store: Store) -> None:
    """Make sure that nobody has a SQLite store open.

    Raises:
        Refused: somebody has.
    """
    try:
        with store.writer.connect() as connection:
            # The journal can only be changed by whoever is alone with the file.
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
            connection.exec_driver_sql("BEGIN")
    except OperationalError as error:
        raise Refused("The demo shop is open somewhere. Close it first, then try again.") from error


def clear_tables(store: Store) -> None:
    """Remove every row of a Postgres store, and begin to count anew."""
    named = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'alembic_version'"
    with store.writer.begin() as connection:
        tables = ", ".join(f'"{name}"' for name in connection.execute(text(named)).scalars())
        connection.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY")


class _SqliteFilling:
    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
        places = ",".join("?" * len(columns))
        names = ",".join(f'"{name}"' for name in columns)
        statement = f'INSERT INTO "{table}" ({names}) VALUES ({places})'  # noqa: S608  names of our own tables
        self._driver.executemany(statement, rows)


def _into_sqlite(driver: Any) -> Iterator[Filling]:
    for pragma in ("foreign_keys=OFF", "synchronous=OFF", "journal_mode=OFF", "cache_size=-65536", "temp_store=FILE"):
        driver.execute(f"PRAGMA {pragma}")
    aside = driver.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL "
        "AND (type = 'index' OR (type = 'trigger' AND name LIKE 'order_search%'))"
    ).fetchall()
    driver.execute("BEGIN IMMEDIATE")
    for kind, name, _ in aside:
        driver.execute(f'DROP {kind} "{name}"')
    yield _SqliteFilling(driver)
    for _, _, statement in aside:
        driver.execute(statement)
    driver.execute("INSERT INTO order_search(order_search) VALUES ('rebuild')")
    driver.execute("COMMIT")
    broken = driver.execute("PRAGMA foreign_key_check").fetchmany(5)
    assert not broken, f"Rows refer to rows that are not there: {broken}"
    driver.execute("PRAGMA journal_mode=WAL")


class _PostgresFilling:
    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self.tables: set[str] = set()

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
        self.tables.add(table)
        names = sql.SQL(",").join(map(sql.Identifier, columns))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
        with self._driver.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)


_POSTGRES_REFERENCES = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
"""
_POSTGRES_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
JOIN pg_class ON pg_class.oid = indexrelid
WHERE relnamespace = current_schema()::regnamespace
AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)
"""
_POSTGRES_COUNTED = """
SELECT 1 FROM information_schema.columns WHERE table_name = %s AND column_name = 'id'
AND column_default LIKE 'nextval%%' AND table_schema = current_schema()
"""


def _into_postgres(driver: Any) -> Iterator[Filling]:
    load = _PostgresFilling(driver)
    with driver.transaction():
        for setting in ("maintenance_work_mem = '256MB'", "lock_timeout = 0", "synchronous_commit = off"):
            driver.execute(f"SET LOCAL {setting}")
        references = driver.execute(_POSTGRES_REFERENCES).fetchall()
        indexes = driver.execute(_POSTGRES_INDEXES).fetchall()
        for table, name, _ in references:
            driver.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        for name, _ in indexes:
            driver.execute(f"DROP INDEX {name}")
        yield load
        for _, statement in indexes:
            driver.execute(statement)
        for table, name, definition in references:
            driver.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
        for table in sorted(load.tables):
            _count_on(driver, table)
    driver.autocommit = True
    driver.execute("VACUUM ANALYZE")


def _count_on(driver: Any, table: str) -> None:
    """Let new rows be numbered after those that were loaded with their numbers."""
    if driver.execute(_POSTGRES_COUNTED, (table,)).fetchone():
        name = sql.Identifier(table)
        newest = sql.SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), max(id)) FROM {}")
        driver.execute(newest.format(sql.Literal(f'"{table}"'), name))
