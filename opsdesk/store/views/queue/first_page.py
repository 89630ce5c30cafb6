"""The first page of the queue, read before the libraries of the store are imported: they take longer than all the rest.

The statements are those of the queue itself, compiled beforehand into `first_page.json`, which a test keeps true. Only
who is known by the login of the system sees anything; whatever is unusual is left to the ordinary way, which says it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from opsdesk.domain.orders.queues import QueueLine, SavedView
from opsdesk.store.views.queue.line import line_of

TEXTS = Path(__file__).with_suffix(".json")
"""Made by `python -m tests.first_page_texts`."""
LINES = 100
_BEFORE_ALL = datetime(1, 1, 1, tzinfo=UTC)
_MOMENTS = (3, 4, 17, 19)
"""Where `select_lines` has moments, which SQLite keeps as text."""
_SQLITE_MOMENT = "%Y-%m-%d %H:%M:%S.%f"
_TIED = "SELECT id, name FROM users WHERE os_login = {} AND is_active ORDER BY id LIMIT 1"
_SCHEMA = "SELECT version_num FROM alembic_version"


class Text(NamedTuple):
    """One statement for each store, the order of SQLite's parameters, and the parameters that never change."""

    sqlite: str
    sqlite_names: Sequence[str]
    sqlite_fixed: Mapping[str, object]
    postgres: str
    postgres_fixed: Mapping[str, object]


class Texts(NamedTuple):
    """The statements, and the schema for which they are made."""

    schema: str
    page: Text
    counts: Text


_Ask = Callable[[Text, Mapping[str, object]], list[Any]]


@dataclass(frozen=True, slots=True)
class FirstPage:
    """What the queue shows first: the orders that are to be shipped, most urgent first, and how many stand where."""

    user_name: str
    lines: tuple[QueueLine, ...]
    counts: Mapping[SavedView, int]


def first_page(url: str, *, os_login: str, now: datetime) -> FirstPage | None:
    """Return the first page for the person whose login this is, or None if it cannot be shown early."""
    scheme, _, place = url.partition("://")
    try:
        if scheme == "sqlite":
            return _from_file(unquote(place.removeprefix("/").partition("?")[0]), os_login, now)
        if scheme in ("postgresql", "postgresql+psycopg"):
            return _from_server(f"postgresql://{place}", os_login, now)
    except Exception:  # noqa: BLE001  two drivers have two families of errors; the ordinary way tells what is wrong
        return None
    return None


def read_texts() -> Texts:
    """Read the compiled statements."""
    told = json.loads(TEXTS.read_text(encoding="utf-8"))
    return Texts(told["schema"], Text(*told["page"]), Text(*told["counts"]))


def _from_file(path: str, os_login: str, now: datetime) -> FirstPage | None:
    from pysqlite3 import dbapi2

    def ask(text: Text, values: Mapping[str, object]) -> list[Any]:
        given = {**text.sqlite_fixed, **{name: _as_text(value) for name, value in values.items()}}
        found: list[Any] = connection.execute(text.sqlite, [given[name] for name in text.sqlite_names]).fetchall()
        return found

    with closing(dbapi2.connect(f"file:{_quoted(path)}?mode=ro", uri=True, timeout=1)) as connection:
        schema = connection.execute(_SCHEMA).fetchone()
        tied = connection.execute(_TIED.format("?"), (os_login,)).fetchone()
        return _page(ask, schema, tied, now, _from_text)


def _from_server(url: str, os_login: str, now: datetime) -> FirstPage | None:
    import psycopg

    def ask(text: Text, values: Mapping[str, object]) -> list[Any]:
        return connection.execute(text.postgres.encode(), {**text.postgres_fixed, **values}).fetchall()

    options = "-c default_transaction_read_only=on -c statement_timeout=2000 -c timezone=UTC"
    with psycopg.connect(url, options=options, connect_timeout=2) as connection:
        schema = connection.execute(_SCHEMA).fetchone()
        tied = connection.execute(_TIED.format("%s").encode(), (os_login,)).fetchone()
        return _page(ask, schema, tied, now, list)


def _page(ask: _Ask, schema: Any, tied: Any, now: datetime, plain: Callable[[Any], list[Any]]) -> FirstPage | None:
    texts = read_texts()
    if tied is None or schema is None or schema[0] != texts.schema:
        return None
    user_id, user_name = tied
    values = {"user_id": user_id, "now": now}
    rows = ask(texts.page, {**values, "key": _BEFORE_ALL, "id": -1, "limit": LINES})
    (counts,) = ask(texts.counts, values)
    lines = tuple(line_of(plain(row)) for row in rows)
    return FirstPage(user_name, lines, dict(zip(SavedView, counts, strict=True)))


def _as_text(value: object) -> object:
    return value.strftime(_SQLITE_MOMENT) if isinstance(value, datetime) else value


def _from_text(row: Any) -> list[Any]:
    values = list(row)
    for place in _MOMENTS:
        if values[place] is not None:
            values[place] = datetime.fromisoformat(values[place]).replace(tzinfo=UTC)
    return values


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(path)
