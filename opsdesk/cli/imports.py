"""`opsdesk import`: bring orders and products in from a file of a shop, or from an export of OpsDesk."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from opsdesk.cli.acting import acting
from opsdesk.cli.options import AsOption, DryRunOption, JsonOption, StoreOption
from opsdesk.cli.output import complain, say, say_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsdesk.domain.incoming.arrivals import Rejection
    from opsdesk.integrations.files.shops import Reading
    from opsdesk.operations.exchange.imports import ImportResult

app = typer.Typer(help="Bring orders and products in from a file.", no_args_is_help=True)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="CSV, JSON or JSON lines, also zipped.")]
FormatOption = Annotated[str, typer.Option("--format", help="What the file is, where that is not found by itself.")]
ShopOption = Annotated[str, typer.Option("--source", help="The name of the shop, where there are several of a kind.")]
RejectsOption = Annotated[
    Path | None, typer.Option("--rejects", help="Where refused records go; FILE.rejects.jsonl if not said.")
]
_MOST_SHOWN = 5


@app.command("orders")
def import_orders(
    file: FileArgument,
    store: StoreOption = "",
    as_name: AsOption = "",
    format_name: FormatOption = "",
    source: ShopOption = "",
    dry_run: DryRunOption = False,
    rejects: RejectsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring orders in. What came before and is the same stays; bad records are refused, the good ones go in."""
    from opsdesk.integrations.files.formats import open_orders
    from opsdesk.operations.exchange import imports

    with (
        acting(store, as_name) as performer,
        open_orders(file, reading(source), named=format_name) as opened,
        _refusing(file, rejects) as refused,
    ):
        result = imports.import_orders(performer, opened, dry_run=dry_run, refused=refused)
    _report(result, "orders", rejects or _beside(file), as_json=as_json)


@app.command("products")
def import_products(
    file: FileArgument,
    store: StoreOption = "",
    as_name: AsOption = "",
    format_name: FormatOption = "",
    source: ShopOption = "",
    currency: Annotated[str, typer.Option("--currency", help="Of prices that do not say theirs.")] = "EUR",
    dry_run: DryRunOption = False,
    rejects: RejectsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring products in: new ones are added, known ones follow the file."""
    from opsdesk.integrations.files.product_formats import open_products
    from opsdesk.operations.exchange import imports

    with (
        acting(store, as_name) as performer,
        open_products(file, reading(source, currency), named=format_name) as opened,
        _refusing(file, rejects) as refused,
    ):
        result = imports.import_products(performer, opened, dry_run=dry_run, refused=refused)
    _report(result, "products", rejects or _beside(file), as_json=as_json)


def reading(source: str, currency: str = "EUR") -> Reading:
    """Return how a file of this shop is read, in the zone of ours."""
    from opsdesk.domain.moments import system_clock
    from opsdesk.integrations.files.shops import Reading
    from opsdesk.integrations.files.values import currency_of
    from opsdesk.settings import load_settings

    return Reading(source, load_settings().zone, system_clock(), currency_of(currency))


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.name}.rejects.jsonl")


@contextmanager
def _refusing(file: Path, named: Path | None) -> Iterator[Callable[[Rejection], None]]:
    """Give a place for refused records: a file that is made when there is the first one."""
    place = _Rejects(named or _beside(file))
    try:
        yield place.add
    finally:
        place.close()


class _Rejects:
    """The file of refused records: one JSON object on each line, readable for its owner alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._count = 0

    def add(self, rejection: Rejection) -> None:
        """Write one refused record, and complain of the first few."""
        from dataclasses import asdict

        if self._file is None:
            self._file = self._open()
        self._file.write(json.dumps(asdict(rejection)) + "\n")
        self._count += 1
        if self._count <= _MOST_SHOWN:
            field = f", {rejection.field}" if rejection.field else ""
            complain(f"Refused: line {rejection.line}{field}: {rejection.reason}")

    def _open(self) -> TextIO:
        from opsdesk.domain.errors import Invalid

        try:
            # A link that somebody put there must not lead the personal data in it elsewhere.
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            return os.fdopen(os.open(self._path, flags, 0o600), "w", encoding="utf-8")
        except OSError as error:
            raise Invalid("rejects", f"{self._path.name} cannot be written: {error.strerror}.") from error

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
        if self._count > _MOST_SHOWN:
            complain(f"Refused: {self._count - _MOST_SHOWN} more.")


def _report(result: ImportResult, what: str, rejects: Path, *, as_json: bool) -> None:
    counts = result.counts
    if as_json:
        say_json(
            {
                "format": result.format,
                "dry_run": result.is_dry_run,
                "created": counts.created,
                "updated": counts.updated,
                "unchanged": counts.unchanged,
                "rejected": counts.rejected,
                "rejects": str(rejects) if counts.rejected else None,
            }
        )
        return
    would = "would be " if result.is_dry_run else ""
    say(
        f"{what.capitalize()} ({result.format}): {counts.created} {would}new, {counts.updated} {would}changed, "
        f"{counts.unchanged} unchanged, {counts.rejected} refused."
    )
    if counts.rejected:
        say(f"What was refused, and why, stands in {rejects}.")
