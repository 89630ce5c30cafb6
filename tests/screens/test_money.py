"""The money of an order with real keys: taken, captured, asked for, given back, disputed; and what others do to it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.amendments.edits import SetQuantity
from opsdesk.domain.payments.transactions import Method
from opsdesk.operations.orders.packing import start_packing
from opsdesk.operations.payments.store_credit import issue
from opsdesk.operations.payments.taking import capture
from opsdesk.screens.frame.host import StoreChange
from opsdesk.screens.money.desk import MoneyDesk
from opsdesk.screens.money.link import PayLinkPanel
from opsdesk.screens.money.panel import MoneyPanel
from opsdesk.screens.order.screen import OrderScreen
from opsdesk.screens.queue.screen import OrdersScreen
from opsdesk.store.desk.drafts import drafts_of
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import MailRow, PayLinkRow, RefundRow
from tests.conftest import START, StillClock
from tests.operations.events_kit import captured as taken
from tests.operations.events_kit import event, refunded, snapshot, tell
from tests.operations.gateway_double import Fault
from tests.operations.money_kit import authorised, captured
from tests.operations.orders_kit import rows, the_order
from tests.operator import NARROW, WIDE, Operator, working
from tests.screens.money_shop import MoneyShop, eur
from tests.screens.order_kit import app_of, order_app


@pytest.fixture
def store(sqlite_url: str) -> Store:
    return open_store(sqlite_url)


@pytest.fixture
def shop(store: Store, clock: StillClock) -> MoneyShop:
    return MoneyShop(store, clock)


def at_order(shop: MoneyShop, order_id: int, name: str = "mia"):
    return working(order_app(shop.staff, order_id, name))


def at_money(shop: MoneyShop, name: str = "mia", size: tuple[int, int] = WIDE):
    return working(app_of(shop.staff, name, MoneyDesk), size=size)


def values(operator: Operator) -> dict[str, str]:
    return operator.screen.form.values


def mails(shop: MoneyShop) -> list[MailRow]:
    return rows(shop.store, MailRow)


def newest_refund(shop: MoneyShop) -> RefundRow:
    return rows(shop.store, RefundRow)[-1]


async def see_others(operator: Operator, order_id: int) -> None:
    """Let the screen hear of what another terminal did."""
    operator.app.tell_screens(StoreChange(frozenset({"order"}), frozenset({order_id})))
    await operator.rest()


# The sheet and its digits.


async def test_every_digit_that_cannot_be_used_says_why_and_nothing_moves(shop: MoneyShop):
    order_id = shop.unpaid()
    async with at_order(shop, order_id) as operator:
        await operator.press("m")
        for digit, why in (
            ("3", "Nothing is authorised that could be captured."),
            ("4", "Nothing is here that could go back."),
            ("5", "No authorisation stands."),
            ("6", "The customer has no credit and no gift card with us."),
            ("7", "mia is agent and may not do this (payment.take_on_account)."),
            ("8", "No refund waits for anybody."),
            ("9", "Nothing is under way at a gateway."),
            ("0", "Nothing was paid that could be disputed."),
        ):
            await operator.press(digit)
            assert why in operator.screen.message, digit
            assert isinstance(operator.screen, MoneyPanel)
    assert the_order(shop.store, order_id).version == 1


async def test_what_another_desk_does_to_the_money_is_shown_while_the_sheet_is_open(shop: MoneyShop):
    order_id = shop.paid()
    async with at_order(shop, order_id) as operator:
        await operator.press("m")
        assert not operator.sees("waits for a second person")
        shop.refund("tim", order_id, 3)
        await see_others(operator, order_id)
        assert operator.sees("270.00 EUR waits for a second person: damaged, tim")


async def test_money_at_a_gateway_that_opsdesk_does_not_talk_to_is_captured_there(shop: MoneyShop):
    order_id = shop.authorised(gateway="paypal")
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "3")
        assert operator.sees("It was authorised at paypal. Capture it there; the next import brings it.")


# Taking it.


@pytest.mark.parametrize(("digit", "method"), [("1", Method.BANK_TRANSFER), ("2", Method.CASH), ("3", Method.CHEQUE)])
async def test_a_payment_is_recorded_by_how_it_came(shop: MoneyShop, digit: str, method: Method):
    order_id = shop.unpaid()
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "1", "f4", digit)
        await operator.type("no. 17")
        await operator.press("f9")
        assert isinstance(operator.screen, OrderScreen)
        assert operator.sees("464.90 EUR recorded.")
    (payment,) = shop.sheet(order_id).payments
    assert (payment.method, payment.facts.captured) == (method, 46_490)


async def test_a_way_to_pay_that_there_is_not_is_marked_and_the_amount_stays(shop: MoneyShop):
    order_id = shop.unpaid()
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "1", "enter", "ctrl+u")
        await operator.type("c")
        await operator.press("f9")
        assert operator.sees("'c' is no way to pay. Write bank transfer, cash or cheque (F4).")
        assert values(operator)["amount"] == "464.90"
        await operator.type("as")
        await operator.press("f9")
    assert shop.sheet(order_id).payments[0].method is Method.CASH


async def test_a_part_is_captured_goes_out_after_its_minute_and_the_rest_stays(shop: MoneyShop):
    order_id = shop.authorised()
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "3")
        assert values(operator)["amount"] == "464.90"
        await operator.press("ctrl+u")
        await operator.type("200")
        await operator.press("f9", "m")
        assert operator.sees("capture 200.00 EUR by mia: goes out in 60 s; u takes it back")
        shop.work()
        await see_others(operator, order_id)
        assert operator.sees("264.90 EUR to capture")
    assert shop.gateway.captured == 20_000
    assert shop.sheet(order_id).paid == eur(20_000)


async def test_of_two_authorisations_the_picked_one_offers_what_is_left_of_it(shop: MoneyShop):
    order_id = shop.unpaid()
    authorised(shop.store, order_id, 30_000, "pi_1")
    authorised(shop.store, order_id, 16_490, "pi_2")
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "3", "f9")
        assert operator.sees("Pick one first: press its digit.")
        await operator.press("2")
        assert values(operator)["amount"] == "164.90"
        await operator.press("f9")
    assert [payment.facts.capturing for payment in shop.sheet(order_id).payments] == [0, 16_490]


async def test_a_capture_is_taken_back_with_u_before_it_goes_out(shop: MoneyShop):
    order_id = shop.authorised()
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "3", "f9", "u")
        shop.work()
    assert shop.gateway.captured == 0
    assert shop.sheet(order_id).capturable == eur(46_490)


async def test_an_authorisation_is_given_back(shop: MoneyShop):
    order_id = shop.authorised()
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "5")
        assert operator.sees("the order has to be paid anew")
        await operator.press("f9")
        shop.work()
    assert shop.sheet(order_id).capturable == eur(0)
    assert the_order(shop.store, order_id).payment_status == "voided"


async def test_a_call_is_sent_now_or_taken_back_from_its_list(shop: MoneyShop):
    first, second = shop.authorised("104501"), shop.authorised("104502", reference="pi_2")
    for order_id in (first, second):
        payment = shop.sheet(order_id).payments[0].id
        shop.do("mia", capture, payment, version=the_order(shop.store, order_id).version, amount=eur(10_000))
    async with at_order(shop, first) as operator:
        await operator.press("m", "9", "2", "f9")
    async with at_order(shop, second) as operator:
        await operator.press("m", "9", "1", "f9")
    shop.work(seconds=1)
    assert [shop.sheet(order_id).paid for order_id in (first, second)] == [eur(10_000), eur(0)]


async def test_a_call_that_nobody_knows_the_end_of_is_settled_by_a_supervisor(shop: MoneyShop):
    order_id = shop.authorised()
    payment = shop.sheet(order_id).payments[0].id
    shop.do("mia", capture, payment, version=the_order(shop.store, order_id).version, amount=eur(10_000))
    shop.gateway.faults.extend([Fault.LOST_AFTER] * 9)
    shop.work()
    async with at_money(shop, "sofia") as operator:
        assert operator.sees("IN DOUBT")
        await operator.press("enter")
        await operator.type("perhaps")
        await operator.press("f9")
        assert operator.sees("Write yes or no, as the gateway's own screen says.")
        await operator.press("ctrl+u")
        await operator.type("yes")
        await operator.press("enter")
        await operator.type("ch_77")
        await operator.press("enter")
        await operator.type("Looked at the dashboard")
        await operator.press("f9")
        assert operator.sees("nothing waits")
    assert shop.sheet(order_id).paid == eur(10_000)


async def test_credit_pays_as_far_as_it_goes(shop: MoneyShop):
    order_id = shop.unpaid()
    shop.do(
        "sofia",
        issue,
        the_order(shop.store, order_id).customer_id,
        amount=eur(5_000),
        kind=Method.STORE_CREDIT,
        note="Late",
    )
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "6")
        assert values(operator)["amount"] == "50.00"
        await operator.press("f9")
    assert shop.sheet(order_id).paid == eur(5_000)
    assert shop.sheet(order_id).credits == ()


async def test_a_supervisor_lets_the_customer_pay_on_account_with_a_reason(shop: MoneyShop):
    order_id = shop.unpaid()
    async with at_order(shop, order_id, "sofia") as operator:
        await operator.press("m", "7", "f9")
        assert operator.sees("Say who agreed to it and when it is paid.")
        await operator.type("Agreed with Ada, 30 days")
        await operator.press("f9")
    assert the_order(shop.store, order_id).payment_status == "paid"


# Pay links.


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_a_link_is_asked_for_shown_as_a_code_and_paid_while_it_is_open(shop: MoneyShop, size: tuple[int, int]):
    order_id = shop.unpaid()
    async with working(order_app(shop.staff, order_id), size=size) as operator:
        await operator.press("m", "2")
        await operator.rest()
        assert "464.90" in values(operator)["text"]
        await operator.press("f9", "m", "2")
        assert operator.sees("The worker asks the gateway for it. The code comes here by itself.")
        shop.work(seconds=1)
        await see_others(operator, order_id)
        assert operator.sees("464.90 EUR: can be paid until")
        assert any(set(line) & set("█▀▄") for line in operator.lines)
        (link,) = rows(shop.store, PayLinkRow)
        tell(
            shop.store,
            event("evt_1", snapshot(taken(46_490, "ch_5"), reference="pi_5", link=link.reference)),
            clock=shop.clock,
        )
        await see_others(operator, order_id)
        assert operator.sees("464.90 EUR: paid.")
    assert link.url in mails(shop)[0].text
    assert the_order(shop.store, order_id).payment_status == "paid"


async def test_a_link_that_can_be_paid_is_taken_back(shop: MoneyShop):
    order_id = shop.unpaid()
    shop.ask(order_id)
    shop.work()
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "2")
        assert operator.sees("F9 TAKE THE LINK BACK")
        await operator.press("Y")
        assert operator.sees("The link is copied.")
        await operator.press("f9")
    assert shop.sheet(order_id).open_link is None


async def test_a_link_form_that_waited_for_a_slow_store_begins_with_what_is_due(shop: MoneyShop, monkeypatch):
    """Fields tell of their own first values before the order has come; that is nothing anybody typed."""
    order_id, read = shop.unpaid(), PayLinkPanel.prepare

    async def slowly(self: PayLinkPanel, detail: object) -> None:
        import asyncio

        await asyncio.sleep(0.4)
        await read(self, detail)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(PayLinkPanel, "prepare", slowly)
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "2")
        await operator.rest()
        assert values(operator)["amount"] == "464.90"
        assert not operator.sees("Taken up where you left it.")
        await operator.press("f3")
    with shop.store.reading() as session:
        assert not drafts_of(session, shop.staff.ids["mia"])


# Refunds.


async def test_what_goes_back_follows_what_is_typed(shop: MoneyShop):
    order_id = shop.paid_twice()
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "4")
        assert operator.sees("Type units or amounts.")
        await operator.type("1")
        await operator.rest()
        assert operator.sees("F9 REFUND 90.00 EUR")
        await operator.press("tab", "tab")
        await operator.type("4.90")
        await operator.press("tab", "tab")
        await operator.type("10")
        await operator.rest()
        assert operator.sees("1 x Chair: 90.00 EUR")
        assert operator.sees("F9 REFUND 84.90 EUR")
        await operator.press("tab", "tab")
        await operator.type("30")
        await operator.press("tab")
        await operator.type("line 44")
        await operator.rest()
        assert operator.sees("visa ..4242: 54.90 EUR")
        assert "84.90" in values(operator)["text"]
        await operator.press("f9")
        assert operator.sees("goes back")
        shop.work()
    assert (newest_refund(shop).state, newest_refund(shop).amount_minor) == ("succeeded", 8_490)
    assert [payment.facts.refunded for payment in shop.sheet(order_id).payments] == [3_000, 5_490]
    assert [mail.status_code for mail in mails(shop)] == ["refunded"]


async def test_more_units_than_are_left_are_refused_while_they_are_typed(shop: MoneyShop):
    order_id = shop.paid()
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "4")
        await operator.type("9")
        await operator.rest()
        assert operator.sees("Only 4 of Chair can still be refunded, not 9.")
        await operator.press("f9")
        assert values(operator)[f"line_{shop.line(order_id, 1)}"] == "9"
    assert rows(shop.store, RefundRow) == []


async def test_everything_goes_back_with_one_digit_and_a_reason(shop: MoneyShop):
    order_id = shop.paid()
    async with at_order(shop, order_id, "sofia") as operator:
        await operator.press("m", "4", "f4")
        await operator.type("damaged")
        await operator.press("enter", "f4", "1")
        await operator.rest()
        assert operator.sees("F9 REFUND 464.90 EUR")
        await operator.press("f9")
        shop.work()
    assert (newest_refund(shop).reason, newest_refund(shop).state) == ("damaged", "succeeded")
    assert the_order(shop.store, order_id).payment_status == "refunded"


async def test_a_mail_that_staff_worded_goes_out_as_they_worded_it(shop: MoneyShop):
    order_id = shop.paid()
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "4")
        await operator.type("1")
        await operator.rest()
        await operator.press("shift+tab", "ctrl+home")
        await operator.type("Sorry! ")
        await operator.press("f9")
        shop.work()
    assert mails(shop)[0].text.startswith("Sorry! Hello")


async def test_above_the_limit_a_second_person_agrees_through_the_money_desk(shop: MoneyShop):
    order_id = shop.paid()
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "4")
        await operator.type("3")
        await operator.rest()
        assert operator.sees("A second person has to agree: 270.00 EUR is above the limit of agent (200).")
        await operator.press("f9")
        assert operator.sees("refund of 270.00 EUR by mia")
        await operator.press("m", "8", "1")
        assert operator.sees("mia is agent and may not do this (refund.approve)")
        assert newest_refund(shop).state == "pending_approval"
    async with working(app_of(shop.staff, "sofia", OrdersScreen)) as operator:
        await operator.press("colon", *"money", "enter")
        assert operator.sees("TO APPROVE")
        assert operator.sees("asked for by mia")
        await operator.press("enter")
        assert operator.sees("3 x Chair (oak) 270.00 EUR")
        await operator.press("1", "f9")
        assert operator.sees("nothing waits")
        shop.work()
    assert newest_refund(shop).state == "succeeded"
    assert shop.gateway.journal[-1].amount == eur(27_000)


async def test_nobody_agrees_to_what_they_asked_for_themselves(shop: MoneyShop):
    order_id = shop.unpaid()
    captured(shop.store, order_id, reference="pi_9")
    for _ in range(2):
        shop.refund("sofia", order_id, 1)
    shop.refund("mia", order_id, 2, cushions=4)
    with Session(shop.store.writer) as session, session.begin():
        waiting = session.execute(select(RefundRow).where(col(RefundRow.state) == "pending_approval")).scalar_one()
        waiting.requested_by = "sofia"
    async with at_money(shop, "sofia") as operator:
        await operator.press("enter", "1")
        assert operator.sees("You asked for it yourself. Somebody else has to agree.")
    assert newest_refund(shop).state == "pending_approval"


async def test_a_refund_is_declined_with_a_reason_that_the_asker_reads(shop: MoneyShop):
    order_id = shop.paid()
    shop.refund("mia", order_id, 3)
    async with at_money(shop, "sofia") as operator:
        await operator.press("enter", "2", "f9")
        assert operator.sees("Say why; mia reads it.")
        await operator.type("The chairs are only scratched")
        await operator.press("f9")
    assert newest_refund(shop).state == "declined"
    assert "The chairs are only scratched" in newest_refund(shop).problem
    assert shop.sheet(order_id).refundable == eur(46_490)


async def test_a_failed_refund_is_red_and_is_sent_again(shop: MoneyShop):
    order_id = shop.paid()
    shop.failed_refund(order_id)
    assert mails(shop) == []
    async with at_order(shop, order_id) as operator:
        assert operator.sees("90.00 EUR NOT refunded: The card was declined.")
        await operator.press("m", "8", "1", "f9")
        shop.work()
        assert newest_refund(shop).state == "succeeded"
    assert [mail.status_code for mail in mails(shop)] == ["refunded"]


async def test_a_failed_refund_becomes_credit_and_the_mail_says_so(shop: MoneyShop):
    order_id = shop.paid()
    shop.failed_refund(order_id)
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "8", "3", "f9")
        await operator.press("m")
        assert operator.sees("90.00 EUR credit")
    assert newest_refund(shop).state == "converted_to_credit"
    assert "as credit in our shop" in mails(shop)[0].text


async def test_a_failed_refund_that_a_supervisor_transferred_by_hand_is_noted_with_its_bank_line(shop: MoneyShop):
    order_id = shop.paid()
    shop.failed_refund(order_id)
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "8", "2")
        assert operator.sees("mia is agent and may not do this (refund.by_hand)")
    async with at_order(shop, order_id, "sofia") as operator:
        await operator.press("m", "8", "2", "f9")
        assert operator.sees("Enter the reference of the bank transfer")
        await operator.type("line 81")
        await operator.press("f9")
    assert newest_refund(shop).state == "succeeded"
    assert "by bank transfer" in mails(shop)[0].text
    assert shop.sheet(order_id).ledger == shop.sheet(order_id).paid == eur(37_490)


async def test_a_refund_in_doubt_can_only_be_waited_for(shop: MoneyShop):
    order_id = shop.paid()
    shop.lost_refund(order_id)
    async with at_order(shop, order_id) as operator:
        assert operator.sees("refund of 25.00 EUR in doubt: the gateway is being asked")
        await operator.press("m", "8", "1")
        assert operator.sees("The gateway is being asked what became of it. Do not refund it again.")
    assert newest_refund(shop).state == "unknown"


async def test_what_a_change_left_over_goes_back_with_its_own_digit(shop: MoneyShop):
    order_id = shop.paid()
    shop.change("mia", order_id, SetQuantity(shop.line(order_id, 1), 3))
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "4", "f4", "1")
        await operator.rest()
        assert operator.sees("F9 REFUND 90.00 EUR")
        await operator.press("f9")
        shop.work()
    assert shop.sheet(order_id).due == eur(0)
    assert newest_refund(shop).reason == "overpaid"


# Disputes and what nobody had asked for.


async def test_a_dispute_that_came_by_letter_holds_the_order_and_is_answered_and_won(shop: MoneyShop):
    order_id = shop.paid()
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "0")
        for text in ("90", "D-17", "not as described", "3 Dec"):
            await operator.type(text)
            await operator.press("enter")
        await operator.press("f9")
        assert operator.sees("DISPUTED")
        assert operator.sees("90.00 EUR disputed: not as described; answer it by")
        await operator.press("m", "4")
        assert operator.sees("Nothing is here that could go back.")
        await operator.press("0", "1")
        await operator.type("Sent the photographs")
        await operator.press("f9")
        assert shop.sheet(order_id).disputes[0].state == "under_review"
    async with at_order(shop, order_id, "sofia") as operator:
        await operator.press("m", "0", "3")
        await operator.type("Letter of the bank")
        await operator.press("f9")
        assert not operator.sees("DISPUTED")
    assert shop.sheet(order_id).paid == eur(46_490)


async def test_an_unexpected_payment_is_settled_with_a_note(shop: MoneyShop):
    shop.unexpected()
    async with at_money(shop, "sofia") as operator:
        assert operator.sees("UNEXPECTED")
        await operator.press("f9", "f9")
        assert operator.sees("Say what was done")
        await operator.type("Given back at the gateway")
        await operator.press("f9")
        assert operator.sees("nothing waits")


# The first line.


async def test_the_first_line_counts_what_this_person_can_do_something_about(shop: MoneyShop):
    from opsdesk.screens.frame.alerts import alerts
    from opsdesk.store.views.orders.attention import attention

    shop.failed_refund(shop.paid("104501"))
    shop.refund("tim", shop.paid("104503"), 3)
    packed = shop.paid("104506")
    shop.do("piet", start_packing, packed)
    shop.change("tim", packed, SetQuantity(shop.line(packed, 1), 3))
    authorised(shop.store, shop.unpaid("104504"), reference="pi_4", expires_at=START + timedelta(hours=20))
    shop.unexpected()

    def said(name: str) -> tuple[str, ...]:
        with shop.store.reading() as session:
            found = attention(session, user_id=shop.staff.ids[name], now=shop.clock())
        return alerts(found, shop.staff.actor(name))

    # Failed refund, authorisation that ends, recall; a supervisor also approves and settles; a packer puts back.
    assert said("mia") == ("3 money (:money)",)
    assert said("sofia") == ("5 money (:money)",)
    assert said("piet") == ("1 money (:money)",)


# Nothing typed is lost.


async def test_what_was_typed_into_each_money_form_is_offered_again(shop: MoneyShop):
    order_id = shop.paid_twice()
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "4")
        await operator.type("2")
        await operator.press("f3", "0", "2")
        await operator.press("enter", "enter")
        await operator.type("not as described")
        await operator.press("f3", "f3", "E", "tab", "tab")
        await operator.type("2 x 50003")
        await operator.press("f3")
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "4")
        assert operator.sees("Taken up where you left it.")
        assert operator.sees("F9 REFUND 180.00 EUR")
        await operator.press("f3", "0", "2")
        assert values(operator)["reason"] == "not as described"
        await operator.press("f3", "f3", "E")
        await operator.rest()
        assert values(operator)["add_1"] == "2 x 50003"
        assert operator.sees("F9 CHANGE +90.00 EUR")


async def test_somebody_else_was_first_and_everything_that_was_typed_still_stands_there(shop: MoneyShop):
    order_id = shop.paid()
    async with at_order(shop, order_id) as operator:
        await operator.press("m", "4")
        await operator.type("1")
        await operator.rest()
        shop.refund("tim", order_id, 1)
        await operator.press("f9")
        assert operator.sees("tim was first. Nothing of yours was saved, and all of it still stands here:")
        assert values(operator)[f"line_{shop.line(order_id, 1)}"] == "1"
        assert len(rows(shop.store, RefundRow)) == 1
        await operator.press("f9")
        assert len(rows(shop.store, RefundRow)) == 2
    assert shop.sheet(order_id).refundable == eur(28_490)


async def test_text_from_outside_is_never_markup_in_any_money_panel(shop: MoneyShop):
    order_id = shop.paid("104507")
    shop.failed_refund(order_id)
    async with at_order(shop, order_id, "sofia") as operator:
        await operator.press("m")
        assert operator.sees("104507 [bold]Sara Kern[/]")
        for digit in ("4", "8", "0"):
            await operator.press(digit)
            assert operator.sees("[bold]Sara Kern[/]")
            await operator.press("f3")
    async with at_money(shop, "sofia") as operator:
        assert operator.sees("[bold]Sara Kern[/]")


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_what_went_back_at_the_gateway_is_said_to_be_for_goods(shop: MoneyShop, size: tuple[int, int]):
    order_id = shop.paid()
    told = (taken(46_490, "pi_104501:capture"), refunded(9_300, "re_1"))
    tell(shop.store, event("evt_1", snapshot(*told, reference="pi_104501")), clock=shop.clock)
    async with working(order_app(shop.staff, order_id, "mia"), size=size) as operator:
        await operator.press("m")
        await operator.press("8")
        assert operator.sees("93.00 EUR went back at the gateway itself. Say what it was for.")
        await operator.type("1")
        await operator.rest()
        assert operator.sees("90.00 EUR of 93.00 EUR")
        await operator.press("f9")
        assert operator.sees("3.00 EUR more went back")
        await operator.press("f4", "2")
        assert operator.sees("93.00 EUR of 93.00 EUR")
        await operator.press("f9")
    (refund,) = shop.sheet(order_id).refunds
    assert (refund.state, [part.kind for part in refund.parts]) == ("succeeded", ["line", "goodwill"])
