"""Which format a file of products is in, and the reader for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opsdesk.domain.errors import Invalid
from opsdesk.domain.incoming.arrivals import IncomingProduct, Rejection
from opsdesk.integrations.files import own_products, shopify_products, woo_products
from opsdesk.integrations.files.csv_rows import header_of, rows
from opsdesk.integrations.files.formats import (
    Format,
    beginning,
    for_shop,
    format_named,
    raw_records,
    whole_lines,
    woo_records,
)
from opsdesk.integrations.files.opening import Source, open_source
from opsdesk.integrations.files.shops import Reading

WRAPPERS = ("products", "data", "items", "results")


@dataclass(frozen=True, slots=True)
class ProductsFile:
    """A file of products that was found whole."""

    name: str
    format: str
    read: Callable[[], Iterator[IncomingProduct | Rejection]]

    def products(self) -> Iterator[IncomingProduct | Rejection]:
        """Read the products from the beginning."""
        return self.read()


@contextmanager
def open_products(path: Path, reading: Reading, *, named: str = "") -> Iterator[ProductsFile]:
    """Open a file of products, find out its format unless it is named, and make sure that all of it can be read.

    Raises:
        Invalid: it is no such file, is cut off, or cannot be read; nothing was changed.
    """
    with open_source(path) as source:
        found = format_named(named) if named and named != "shopify" else product_format(source)
        shop = reading if reading.shop else for_shop(reading, found)
        for _ in _records(source, found)():
            pass
        yield ProductsFile(source.name, found.value, lambda: _products(source, found, shop))


def product_format(source: Source) -> Format:
    """Find out which format a file of products is in.

    Raises:
        Invalid: it is none that is known.
    """
    start = beginning(source)
    if start[:1] in ("{", "["):
        if f'"{own_products.PRODUCT_MARK}"' in start.partition("\n")[0]:
            return Format.OWN_JSONL
        if all(f'"{key}"' in start for key in woo_products.KEYS) or start.replace(" ", "").startswith("[]"):
            return Format.WOOCOMMERCE_JSON
        raise Invalid(
            "file", f"{source.name} is JSON, but no products of WooCommerce or OpsDesk. Nothing was imported."
        )
    columns, _ = header_of(start.partition("\n")[0].rstrip("\r"))
    if shopify_products.COLUMNS.issubset(columns):
        return Format.SHOPIFY_CSV
    if woo_products.COLUMNS.issubset(columns):
        return Format.WOOCOMMERCE_CSV
    if own_products.COLUMNS.issubset(columns):
        return Format.OWN_CSV
    raise Invalid("file", f"{source.name} is no file of products that is known here. Nothing was imported.")


def _records(source: Source, found: Format) -> Callable[[], Iterator[object]]:
    if found is Format.OWN_JSONL:
        return lambda: whole_lines(source)
    return woo_records(source, WRAPPERS) if found is Format.WOOCOMMERCE_JSON else lambda: rows(source)


def _products(source: Source, found: Format, reading: Reading) -> Iterator[IncomingProduct | Rejection]:
    if found is Format.OWN_JSONL:
        return own_products.products_of_lines(source)
    if found is Format.WOOCOMMERCE_JSON:
        return woo_products.products_of_records(raw_records(woo_records(source, WRAPPERS)()), reading)
    if found is Format.SHOPIFY_CSV:
        return shopify_products.products(source, reading)
    if found is Format.WOOCOMMERCE_CSV:
        return woo_products.products_of_table(source, reading)
    return own_products.products_of_table(source)
