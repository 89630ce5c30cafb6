"""Writing many rows of one table at the speed of the driver, for imports.

A row is a mapping with a value for every column that is written; all rows of a call have the same columns.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter
from typing import Protocol, cast

from sqlalchemy import Table
from sqlmodel import Session, SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

Row = Mapping[str, object]
_SELDOM = 200_000
_WITHOUT_OFFSET = len("2026-11-24 13:32:07.000000")


class _Copy(Protocol):
    def write_row(self, row: Sequence[object], /) -> None: ...


class _CopyBlock(Protocol):
    def __enter__(self) -> _Copy: ...

    def __exit__(self, *_problem: object) -> None: ...


class _PostgresCursor(Protocol):
    def copy(self, statement: str, /) -> _CopyBlock: ...

    def close(self) -> None: ...


def write_rows(session: Session, table: type[SQLModel], rows: Sequence[Row]) -> None:
    """Write the rows within the session's transaction; ids stand in them."""
    if not rows:
        return
    connection = session.connection()
    names = tuple(rows[0])
    values = itemgetter(*names)
    if connection.dialect.name == "sqlite":
        moments = [place for place, name in enumerate(names) if _is_moment(table, name)]
        connection.exec_driver_sql(_insert(table, names), [_with_text(values(row), moments) for row in rows])
        return
    cursor = cast("_PostgresCursor", connection.connection.cursor())
    try:
        with cursor.copy(f"COPY {_into(table, names)} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(values(row))
    finally:
        cursor.close()


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Let the garbage collector look less often: rows by the ten thousand hold no cycles, and it walks all of them."""
    usual = gc.get_threshold()
    gc.set_threshold(_SELDOM, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def table_of(table: type[SQLModel]) -> Table:
    """Return the table behind a table class."""
    return SQLModel.metadata.tables[str(table.__tablename__)]


def _with_text(values: tuple[object, ...], moments: Sequence[int]) -> tuple[object, ...]:
    """Write moments as SQLAlchemy reads them from SQLite."""
    row = list(values)
    for place in moments:
        moment = row[place]
        if isinstance(moment, datetime):
            row[place] = moment.astimezone(UTC).isoformat(" ", "microseconds")[:_WITHOUT_OFFSET]
    return tuple(row)


@cache
def _is_moment(table: type[SQLModel], name: str) -> bool:
    return isinstance(table_of(table).columns[name].type, UTCDateTime)


@cache
def _into(table: type[SQLModel], names: tuple[str, ...]) -> str:
    """Name table and columns; a name that is no column of the table raises KeyError."""
    found = table_of(table)
    return f"{found.name} ({', '.join(found.columns[name].name for name in names)})"


@cache
def _insert(table: type[SQLModel], names: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(names))
    return f"INSERT INTO {_into(table, names)} VALUES ({marks})"  # noqa: S608  names of columns that the table has
