"""Bringing a store's schema to the version that this program knows."""

from __future__ import annotations

import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError

from opsdesk.domain.errors import Refused
from opsdesk.store.engine import SCHEMA_VERSION, Store, connect, schema_version, unavailable

FOLDER = Path(__file__).parent / "migrations"
"""Where the steps from each version to the next are written down."""

_LOCK_KEY = 0x0D5C4A2


def migrate(url: str, *, to: str = SCHEMA_VERSION) -> tuple[str | None, str]:
    """Migrate the store, making it if there is none, and return the versions before and after.

    A SQLite file is made readable for its owner alone. All steps are one transaction: whenever it is killed, the store
    is old or new.

    Raises:
        Refused: a newer program made the schema.
        Unavailable: the store cannot be reached, or others are busy with it; it is as it was.
    """
    _make_private_file(url)
    store = connect(url)
    try:
        before = schema_version(store)
        if before is not None and before > SCHEMA_VERSION:
            raise Refused(
                f"A newer OpsDesk made this store (schema {before}, this one knows {SCHEMA_VERSION}). Use that."
            )
        run(store, to=to, before=before)
    except OperationalError as error:
        raise unavailable(error) from error
    finally:
        store.close()
    return before, to
    return before, to


def run(store: Store, *, to: str, before: str | None) -> None:
    """Run the migrations from `before` up or down to `to` on an open store."""
    if before == to:
        return
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with store.writer.connect() as connection, connection.begin():
        if not store.is_sqlite:
            # Two that migrate at once take turns, and the second one finds nothing left to do.
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
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
