"""What a role may not do is grey on every screen, says why when it is pressed, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from textual.screen import Screen

from opsdesk.domain.people.actors import Role
from opsdesk.domain.people.permissions import PERMISSIONS
from opsdesk.keys import commands_of
from opsdesk.screens.mails.outbox import OutboxScreen
from opsdesk.screens.order.rules import OPERATIONS
from opsdesk.screens.order.screen import OrderScreen
from opsdesk.screens.people.users import UsersScreen
from opsdesk.screens.queue.screen import OrdersScreen
from opsdesk.store.engine import Store, open_store
from tests.conftest import StillClock
from tests.operations.people import add_person
from tests.operations.permission_matrix import contents
from tests.operator import DeskApp, Operator, desk_at, working
from tests.screens.outbox_kit import filled

PEOPLE = (Role.AGENT, Role.WAREHOUSE, Role.FRAUD, Role.SUPERVISOR, Role.ADMIN)


def on_an_order(screen: str) -> dict[str, str]:
    """Return the operation behind each key that acts on an order on this screen."""
    keys = {each.method for each in commands_of(screen)}
    return {action: name for action, name in OPERATIONS.items() if action in keys} | {"hold": "order.hold"}


MAIL = {"take_back": "mail.take_back", "edit": "mail.edit", "commit": "mail.send_now", "undo": "mail.take_back"}
PERSON = {
    "add": "user.add",
    "edit": "user.change_role",
    "secret": "user.reset_password",
    "unlock": "user.unlock",
    "enrol": "terminal.enrol",
    "close": "user.deactivate",
}
SCREENS: Mapping[str, tuple[Callable[[], Screen[None]], Mapping[str, str], str]] = {
    "queue": (OrdersScreen, on_an_order("queue"), ""),
    "order": (lambda: OrderScreen(4), on_an_order("order"), ""),
    "outbox": (OutboxScreen, MAIL, "4"),
    "users": (UsersScreen, PERSON, "1"),
}
"""Each screen, the operation behind each of its actions, and which row the pointer stands on."""

_PRIVATE = ("draft", "presence", "look")
"""What a terminal notes for itself by being opened."""


@pytest.fixture
def shop(sqlite_url: str) -> Store:
    store = open_store(sqlite_url)
    filled(store)
    add_person(store, "target", secrets=False)
    return store


def wrong_keys(operator: Operator, role: Role, actions: Mapping[str, str]) -> list[str]:
    """Return the actions that are grey for a role although they may, or the other way round."""
    screen = operator.screen
    grey = {action for action in actions if "may not do this" in (screen.why_not(action) or "")}
    denied = {action for action, name in actions.items() if role not in PERMISSIONS[name]}
    return sorted(grey ^ denied)


@pytest.mark.parametrize("name", sorted(SCREENS))
@pytest.mark.parametrize("role", PEOPLE)
async def test_exactly_what_a_role_may_not_do_is_grey_and_pressing_it_changes_nothing(
    shop: Store, clock: StillClock, role: Role, name: str
):
    factory, actions, row = SCREENS[name]
    me = add_person(shop, "me", role, secrets=False)
    before = public(shop)
    async with working(DeskApp(desk_at(shop.url, me, clock), factory)) as operator:
        if row:
            assert operator.screen.table.point_at(row)
        assert wrong_keys(operator, role, actions) == []
        keys = {each.method: each.key for each in commands_of(name, "everywhere")}
        for action, operation in actions.items():
            if role not in PERMISSIONS[operation]:
                await operator.press(keys[action])
                assert operator.sees(f"me is {role} and may not do this"), action
    assert public(shop) == before


def public(shop: Store) -> dict[str, int]:
    return {table: count for table, count in contents(shop).items() if table not in _PRIVATE}


async def test_a_screen_that_forgets_the_permission_is_caught(shop: Store, clock: StillClock, monkeypatch):
    """The control: a screen whose keys do not ask is named, action by action."""
    monkeypatch.setattr(UsersScreen, "_why_not_person", lambda _self, _action, _line: None)
    me = add_person(shop, "me", Role.AGENT, secrets=False)
    async with working(DeskApp(desk_at(shop.url, me, clock), UsersScreen)) as operator:
        assert operator.screen.table.point_at("1")
        assert wrong_keys(operator, Role.AGENT, PERSON) == sorted(PERSON)
