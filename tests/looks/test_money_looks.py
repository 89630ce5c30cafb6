"""Pictures of the money of an order, of each panel that moves it, and of the money desk, at 120x36 and 80x24."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module

import pytest
from sqlalchemy import update
from textual.screen import Screen
from textual.widgets import Input, TextArea

from opsdesk.domain.amendments.edits import AddLine, SetQuantity
from opsdesk.domain.payments.transactions import Method
from opsdesk.operations.orders.packing import start_packing
from opsdesk.operations.payments.store_credit import issue
from opsdesk.operations.payments.taking import capture
from opsdesk.screens.frame.registry import SCREENS
from opsdesk.settings import Glyphs
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import PayLinkRow
from tests.conftest import START, StillClock
from tests.looks.kit import SIZES, Compare, pressing
from tests.operations.events_kit import captured, event, refunded, snapshot, tell
from tests.operations.gateway_double import Fault
from tests.operations.money_kit import authorised
from tests.operations.orders_kit import the_order
from tests.screens.money_shop import MoneyShop, eur
from tests.screens.order_kit import app_of


def unpaid(shop: MoneyShop) -> int:
    return shop.unpaid()


def paid(shop: MoneyShop) -> int:
    return shop.paid()


def paid_twice(shop: MoneyShop) -> int:
    return shop.paid_twice()


def authorised_twice(shop: MoneyShop) -> int:
    order_id = shop.unpaid()
    authorised(shop.store, order_id, 30_000, "pi_1", expires_at=START + timedelta(hours=30))
    authorised(shop.store, order_id, 16_490, "pi_2", expires_at=START + timedelta(days=6))
    return order_id


def being_captured(shop: MoneyShop) -> int:
    order_id = shop.authorised()
    payment = shop.sheet(order_id).payments[0].id
    shop.do("mia", capture, payment, version=the_order(shop.store, order_id).version, amount=eur(20_000))
    shop.clock.advance(seconds=14)
    return order_id


def lost_call(shop: MoneyShop) -> int:
    order_id = being_captured(shop)
    shop.gateway.faults.extend([Fault.LOST_AFTER] * 9)
    shop.work()
    return order_id


def with_credit(shop: MoneyShop) -> int:
    order_id = shop.unpaid()
    customer = the_order(shop.store, order_id).customer_id
    shop.do("sofia", issue, customer, amount=eur(5_000), kind=Method.STORE_CREDIT, note="For the wait")
    return order_id


def asked(shop: MoneyShop) -> int:
    order_id = shop.unpaid()
    shop.ask(order_id)
    shop.work()
    with shop.store.writer.begin() as connection:
        connection.execute(update(PayLinkRow).values(url="https://pay.example/b/6oU7sKfQ1dG2"))
    return order_id


def everything(shop: MoneyShop) -> int:
    """An order with two payments, a dispute, refunds that wait and failed."""
    order_id = shop.paid_twice()
    shop.failed_refund(order_id)
    shop.refund("mia", order_id, 3)
    shop.disputed("pi_104501")
    return order_id


def refunds_wait(shop: MoneyShop) -> int:
    order_id = shop.paid()
    shop.failed_refund(order_id)
    shop.refund("tim", order_id, 3)
    return order_id


def disputed(shop: MoneyShop) -> int:
    order_id = shop.paid_twice()
    shop.disputed("pi_104501")
    return order_id


def changing(shop: MoneyShop) -> int:
    order_id = shop.paid()
    shop.change("tim", order_id, AddLine("50003", 2, eur(4_500)), SetQuantity(shop.line(order_id, 2), 3))
    return order_id


def recalled(shop: MoneyShop) -> int:
    order_id = shop.paid()
    shop.do("piet", start_packing, order_id)
    shop.change("tim", order_id, SetQuantity(shop.line(order_id, 1), 3), reason="One chair was scratched")
    return order_id


def overpaid(shop: MoneyShop) -> int:
    order_id = shop.paid()
    shop.change("tim", order_id, SetQuantity(shop.line(order_id, 1), 3))
    return order_id


def desk_full(shop: MoneyShop) -> int:
    """Something of each kind waits."""
    shop.failed_refund(shop.paid("104501"))
    lost = shop.paid("104502")
    shop.lost_refund(lost)
    shop.refund("tim", shop.paid("104503"), 3)
    authorised(shop.store, shop.unpaid("104504"), reference="pi_104504", expires_at=START + timedelta(hours=20))
    shop.paid_twice("104505")
    shop.disputed("pi_104505")
    packed = shop.paid("104506")
    shop.do("piet", start_packing, packed)
    shop.change("tim", packed, SetQuantity(shop.line(packed, 1), 3))
    shop.unexpected()
    shop.clock.moment = START + timedelta(minutes=5)
    return lost


@dataclass(frozen=True)
class Look:
    """One picture: what the shop holds, which screen is opened, which keys are pressed."""

    name: str
    shop: Callable[[MoneyShop], int]
    first: str = "order_money"
    keys: tuple[str, ...] = ()
    who: str = "mia"
    glyphs: Glyphs = Glyphs.UNICODE
    theme: str = "dark"


def refunded_outside(shop: MoneyShop) -> int:
    order_id = shop.paid()
    told = (captured(46_490, "pi_104501:capture"), refunded(9_300, "re_1"))
    tell(shop.store, event("evt_1", snapshot(*told, reference="pi_104501")), clock=shop.clock)
    return order_id


LOOKS = (
    Look("money-unpaid", unpaid),
    Look("money-greyed", paid, keys=("1",)),
    Look("money-authorised", authorised_twice),
    Look("money-everything", everything),
    Look("money-ascii", everything, glyphs=Glyphs.ASCII),
    Look("money-light", being_captured, theme="light"),
    Look("order-with-money", everything, "order"),
    Look("order-changing", changing, "order"),
    Look("order-recalled", recalled, "order", who="piet"),
    Look("order-pay-link", asked, "order"),
    Look("record", unpaid, "record_payment"),
    Look("record-ways", unpaid, "record_payment", ("f4",)),
    Look("capture", authorised_twice, "capture", ("1",)),
    Look("void", authorised_twice, "void", ("2",)),
    Look("credit", with_credit, "use_credit"),
    Look("account", unpaid, "on_account", who="sofia"),
    Look("calls", being_captured, "gateway_call"),
    Look("link-asking", unpaid, "pay_link"),
    Look("link", asked, "pay_link"),
    Look("refund", paid_twice, "refund"),
    Look("refund-composed", paid_twice, "refund", ("2", "tab", "1", "tab", *"4.90")),
    Look("refund-second", paid, "refund", ("3",)),
    Look("refund-more", paid, "refund", ("9",)),
    Look("refund-reasons", overpaid, "refund", ("f4",)),
    Look("refund-outside", refunded_outside, "refund_outside", ("1", "tab", "tab", "tab", *"2.40")),
    Look("refunds-waiting", refunds_wait, "refund_review", who="sofia"),
    Look("dispute-new", paid, "dispute"),
    Look("dispute", disputed, "dispute", ("1",)),
    Look("amend", paid, "amend"),
    Look("amend-more", paid, "amend", ("ctrl+u", "5", "tab", "tab", *"2 x 50003")),
    Look("amend-denied", paid, "amend", ("ctrl+u", *"4 @ 80")),
    Look("amend-less", paid, "amend", ("ctrl+u", "3")),
    Look("amend-money", paid, "amend", ("f4",)),
    Look("amend-address", paid, "amend", ("f8", "down", "down", "ctrl+u", *"Hafenweg 5")),
    Look("change-waiting", changing, "waiting_change"),
    Look("settle-by-hand", lost_call, "gateway_call", who="sofia"),
    Look("desk", desk_full, "money", who="sofia"),
    Look("desk-empty", unpaid, "money"),
    Look("event", desk_full, "money", ("down", "down", "enter"), who="sofia"),
)


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing blinks."""
    monkeypatch.setattr(Input, "_toggle_cursor", lambda _: None)
    monkeypatch.setattr(TextArea, "_toggle_cursor_blink_visible", lambda _: None, raising=False)


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = open_store(sqlite_url)
    yield opened
    opened.close()


def screen_of(name: str, order_id: int) -> Screen[object]:
    module, _, class_name = SCREENS[name].partition(":")
    made = getattr(import_module(module), class_name)
    found: Screen[object] = made() if name == "money" else made(order_id)
    return found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_look(look: Look, size: str, store: Store, clock: StillClock, snap_compare: Compare) -> None:
    shop = MoneyShop(store, clock)
    order_id = look.shop(shop)
    app = app_of(
        shop.staff, look.who, lambda: screen_of(look.first, order_id), glyphs=look.glyphs, theme_name=look.theme
    )
    assert snap_compare(app, terminal_size=SIZES[size], run_before=pressing(look.keys))
