"""The queue is filled before the store is open, and what is pressed meanwhile is done when it can be."""

from __future__ import annotations

from functools import partial
from threading import Event

from sqlalchemy import update
from sqlmodel import col

from opsdesk.app import OpsDeskApp, open_shop
from opsdesk.desk import Desk, OpenedShop
from opsdesk.domain.orders.queues import SavedView, Sort
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.screens.queue.screen import OrdersScreen
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import UserRow
from opsdesk.store.views.queue.first_page import first_page
from tests.conftest import START, StillClock
from tests.operator import WIDE, Operator, settings
from tests.queue_orders import plain_order, write_orders
from tests.shop_orders import write_user


def tied(store: Store, name: str) -> Actor:
    user_id = write_user(store, name)
    with store.writer.begin() as connection:
        connection.execute(update(UserRow).where(col(UserRow.id) == user_id).values(os_login=f"{name}-at-work"))
    return Actor(user_id, name, Role.AGENT, "test")


def app_behind(gate: Event, url: str, actor: Actor) -> OpsDeskApp:
    """Make an app whose store opens only when the gate does."""
    chosen = settings(url)

    def opening() -> OpenedShop:
        assert gate.wait(30)
        return open_shop(chosen, url)

    greeting = partial(first_page, url, os_login=f"{actor.name}-at-work", now=START)
    return OpsDeskApp(Desk(opening, chosen, actor=actor, clock=StillClock()), greeting)


async def test_the_rows_stand_there_before_the_store_is_open(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    mia = tied(store, "mia")
    write_orders(store, [plain_order(number) for number in range(1, 6)])
    gate = Event()
    app = app_behind(gate, sqlite_url, mia)
    async with app.run_test(size=WIDE) as pilot:
        operator = Operator(pilot)
        await operator.until_seen("100003")
        assert not app.desk.is_open
        assert operator.sees("[To ship 5]")
        gate.set()
        await operator.settle()
        await operator.press("j")
        screen = operator.screen
        assert isinstance(screen, OrdersScreen)
        assert screen.line is not None
        assert screen.line.number == "100002"
        assert operator.sees("mia works here now.")
    store.close()


async def test_keys_that_are_pressed_before_it_is_open_are_done_afterwards(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    mia = tied(store, "mia")
    write_orders(store, [plain_order(number) for number in range(1, 6)])
    gate = Event()
    app = app_behind(gate, sqlite_url, mia)
    async with app.run_test(size=WIDE) as pilot:
        operator = Operator(pilot)
        await operator.until_seen("100003")
        await pilot.press(">", "S")
        assert not app.desk.is_open
        gate.set()
        await operator.settle()
        screen = operator.screen
        assert isinstance(screen, OrdersScreen)
        assert (screen.asked.view, screen.asked.sort) == (SavedView.LATE, Sort.PLACED)
    store.close()
