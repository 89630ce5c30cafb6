"""Shopify's export of products: a row for each variant, of which only the first tells about the product as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from opsdesk.domain.errors import Invalid
from opsdesk.domain.incoming.arrivals import IncomingProduct, Rejection
from opsdesk.integrations.files.csv_rows import rows
from opsdesk.integrations.files.opening import Source
from opsdesk.integrations.files.products import checked_product, grams, temperature_from, whole_number
from opsdesk.integrations.files.shops import Reading, first, payload_of
from opsdesk.integrations.files.values import minor_of

COLUMNS = frozenset({"Handle", "Title", "Variant SKU", "Variant Price"})
"""What no such export lacks."""

_LONGEST_SHOWN = 20_000
_UNSAID = "Default Title"


def products(source: Source, reading: Reading) -> Iterator[IncomingProduct | Rejection]:
    """Read the variants of the file; each that cannot be read becomes a rejection. Rows of pictures are passed."""
    whole: Mapping[str, str] = {}
    for row in rows(source):
        cells = row.cells
        if cells.get("Title") or cells.get("Handle") != whole.get("Handle"):
            whole = cells
        is_variant = any(cells.get(name) for name in ("Variant SKU", "Variant Price", "Option1 Value"))
        if not is_variant and not row.problem:
            continue
        payload = payload_of({name: cell for name, cell in cells.items() if cell})
        try:
            if row.problem:
                raise Invalid("", row.problem)
            yield _product(cells, whole, reading, row.line, payload)
        except Invalid as problem:
            yield Rejection(row.line, problem.field, problem.message, payload[:_LONGEST_SHOWN])


def _product(
    cells: Mapping[str, str], whole: Mapping[str, str], reading: Reading, line: int, payload: str
) -> IncomingProduct:
    options = [cells.get(f"Option{number} Value", "") for number in (1, 2, 3)]
    variant = " / ".join(option for option in options if option and option != _UNSAID)
    sku = cells.get("Variant SKU", "").removeprefix("'")
    status = first(whole, "Status").lower()
    return checked_product(
        IncomingProduct(
            source=reading.shop,
            external_id=f"{cells.get('Handle', '')}/{variant or sku}",
            sku=sku,
            title=whole.get("Title", ""),
            price_minor=minor_of(cells.get("Variant Price"), reading.currency, "Variant Price"),
            currency=reading.currency,
            variant=variant,
            ean=cells.get("Variant Barcode", "").removeprefix("'"),
            temperature=temperature_from(whole.get("Tags", ""), whole.get("Type", "")),
            weight_g=grams(cells.get("Variant Grams"), "g", "Variant Grams"),
            stock=whole_number(cells.get("Variant Inventory Qty"), "Variant Inventory Qty"),
            is_active=status in ("", "active"),
            line=line,
            payload=payload,
        )
    )
