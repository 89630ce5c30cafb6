"""Changing an order with real keys: what it comes to while it is typed, who may, what waits, and what the packer does."""

from __future__ import annotations

import pytest

from opsdesk.domain.amendments.edits import AddLine, SetQuantity
from opsdesk.domain.orders.queues import SavedView
from opsdesk.operations.orders.packing import start_packing
from opsdesk.screens.money.amend import AmendPanel
from opsdesk.screens.money.waiting_change import WaitingChangePanel
from opsdesk.screens.order.screen import OrderScreen
from opsdesk.screens.queue.screen import OrdersScreen
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import AddressRow, AmendmentRow, MailRow, OrderLineRow, RefundRow
from tests.conftest import StillClock
from tests.operations.events_kit import captured as taken
from tests.operations.events_kit import event, snapshot, tell
from tests.operations.orders_kit import rows, the_order
from tests.operator import NARROW, WIDE, Operator, working
from tests.screens.money_shop import MoneyShop, eur
from tests.screens.order_kit import app_of, order_app
from tests.screens.test_money import see_others


@pytest.fixture
def store(sqlite_url: str) -> Store:
    return open_store(sqlite_url)


@pytest.fixture
def shop(store: Store, clock: StillClock) -> MoneyShop:
    return MoneyShop(store, clock)


def at_order(shop: MoneyShop, order_id: int, name: str = "mia", size: tuple[int, int] = WIDE):
    return working(order_app(shop.staff, order_id, name), size=size)


def ordered(shop: MoneyShop, order_id: int) -> dict[str, int]:
    """Return how many units of each article stand on the order."""
    lines = [row for row in rows(shop.store, OrderLineRow) if row.order_id == order_id]
    return {row.sku: row.ordered for row in lines if row.ordered}


def changes(shop: MoneyShop) -> list[str]:
    return [row.state for row in rows(shop.store, AmendmentRow)]


async def type_over(operator: Operator, text: str) -> None:
    """Put another text into the field that has the focus, and let the sum be worked out."""
    await operator.press("ctrl+u")
    await operator.type(text)
    await operator.rest()


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_the_total_follows_what_is_typed_and_f9_says_what_it_does_to_it(shop: MoneyShop, size: tuple[int, int]):
    order_id = shop.unpaid()
    async with at_order(shop, order_id, size=size) as operator:
        await operator.press("E")
        await type_over(operator, "3")
        assert operator.sees("~ Chair: ordered 4 became 3")
        assert operator.sees("F9 CHANGE -90.00 EUR")
        await type_over(operator, "4")
        assert operator.sees("as it is")
        await operator.press("f9")
        assert isinstance(operator.screen, AmendPanel)
        assert operator.sees("Nothing is changed yet.")
        await type_over(operator, "5")
        assert operator.sees("F9 CHANGE +90.00 EUR")
        assert ordered(shop, order_id) == {"50001": 4, "50002": 4}
        await operator.press("f9")
        assert isinstance(operator.screen, OrderScreen)
    assert ordered(shop, order_id) == {"50001": 5, "50002": 4}
    assert the_order(shop.store, order_id).total_minor == 55_490


async def test_goods_of_the_catalogue_are_added_with_its_price_and_a_warning_where_there_are_too_few(shop: MoneyShop):
    order_id = shop.unpaid()
    async with at_order(shop, order_id) as operator:
        await operator.press("E", "tab", "tab")
        await operator.type("5 x 50003")
        await operator.rest()
        assert operator.sees("F9 CHANGE +225.00 EUR")
        assert operator.sees("Table lamp (50003): 5 more are wanted, 3 are in stock: 2 too few.")
        await operator.press("tab")
        await operator.type("1 x NOPE")
        await operator.rest()
        assert operator.sees("NOPE is not in the catalogue. Add its price: 1 x SKU @ 4.50.")
        await operator.press("f9")
        assert isinstance(operator.screen, AmendPanel)
        await type_over(operator, "")
        await operator.press("f9")
    assert ordered(shop, order_id) == {"50001": 4, "50002": 4, "50003": 5}


async def test_goods_are_swapped_and_shipping_is_sent_another_way(shop: MoneyShop):
    order_id = shop.unpaid()
    async with at_order(shop, order_id) as operator:
        await operator.press("E")
        await type_over(operator, "2 = 50003")
        await operator.press("f8", "shift+tab")
        await type_over(operator, "0")
        await operator.press("shift+tab")
        await type_over(operator, "Collected")
        await operator.press("f9")
    order = the_order(shop.store, order_id)
    assert ordered(shop, order_id) == {"50002": 4, "50003": 2}
    assert (order.shipping_method, order.shipping_minor, order.total_minor) == ("Collected", 0, 19_000)


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_the_address_is_changed_with_the_goods_and_says_what_does_not_follow(
    shop: MoneyShop, size: tuple[int, int]
):
    order_id = shop.unpaid()
    async with at_order(shop, order_id, size=size) as operator:
        await operator.press("E")
        await type_over(operator, "5")
        await operator.press("f8", "down", "down")
        await type_over(operator, "Rue du Port 5")
        await operator.press("down", "down")
        await type_over(operator, "25440")
        await operator.press("down")
        await type_over(operator, "Biel")
        await operator.press("down", "down")
        await type_over(operator, "CH")
        assert operator.sees("25440 is no post code of Switzerland.")
        await operator.press("f9")
        assert isinstance(operator.screen, AmendPanel)
        await operator.press("up", "up", "up")
        await type_over(operator, "2544")
        assert operator.sees("~ ship to, town:")
        assert operator.sees("It goes to CH instead of DE.")
        # The sum has grown; what is typed into is still in sight.
        assert operator.sees("post code")
        await operator.press("f9")
    address = next(row for row in rows(shop.store, AddressRow) if row.order_id == order_id and row.kind == "shipping")
    assert (address.line1, address.postcode, address.city, address.country) == ("Rue du Port 5", "2544", "Biel", "CH")
    assert ordered(shop, order_id) == {"50001": 5, "50002": 4}
    (mail,) = rows(shop.store, MailRow)
    assert "Rue du Port 5" in mail.text


async def test_f8_goes_to_the_address_and_back_to_the_goods(shop: MoneyShop):
    order_id = shop.unpaid()
    async with at_order(shop, order_id, size=NARROW) as operator:
        await operator.press("E")
        assert operator.sees("F8 ship to")
        await operator.press("f8")
        assert operator.screen.focused is operator.screen.form.widget("name")
        assert operator.sees("F8 goods")
        await operator.press("f8")
        assert operator.screen.focused is operator.screen.form.widget(f"line_{shop.line(order_id, 1)}")


async def test_a_price_by_hand_is_refused_to_an_agent_with_the_sentence_and_asks_a_supervisor_for_a_reason(
    shop: MoneyShop,
):
    order_id = shop.unpaid()
    async with at_order(shop, order_id) as operator:
        await operator.press("E")
        await type_over(operator, "4 @ 80")
        assert operator.sees("mia is agent and may not do this (order.override_price)")
        await operator.press("f9")
        assert operator.screen.form.values[f"line_{shop.line(order_id, 1)}"] == "4 @ 80"
    assert changes(shop) == []
    async with at_order(shop, order_id, "sofia") as operator:
        await operator.press("E")
        await type_over(operator, "4 @ 80")
        await operator.press("f9")
        assert operator.sees("Say why the price of Chair is another one.")
        await operator.press("shift+tab")
        await operator.type("Last ones, scratched")
        await operator.rest()
        assert operator.sees("F9 CHANGE -40.00 EUR")
        await operator.press("f9")
    assert the_order(shop.store, order_id).total_minor == 42_490


async def test_what_cannot_be_read_is_said_and_stays(shop: MoneyShop):
    order_id = shop.unpaid()
    async with at_order(shop, order_id) as operator:
        await operator.press("E")
        await type_over(operator, "a few")
        assert operator.sees("'a few' cannot be read. Write 2, or 2 @ 7.50, or 2 - 1.50 off the line, or 2 = SKU.")
        await operator.press("f9")
        assert isinstance(operator.screen, AmendPanel)


async def test_what_costs_more_waits_for_its_pay_link_and_goes_on_when_it_is_paid(shop: MoneyShop):
    order_id = shop.paid()
    async with at_order(shop, order_id) as operator:
        await operator.press("E")
        await type_over(operator, "5")
        assert operator.sees("90.00 EUR more is to be paid: the change waits for it, and a pay link asks for it (F4).")
        await operator.press("f9")
        assert operator.sees("AMENDING")
        assert operator.sees("changed to 554.90 EUR by mia: waits for the customer's money (E)")
        assert operator.sees("pay link of 90.00 EUR: is being made")
        assert ordered(shop, order_id)["50001"] == 4
        shop.work(seconds=1)
        reference = shop.sheet(order_id).links[0].url.rpartition("/")[2]
        paid = event("evt_1", snapshot(taken(9_000, "ch_5"), reference="pi_5", link=reference))
        tell(shop.store, paid, clock=shop.clock)
        await see_others(operator, order_id)
        assert operator.sees("READY")
    assert ordered(shop, order_id)["50001"] == 5
    assert changes(shop) == ["applied"]


async def test_a_change_is_made_at_once_and_owed_where_the_clerk_says_so(shop: MoneyShop):
    order_id = shop.paid()
    async with at_order(shop, order_id) as operator:
        await operator.press("E")
        await type_over(operator, "5")
        await operator.press("f4", "3")
        await operator.rest()
        assert operator.sees("90.00 EUR more is to be paid: the order owes it (F4).")
        await operator.press("f9")
    assert ordered(shop, order_id)["50001"] == 5
    assert shop.sheet(order_id).due == eur(9_000)


async def test_what_is_too_much_goes_back_in_the_same_step(shop: MoneyShop):
    order_id = shop.paid()
    async with at_order(shop, order_id) as operator:
        await operator.press("E")
        await type_over(operator, "3")
        assert operator.sees("90.00 EUR is too much; F4 gives it back.")
        await operator.press("f4", "2")
        await operator.rest()
        assert operator.sees("90.00 EUR goes back.")
        await operator.press("f9")
        shop.work()
    assert [row.state for row in rows(shop.store, RefundRow)] == ["succeeded"]
    assert shop.sheet(order_id).due == eur(0)


async def test_u_puts_the_order_back_to_what_it_was(shop: MoneyShop):
    order_id = shop.unpaid()
    async with at_order(shop, order_id) as operator:
        await operator.press("E")
        await type_over(operator, "3")
        await operator.press("f9", "u")
    assert ordered(shop, order_id) == {"50001": 4, "50002": 4}


@pytest.mark.parametrize(("digit", "state", "chairs"), [("2", "applied", 5), ("3", "cancelled", 4)])
async def test_a_change_that_waits_for_money_is_made_now_or_taken_back(
    shop: MoneyShop, digit: str, state: str, chairs: int
):
    order_id = shop.paid()
    shop.change("tim", order_id, SetQuantity(shop.line(order_id, 1), 5))
    async with at_order(shop, order_id) as operator:
        await operator.press("E")
        assert isinstance(operator.screen, WaitingChangePanel)
        assert operator.sees("464.90 EUR  ▶  554.90 EUR")
        await operator.press("1")
        assert operator.sees("Nobody is packing it.")
        await operator.press(digit, "f9")
    assert changes(shop) == [state]
    assert ordered(shop, order_id)["50001"] == chairs


async def test_the_packer_puts_a_recalled_order_back_with_the_key_that_began_it(shop: MoneyShop):
    order_id = shop.paid()
    shop.do("piet", start_packing, order_id)
    shop.change("tim", order_id, SetQuantity(shop.line(order_id, 1), 3))
    async with at_order(shop, order_id, "piet") as operator:
        assert operator.sees("A change waits until the packer has put it back (b).")
        assert operator.sees("F9 PUT IT BACK")
        assert operator.sees("b put back")
        await operator.press("b")
    assert (changes(shop), ordered(shop, order_id)["50001"]) == (["applied"], 3)
    assert the_order(shop.store, order_id).packing_since is None


async def test_the_packer_puts_it_back_from_the_queue_too(shop: MoneyShop):
    order_id = shop.paid()
    shop.do("piet", start_packing, order_id)
    shop.change("tim", order_id, SetQuantity(shop.line(order_id, 1), 3))
    async with working(app_of(shop.staff, "piet", lambda: OrdersScreen(SavedView.EVERYTHING))) as operator:
        await operator.press("b")
        await operator.rest()
    assert changes(shop) == ["applied"]


async def test_while_a_change_waits_for_the_packer_an_agent_sees_that_in_the_preview_of_it(shop: MoneyShop):
    order_id = shop.paid()
    shop.do("piet", start_packing, order_id)
    async with at_order(shop, order_id) as operator:
        await operator.press("E")
        await type_over(operator, "3")
        assert operator.sees("It is being packed: it is changed when whoever packs it has put it back.")
        await operator.press("f9")
        assert operator.sees("It is changed as soon as the packer has put it back.")
    assert changes(shop) == ["awaiting_packer"]


async def test_an_order_that_was_changed_meanwhile_is_not_changed_over_it(shop: MoneyShop):
    order_id = shop.unpaid()
    async with at_order(shop, order_id) as operator:
        await operator.press("E")
        await type_over(operator, "3")
        shop.change("tim", order_id, AddLine("50003", 1, eur(4_500)))
        await operator.press("f9")
        assert operator.sees("tim was first.")
        assert operator.screen.form.values[f"line_{shop.line(order_id, 1)}"] == "3"
        await operator.press("f9")
    assert ordered(shop, order_id) == {"50001": 3, "50002": 4, "50003": 1}


async def test_the_queue_opens_a_change_that_waits_with_the_same_key(shop: MoneyShop):
    order_id = shop.paid()
    shop.change("tim", order_id, SetQuantity(shop.line(order_id, 1), 5))
    async with working(app_of(shop.staff, "mia", lambda: OrdersScreen(SavedView.EVERYTHING))) as operator:
        await operator.rest()
        await operator.press("E")
        assert isinstance(operator.screen, WaitingChangePanel)
        assert operator.sees("It waits for the customer's money and goes on by itself when that comes.")


@pytest.mark.parametrize("digit", ["1", "7"])
async def test_what_a_waiting_change_lacks_is_offered_to_be_recorded_or_put_on_account(shop: MoneyShop, digit: str):
    order_id = shop.paid()
    shop.change("mia", order_id, AddLine("50003", 1, eur(4_500)), ask=False)
    async with at_order(shop, order_id, "sofia") as operator:
        await operator.press("m", digit)
        assert operator.sees(
            "45.00 EUR of 509.90 EUR is still to come." if digit == "1" else "45.00 EUR counts as paid"
        )
        if digit == "7":
            await operator.type("Agreed by telephone")
        await operator.press("f9")
    assert changes(shop) == ["applied"]
    assert the_order(shop.store, order_id).payment_status == "paid"


async def test_the_mail_about_a_change_holds_the_order_as_it_will_be(shop: MoneyShop):
    order_id = shop.unpaid()
    async with at_order(shop, order_id) as operator:
        await operator.press("E")
        await type_over(operator, "0")
        await operator.press("tab", "tab")
        await operator.type("1 x 50003")
        await operator.rest()
        await operator.press("f9")
        assert isinstance(operator.screen, OrderScreen)
    (mail,) = rows(shop.store, MailRow)
    assert ("Table lamp" in mail.text, "Cushion" in mail.text, "Chair" in mail.text) == (True, True, False)
    assert "149.90" in mail.text


async def test_a_discount_is_taken_off_a_line(shop: MoneyShop):
    order_id = shop.unpaid()
    async with at_order(shop, order_id) as operator:
        await operator.press("E")
        await type_over(operator, "4 - 20")
        assert operator.sees("F9 CHANGE -20.00 EUR")
        await type_over(operator, "0 - 20")
        assert operator.sees("A discount is for the goods of the line as they are.")
        await type_over(operator, "5 - 20")
        assert operator.sees("F9 CHANGE +70.00 EUR")
        await operator.press("f9")
    line = next(row for row in rows(shop.store, OrderLineRow) if row.sku == "50001")
    assert (line.ordered, line.discount_minor, the_order(shop.store, order_id).total_minor) == (5, 2_000, 53_490)
