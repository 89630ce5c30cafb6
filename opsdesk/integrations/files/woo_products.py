"""Products of WooCommerce: from its REST interface (v3) as JSON, and from the export of its back office as a table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from opsdesk.domain.errors import Invalid
from opsdesk.domain.incoming.arrivals import IncomingProduct, Rejection
from opsdesk.integrations.files.csv_rows import rows
from opsdesk.integrations.files.json_records import RawRecord
from opsdesk.integrations.files.opening import Source
from opsdesk.integrations.files.own_jsonl import rejection
from opsdesk.integrations.files.products import checked_product, grams, temperature_from, whole_number
from opsdesk.integrations.files.shops import Reading, payload_of
from opsdesk.integrations.files.values import Fields, list_of, rounded_minor_of, text_of

COLUMNS = frozenset({"ID", "Type", "SKU", "Name", "Published", "Regular price"})
"""What no such table lacks."""

KEYS = frozenset({"sku", "regular_price"})
"""What no such record lacks."""

_NO_GOODS = frozenset({"variable", "grouped"})
_WEIGHT = re.compile(r"Weight \((?P<unit>[a-z]+)\)\Z")
_LONGEST_SHOWN = 20_000


def products_of_records(records: Iterator[RawRecord], reading: Reading) -> Iterator[IncomingProduct | Rejection]:
    """Read the products of JSON; each that cannot be read becomes a rejection."""
    for record in records:
        try:
            if record.problem:
                raise Invalid("", record.problem)
            if not isinstance(record.value, dict):
                raise Invalid("", "A product must be a JSON object.")
            if text_of(record.value, "type") not in _NO_GOODS:
                yield _from_record(record.value, reading, record)
        except Invalid as problem:
            yield rejection(record, problem)


def products_of_table(source: Source, reading: Reading) -> Iterator[IncomingProduct | Rejection]:
    """Read the products of the table; each that cannot be read becomes a rejection."""
    titles: dict[str, str] = {}
    for row in rows(source):
        cells = row.cells
        payload = payload_of({name: cell for name, cell in cells.items() if cell})
        kinds = {kind.strip() for kind in cells.get("Type", "").split(",")}
        if kinds & _NO_GOODS and not row.problem:
            titles[cells.get("SKU", "")] = titles[f"id:{cells.get('ID', '')}"] = cells.get("Name", "")
            continue
        try:
            if row.problem:
                raise Invalid("", row.problem)
            yield _from_row(cells, titles.get(cells.get("Parent", ""), ""), reading, row.line, payload)
        except Invalid as problem:
            yield Rejection(row.line, problem.field, problem.message, payload[:_LONGEST_SHOWN])


def _from_record(record: Fields, reading: Reading, raw: RawRecord) -> IncomingProduct:
    chosen = [text_of(attribute, "option") for attribute in list_of(record, "attributes")]
    tags = [text_of(tag, "name") for name in ("tags", "categories") for tag in list_of(record, name)]
    price = text_of(record, "price") or text_of(record, "regular_price")
    return checked_product(
        IncomingProduct(
            source=reading.shop,
            external_id=text_of(record, "id"),
            sku=text_of(record, "sku"),
            title=text_of(record, "name"),
            price_minor=rounded_minor_of(price, reading.currency, "price"),
            currency=reading.currency,
            variant=", ".join(filter(None, chosen)),
            ean=text_of(record, "global_unique_id"),
            temperature=temperature_from(*tags, text_of(record, "shipping_class")),
            weight_g=grams(record.get("weight"), "kg", "weight"),
            stock=_stock(record.get("stock_quantity"), "stock_quantity"),
            is_active=text_of(record, "status", "publish") == "publish",
            line=raw.line,
            payload=raw.text,
        )
    )


def _from_row(cells: Mapping[str, str], parent: str, reading: Reading, line: int, payload: str) -> IncomingProduct:
    weight = next(((name, found["unit"]) for name in cells if (found := _WEIGHT.match(name))), ("", ""))
    chosen = [cell for name, cell in cells.items() if re.match(r"Attribute \d+ value\(s\)\Z", name) and cell]
    tags = (cells.get("Tags", ""), cells.get("Categories", ""), cells.get("Shipping class", ""))
    price = cells.get("Sale price") or cells.get("Regular price")
    return checked_product(
        IncomingProduct(
            source=reading.shop,
            external_id=cells.get("ID", ""),
            sku=cells.get("SKU", "").removeprefix("'"),
            title=parent or cells.get("Name", ""),
            price_minor=rounded_minor_of(price, reading.currency, "Regular price"),
            currency=reading.currency,
            variant=", ".join(chosen) if parent else "",
            ean=cells.get("GTIN, UPC, EAN, or ISBN", ""),
            temperature=temperature_from(*tags),
            weight_g=grams(cells.get(weight[0]), weight[1], weight[0]),
            stock=_stock(cells.get("Stock"), "Stock"),
            is_active=cells.get("Published") == "1",
            line=line,
            payload=payload,
        )
    )


def _stock(value: object, field: str) -> int | None:
    """Return how many there are; half a unit counts as none, and words such as `parent` say nothing."""
    if isinstance(value, str) and not re.fullmatch(r"-?(\d{1,12}(\.\d*)?|\.\d+)", value):
        return None
    if isinstance(value, str | Decimal) and value != "":
        value = Decimal(value) // 1
    return whole_number(value, field)
