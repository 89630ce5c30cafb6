"""How many orders come in per second from a file, into an empty store and into a full one, and in how much memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.commands import _ADA
from benchmarks.figures import Row, Table
from benchmarks.shops import Shop, run_opsdesk
from opsdesk.integrations.files.own_writing import order_text
from opsdesk.operations.exchange.exports import export_orders
from opsdesk.store.work import Performer

_INTO_EMPTY, _INTO_FULL = 60_000, 10_000
_BARS = {"SQLite": 3_000, "Postgres": 2_000}


@dataclass(frozen=True)
class Pace:
    """How an import went.

    Attributes:
        rate: orders per second by the clock.
        cpu_rate: orders per second of the importing process's own processor time, which other work does not change.
        memory: its most memory, in MB.
    """

    rate: float
    cpu_rate: float
    memory: float

    @property
    def figures(self) -> dict[str, str]:
        return {
            "orders/s": f"{self.rate:,.0f}",
            "orders per s of CPU": f"{self.cpu_rate:,.0f}",
            "peak MB": f"{self.memory:.0f}",
        }


class _Enough(Exception):
    """The file is long enough."""


def measure_imports(shops: Sequence[Shop]) -> list[Table]:
    """Measure the import of OpsDesk's own JSON lines on both stores."""
    table = Table(
        "Import of OpsDesk JSON lines",
        "into an empty store >= 3,000 orders/s on SQLite and >= 2,000 on Postgres; into the full store no slower per "
        "order (>= 0.9 x the same file into an empty one); memory flat in the file's length",
    )
    folder = shops[0].places.folder
    long, short, other = folder / "long.jsonl", folder / "short.jsonl", folder / "other.jsonl"
    count = _take_out(shops[0], long, min(_INTO_EMPTY, int(os.environ.get("OPSDESK_BENCH_ORDERS", _INTO_EMPTY))))
    share = _renamed(long, short, other, min(_INTO_FULL, count))
    for shop in shops:
        table.rows += _measure(shop, (long, count), (short, other, share))
    for file in (long, short, other):
        file.unlink()
    return [table]


def _measure(shop: Shop, whole: tuple[Path, int], part: tuple[Path, Path, int]) -> list[Row]:
    long, count = whole
    short, other, share = part
    empty = _import(_fresh(shop, "empty"), long, count)
    small = _import(_fresh(shop, "part"), short, share)
    full = _import(shop.url, other, share)
    bar = _BARS[shop.kind]
    misses = () if empty.rate >= bar else (f"{bar:,}/s",)
    flat = () if empty.memory < 1.25 * small.memory else ("flat memory",)
    slower = () if full.cpu_rate >= 0.9 * small.cpu_rate else ("no slower",)
    return [
        Row(f"{count:,} into an empty store, {shop.kind}", {**empty.figures, "bar": f"{bar:,}"}, (*misses, *flat)),
        Row(f"{share:,} into an empty store, {shop.kind}", small.figures),
        Row(f"{share:,} into the full store, {shop.kind}", full.figures, slower),
    ]


def _import(url: str, file: Path, count: int) -> Pace:
    """Import a file; its start-up is part of it."""
    command = [sys.executable, "-m", "opsdesk", "import", "orders", str(file), "--store", url, "--json"]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    assert status == 0
    assert json.loads(said)["created"] > 0.99 * count, said
    return Pace(count / seconds, count / (used.ru_utime + used.ru_stime), used.ru_maxrss / 1024)


def _fresh(shop: Shop, name: str) -> str:
    url = shop.places.empty(shop.kind, f"import-{name}")
    if shop.kind == "SQLite":
        for ending in ("", "-wal", "-shm"):
            Path(url.removeprefix("sqlite:///") + ending).unlink(missing_ok=True)
    run_opsdesk("migrate", "--store", url)
    return url


def _take_out(shop: Shop, file: Path, most: int) -> int:
    """Write the first orders of the shop into a file."""
    count = 0
    with file.open("w", encoding="utf-8") as out:

        def write(order: object) -> None:
            nonlocal count
            if count == most:
                raise _Enough
            out.write(order_text(order) + "\n")  # type: ignore[arg-type]
            count += 1

        with suppress(_Enough):
            export_orders(Performer(shop.store, _ADA), file.name, write)
    return count


def _renamed(long: Path, short: Path, other: Path, most: int) -> int:
    """Write the beginning of a file as it is, and as orders that no store has."""
    with long.open(encoding="utf-8") as lines, short.open("w") as same, other.open("w") as changed:
        for place, line in enumerate(lines):
            if place == most:
                return place
            order = json.loads(line)
            order |= {"external_id": f"new-{order['external_id']}", "number": f"N{order['number']}"}
            same.write(line)
            changed.write(json.dumps(order, ensure_ascii=False) + "\n")
    return place + 1
