"""Articles by SKU, for whoever puts goods on an order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.money import Money
from opsdesk.store.tables import ProductRow

_MOST = 200


@dataclass(frozen=True, slots=True)
class ArticleLine:
    """An article; `stock` is None where nobody counts it."""

    sku: str
    title: str
    price: Money
    stock: int | None
    is_active: bool


def articles(session: Session, skus: Iterable[str]) -> dict[str, ArticleLine]:
    """Return those of these articles that are in the catalogue, at most 200, by SKU."""
    wanted = sorted(set(skus) - {""})[:_MOST]
    found = select(ProductRow).where(col(ProductRow.sku).in_(wanted))
    return {
        row.sku: ArticleLine(row.sku, row.title, Money(row.price_minor, row.currency), row.stock, row.is_active)
        for row in session.execute(found).scalars()
    }
