"""What the form needs that changes an order: the order as its parts, and what is known of articles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.amendments.arithmetic import OrderParts
from opsdesk.domain.amendments.edits import AddLine, Edit, SwapLine
from opsdesk.domain.amendments.planning import AmendedOrder, preview
from opsdesk.domain.errors import Refused
from opsdesk.domain.money import Money
from opsdesk.store.repositories.amendables import address_fields, parts_of
from opsdesk.store.repositories.articles import Articles
from opsdesk.store.repositories.settlements import Settlements
from opsdesk.store.tables import AddressRow, OrderLineRow, OrderRow


@dataclass(frozen=True, slots=True)
class Article:
    """One article of the catalogue; `stock` is None where nobody counts."""

    sku: str
    title: str
    variant: str
    price: Money
    stock: int | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class Amendable:
    """An order as it can be changed, at the version that it was read at."""

    version: int
    parts: OrderParts
    articles: dict[str, Article]

    @property
    def stock(self) -> dict[str, int | None]:
        """What is in stock of each article that is known here."""
        return {sku: article.stock for sku, article in self.articles.items()}


def amendable(session: Session, order_id: int, *, skus: Iterable[str] = ()) -> Amendable:
    """Return an order as its parts, with its articles and these further ones.

    Raises:
        Refused: there is no such order.
    """
    order = session.get(OrderRow, order_id)
    if order is None:
        raise Refused("The order no longer exists.")
    found = select(OrderLineRow).where(col(OrderLineRow.order_id) == order_id).order_by(col(OrderLineRow.position))
    lines = list(session.execute(found).scalars())
    address = address_fields(session.get(AddressRow, (order_id, "shipping")))
    parts = parts_of(order, lines, Settlements(session).counted_parts(order_id), address)
    return Amendable(order.version, parts, articles_of(session, [*skus, *(line.sku for line in lines)]))


def amended_order(session: Session, order_id: int, edits: Sequence[Edit]) -> AmendedOrder:
    """Work out what an order will be; what is new on it is called as the catalogue does.

    Raises:
        Refused: there is no such order, or the edits cannot be made.
    """
    found = amendable(session, order_id, skus=[edit.sku for edit in edits if isinstance(edit, AddLine | SwapLine)])
    titles = {line.sku: line.title for line in found.parts.lines}
    titles |= {sku: article.title for sku, article in found.articles.items()}
    named = [
        replace(edit, title=edit.title or titles.get(edit.sku, edit.sku))
        if isinstance(edit, AddLine | SwapLine)
        else edit
        for edit in edits
    ]
    return preview(found.parts, named, found.stock)


def articles_of(session: Session, skus: Iterable[str]) -> dict[str, Article]:
    """Return those of these articles that are in the catalogue, by SKU."""
    return {
        sku: Article(sku, row.title, row.variant, Money(row.price_minor, row.currency), row.stock, row.is_active)
        for sku, row in Articles(session).known(skus).items()
    }
