"""A program that migrates a store again and again and is killed before each statement in turn.

Usage: python -m tests.store.migration_runs URL EVERY [naive FOLDER | since VERSION]

After each kill the store must be as it was or as it should be, and the next run must succeed. It prints what was wrong
as JSON. With `naive` the migrations of FOLDER run on a stock engine, each statement for itself. With `since` the store
has this version and records; each time it goes back to it, and must have them all.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from alembic import command
from alembic.config import Config
from pysqlite3 import dbapi2
from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import DBAPIError

from opsdesk.store.engine import SCHEMA_VERSION, connect, schema_version
from opsdesk.store.migrate import migrate
from opsdesk.store.migrate import run as run_migrations


def killed_before(url: str, statement: int, naive: str) -> bool:
    """Migrate in a child that ends itself before its n-th statement; return whether it came that far."""
    child = os.fork()
    if child == 0:
        seen = 0

        @event.listens_for(Engine, "before_cursor_execute")
        def count(*_: object) -> None:
            nonlocal seen
            seen += 1
            if seen == statement:
                os.kill(os.getpid(), signal.SIGKILL)

        up(url, naive)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def up(url: str, naive: str) -> None:
    if not naive:
        migrate(url)
        return
    config = Config()
    config.set_main_option("script_location", naive)
    # The same library as the product's; two in one process would drop each other's file locks.
    with create_engine(url, module=dbapi2).connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def state(url: str, since: str | None) -> str:
    store = connect(url)
    try:
        version = schema_version(store)
        with store.reader.connect() as connection:
            tables = inspect(connection).get_table_names()
            rows = {table: _count(connection, table) for table in OF_MONEY if table in tables}
    finally:
        store.close()
    is_whole = since is None or (len(set(rows.values())) == 1 and all(rows.values()))
    if version == SCHEMA_VERSION and len(tables) > 20 and is_whole:
        return "new"
    is_old = version is None and not tables if since is None else version == since and list(rows) == ["orders"]
    return "old" if is_old and is_whole else f"neither old nor new: {version}, {len(tables)} tables, {rows}"


OF_MONEY = ("orders", "payment", "journal")
"""Each order of the store has one of each, as soon as there are such."""


def _count(connection: Connection, table: str) -> int:
    return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def main() -> None:
    url, every = sys.argv[1], int(sys.argv[2])
    named = dict(zip(sys.argv[3::2], sys.argv[4::2], strict=True))
    naive, since = named.get("naive", ""), named.get("since")
    wrong, kills, statement = [], 0, 1
    while killed_before(url, statement, naive):
        kills += 1
        if (found := state(url, since)) not in ("old", "new"):
            wrong.append(f"before statement {statement}: {found}")
        try:
            up(url, naive)
        except DBAPIError as error:
            wrong.append(f"before statement {statement}: the next run failed: {error.orig}")
            break
        if (found := state(url, since)) != "new":
            wrong.append(f"before statement {statement}: the next run left {found}")
        back(url, since)
        statement += every
    print(json.dumps({"kills": kills, "wrong": wrong}))


def back(url: str, since: str | None) -> None:
    if since is not None:
        migrate(url, to=since)
        return
    store = connect(url)
    run_migrations(store, to="base", before=SCHEMA_VERSION)
    with store.writer.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    store.close()


if __name__ == "__main__":
    main()
