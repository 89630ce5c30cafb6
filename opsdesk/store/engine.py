"""Opening a store: one SQLite file or a Postgres database, with a writing and a reading engine each.

The stock engine of SQLAlchemy on SQLite begins its transaction at the first write, so a read before it belongs to
no transaction and another process's update in between is overwritten without a word. Here the driver never begins
anything: writers say BEGIN IMMEDIATE, readers a plain BEGIN on a connection that cannot write.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Protocol, cast
from zoneinfo import ZoneInfo

from sqlalchemy import FromClause, create_engine, event, make_url, text
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session

from opsdesk.domain.errors import Refused, Unavailable

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from opsdesk.domain.fraud.books import FraudBook

UTC = ZoneInfo("UTC")

SCHEMA_VERSION = "0003"
"""The newest migration that this program knows."""

BUSY_TIMEOUT_MS = 5_000
"""How long a writer waits for another one before it gives up and says so."""

_LOOK_AGAIN_MS = 8

_SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    f"busy_timeout={BUSY_TIMEOUT_MS}",
    "temp_store=MEMORY",
    # Each of a terminal's connections has one of its own; what is read often lies in the system's cache as well.
    "cache_size=-4096",
    "journal_size_limit=67108864",
)
# A terminal that is suspended inside a transaction must not block the shop.
_POSTGRES_OPTIONS = f"-c lock_timeout={BUSY_TIMEOUT_MS} -c idle_in_transaction_session_timeout=30000 -c timezone=UTC"
# Readers ask short questions. A plan that is kept for any parameter reads all orders for a rare word; compiling a plan
# takes longer than the answer; and nobody's orders lie on a spinning disk any more.
_POSTGRES_READING = (
    "-c default_transaction_read_only=on -c plan_cache_mode=force_custom_plan -c jit=off -c random_page_cost=1.1"
)

_LOCK_NOT_AVAILABLE, _DISK_FULL, _TOO_MANY_CONNECTIONS = "55P03", "53100", "53300"


class _Cursorless(Protocol):
    isolation_level: str | None

    def execute(self, statement: str, /) -> object: ...


class _IndexNaming(SQLiteCompiler):
    """Lets a statement name its index: `with_hint(table, "INDEXED BY ...", "sqlite")`, which SQLAlchemy leaves out."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:
        return text


@dataclass(frozen=True, slots=True)
class Store:
    """An opened store. Writers go through `work.perform`; views read through `reading`.

    Attributes:
        fraud: reads what the fraud desk knows from files, once it is asked for; None where nobody has said where from.
        zone: the shop's time zone.
    """

    url: str
    writer: Engine
    reader: Engine
    fraud: Callable[[], FraudBook] | None = None
    zone: ZoneInfo = UTC

    @property
    def is_sqlite(self) -> bool:
        """True for one SQLite file, False for Postgres."""
        return self.writer.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees one consistent state and cannot write.

        Raises:
            Unavailable: the store cannot be reached.
        """
        try:
            with Session(self.reader) as session:
                yield session
        except OperationalError as error:
            raise unavailable(error) from error

    def close(self) -> None:
        """Let go of every connection."""
        self.reader.dispose()
        self.writer.dispose()


def unavailable(error: DBAPIError, *, unsettled: str = "") -> Unavailable:
    """Say in words why the store did not answer; `unsettled` is the id of a command that may have been saved."""
    if unsettled:
        return Unavailable(
            "The store went away while it was saving. Whether this was saved is not known yet; it is looked up "
            "as soon as the store answers.",
            command_id=unsettled,
        )
    # A server says it in its own language, so its code decides; SQLite has words alone.
    state, cause = getattr(error.orig, "sqlstate", None), str(error.orig)
    if state == _LOCK_NOT_AVAILABLE or "locked" in cause:
        return Unavailable("The store is busy: another command is still being saved. Nothing was changed; try again.")
    if state == _DISK_FULL or "disk is full" in cause or "disk I/O" in cause:
        return Unavailable("The disk is full. Nothing was changed; make space, then try again.")
    if state == _TOO_MANY_CONNECTIONS:
        return Unavailable(
            "The store has no room for one more terminal. Nothing was changed; close one, then try again."
        )
    if type(error.orig).__module__.startswith("pysqlite3"):
        return Unavailable(f"The store cannot be used: {cause}. Nothing was changed.")
    return Unavailable("The store cannot be reached. Nothing is known to have changed; it is tried again by itself.")


def open_store(url: str) -> Store:
    """Open a store whose schema this program knows.

    Raises:
        Refused: there is no store there yet, or a newer or older program made its schema.
        Unavailable: the server cannot be reached.
    """
    store = connect(url)
    found = schema_version(store)
    if found == SCHEMA_VERSION:
        return store
    store.close()
    if found is None:
        raise Refused("There is no OpsDesk store there yet. Run `opsdesk migrate` to make one, or `opsdesk demo`.")
    if found > SCHEMA_VERSION:
        raise Refused(f"A newer OpsDesk made this store: schema {found}, this one knows {SCHEMA_VERSION}. Use that.")
    raise Refused(f"The store has schema {found}, this program knows {SCHEMA_VERSION}. Run `opsdesk migrate`.")


def connect(url: str) -> Store:
    """Make both engines without looking at the schema."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return Store(url, _sqlite_engine(parsed, writes=True), _sqlite_engine(parsed, writes=False))
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
        return Store(url, _postgres_engine(parsed, writes=True), _postgres_engine(parsed, writes=False))
    raise Refused("A store is `sqlite:///FILE` or `postgresql+psycopg://...`; nothing else is known.")


def schema_version(store: Store) -> str | None:
    """Return the migration that the store stands at, or None when it is not a store yet."""
    if store.is_sqlite and not _file(store.writer.url).exists():
        return None
    try:
        with store.reader.connect() as connection:
            if not store.reader.dialect.has_table(connection, "alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    except OperationalError as error:
        raise unavailable(error) from error


def _file(url: URL) -> Path:
    return Path(url.database or "")


def _sqlite_engine(url: URL, *, writes: bool) -> Engine:
    # The interpreter's own SQLite may be older than 3.51.3, where several processes on one WAL file can corrupt it.
    from pysqlite3 import dbapi2

    engine = create_engine(url, module=dbapi2, pool_size=5, max_overflow=10)
    engine.dialect.statement_compiler = _IndexNaming

    @event.listens_for(engine, "connect")
    def prepare(connection: _Cursorless, _record: object) -> None:
        connection.isolation_level = None
        for pragma in _SQLITE_PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if not writes:
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if writes:
            _take_turn(connection)
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def _take_turn(connection: Connection) -> None:
    """Begin to write as soon as nobody else does.

    Left to itself SQLite looks ever more rarely, in the end ten times a second, so that whoever waits longest is the
    last to notice. Looked for in short turns, the lock goes round among busy terminals.
    """
    driver = cast("_Cursorless", connection.connection.driver_connection)
    driver.execute(f"PRAGMA busy_timeout={_LOOK_AGAIN_MS}")
    try:
        end = monotonic() + BUSY_TIMEOUT_MS / 1_000
        while monotonic() < end:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except connection.dialect.loaded_dbapi.OperationalError as error:
                if "locked" not in str(error):
                    break
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def _postgres_engine(url: URL, *, writes: bool) -> Engine:
    options = _POSTGRES_OPTIONS if writes else f"{_POSTGRES_OPTIONS} {_POSTGRES_READING}"
    return create_engine(
        url,
        pool_size=5,
        max_overflow=10,
        pool_pre_ping=True,
        connect_args={"options": options, "connect_timeout": 5, "application_name": f"opsdesk-{os.getpid()}"},
    )
