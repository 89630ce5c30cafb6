"""Six processes count on one record: none of their additions is lost, and nobody hears that the store is locked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import text

from opsdesk.store.engine import Store
from tests.races.counting import PROCESSES, TIMES
from tests.shop_orders import write_order

ROOT = Path(__file__).parents[2]


def run(store: Store, how: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.races.counting", store.url, how],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def counted(store: Store) -> int:
    with store.reading() as session:
        return int(session.execute(text("SELECT note_count FROM orders")).scalar_one())


def test_no_addition_is_lost_and_none_is_refused(store: Store) -> None:
    write_order(store)
    answer = run(store, "product")
    assert (answer["refused"], answer["died"], answer["done"]) == ([], 0, PROCESSES * TIMES)
    assert counted(store) == PROCESSES * TIMES


def test_a_stock_engine_loses_additions_that_it_said_were_done(store: Store) -> None:
    """The control: read, add, write through a plain session."""
    write_order(store)
    assert counted(store) < run(store, "stock")["done"]
