"""The catalogue as far as one unit of work asks it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.store.tables import ProductRow


class Articles:
    """The articles of one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def known(self, skus: Iterable[str]) -> dict[str, ProductRow]:
        """Return those of these articles that are in the catalogue, by SKU."""
        wanted = sorted(set(skus) - {""})
        if not wanted:
            return {}
        found = select(ProductRow).where(col(ProductRow.sku).in_(wanted))
        return {row.sku: row for row in self._session.execute(found).scalars()}
