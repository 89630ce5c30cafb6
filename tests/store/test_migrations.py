"""Migrations go up and down with a shop's records in them, and a kill at any statement leaves the store old or new."""

from __future__ import annotations

import hashlib
import json
import os
import re
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
from sqlalchemy import inspect, text
from sqlmodel import Session, SQLModel

from opsdesk.domain.errors import Refused
from opsdesk.store.backups.rows import columns, rows_out
from opsdesk.store.engine import SCHEMA_VERSION, Store, connect, open_store
from opsdesk.store.migrate import FOLDER, migrate
from opsdesk.store.repositories.orders import Orders
from opsdesk.store.verify.running import verify_store
from tests.conftest import START
from tests.postgres import Server
from tests.shop_orders import write_order

ROOT = Path(__file__).parents[2]
SOAK = bool(os.environ.get("OPSDESK_SOAK"))
ORDERS = 100_000 if SOAK else 10_000

NOW = SCHEMA_VERSION
LATER = f"{int(NOW) + 1:04}"
NEXT = f"""
from alembic import op
import sqlalchemy as sa

revision = "{LATER}"
down_revision = "{NOW}"


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
    (folder / "versions" / f"{LATER}_gifts.py").write_text(NEXT)
    monkeypatch.setattr("opsdesk.store.migrate.FOLDER", folder)
    monkeypatch.setattr("opsdesk.store.migrate.SCHEMA_VERSION", LATER)


def write_many(store: Store, count: int) -> None:
    """Copy one order so many times inside the store."""
    order_id = write_order(store)
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) "
    fresh = {
        "orders": {"id": ":order + i", "number": "number || i", "external_id": "external_id || i"},
        "order_line": {"id": "id + 10 * i", "order_id": ":order + i"},
        "order_address": {"order_id": ":order + i"},
        "payment": {"id": "id + i", "order_id": ":order + i"},
        "payment_transaction": {"id": "id + i", "order_id": ":order + i", "payment_id": "payment_id + i"},
        "journal": {"id": "id + i", "order_id": ":order + i", "transaction_id": "transaction_id + i"},
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


def old_digest(store: Store) -> str:
    """Return the same over what both versions know: every table and column that there is."""
    total = 0
    there = inspect(store.reader)
    with rows_out(store) as reader:
        for table in sorted(set(there.get_table_names()) & set(columns()) - OF_MONEY):
            names = sorted({column["name"] for column in there.get_columns(table)} - NEW_COLUMNS)
            for row in reader.rows(table, names):
                total += int.from_bytes(hashlib.blake2b(repr((table, *row)).encode(), digest_size=16).digest())
    return f"{total:x}"


OF_MONEY = {"payment", "journal"}
NEW_COLUMNS = {"payment_id", "call_key", "settled_minor", "settled_currency", "ship_digest", "returned_at"}


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
    assert migrate(store_url, to=LATER) == (NOW, LATER)
    assert extra(store) == {"gift_note"}
    assert digest(store) == before
    assert migrate(store_url, to=NOW) == (LATER, NOW)
    assert extra(store) == set()
    assert digest(store) == before
    assert migrate(store_url, to=LATER) == (NOW, LATER)
    assert digest(store) == before
    store.close()


def test_payments_and_journal_come_back_as_they_were_from_the_transactions_alone(store_url: str) -> None:
    store = connect(store_url)
    write_many(store, ORDERS)
    before, of_both = digest(store), old_digest(store)
    assert migrate(store_url, to="0001") == (NOW, "0001")
    assert OF_MONEY & set(inspect(store.reader).get_table_names()) == set()
    assert old_digest(store) == of_both
    assert migrate(store_url) == ("0001", NOW)
    assert (digest(store), old_digest(store)) == (before, of_both)
    store.close()


# What the first version could hold of one order: kind, state, amount, gateway.
OLD_MONEY = (
    (("capture", "succeeded", 900, "card"),),
    (("authorise", "succeeded", 900, "card"), ("capture", "succeeded", 400, "card"), ("void", "succeeded", 500, "card")),
    (("authorise", "succeeded", 900, "card"), ("void", "succeeded", 900, "card")),
    (("authorise", "succeeded", 900, "card"),),
    (("sale", "failed", 900, "card"),),
    (("sale", "failed", 900, "card"), ("sale", "succeeded", 900, "card")),
    (("sale", "unknown", 900, "card"), ("manual_in", "succeeded", 400, "manual"), ("manual_in", "succeeded", 500, "cod")),
    (("sale", "succeeded", 300, "card"), ("sale", "succeeded", 600, "wallet"), ("refund", "succeeded", 500, "voucher")),
    (("sale", "succeeded", 900, "card"), ("refund", "succeeded", 900, "card"), ("refund", "pending", 5, "card")),
    (("refund", "succeeded", 100, "card"),),
    (("capture", "succeeded", 0, "card"), ("sale", "succeeded", 900, "bank transfer")),
    (),
)  # fmt: skip


def test_the_money_of_an_older_store_is_whole_after_the_migration(store_url: str) -> None:
    store = connect(store_url)
    for number in range(len(OLD_MONEY)):
        write_order(store, f"2000{number:02}", customer_id=1 if number else None, paid=False)
    migrate(store_url, to="0001")
    write_old_money(store)
    before = old_digest(store)
    migrate(store_url)
    assert old_digest(store) == before
    settled(store)
    found = verify_store(store, now=START, with_seals=False).violations
    assert {(said.invariant, said.wrong.partition(" (")[0]) for said in found} == {
        # An order that only ever gave money back cannot be right; nothing is made up to hide that.
        ("P2", "more was refunded, or is about to be, than was received"),
        ("A1", "nothing in its history says how it came to be"),
        ("C1", "it has a version that nothing in its history made"),
    }
    with store.reading() as session:
        payments = session.execute(text("SELECT gateway, method, state FROM payment ORDER BY order_id, id")).all()
        moved = "SELECT debit, credit, sum(amount_minor) FROM journal GROUP BY debit, credit ORDER BY debit, credit"
        journal = session.execute(text(moved)).all()
    assert [tuple(row) for row in payments] == [
        ("card", "gateway", "captured"),
        ("card", "gateway", "captured"),
        ("card", "gateway", "voided"),
        ("card", "gateway", "authorised"),
        ("card", "gateway", "failed"),
        ("card", "gateway", "captured"),
        ("card", "gateway", "pending"),
        ("cod", "cash", "captured"),
        ("manual", "bank_transfer", "captured"),
        ("card", "gateway", "captured"),
        ("wallet", "gateway", "partly_refunded"),
        ("card", "gateway", "refunded"),
        ("card", "gateway", "refunded"),
        ("bank transfer", "bank_transfer", "captured"),
        ("card", "gateway", "pending"),
    ]
    assert [tuple(row) for row in journal] == [
        ("bank", "order", 1_300),
        ("cash", "order", 500),
        ("gateway:card", "order", 3_400),
        ("gateway:wallet", "order", 600),
        ("order", "gateway:card", 1_000),
        ("order", "gateway:wallet", 500),
    ]
    store.close()


def write_old_money(store: Store) -> None:
    """Write movements of money as the first version kept them."""
    with store.writer.begin() as connection:
        for order_id, movements in enumerate(OLD_MONEY, 1):
            for number, (kind, state, amount, gateway) in enumerate(movements):
                connection.execute(
                    text(
                        "INSERT INTO payment_transaction (order_id, kind, state, amount_minor, currency, gateway, "
                        "reference, happened_at) VALUES (:order, :kind, :state, :amount, 'EUR', :gateway, :named, "
                        "'2026-11-20 10:00:00.000000')"
                    ),
                    {"order": order_id, "kind": kind, "state": state, "amount": amount, "gateway": gateway,
                     "named": f"r{number}"},
                )  # fmt: skip


def settled(store: Store) -> None:
    """Let each order say what its facts say, as the first version had left it."""
    with Session(store.writer) as session, session.begin():
        orders = Orders(session, START, by_person=False)
        for order_id in range(1, len(OLD_MONEY) + 1):
            orders.settle(orders.locked(order_id))


@pytest.mark.parametrize(
    ("planted", "named"),
    [
        ("INSERT INTO gateway_cursor (gateway, cursor, problem, read_at) VALUES ('stripe', 'evt_1', '', :now)", ""),
        ("INSERT INTO store_credit (id, kind, code_digest, code_end, currency, issued_minor, balance_minor, issued_by, "
         "issued_at, note, version) VALUES (1, 'store_credit', '', '', 'EUR', 5, 5, 'mia', :now, '', 1)", "store_credit"),
        ("INSERT INTO refund (id, order_id, state, reason, note, amount_minor, tax_minor, currency, content_hash, tell, "
         "letter_subject, letter_text, letter_html, letter_language, requested_by, requested_at, needs_approval, "
         "problem, version) SELECT 1, id, 'cancelled', 'other', '', 5, 0, 'EUR', '', tax_included, '', '', '', '', "
         "'mia', :now, tax_included, '', 1 FROM orders", "refund"),
        ("UPDATE payment SET reference = 'pi_1'", "talks to"),
        ("UPDATE payment SET method = 'on_account'", "on account"),
        ("INSERT INTO payment_transaction (order_id, payment_id, kind, state, amount_minor, currency, gateway, reference, "
         "happened_at, call_key, settled_currency) SELECT order_id, id, 'dispute_debit', 'succeeded', 5, 'EUR', 'card', "
         "'dp_1', :now, '', '' FROM payment", "bank took back"),
    ],
    ids=["cursor", "credit", "refund", "reference", "account", "dispute"],
)  # fmt: skip
def test_what_the_first_version_has_no_place_for_keeps_the_store_from_going_back(
    store: Store, planted: str, named: str
) -> None:
    write_order(store)
    with store.writer.begin() as connection:
        connection.execute(text(planted), {"now": "2026-11-20 10:00:00.000000"})
    before = digest(store)
    if not named:
        assert migrate(store.url, to="0001") == (NOW, "0001")
        return
    with pytest.raises(Refused, match=named):
        migrate(store.url, to="0001")
    assert digest(store) == before


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
    migrate(store_url, to=LATER)
    monkeypatch.undo()
    with pytest.raises(Refused, match="newer"):
        migrate(store_url)
    with pytest.raises(Refused, match="newer"):
        open_store(store_url)


def test_a_store_of_an_older_program_is_not_opened_before_it_is_migrated(store_url: str, monkeypatch) -> None:
    monkeypatch.setattr("opsdesk.store.engine.SCHEMA_VERSION", LATER)
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


_ADDED = re.compile(r", (?=[a-z_]+ (?:[A-Z]+ DEFAULT|DATETIME\b))")


def _parts(statement: str) -> Iterator[str]:
    """Cut a CREATE TABLE into its columns and constraints, whose order does not matter.

    SQLite puts a column that comes later on the line of the last one.
    """
    head, *lines = _ADDED.sub("\n", statement).split("\n")
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


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_killed_at_any_statement_a_store_with_money_keeps_all_of_it(
    tmp_path: Path, postgres_server: Server, kind: str
) -> None:
    name = postgres_server.create() if kind == "postgres" else ""
    url = postgres_server.url(name) if name else f"sqlite:///{tmp_path / 'shop.db'}"
    migrate(url)
    store = connect(url)
    write_many(store, 200)
    store.close()
    migrate(url, to="0001")
    answer = kill_at_each_statement(url, 1 if SOAK else 3 if kind == "sqlite" else 9, "since", "0001")
    if name:
        postgres_server.drop(name)
    assert answer["wrong"] == []
    assert int(str(answer["kills"])) > (30 if SOAK else 10 if kind == "sqlite" else 4)


def test_without_one_transaction_around_it_a_killed_migration_is_stuck(tmp_path: Path) -> None:
    """The control: Alembic's own way on a stock engine."""
    folder = Path(shutil.copytree(FOLDER, tmp_path / "migrations"))
    (folder / "env.py").write_text(DEFAULT_ENV)
    answer = kill_at_each_statement(f"sqlite:///{tmp_path / 'shop.db'}", 20, "naive", str(folder))
    assert any("already exists" in str(problem) for problem in answer["wrong"])  # type: ignore[attr-defined]
