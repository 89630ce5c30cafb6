"""Bringing a store's schema to the version that this program knows."""

from __future__ import annotations

import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import make_url

from opsdesk.store.engine import SCHEMA_VERSION, Store, connect, schema_version


def migrate(url: str, *, to: str = SCHEMA_VERSION) -> tuple[str | None, str]:
    """Migrate the store, making it if there is none, and return the versions before and after.

    A SQLite file is made readable for its owner alone. All steps are one transaction.
    """
    _make_private_file(url)
    store = connect(url)
    try:
        before = schema_version(store)
        run(store, to=to, before=before)
        return before, to
    finally:
        store.close()


def run(store: Store, *, to: str, before: str | None) -> None:
    """Run the migrations from `before` up or down to `to` on an open store."""
    if before == to:
        return
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with store.writer.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        if to == "base" or (before is not None and to < before):
            command.downgrade(config, to)
        else:
            command.upgrade(config, to)


def _make_private_file(url: str) -> None:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return
    path = Path(parsed.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
