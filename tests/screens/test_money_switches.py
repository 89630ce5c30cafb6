"""Somebody else sits down in the middle of a money form: what was typed stays its owner's, what is done next is theirs."""

from __future__ import annotations

import os
import random

import pytest
from sqlalchemy import select
from sqlmodel import col

from opsdesk.operations.orders.notes import note
from opsdesk.screens.forms.base import OrderForm
from opsdesk.screens.frame.host import DeskHost
from opsdesk.screens.frame.panels import FormPanel
from opsdesk.screens.order.screen import OrderScreen
from opsdesk.store.desk.drafts import drafts_of
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import ActivityRow
from tests.conftest import StillClock
from tests.operations.money_kit import by_hand
from tests.operator import Operator, working
from tests.screens.money_shop import MoneyShop
from tests.screens.order_kit import order_app

SWITCHES = 1_000 if os.environ.get("OPSDESK_SOAK") else 25
FORMS = (
    ("record_payment", ("m", "1"), "reference"),
    ("pay_link", ("m", "2"), "subject"),
    ("refund", ("m", "4"), "note"),
    ("amend", ("E",), "reason"),
    ("note", ("n",), "text"),
)
"""A form, the keys that open it, and a field of it that takes any text."""


@pytest.fixture
def store(sqlite_url: str) -> Store:
    return open_store(sqlite_url)


@pytest.fixture
def shop(store: Store, clock: StillClock) -> MoneyShop:
    return MoneyShop(store, clock)


def half_paid(shop: MoneyShop) -> int:
    """Write an order of which something can be recorded, asked for, refunded and changed."""
    order_id = shop.unpaid()
    by_hand(shop.store, order_id, 20_000)
    return order_id


def kept(shop: MoneyShop, name: str) -> str:
    """Return everything that is kept as drafts of one person."""
    with shop.store.reading() as session:
        drafts = drafts_of(session, shop.staff.ids[name])
    return " ".join(value for draft in drafts for value in draft.fields.values())


async def wrong_after_switches(shop: MoneyShop, operator: Operator, order_id: int, switches: int) -> list[str]:
    """Switch users in the middle of forms; return what was lost, went to the other, or was put down to them."""
    chance, wrong, names = random.Random(20261124), [], ("mia", "tim")
    who = "mia"
    for number in range(switches):
        form, keys, field = chance.choice(FORMS)
        typed = f"{who}{number:03}"
        await operator.press(*keys)
        panel = operator.screen
        assert isinstance(panel, OrderForm), (form, panel)
        panel.form.focus_field(field)
        await operator.type(typed)
        if chance.random() < 0.5:
            await operator.rest()
        other = chance.choice(names)
        await operator.app.seat(shop.staff.actor(other))
        await operator.settle()
        assert isinstance(operator.screen, OrderScreen)
        if typed not in kept(shop, who):
            wrong.append(f"{typed} is not kept for {who} in {form}")
        if who != other and typed in kept(shop, other):
            wrong.append(f"{other} has {typed} in {form}")
        operator.screen.carry_out(note, order_id, text=f"call {number}")
        await operator.settle()
        with shop.store.reading() as session:
            newest = select(ActivityRow.actor).order_by(col(ActivityRow.id).desc()).limit(1)
            done_by = session.execute(newest).scalar_one()
        if done_by != other:
            wrong.append(f"{done_by} is said to have done what {other} did")
        who = other
    return wrong


async def test_a_half_typed_form_stays_its_owners_and_the_next_command_is_the_others(shop: MoneyShop):
    order_id = half_paid(shop)
    async with working(order_app(shop.staff, order_id)) as operator:
        assert await wrong_after_switches(shop, operator, order_id, SWITCHES) == []


async def test_switching_before_the_forms_are_parked_is_caught(shop: MoneyShop, monkeypatch):
    """The control: whoever sits down is given what the one before had typed, as a form that asks who sits there now."""

    async def hastily(self: DeskHost, actor) -> None:
        self.desk.switch(actor)
        await seat(self, actor)

    seat = DeskHost.seat
    monkeypatch.setattr(DeskHost, "seat", hastily)
    monkeypatch.setattr(FormPanel, "_drafting_user", property(lambda form: form.desk.actor.user_id))
    order_id = half_paid(shop)
    async with working(order_app(shop.staff, order_id)) as operator:
        assert await wrong_after_switches(shop, operator, order_id, 8) != []


async def test_the_other_is_offered_nothing_and_the_owner_all_of_it_again(shop: MoneyShop):
    order_id = half_paid(shop)
    async with working(order_app(shop.staff, order_id)) as operator:
        await operator.press("m", "4")
        await operator.type("2")
        await operator.app.seat(shop.staff.actor("tim"))
        await operator.press("m", "4")
        assert not operator.sees("Taken up where you left it.")
        assert operator.screen.form.values[f"line_{shop.line(order_id, 1)}"] == ""
        await operator.app.seat(shop.staff.actor("mia"))
        await operator.press("m", "4")
        assert operator.sees("Taken up where you left it.")
        assert operator.screen.form.values[f"line_{shop.line(order_id, 1)}"] == "2"
