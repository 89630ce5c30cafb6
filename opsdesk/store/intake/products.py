"""Some hundred products in one transaction; an article number stands for one product, whoever brings it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.incoming.arrivals import IncomingProduct
from opsdesk.domain.searching import product_search_text
from opsdesk.store.audit import chain
from opsdesk.store.bulk import write_rows
from opsdesk.store.intake.batch import reserve
from opsdesk.store.intake.parts import Row
from opsdesk.store.intake.words import kept_code, kept_line
from opsdesk.store.tables import ProductRow

_FOLLOWED = (
    "title", "variant", "ean", "price_minor", "currency", "temperature", "weight_g", "stock", "is_active",
    "search_text",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SortedProducts:
    """A batch sorted by what is to be done with it."""

    new: list[Row]
    changed: list[tuple[ProductRow, Row]]
    unchanged: int


def sort_products(session: Session, products: Sequence[IncomingProduct], now: datetime) -> SortedProducts:
    """Find out which products are new, which changed, and which stand here as they are."""
    rows = {kept_code(product.sku): _row(product, now) for product in products}
    wanted = select(ProductRow).where(col(ProductRow.sku).in_(list(rows))).with_for_update()
    known = {row.sku: row for row in session.execute(wanted).scalars()}
    changed = [
        (known[sku], row)
        for sku, row in rows.items()
        if sku in known and any(getattr(known[sku], name) != row[name] for name in _FOLLOWED)
    ]
    new = [row for sku, row in rows.items() if sku not in known]
    return SortedProducts(new, changed, len(rows) - len(new) - len(changed))


def write_products(session: Session, found: SortedProducts, *, now: datetime) -> list[chain.Entry]:
    """Write new products and follow changed ones; return what goes into the history."""
    ids = reserve(session, ProductRow, len(found.new))
    write_rows(session, ProductRow, [{"id": number, **row} for number, row in zip(ids, found.new, strict=True)])
    entries = [
        chain.Entry("product.imported", "product", number, f"Came in from {row['source']}: {row['sku']}")
        for number, row in zip(ids, found.new, strict=True)
    ]
    for known, row in found.changed:
        names = [name for name in _FOLLOWED if name != "search_text" and getattr(known, name) != row[name]]
        before = "\n".join(f"{name}: {getattr(known, name)}" for name in names)
        after = "\n".join(f"{name}: {row[name]}" for name in names)
        for name in _FOLLOWED:
            setattr(known, name, row[name])
        known.version += 1
        known.changed_at = now
        summary = f"Changed at {row['source']}: {', '.join(names)}"
        entries.append(chain.Entry("product.changed_at_source", "product", known.id or 0, summary, before, after))
    session.flush()
    return entries


def _row(product: IncomingProduct, now: datetime) -> Row:
    sku, title, variant = kept_code(product.sku), kept_line(product.title), kept_line(product.variant)
    ean = kept_code(product.ean)
    return {
        "sku": sku,
        "source": product.source,
        "external_id": product.external_id,
        "title": title,
        "variant": variant,
        "ean": ean,
        "price_minor": product.price_minor,
        "currency": product.currency,
        "temperature": product.temperature,
        "weight_g": product.weight_g,
        "stock": product.stock,
        "is_active": product.is_active,
        "search_text": product_search_text(sku, title, variant, ean),
        "version": 1,
        "changed_at": now,
    }
