"""OpsDesk's own records of products: JSON lines, or a table with the same names as columns."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

from opsdesk.domain.errors import Invalid
from opsdesk.domain.incoming.arrivals import IncomingProduct, Rejection
from opsdesk.integrations.files.csv_rows import rows
from opsdesk.integrations.files.guarding import guarded, unguarded
from opsdesk.integrations.files.json_records import json_lines
from opsdesk.integrations.files.opening import Source
from opsdesk.integrations.files.own_jsonl import rejection
from opsdesk.integrations.files.own_records import MARK
from opsdesk.integrations.files.own_writing import amount
from opsdesk.integrations.files.products import checked_product, whole_number
from opsdesk.integrations.files.shops import payload_of
from opsdesk.integrations.files.values import Fields, currency_of, flag_of, minor_of, text_of

PRODUCT_MARK = "product/1"
HEADER = (
    MARK, "source", "external_id", "sku", "title", "variant", "ean", "price", "currency", "temperature", "weight_g",
    "stock", "active",
)  # fmt: skip
COLUMNS = frozenset({"sku", "title", "price", "currency"})
"""What no such table lacks."""

_NUMBERS = frozenset({"price", "weight_g", "stock"})
_LONGEST_SHOWN = 20_000


def products_of_lines(source: Source) -> Iterator[IncomingProduct | Rejection]:
    """Read the products of JSON lines; each that cannot be read becomes a rejection."""
    for record in json_lines(source):
        try:
            if record.problem:
                raise Invalid("", record.problem)
            if not isinstance(record.value, dict) or record.value.get(MARK) != PRODUCT_MARK:
                raise Invalid(MARK, f"The record must say {PRODUCT_MARK} under {MARK!r}.")
            yield _product(record.value, record.line, record.text)
        except Invalid as problem:
            yield rejection(record, problem)


def products_of_table(source: Source) -> Iterator[IncomingProduct | Rejection]:
    """Read the products of a table; each that cannot be read becomes a rejection."""
    for row in rows(source):
        cells = {name: unguarded(cell) for name, cell in row.cells.items() if cell}
        payload = payload_of(cells)
        try:
            if row.problem:
                raise Invalid("", row.problem)
            yield _product(cells, row.line, payload)
        except Invalid as problem:
            yield Rejection(row.line, problem.field, problem.message, payload[:_LONGEST_SHOWN])


def product_text(product: IncomingProduct) -> str:
    """Return a product as one line of JSON."""
    record = {name: value for name, value in _fields(product).items() if value not in ("", None)}
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def product_row(product: IncomingProduct) -> str:
    """Return a product as a row of the table."""
    fields = _fields(product)
    return csv_line([_cell(fields[name], name) for name in HEADER])


def csv_line(cells: tuple[str, ...] | list[str]) -> str:
    """Return one line of a table."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _product(record: Fields, line: int, payload: str) -> IncomingProduct:
    currency = currency_of(text_of(record, "currency"))
    return checked_product(
        IncomingProduct(
            source=text_of(record, "source") or "file",
            external_id=text_of(record, "external_id") or text_of(record, "sku"),
            sku=text_of(record, "sku"),
            title=text_of(record, "title"),
            price_minor=minor_of(record.get("price"), currency, "price"),
            currency=currency,
            variant=text_of(record, "variant"),
            ean=text_of(record, "ean"),
            temperature=text_of(record, "temperature") or "ambient",
            weight_g=whole_number(record.get("weight_g"), "weight_g"),
            stock=whole_number(record.get("stock"), "stock"),
            is_active=flag_of(record.get("active"), "active", default=True),
            line=line,
            payload=payload,
        )
    )


def _fields(product: IncomingProduct) -> dict[str, object]:
    return {
        MARK: PRODUCT_MARK,
        "source": product.source,
        "external_id": product.external_id,
        "sku": product.sku,
        "title": product.title,
        "variant": product.variant,
        "ean": product.ean,
        "price": amount(product.price_minor, product.currency),
        "currency": product.currency,
        "temperature": product.temperature,
        "weight_g": product.weight_g,
        "stock": product.stock,
        "active": product.is_active,
    }


def _cell(value: object, name: str) -> str:
    if value is None:
        return ""
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
    return text if name in _NUMBERS else guarded(text)
