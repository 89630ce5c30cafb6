"""What the tests of operations on orders ask again and again."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import select
from sqlmodel import SQLModel

from opsdesk.domain.people.actors import Actor, Role
from opsdesk.store.engine import Store
from opsdesk.store.repositories.orders import Orders
from opsdesk.store.tables import OrderRow
from tests.conftest import START
from tests.shop_orders import write_user

Row = TypeVar("Row", bound=SQLModel)


def rows(store: Store, table: type[Row]) -> list[Row]:
    """Return every row of a table in the order of its key."""
    with store.reading() as session:
        keys = table.__table__.primary_key.columns  # type: ignore[attr-defined]
        return list(session.execute(select(table).order_by(*keys)).scalars())


def the_order(store: Store, order_id: int) -> OrderRow:
    """Return an order as it stands."""
    with store.reading() as session:
        return session.get_one(OrderRow, order_id)


def facts_of(store: Store, order_id: int) -> Any:
    """Return what the rules look at."""
    with store.reading() as session:
        return Orders(session, START).facts(session.get_one(OrderRow, order_id))


def person(store: Store, name: str, role: Role = Role.AGENT) -> Actor:
    """Add a person and be them."""
    return Actor(write_user(store, name, role), name, role, "test")
