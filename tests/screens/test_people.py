"""The people screen, and the list of what one did oneself."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlmodel import col

from opsdesk.domain.people.actors import Actor, Role
from opsdesk.domain.people.credentials import Proof
from opsdesk.operations.orders.desk import claim
from opsdesk.operations.orders.notes import note
from opsdesk.operations.people.signing_in import pin_is_enough, sign_in
from opsdesk.screens.history import HistoryScreen
from opsdesk.screens.people.users import UsersScreen
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import OrderRow
from opsdesk.store.views.users import UserLine, user_named
from opsdesk.store.work import Performer
from tests.conftest import StillClock
from tests.operations.people import PASSWORD, PIN, add_person
from tests.operator import DeskApp, Operator, desk_at, working
from tests.shop_orders import write_order


@pytest.fixture
def shop(sqlite_url: str) -> Store:
    return open_store(sqlite_url)


@pytest.fixture
def ada(shop: Store) -> Actor:
    return add_person(shop, "ada", Role.ADMIN, os_login="ada", secrets=False)


def people_app(shop: Store, actor: Actor, clock: StillClock) -> DeskApp:
    return DeskApp(desk_at(shop.url, actor, clock), UsersScreen)


def person(shop: Store, name: str) -> UserLine:
    with shop.reading() as session:
        found = user_named(session, name)
    assert found is not None
    return found


async def fill(operator: Operator, *texts: str) -> None:
    for text in texts:
        await operator.type(text)
        await operator.press("tab")


async def test_an_admin_adds_somebody_and_gives_them_a_password(shop: Store, ada: Actor, clock: StillClock):
    async with working(people_app(shop, ada, clock)) as operator:
        await operator.press("insert")
        await fill(operator, "Mia", "Mia Sommer", "agent")
        await operator.press("f9")
        assert operator.sees("Mia Sommer")
        assert operator.screen.table.point_at(str(person(shop, "mia").id))
        await operator.press("K", "1")
        await fill(operator, PASSWORD, PASSWORD)
        await operator.press("f9")
        assert operator.sees("mia has a new password")
    assert sign_in(shop, name="mia", secret=PASSWORD, proof=Proof.PASSWORD, clock=clock).name == "mia"


async def test_two_that_differ_and_one_that_is_too_short_are_told_at_their_field(
    shop: Store, ada: Actor, clock: StillClock
):
    async with working(people_app(shop, ada, clock)) as operator:
        await operator.press("K", "1")
        await fill(operator, PASSWORD, "another one entirely")
        await operator.press("f9")
        assert operator.sees("The two are not the same.")
        await operator.press("f3", "K", "1")
        await fill(operator, "short", "short")
        await operator.press("f9")
        assert operator.sees("at least 15 characters")
    assert not person(shop, "ada").has_password


async def test_the_terminal_is_enrolled_and_the_own_pin_set(shop: Store, ada: Actor, clock: StillClock):
    async with working(people_app(shop, ada, clock)) as operator:
        await operator.press("T")
        await operator.type("packing bench 2")
        await operator.press("f9", "K", "2")
        await fill(operator, PIN, PIN)
        await operator.press("f9")
    assert pin_is_enough(shop)
    assert sign_in(shop, name="ada", secret=PIN, proof=Proof.PIN, clock=clock).name == "ada"


async def test_a_role_is_chosen_from_the_list_and_a_login_tied(shop: Store, ada: Actor, clock: StillClock):
    mia = add_person(shop, "mia", secrets=False)
    async with working(people_app(shop, ada, clock)) as operator:
        assert operator.screen.table.point_at(str(mia.user_id))
        await operator.press("e", "f4", "4")
        await operator.press("tab")
        await operator.type("msommer")
        await operator.press("f9")
    assert (person(shop, "mia").role, person(shop, "mia").os_login) == (Role.SUPERVISOR, "msommer")


async def test_closing_an_account_asks_and_letting_in_does_not(shop: Store, ada: Actor, clock: StillClock):
    mia = add_person(shop, "mia", secrets=False)
    async with working(people_app(shop, ada, clock)) as operator:
        assert operator.screen.table.point_at(str(mia.user_id))
        await operator.press("x", "enter")
        assert person(shop, "mia").is_active
        await operator.press("y")
        assert not person(shop, "mia").is_active
        await operator.press("x")
        assert person(shop, "mia").is_active


async def test_nobody_closes_or_demotes_themselves(shop: Store, ada: Actor, clock: StillClock):
    async with working(people_app(shop, ada, clock)) as operator:
        await operator.press("x")
        assert operator.sees("Nobody can close their own account.")
        await operator.press("e")
        operator.screen.form.fill({"role": "agent"})
        await operator.press("f9")
        assert operator.sees("last admin who can sign in")


async def test_u_takes_back_the_command_under_the_pointer_and_not_the_newest(
    shop: Store, ada: Actor, clock: StillClock
):
    first, second = write_order(shop, "104001"), write_order(shop, "104002", customer_id=1)
    me = Performer(shop, ada, clock)
    clock.advance(seconds=1)
    oldest = me.perform(claim, first).command_id
    clock.advance(seconds=1)
    me.perform(claim, second)
    clock.advance(seconds=1)
    noted = me.perform(note, second, text="rang").command_id
    async with working(DeskApp(desk_at(shop.url, ada, clock), HistoryScreen)) as operator:
        assert operator.screen.table.pointed == noted
        await operator.press("u")
        assert operator.sees("That cannot be taken back.")
        await operator.press("down", "down")
        assert operator.screen.table.pointed == oldest
        await operator.press("u")
        assert operator.sees("taken back")
        await operator.press("u")
        assert operator.sees("That was taken back already.")
    with shop.reading() as session:
        owners = dict(session.execute(select(OrderRow.id, OrderRow.owner_id).order_by(col(OrderRow.id))).all())
    assert owners == {first: None, second: ada.user_id}


async def test_enter_opens_the_order_that_it_was_about(shop: Store, ada: Actor, clock: StillClock):
    order_id = write_order(shop, "104001")
    clock.advance(seconds=1)
    Performer(shop, ada, clock).perform(claim, order_id)
    async with working(DeskApp(desk_at(shop.url, ada, clock), HistoryScreen)) as operator:
        await operator.press("enter")
        assert operator.sees("104001") and type(operator.screen).__name__ == "OrderScreen"
