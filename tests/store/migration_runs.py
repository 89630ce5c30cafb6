"""A program that migrates a store again and again and is killed before each statement in turn.

Usage: python -m tests.store.migration_runs URL EVERY [naive FOLDER]

After each kill the store must be as it was or as it should be, and the next run must succeed. It prints what was wrong
as JSON. With `naive` the migrations of FOLDER run on a stock engine, each statement for itself.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from alembic import command
from alembic.config import Config
from pysqlite3 import dbapi2
from sqlalchemy import Engine, create_engine, event, inspect
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


def state(url: str) -> str:
    store = connect(url)
    try:
        version = schema_version(store)
        with store.reader.connect() as connection:
            tables = inspect(connection).get_table_names()
    finally:
        store.close()
    if version == SCHEMA_VERSION and len(tables) > 20:
        return "new"
    return "old" if version is None and not tables else f"neither old nor new: {version}, {len(tables)} tables"


def main() -> None:
    url, every, naive = sys.argv[1], int(sys.argv[2]), (sys.argv[4:] or [""])[0]
    wrong, kills, statement = [], 0, 1
    while killed_before(url, statement, naive):
        kills += 1
        if (found := state(url)) not in ("old", "new"):
            wrong.append(f"before statement {statement}: {found}")
        try:
            up(url, naive)
        except DBAPIError as error:
            wrong.append(f"before statement {statement}: the next run failed: {error.orig}")
            break
        if state(url) != "new":
            wrong.append(f"before statement {statement}: the next run left {state(url)}")
        back_to_nothing(url)
        statement += every
    print(json.dumps({"kills": kills, "wrong": wrong}))


def back_to_nothing(url: str) -> None:
    store = connect(url)
    run_migrations(store, to="base", before=SCHEMA_VERSION)
    with store.writer.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    store.close()


if __name__ == "__main__":
    main()
