"""`python -m benchmarks [PART ...]`: measure everything, or only some parts; print it and write `docs/benchmarks.md`.

`OPSDESK_BENCH_ORDERS` scales it down. `OPSDESK_BENCH_FOLDER` keeps the SQLite shop for the next run, and
`OPSDESK_BENCH_POSTGRES`, the URL of a database of a server of your own, the one on Postgres.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.commands import measure_commands
from benchmarks.figures import Table
from benchmarks.fraud import measure_fraud
from benchmarks.imports import measure_imports
from benchmarks.machine import describe
from benchmarks.reads import measure_reads
from benchmarks.refunds import measure_refunds
from benchmarks.report import report_text, table_text
from benchmarks.screens import measure_screens
from benchmarks.shops import Shop, places, postgres_version, shops
from benchmarks.starts import measure_starts

_REPORT = Path(__file__).parent.parent / "docs" / "benchmarks.md"

PARTS: dict[str, Callable[[Sequence[Shop]], Sequence[Table]]] = {
    "starts": measure_starts,
    "screens": measure_screens,
    "reads": lambda made: [measure_reads(shop) for shop in made],
    "commands": measure_commands,
    "refunds": measure_refunds,
    "imports": measure_imports,
    "fraud": measure_fraud,
}


def main() -> int:
    """Run the parts that were named, or all; the exit code says whether every bar was kept."""
    orders = int(os.environ.get("OPSDESK_BENCH_ORDERS", "1000000"))
    wanted = sys.argv[1:] or list(PARTS)
    began = time.monotonic()
    tables = [Table("Building", "1,000,000 orders in minutes, through bulk inserts")]
    with _home() as folder, places(folder) as where, shops(where, orders, tables[0]) as made:
        machine = describe(postgres_version(made[1]), orders)
        for name in wanted:
            for table in PARTS[name](made):
                tables.append(table)
                print(table_text(table), flush=True)
    tables = [table for table in tables if table.rows]
    report = report_text(machine, tables, (time.monotonic() - began) / 60)
    if wanted == list(PARTS):
        _REPORT.write_text(report, encoding="utf-8")
    print(report.partition("## ")[0])
    return int(any(row.misses for table in tables for row in table.rows))


@contextmanager
def _home() -> Iterator[Path]:
    """Keep the tester's own shop and settings out of it."""
    with tempfile.TemporaryDirectory(prefix="opsdesk-bench-") as temporary:
        kept = Path(os.environ.get("OPSDESK_BENCH_FOLDER", temporary))
        kept.mkdir(parents=True, exist_ok=True)
        for kind in ("DATA", "CONFIG", "STATE", "CACHE"):
            os.environ[f"XDG_{kind}_HOME"] = str(kept / kind.lower())
        yield kept


if __name__ == "__main__":
    sys.exit(main())
