"""`opsdesk export`: take orders and products out as JSON lines or as a table, without loss."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from opsdesk.cli.acting import acting
from opsdesk.cli.options import AsOption, JsonOption, StoreOption
from opsdesk.cli.output import say, say_json

app = typer.Typer(help="Take orders and products out into a file.", no_args_is_help=True)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A new file, readable for you alone.")]
FormatOption = Annotated[
    str, typer.Option("--format", help="opsdesk-jsonl or opsdesk-csv; by the name of the file if not said.")
]


@app.command("orders")
def export_orders(
    file: FileArgument,
    store: StoreOption = "",
    as_name: AsOption = "",
    format_name: FormatOption = "",
    as_json: JsonOption = False,
) -> None:
    """Write every order with all that belongs to it; importing the file into an empty store gives the same orders."""
    from opsdesk.integrations.files import own_csv, own_writing
    from opsdesk.operations.exchange import exports

    is_table = _is_table(file, format_name)
    text = own_csv.order_text if is_table else lambda order: own_writing.order_text(order) + "\n"
    with acting(store, as_name) as performer, _writing(file) as write:
        if is_table:
            write(own_csv.header_text())
        count = exports.export_orders(performer, file.name, lambda order: write(text(order)))
    _report(file, count, "orders", as_json=as_json)


@app.command("products")
def export_products(
    file: FileArgument,
    store: StoreOption = "",
    as_name: AsOption = "",
    format_name: FormatOption = "",
    as_json: JsonOption = False,
) -> None:
    """Write every product."""
    from opsdesk.integrations.files import own_products
    from opsdesk.operations.exchange import exports

    is_table = _is_table(file, format_name)
    text = own_products.product_row if is_table else lambda product: own_products.product_text(product) + "\n"
    with acting(store, as_name) as performer, _writing(file) as write:
        if is_table:
            write(own_products.csv_line(own_products.HEADER))
        count = exports.export_products(performer, file.name, lambda product: write(text(product)))
    _report(file, count, "products", as_json=as_json)


def _is_table(file: Path, named: str) -> bool:
    from opsdesk.domain.errors import Invalid

    known = {"opsdesk-csv": True, "csv": True, "opsdesk-jsonl": False, "jsonl": False}
    if named:
        if named not in known:
            raise Invalid("format", f"{named!r} cannot be written. There are: opsdesk-jsonl, opsdesk-csv.")
        return known[named]
    return file.suffix.lower() == ".csv"


@contextmanager
def _writing(file: Path) -> Iterator[Callable[[str], object]]:
    """Write beside the file and put it in its place when it is whole: half an export looks like a whole one."""
    from opsdesk.domain.errors import Invalid

    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        out = _new(part)
    except OSError as error:
        raise Invalid("file", f"{file.name} cannot be written: {error.strerror}.") from error
    try:
        with out:
            yield out.write
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    except OSError as error:
        raise Invalid("file", f"{file.name} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)


def _new(path: Path) -> TextIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline="")


def _report(file: Path, count: int, what: str, *, as_json: bool) -> None:
    if as_json:
        say_json({"file": str(file), what: count})
        return
    say(f"{count} {what} written to {file}.")
