"""The demo shop for tests that run the real program on a terminal, and the same with hostile text in every column."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.pty_driver import Terminal

ORDERS = 150
# What people wrote, or customers, shops and mail servers; codes and numbers are not among them.
WRITTEN = {
    "orders": ("customer_name", "shipping_method", "tags"),
    "order_line": ("title", "variant"),
    "order_address": ("name", "company", "line1", "line2", "city", "region", "phone"),
    "customer": ("name",),
    "note": ("author", "text"),
    "hold": ("reason", "release_note"),
    "mail": ("subject", "text", "html", "last_error"),
    "parcel": ("carrier",),
    "product": ("title", "variant"),
    "cancellation": ("note",),
    "payment": ("instrument",),
    "payment_transaction": ("gateway",),
    "gateway_call": ("problem",),
    "pay_link": ("problem",),
    "dispute": ("reason", "note"),
    "refund": ("note", "problem"),
    "refund_part": ("label",),
    "refund_share": ("problem",),
    "amendment": ("note", "problem"),
    "store_credit": ("note",),
    "activity": ("summary", "before", "after"),
    "users": ("full_name",),
    "draft": ("fields",),
}


@dataclass(frozen=True)
class RealShop:
    """A demo shop in one file, whose admin is whoever runs the tests."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "shop.db"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "OPSDESK_STORE": f"sqlite:///{self.file}",
            "OPSDESK_STATE": str(self.state),
            "OPSDESK_ZONE": "UTC",
            "HOME": str(self.folder),
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run one command."""
        command = [sys.executable, "-m", "opsdesk", *arguments]
        return subprocess.run(command, env={**os.environ, **self.environment}, capture_output=True, timeout=120)

    @contextmanager
    def terminal(self, **options: Any) -> Iterator[Terminal]:
        """Open the program, and wait for its queue."""
        with Terminal.opsdesk(environment=self.environment, **options) as terminal:
            terminal.wait_for(lambda screen: "ORDERS" in screen and "Opening the store" not in screen)
            terminal.wait_for(
                lambda screen: any(state in screen for state in ("READY", "NEW", "PACK", "HOLD", "FRAUD"))
            )
            yield terminal

    @contextmanager
    def terminal_of_a_broken_store(self) -> Iterator[Terminal]:
        """Open the program where it must break."""
        with Terminal.opsdesk(environment=self.environment) as terminal:
            yield terminal

    def connected(self) -> AbstractContextManager[sqlite3.Connection]:
        """Open the file itself, beside the program."""
        return closing(sqlite3.connect(self.file, timeout=0, isolation_level=None))

    def copy_to(self, folder: Path) -> RealShop:
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return RealShop(folder)

    def fill_with(self, texts: tuple[str, ...]) -> int:
        """Write hostile texts into every column, past the program; return how many cells were written."""
        cells = 0
        with self.connected() as connection:
            for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {trigger}")
            connection.execute("BEGIN")
            for table, columns in WRITTEN.items():
                for place, column in enumerate(columns):
                    for index, text in enumerate(texts):
                        chosen = f"(rowid + {place}) % {len(texts)} = {index}"
                        cells += connection.execute(f"UPDATE {table} SET {column} = ? WHERE {chosen}", (text,)).rowcount
            connection.execute("COMMIT")
        return cells


def build_shop(folder: Path) -> RealShop:
    """Build the demo shop with the program's own command."""
    shop = RealShop(folder)
    built = shop.run("demo", "--build-only", "--orders", str(ORDERS), "--store", shop.environment["OPSDESK_STORE"])
    assert built.returncode == 0, built.stderr.decode()
    return shop
