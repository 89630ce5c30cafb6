"""The shops that are measured: the demo's orders in one SQLite file and in a Postgres of our own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import text

from benchmarks.figures import Row, Table
from opsdesk.store.engine import Store, connect
from tests import postgres

KINDS = ("SQLite", "Postgres")
_KEPT = "OPSDESK_BENCH_POSTGRES"


@dataclass(frozen=True)
class Places:
    """Where empty and full stores are made."""

    folder: Path
    server: postgres.Server

    def empty(self, kind: str, name: str) -> str:
        """Name a store that does not exist yet, or an empty database."""
        if kind == "SQLite":
            return f"sqlite:///{self.folder / name}.db"
        return self.server.url(self.server.create())


@dataclass(frozen=True)
class Shop:
    """A shop full of orders."""

    kind: str
    url: str
    store: Store
    places: Places


@contextmanager
def places(folder: Path) -> Iterator[Places]:
    """Give a folder and a Postgres that writes through to the disk like a shop's, or the one that was named."""
    with postgres.serving(os.environ.get(_KEPT, ""), durable=True) as server:
        yield Places(folder, server)


@contextmanager
def shops(where: Places, orders: int, built: Table) -> Iterator[list[Shop]]:
    """Build the demo on both stores, or take the file of an earlier run; say in `built` how long it took."""
    with ExitStack() as stack:
        made = []
        for kind in KINDS:
            url, is_there = (
                _kept(where, orders) if _KEPT in os.environ and kind == "Postgres" else _made(where, kind, orders)
            )
            if not is_there:
                built.rows.append(_build(kind, url, orders))
            store = connect(url)
            stack.callback(store.close)
            made.append(Shop(kind, url, store, where))
        yield made


def _made(where: Places, kind: str, orders: int) -> tuple[str, bool]:
    url = where.empty(kind, f"demo-{orders}")
    return url, kind == "SQLite" and (where.folder / f"demo-{orders}.db").exists()


def _kept(where: Places, orders: int) -> tuple[str, bool]:
    """Name the database of a server that outlives this run, and say whether an earlier one has built its shop."""
    name = f"demo_{orders}"
    with psycopg.connect(postgres.raw(where.server.url("postgres")), autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if found is None:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    return where.server.url(name), found is not None


def postgres_version(shop: Shop) -> str:
    """Return the version of the server that was measured."""
    with shop.store.reading() as session:
        return str(session.execute(text("SHOW server_version")).scalar_one()).split()[0]


def run_opsdesk(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end; its words come back."""
    command = [sys.executable, "-m", "opsdesk", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)


def _build(kind: str, url: str, orders: int) -> Row:
    began = time.perf_counter()
    run_opsdesk("demo", "--build-only", "--orders", str(orders), "--store", url)
    seconds = time.perf_counter() - began
    figures = {"seconds": f"{seconds:.0f}", "orders/s": f"{orders / seconds:,.0f}"}
    return Row(f"build the demo, {kind}", figures, () if seconds < 900 else ("minutes",))
