"""Migrations go up and down with a shop's records in them, and a kill at any statement leaves the store old or new."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlmodel import SQLModel

from opsdesk.domain.errors import Refused
from opsdesk.store.backups.rows import columns, rows_out
from opsdesk.store.engine import SCHEMA_VERSION, Store, connect, open_store
from opsdesk.store.migrate import FOLDER, migrate
from tests.postgres import Server
from tests.shop_orders import write_order

ROOT = Path(__file__).parents[2]
SOAK = bool(os.environ.get("OPSDESK_SOAK"))
ORDERS = 100_000 if SOAK else 10_000

NEXT = """
from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"


def upgrade():
    op.add_column("orders", sa.Column("gift_note", sa.String(), nullable=False, server_default="none"))
    op.create_index("ix_orders_gift", "orders", ["gift_note"])
    op.execute("UPDATE orders SET gift_note = number")


def downgrade():
    op.drop_index("ix_orders_gift", table_name="orders")
    op.drop_column("orders", "gift_note")
"""
DEFAULT_ENV = """
from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
"""


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be the program of the next release, which knows one more migration."""
    folder = Path(shutil.copytree(FOLDER, tmp_path / "migrations"))
    (folder / "versions" / "0003_gifts.py").write_text(NEXT)
    monkeypatch.setattr("opsdesk.store.migrate.FOLDER", folder)
    monkeypatch.setattr("opsdesk.store.migrate.SCHEMA_VERSION", "0003")


def write_many(store: Store, count: int) -> None:
    """Copy one order so many times inside the store."""
    order_id = write_order(store)
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) "
    fresh = {
        "orders": {"id": ":order + i", "number": "number || i", "external_id": "external_id || i"},
        "order_line": {"id": "id + 10 * i", "order_id": ":order + i"},
        "order_address": {"order_id": ":order + i"},
    }
    with store.writer.begin() as connection:
        for table, changed in fresh.items():
            names = columns()[table]
            wanted = ", ".join(changed.get(name, f'"{name}"') for name in names)
            key = "id" if table == "orders" else "order_id"
            into = ", ".join(f'"{name}"' for name in names)
            copied = (
                f"INSERT INTO {table} ({into}) {numbers} SELECT {wanted} FROM {table}, n WHERE {table}.{key} = :order"
            )
            connection.execute(text(copied), {"order": order_id, "count": count - 1})


def digest(store: Store) -> str:
    """Return a hash over every row of every table as it is known to this version."""
    total = 0
    with rows_out(store) as reader:
        for table, names in columns().items():
            for row in reader.rows(table, names):
                total += int.from_bytes(hashlib.blake2b(repr((table, *row)).encode(), digest_size=16).digest())
    return f"{total:x}"


def extra(store: Store) -> set[str]:
    with store.reading() as session:
        names = "SELECT * FROM orders LIMIT 1"
        return set(session.execute(text(names)).keys()) - set(columns()["orders"])


def test_there_is_one_line_of_versions_and_the_program_knows_its_end() -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA_VERSION]


def test_up_down_up_leaves_every_row_as_it_was(store_url: str, next_version: None) -> None:
    store = connect(store_url)
    write_many(store, ORDERS)
    before = digest(store)
    assert migrate(store_url, to="0003") == ("0002", "0003")
    assert extra(store) == {"gift_note"}
    assert digest(store) == before
    assert migrate(store_url, to="0002") == ("0003", "0002")
    assert extra(store) == set()
    assert digest(store) == before
    assert migrate(store_url, to="0003") == ("0002", "0003")
    assert digest(store) == before
    store.close()


def test_up_down_up_on_an_empty_store(store_url: str) -> None:
    made = shape(store_url)
    assert migrate(store_url, to="base") == (SCHEMA_VERSION, "base")
    assert [name for name in shape(store_url) if "alembic" not in name] == []
    assert migrate(store_url) == (None, SCHEMA_VERSION)
    assert shape(store_url) == made


def test_the_first_step_is_not_taken_back_from_a_shop_with_records(store: Store) -> None:
    write_order(store)
    before = digest(store)
    with pytest.raises(Refused, match="records"):
        migrate(store.url, to="base")
    assert digest(store) == before


def test_the_store_of_a_newer_program_is_left_alone(store_url: str, next_version: None, monkeypatch) -> None:
    migrate(store_url, to="0003")
    monkeypatch.undo()
    with pytest.raises(Refused, match="newer"):
        migrate(store_url)
    with pytest.raises(Refused, match="newer"):
        open_store(store_url)


def test_a_store_of_an_older_program_is_not_opened_before_it_is_migrated(store_url: str, monkeypatch) -> None:
    monkeypatch.setattr("opsdesk.store.engine.SCHEMA_VERSION", "0003")
    with pytest.raises(Refused, match="opsdesk migrate"):
        open_store(store_url)


@pytest.fixture
def created_url(store_url: str, tmp_path: Path, postgres_server: Server) -> Iterator[str]:
    """Name a store whose tables were made from the table classes instead of by migration."""
    if store_url.startswith("sqlite"):
        url, name = f"sqlite:///{tmp_path / 'created.db'}", ""
    else:
        name = postgres_server.create()
        url = postgres_server.url(name)
    store = connect(url)
    with store.writer.begin() as connection:
        SQLModel.metadata.create_all(connection)
    store.close()
    yield url
    if name:
        postgres_server.drop(name)


def test_the_table_classes_say_what_the_migrations_made(store_url: str, created_url: str) -> None:
    by_hand = {"order_search", "ix_orders_search", "append_only", "_no_", "alembic"}
    migrated = {name for name in shape(store_url) if not any(part in name for part in by_hand)}
    assert migrated == shape(created_url)


def test_alembic_finds_nothing_to_change(store: Store) -> None:
    with store.reader.connect() as connection:
        context = MigrationContext.configure(connection)
        found = compare_metadata(context, SQLModel.metadata)
    assert [
        change for change in found if "order_search" not in str(change) and "ix_orders_search" not in str(change)
    ] == []


def shape(url: str) -> set[str]:
    """Return every table with its columns, every index and every constraint, one text each."""
    store = connect(url)
    try:
        with store.reader.connect() as connection:
            if store.is_sqlite:
                made = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").scalars()
                return {part for statement in made for part in _parts(statement)}
            return {" ".join(map(str, row)) for query in _POSTGRES_SHAPE for row in connection.exec_driver_sql(query)}
    finally:
        store.close()


def _parts(statement: str) -> Iterator[str]:
    """Cut a CREATE TABLE into its columns and constraints, whose order does not matter."""
    head, *lines = statement.split("\n")
    yield from (f"{head} {line.strip().rstrip(',')}" for line in lines) if lines else (statement,)


_POSTGRES_SHAPE = (
    "SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name "
    "FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = 'public'::regnamespace",
    "SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE NOT tgisinternal",
)


def kill_at_each_statement(url: str, every: int, *naive: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.store.migration_runs", url, str(every), *naive],
        cwd=ROOT, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_killed_at_any_statement_sqlite_is_old_or_new_and_the_next_run_succeeds(tmp_path: Path) -> None:
    answer = kill_at_each_statement(f"sqlite:///{tmp_path / 'shop.db'}", 1 if SOAK else 4)
    assert answer["wrong"] == []
    assert int(str(answer["kills"])) > (70 if SOAK else 17)


def test_killed_at_any_statement_postgres_is_old_or_new_and_the_next_run_succeeds(postgres_server: Server) -> None:
    name = postgres_server.create()
    answer = kill_at_each_statement(postgres_server.url(name), 1 if SOAK else 12)
    postgres_server.drop(name)
    assert answer["wrong"] == []
    assert int(str(answer["kills"])) > (70 if SOAK else 5)


def test_without_one_transaction_around_it_a_killed_migration_is_stuck(tmp_path: Path) -> None:
    """The control: Alembic's own way on a stock engine."""
    folder = Path(shutil.copytree(FOLDER, tmp_path / "migrations"))
    (folder / "env.py").write_text(DEFAULT_ENV)
    answer = kill_at_each_statement(f"sqlite:///{tmp_path / 'shop.db'}", 20, "naive", str(folder))
    assert any("already exists" in str(problem) for problem in answer["wrong"])  # type: ignore[attr-defined]
