"""Two terminals on one store: what one does, the other sees, in its row and without a key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import pytest
from sqlmodel import Session

from opsdesk.app import OpsDeskApp, open_shop
from opsdesk.desk import Desk
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.operations.orders.desk import follow
from opsdesk.operations.orders.holds import hold
from opsdesk.operations.orders.notes import note
from opsdesk.screens.queue.screen import OrdersScreen
from opsdesk.store.engine import Store, open_store
from opsdesk.store.views.activity import newest
from opsdesk.store.work import Performer
from tests.conftest import StillClock
from tests.operator import Operator, settings, working
from tests.screens.money_shop import MoneyShop
from tests.screens.test_queue import row_of, several
from tests.shop_orders import write_customer, write_order, write_user

_SOON_S = 60.0


def app_at(url: str, actor: Actor | None) -> OpsDeskApp:
    chosen = settings(url)
    return OpsDeskApp(Desk(partial(open_shop, chosen, url), chosen, actor=actor, clock=StillClock()))


async def soon(operator: Operator, holds: Callable[[], bool]) -> None:
    """Wait until something can be seen that another terminal has done."""
    await operator.until(holds, "Nothing is heard of it.")
    await operator.settle()


@pytest.fixture
def shop(store_url: str) -> Store:
    return open_store(store_url)


async def test_what_another_terminal_does_is_seen_in_its_row(shop: Store) -> None:
    mia = Actor(write_user(shop, "mia"), "mia", Role.AGENT, "test")
    ids = several(shop)
    async with working(app_at(shop.url, mia)) as operator:
        await operator.press("down")
        sofia = Performer(shop, Actor(None, "sofia", Role.SUPERVISOR, "elsewhere"), StillClock())
        sofia.perform(hold, ids[2], kind=HoldType.ADDRESS, reason="The street is missing.")
        await soon(operator, lambda: "ON HOLD" in row_of("104003", operator))
        screen = operator.screen
        assert isinstance(screen, OrdersScreen)
        assert screen.line is not None
        assert screen.line.number == "104002"
        assert screen.table.is_gone(str(ids[2]))
    shop.close()


async def test_what_another_terminal_does_while_the_queue_is_read_for_the_first_time_is_seen(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either the queue is read behind it, or it is told of; nothing may fall between the two."""
    shop = open_store(sqlite_url)
    mia = Actor(write_user(shop, "mia"), "mia", Role.AGENT, "test")
    ids = several(shop)
    sofia = Performer(shop, Actor(None, "sofia", Role.SUPERVISOR, "elsewhere"), StillClock())

    def just_after_a_hold(session: Session) -> int:
        sofia.perform(hold, ids[2], kind=HoldType.ADDRESS, reason="The street is missing.")
        return newest(session)

    monkeypatch.setattr("opsdesk.store.views.activity.newest", just_after_a_hold)
    async with working(app_at(shop.url, mia)) as operator:
        await soon(operator, lambda: operator.sees("[To ship 4]"))
    shop.close()


async def test_ones_own_change_is_not_announced_as_news(shop: Store) -> None:
    mia = Actor(write_user(shop, "mia"), "mia", Role.AGENT, "test")
    several(shop)
    async with working(app_at(shop.url, mia)) as operator:
        await operator.press("a")
        await operator.pass_time(1.0)
        assert operator.screen.message == "104001 is yours."  # type: ignore[attr-defined]
        assert not operator.sees("new, F5")
    shop.close()


async def test_a_shop_that_is_not_there_is_said_and_ends_the_program(tmp_path: object) -> None:
    app = app_at(f"sqlite:///{tmp_path}/nothing.db", None)
    async with app.run_test() as pilot:
        async with asyncio.timeout(_SOON_S):
            while app.is_running and app.return_code is None:
                await pilot.pause(0.02)
    assert app.return_code == 1


async def test_the_one_whose_login_is_known_sits_down_at_once(shop: Store) -> None:
    write_order(shop, "104001", customer_id=write_customer(shop))
    async with working(app_at(shop.url, None)) as operator:
        # A shop without an admin makes one of whoever opens it.
        assert operator.sees("works here now")
        assert operator.sees("104001")
    shop.close()


async def test_whoever_follows_an_order_is_told_what_others_do_to_it(shop: Store) -> None:
    mia = Actor(write_user(shop, "mia"), "mia", Role.AGENT, "test")
    ids = several(shop)
    Performer(shop, mia, StillClock()).perform(follow, ids[1])
    async with working(app_at(shop.url, mia)) as operator:
        sofia = Performer(shop, Actor(None, "sofia", Role.SUPERVISOR, "elsewhere"), StillClock())
        sofia.perform(note, ids[1], text="The customer rang.")
        await soon(operator, lambda: "which you follow: sofia: Note: The customer rang." in operator.screen.message)
        assert operator.app.alerts == ("1 you follow moved (:followed)",)
        await operator.press("colon", *"followed", "enter")
        await soon(operator, lambda: "104002" in operator.text)
        await operator.press("1")
        await soon(operator, lambda: operator.screen.NAME_OF_PLACE == "order" or "104002" in operator.text)
    shop.close()


async def test_money_that_waits_is_counted_in_the_first_line_as_soon_as_it_does(shop: Store) -> None:
    money = MoneyShop(shop, StillClock())
    order_id = money.paid()
    async with working(app_at(shop.url, money.staff.actor("mia"))) as operator:
        assert not operator.sees("(:money)")
        money.failed_refund(order_id)
        await soon(operator, lambda: operator.sees("1 money (:money)"))
    shop.close()
