"""One dialect for all the stores of a test run, so that a statement is compiled once and not once for each test.

SQLAlchemy keeps compiled statements with the engine and under the dialect, and asks a database at its first connection
what it can. A shop opens one store and keeps it; tests open thousands that are alike.
"""

from __future__ import annotations

from threading import RLock
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

_STATEMENTS = 3_000
_TURN = RLock()


class _Sharing:
    """Makes a dialect the same object for everybody who asks for it in the same words."""

    _made: dict[Any, Any]
    _compiled: LRUCache[Any, Any]
    _is_known = False

    def __init_subclass__(cls) -> None:
        cls._made, cls._compiled = {}, LRUCache(_STATEMENTS)

    def __new__(cls, **how: Any) -> Any:
        return cls._made.setdefault(frozenset(how.items()), super().__new__(cls))

    def __init__(self, **how: Any) -> None:
        if not hasattr(self, "identifier_preparer"):
            super().__init__(**how)

    def initialize(self, connection: Connection) -> None:
        """Ask once what the database can; all databases of a run are of one kind."""
        with _TURN:
            if not self._is_known:
                super().initialize(connection)  # type: ignore[misc]
                self._is_known = True

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine._compiled_cache = cls._compiled


class SharedSqlite(_Sharing, SQLiteDialect_pysqlite):
    """SQLite, compiled once."""

    supports_statement_cache = True


class SharedPostgres(_Sharing, PGDialect_psycopg):
    """Postgres, compiled once."""

    supports_statement_cache = True


def share_dialects() -> None:
    """Give the shared dialects to whoever makes an engine from here on."""
    registry.register("sqlite", __name__, "SharedSqlite")
    registry.register("postgresql.psycopg", __name__, "SharedPostgres")
