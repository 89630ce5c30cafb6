"""How long it takes to begin: the app to its first paint and to the filled queue, and single commands."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import func, select
from sqlmodel import col

from benchmarks.figures import Row, Table, ms, side_by_side
from benchmarks.shops import Shop
from benchmarks.wire import shows_rows, wired
from opsdesk.store.tables import OrderRow

_ROUNDS = 7

_EMPTY_APP = """
from textual.app import App
from textual.widgets import Static

class Empty(App):
    def compose(self):
        yield Static("ready")

Empty().run()
"""
_BARE_TYPER = """
import typer
app = typer.Typer(rich_markup_mode=None, add_completion=False)
def make(family, number):
    @family.command(f"command-{number}", help=f"Do thing number {number}, and say so.")
    def command(name: str = "", other: bool = False): ...
for place, count in enumerate(FAMILIES):
    family = typer.Typer()
    for number in range(count):
        make(family if count > 1 else app, f"{place}-{number}")
    if count > 1:
        app.add_typer(family, name=f"family-{place}")
app()
"""
_BARE_SHOW = """
import json, sys
from sqlalchemy import create_engine, text
from sqlmodel import Session
url, number = sys.argv[1:]
module = {}
if url.startswith("sqlite"):
    from pysqlite3 import dbapi2
    module = {"module": dbapi2}
with Session(create_engine(url, **module)) as session:
    order = session.execute(text("SELECT * FROM orders WHERE number = :number"), {"number": number}).mappings().one()
    lines = session.execute(text("SELECT * FROM order_line WHERE order_id = :id"), {"id": order["id"]}).mappings().all()
print(json.dumps({**order, "lines": [dict(line) for line in lines]}, default=str))
"""


def measure_starts(shops: Sequence[Shop]) -> list[Table]:
    """Measure the app and the commands on both stores."""
    folder = shops[0].places.folder
    table = Table(
        "Starting",
        "first paint <= 1.3 x an empty Textual app, filled queue <= 3.2 x; `--help` <= 1.3 x a bare Typer app with as "
        "many commands; `order show` <= 1.3 x importing SQLModel and running the query",
    )
    empty = _program(folder, "empty_app", _EMPTY_APP)
    for shop in shops:
        table.rows += _app_rows(shop, empty)
    table.rows.append(_help_row(folder))
    show = _program(folder, "bare_show", _BARE_SHOW)
    table.rows += [_show_row(shop, show) for shop in shops]
    return [table]


def _app_rows(shop: Shop, empty: list[str]) -> list[Row]:
    painted: dict[str, list[float]] = {"empty": [], "first": [], "filled": []}
    for _ in range(_ROUNDS):
        with wired(empty) as wire:
            painted["empty"].append(wire.wait_until(str.strip) - wire.started)
        with wired([sys.executable, "-m", "opsdesk"], {"OPSDESK_STORE": shop.url}) as wire:
            painted["first"].append(wire.wait_until(str.strip) - wire.started)
            painted["filled"].append(wire.wait_until(shows_rows) - wire.started)
    return [
        _ratio(f"app to first paint, {shop.kind}", "empty Textual app", painted["empty"], painted["first"], 1.3),
        _ratio(f"app to filled queue, {shop.kind}", "empty Textual app", painted["empty"], painted["filled"], 3.2),
    ]


def _help_row(folder: Path) -> Row:
    bare = _program(folder, "bare_typer", _BARE_TYPER.replace("FAMILIES", str(_families())))
    ours = [sys.executable, "-m", "opsdesk", "--help"]
    times = side_by_side({"bare": _running([*bare, "--help"]), "ours": _running(ours)}, 2 * _ROUNDS)
    return _ratio("opsdesk --help", "bare Typer app", times["bare"], times["ours"], 1.3)


def _show_row(shop: Shop, bare: list[str]) -> Row:
    with shop.store.reading() as session:
        middle = session.execute(select(func.max(col(OrderRow.id)))).scalar_one() // 2
        number = session.execute(select(col(OrderRow.number)).where(col(OrderRow.id) == middle)).scalar_one()
    ours = [sys.executable, "-m", "opsdesk", "order", "show", number, "--json", "--store", shop.url]
    times = side_by_side({"bare": _running([*bare, shop.url, number]), "ours": _running(ours)}, _ROUNDS)
    return _ratio(f"opsdesk order show --json, {shop.kind}", "bare SQLModel", times["bare"], times["ours"], 1.3)


def _ratio(what: str, limit: str, bare: Sequence[float], ours: Sequence[float], bar: float) -> Row:
    ratio = statistics.median(ours) / statistics.median(bare)
    figures = {
        "limit": limit,
        "limit, median": ms(statistics.median(bare)),
        "ours, median": ms(statistics.median(ours)),
        "ours, least": ms(min(ours)),
        "ratio": f"{ratio:.2f}",
        "bar": f"{bar}",
    }
    return Row(what, figures, () if ratio <= bar else (f"{bar} x",))


def _running(command: Sequence[str]) -> Callable[[], object]:
    return lambda: subprocess.run(command, check=True, capture_output=True)


def _program(folder: Path, name: str, text: str) -> list[str]:
    file = folder / f"{name}.py"
    file.write_text(text)
    return [sys.executable, str(file)]


def _families() -> list[int]:
    """Count the commands of each family."""
    from typer.main import get_command

    from opsdesk.cli.families import whole

    commands = getattr(get_command(whole()), "commands", {}).values()
    return [len(getattr(command, "commands", "1")) for command in commands]
