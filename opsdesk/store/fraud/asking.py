"""Asking in plain SQL with little between question and driver: an arriving order is asked about a dozen times.

A statement in SQLAlchemy's `text` is read and prepared anew each time, which takes longer than most of the answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import CursorResult
from sqlmodel import Session

_NAMED = re.compile(r"(?<!:):([a-z_]+)")


def ask(session: Session, words: str, given: Mapping[str, object] | None = None) -> CursorResult[*tuple[Any, ...]]:
    """Ask within the session's transaction; `:name` stands for a value on both stores."""
    connection = session.connection()
    asked = words if connection.dialect.name == "sqlite" else _for_postgres(words)
    return connection.exec_driver_sql(asked, dict(given or {}))


@lru_cache(maxsize=256)
def _for_postgres(words: str) -> str:
    return _NAMED.sub(r"%(\1)s", words.replace("%", "%%"))
