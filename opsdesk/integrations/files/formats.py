"""Which format a file is in, and the reader for it. A file is read through once before any of it is used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from opsdesk.domain.errors import Invalid
from opsdesk.domain.incoming.arrivals import IncomingOrder, Rejection
from opsdesk.integrations.files import own_csv, own_jsonl, shopify_orders, woo_orders
from opsdesk.integrations.files.csv_rows import header_of, rows
from opsdesk.integrations.files.json_records import RawRecord, json_alone, json_array, json_lines, parse
from opsdesk.integrations.files.opening import Source, open_source
from opsdesk.integrations.files.own_records import MARK
from opsdesk.integrations.files.shops import Reading


class Format(StrEnum):
    """A format that can be imported."""

    SHOPIFY_CSV = "shopify-csv"
    WOOCOMMERCE_JSON = "woocommerce-json"
    WOOCOMMERCE_CSV = "woocommerce-csv"
    OWN_CSV = "opsdesk-csv"
    OWN_JSONL = "opsdesk-jsonl"


_SHOPS = {Format.SHOPIFY_CSV: "shopify", Format.WOOCOMMERCE_JSON: "woocommerce", Format.WOOCOMMERCE_CSV: "woocommerce"}
_START = 200_000


@dataclass(frozen=True, slots=True)
class OrdersFile:
    """A file of orders that was found whole."""

    name: str
    format: str
    read: Callable[[], Iterator[IncomingOrder | Rejection]]

    def orders(self) -> Iterator[IncomingOrder | Rejection]:
        """Read the orders from the beginning."""
        return self.read()


@contextmanager
def open_orders(path: Path, reading: Reading, *, named: str = "") -> Iterator[OrdersFile]:
    """Open a file of orders, find out its format unless it is named, and make sure that all of it can be read.

    Raises:
        Invalid: it is no such file, is cut off, or cannot be read; nothing was changed.
    """
    with open_source(path) as source:
        found = format_named(named) if named else order_format(source)
        _require_columns(source, found)
        shop = reading if reading.shop else for_shop(reading, found)
        records = _records(source, found)
        for _ in records():
            pass
        yield OrdersFile(source.name, found.value, lambda: _orders(source, found, shop, records))


def format_named(name: str) -> Format:
    """Return the format with this name; `shopify`, `woo` and `opsdesk` are understood where they are clear.

    Raises:
        Invalid: there is none.
    """
    short = {"shopify": Format.SHOPIFY_CSV, "woo": Format.WOOCOMMERCE_JSON, "woocommerce": Format.WOOCOMMERCE_JSON}
    try:
        return short.get(name) or Format(name)
    except ValueError as error:
        raise Invalid("format", f"{name!r} is no format. There are: {', '.join(Format)}.") from error


def order_format(source: Source) -> Format:
    """Find out which format a file of orders is in.

    Raises:
        Invalid: it is none that is known.
    """
    start = beginning(source)
    if start[:1] in ("{", "["):
        if f'"{MARK}"' in start.partition("\n")[0]:
            return Format.OWN_JSONL
        if all(f'"{key}"' in start for key in woo_orders.KEYS) or _is_empty_list(start):
            return Format.WOOCOMMERCE_JSON
        raise Invalid("file", f"{source.name} is JSON, but no orders of WooCommerce or OpsDesk. Nothing was imported.")
    columns, _ = header_of(start.partition("\n")[0].rstrip("\r"))
    if shopify_orders.COLUMNS.issubset(columns):
        return Format.SHOPIFY_CSV
    if own_csv.COLUMNS.issubset(columns):
        return Format.OWN_CSV
    raise Invalid("file", f"{source.name} is no file of orders that is known here. Nothing was imported.")


def beginning(source: Source) -> str:
    """Return the beginning of the text, without blanks before it."""
    start = ""
    for chunk in source.chunks():
        start = (start + chunk).lstrip("\ufeff \t\r\n")
        if len(start) >= _START:
            break
    return start


def _is_empty_list(start: str) -> bool:
    return start.startswith("[") and not start[1:].strip(" \t\r\n]")


def for_shop(reading: Reading, found: Format) -> Reading:
    """Name the shop after its format where nobody did."""
    return Reading(_SHOPS.get(found, "file"), reading.zone, reading.now, reading.currency)


def _records(source: Source, found: Format) -> Callable[[], Iterator[object]]:
    if found is Format.OWN_JSONL:
        return lambda: whole_lines(source)
    if found is Format.WOOCOMMERCE_JSON:
        return woo_records(source, woo_orders.WRAPPERS)
    return lambda: rows(source)


def _orders(
    source: Source, found: Format, reading: Reading, records: Callable[[], Iterator[object]]
) -> Iterator[IncomingOrder | Rejection]:
    if found is Format.OWN_JSONL:
        return own_jsonl.orders(source)
    if found is Format.WOOCOMMERCE_JSON:
        return woo_orders.orders(raw_records(records()), reading)
    if found is Format.SHOPIFY_CSV:
        return shopify_orders.orders(source, reading)
    return own_csv.orders(source)


def _require_columns(source: Source, found: Format) -> None:
    """Make sure that a table whose format was named is one."""
    needed = {Format.SHOPIFY_CSV: shopify_orders.COLUMNS, Format.OWN_CSV: own_csv.COLUMNS}.get(found)
    if found is Format.WOOCOMMERCE_CSV:
        raise Invalid("format", f"{found} is a format of products; WooCommerce gives its orders as JSON.")
    if needed is not None:
        columns, _ = header_of(beginning(source).partition("\n")[0].rstrip("\r"))
        if missing := sorted(needed.difference(columns)):
            raise Invalid("file", f"{source.name} is no {found}: it has no column {missing[0]}. Nothing was imported.")


def raw_records(records: Iterator[object]) -> Iterator[RawRecord]:
    """Return those that are records of JSON."""
    return (record for record in records if isinstance(record, RawRecord))


def woo_records(source: Source, wrappers: tuple[str, ...]) -> Callable[[], Iterator[RawRecord]]:
    """Find out whether the file is an array, an array in a wrapper, one record on each line, or one record alone."""
    start = beginning(source)
    if start.startswith("["):
        return lambda: json_array(source, wrappers)
    wrapper = re.search(rf'"(?:{"|".join(wrappers)})"\s*:\s*\[', start)
    record = re.search(r'"(?:billing|line_items|sku|regular_price)"\s*:', start)
    if wrapper and (record is None or wrapper.start() < record.start()):
        return lambda: json_array(source, wrappers)
    try:
        is_line = isinstance(parse(start.partition("\n")[0].strip()), dict)
    except ValueError:
        is_line = False
    return lambda: json_lines(source) if is_line else json_alone(source)


def whole_lines(source: Source) -> Iterator[str]:
    """Read every line, and parse the last one, which is where a file that was cut off shows it."""
    last = ""
    for last in source.lines():
        yield last
    if last and not last.endswith("\n"):
        try:
            parse(last)
        except ValueError as error:
            raise Invalid("file", f"{source.name} ends in the middle of a line: it was cut off.") from error
