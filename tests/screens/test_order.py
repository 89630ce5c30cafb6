"""One order on the screen: what stands there, what each key does or says, who else is there, what is new."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.operations.orders.cancelling import cancel
from opsdesk.operations.orders.notes import note
from opsdesk.operations.orders.shipping import ship
from opsdesk.screens.frame.host import StoreChange
from opsdesk.screens.log import LogScreen
from opsdesk.screens.order.screen import OrderScreen
from opsdesk.store.desk.presence import beat, who_is_here
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import PresenceRow
from opsdesk.store.views.orders.parts import AddressDetail
from opsdesk.widgets.paper import Paper
from tests.conftest import START, StillClock
from tests.operator import NARROW, WIDE, working
from tests.screens.order_kit import People, app_of, now_of, order_app, order_with_a_past, people
from tests.shop_orders import write_customer, write_order


@pytest.fixture
def shop(sqlite_url: str) -> Store:
    return open_store(sqlite_url)


@pytest.fixture
def staff(shop: Store, clock: StillClock) -> People:
    return people(shop, clock)


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_everything_about_an_order_can_be_read(staff: People, size: tuple[int, int]):
    order_id = order_with_a_past(staff, is_held=True)
    async with working(order_app(staff, order_id), size=size) as operator:
        assert operator.sees("ON HOLD")
        assert operator.sees("The house number is missing on the label. Held by tim since 13:42")
        sheets = "\n".join(paper.text for paper in operator.screen.query(Paper) if paper.display)
        for words in (
            "Oat granola (1 kg)",
            "total 35.20 EUR",
            "Am Dobben 12",
            "ada@berg.example",
            "4 other orders",
            "captured by card, pay-104458",
            "look again 17:32",
            "Please leave with the neighbour",
            "tim On hold: address.",
            "Order placed (web)",
        ):
            assert words in " ".join(sheets.split()), words


async def test_a_greyed_key_says_why_and_changes_nothing(staff: People):
    order_id = order_with_a_past(staff, is_held=True)
    before = now_of(staff, order_id)
    async with working(order_app(staff, order_id)) as operator:
        for key, reason in (
            ("s", "104458 is on hold: address. Release it first (h)."),
            ("b", "104458 is on hold: address. Release it first (h)."),
            ("D", "Nothing of 104458 has been shipped yet."),
            ("O", "104458 is open already."),
            ("a", "104458 is with tim. Ask tim"),
            ("A", "mia is agent and may not do this"),
            ("right_square_bracket", "not opened from a list"),
        ):
            await operator.press(key)
            assert operator.sees(reason), (key, operator.screen.message)
    after = now_of(staff, order_id)
    assert (after.version, after.newest_activity) == (before.version, before.newest_activity)


async def test_the_role_counts_before_the_rules(staff: People):
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id, "piet")) as operator:
        await operator.press("x")
        assert operator.sees("piet is warehouse and may not do this (order.cancel)")


async def test_a_letter_does_what_it_says_and_u_takes_it_back(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("a")
        assert now_of(staff, order_id).head.owner_name == "mia"
        await operator.press("b")
        assert operator.sees("PACKING")
        await operator.press("u", "u")
        after = now_of(staff, order_id)
        assert (after.head.owner_name, after.facts.packing_since) == (None, None)


async def test_f_follows_and_unfollows(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("f")
        assert now_of(staff, order_id).is_followed
        assert operator.sees("following")
        await operator.press("f")
        assert not now_of(staff, order_id).is_followed


async def test_f9_is_the_one_step_that_brings_it_on(staff: People):
    order_id = order_with_a_past(staff, is_held=True)
    async with working(order_app(staff, order_id)) as operator:
        assert operator.sees("F9 RELEASE: ADDRESS")
        await operator.press("f9", "f9")
        assert not now_of(staff, order_id).active_holds
        assert operator.sees("F9 SHIP 3 UNITS")
        staff.do("tim", ship, order_id, carrier="DHL")
        operator.app.tell_screens(StoreChange(frozenset({"order"}), frozenset({order_id})))
        await operator.settle()
        await operator.press("f9")
        assert now_of(staff, order_id).facts.lines[0].delivered == 2


async def test_a_cancelled_order_says_why_and_can_be_reopened(staff: People):
    order_id = order_with_a_past(staff)
    staff.do("sofia", cancel, order_id, reason=CancelReason.CUSTOMER, note="Changed her mind")
    async with working(order_app(staff, order_id)) as operator:
        assert operator.sees("Cancelled by sofia 14:32: customer. Changed her mind")
        await operator.press("O", "f9")
        assert now_of(staff, order_id).facts.lifecycle is Lifecycle.PLACED
        assert operator.sees("Reopened: look at payment and stock first.")


async def test_w_tells_what_others_did_since_i_looked_and_then_it_is_seen(staff: People):
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id)) as operator:
        assert operator.sees("~ 3 new since you looked (w)")
        await operator.press("w")
        assert operator.sees("13:54 tim: Note: Called: nobody answers.")
        assert operator.sees("14:32 sofia: Hold released: address. Found it on the invoice")
    async with working(order_app(staff, order_id)) as operator:
        assert not operator.sees("new since you looked")
        await operator.press("w")
        assert operator.sees("Nobody else changed 104458 since you looked")


async def test_a_change_elsewhere_is_shown_while_the_order_is_open(staff: People):
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id)) as operator:
        staff.do("tim", note, order_id, text="The customer rang: leave it at the back door")
        operator.app.tell_screens(StoreChange(frozenset({"order"}), frozenset({order_id})))
        await operator.settle()
        assert operator.sees("back door")


async def test_who_else_is_there_is_shown_without_a_key_and_who_is_editing(staff: People, clock: StillClock):
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id)) as operator:
        assert not operator.sees("@ tim")
        beat(staff.store, staff.ids["tim"], "t2", "order", order_id, is_editing=True, clock=clock)
        await operator.until_seen("@ tim is editing")
        beat(staff.store, staff.ids["tim"], "t2", "order", order_id + 1, clock=clock)
        await operator.until(lambda: not operator.sees("@ tim"), "Tim is still said to be there.")


async def test_others_see_me_reading_then_editing_then_gone(staff: People, clock: StillClock):
    order_id = order_with_a_past(staff)

    def here() -> list[tuple[str, bool]]:
        with staff.store.reading() as session:
            return [(one.name, one.is_editing) for one in who_is_here(session, "order", order_id, now=clock())]

    first = app_of(staff, "mia", lambda: LogScreen(order_id))
    async with working(first) as operator:
        await operator.app.push_screen(OrderScreen(order_id))
        await operator.settle()
        assert here() == [("mia", False)]
        await operator.press("e")
        assert here() == [("mia", True)]
        await operator.press("f3")
        assert here() == [("mia", False)]
        await operator.press("f3")
        assert here() == []


async def test_the_list_that_it_came_from_can_be_gone_along(staff: People):
    customer = write_customer(staff.store)
    ids = [write_order(staff.store, str(500 + number), customer_id=customer) for number in range(3)]
    async with working(order_app(staff, ids[1], neighbours=ids)) as operator:
        await operator.press("f8")
        assert operator.screen.detail.number == "502"
        assert operator.sees("502  Ada Berg")
        await operator.press("f8")
        assert operator.sees("This is the last order of the list.")
        await operator.press("left_square_bracket", "left_square_bracket")
        assert operator.screen.detail.number == "500"


async def test_the_customers_other_orders_open_by_a_digit(staff: People):
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("equals_sign", "4")
        assert operator.screen.detail.number == "104103"
        assert operator.sees("UNPAID")


async def test_an_order_that_is_not_there_says_so(staff: People):
    async with working(order_app(staff, 99)) as operator:
        assert operator.sees("This order is not in the store. F3 goes back.")


async def test_text_from_outside_is_never_markup(staff: People):
    evil = "[/] [red]x[/red] [@click=app.quit]y[/] [link=http://x]z"
    order_id = write_order(
        staff.store,
        goods=(("[/]", evil, "[bold]", 1, 100),),
        note=evil,
        customer_id=write_customer(staff.store, evil, "x@y.example"),
    )
    staff.do("tim", note, order_id, text=evil)
    for size in (WIDE, NARROW):
        async with working(order_app(staff, order_id), size=size) as operator:
            assert operator.sees("[@click=app.quit]y[/]")
            for key in ("h", "f3", "e", "f3", "x", "f3", "l"):
                await operator.press(key)
            assert operator.sees("[@click=app.quit]")


async def test_the_log_has_every_page_and_the_mail(staff: People, clock: StillClock):
    order_id = order_with_a_past(staff)
    clock.moment = START - timedelta(days=3)
    for number in range(130):
        clock.advance(seconds=20)
        staff.do("tim", note, order_id, text=f"call {number}")
    clock.moment = START
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("l")
        assert operator.sees("more below")
        for _ in range(3):
            await operator.press("end")
            await operator.rest()
        assert operator.sees("Order placed (web)")
        assert operator.sees("Note: Called: nobody answers.")
        await operator.press("home")
        await operator.rest()
        assert operator.sees("Note: call 129")


async def test_presence_is_kept_once_per_terminal(staff: People):
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("n", "f3", "e", "f3", "f5")
    with Session(staff.store.reader) as session:
        assert session.execute(select(func.count(col(PresenceRow.terminal)))).scalar() == 1


def test_an_empty_address_is_no_row_at_all():
    assert AddressDetail().rows == ()
    assert AddressDetail(postcode="1", country="DE").rows == ("1", "DE")
