"""`python -m tests.first_page_texts` compiles the statements of the first page anew, after the queue's have changed."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from opsdesk.domain.orders.queues import QueueQuery, SavedView
from opsdesk.store.engine import SCHEMA_VERSION, connect
from opsdesk.store.views.queue import counts
from opsdesk.store.views.queue.first_page import TEXTS, Text, Texts
from opsdesk.store.views.queue.walks import Walk, page_statement

_ASKED = frozenset({"key", "id", "limit", "now", "user_id"})


def compiled() -> Texts:
    """Return the statements as they should be."""
    first = QueueQuery.of(SavedView.TO_SHIP)
    pages = [
        page_statement(Walk(first.view, first.sort, first.descending, first.view.stages, is_sqlite=is_sqlite))
        for is_sqlite in (True, False)
    ]
    return Texts(SCHEMA_VERSION, _text(*pages), _text(counts.statement(), counts.statement()))


def _text(for_sqlite: Select[Any], for_postgres: Select[Any]) -> Text:
    sqlite = for_sqlite.compile(dialect=connect("sqlite:///nowhere.db").reader.dialect)
    postgres = for_postgres.compile(dialect=PGDialect_psycopg())
    names = list(getattr(sqlite, "positiontup", None) or ())
    return Text(_line(sqlite), names, _fixed(sqlite), _line(postgres), _fixed(postgres))


def _line(compiled_text: Any) -> str:
    return " ".join(str(compiled_text).split())


def _fixed(compiled_text: Any) -> dict[str, Any]:
    return {name: value for name, value in compiled_text.params.items() if name not in _ASKED}


if __name__ == "__main__":
    TEXTS.write_text(json.dumps(compiled()._asdict(), indent=1) + "\n", encoding="utf-8")
