"""The Order Status menu with real keys: choose, look at the mail, change it, send it, take it back."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlmodel import Session

from opsdesk.domain.mails.outgoing import MailState
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.orders.states import Headline, Lifecycle
from opsdesk.operations.orders.notes import note
from opsdesk.screens.mails.status_menu import StatusMenu
from opsdesk.screens.order.screen import OrderScreen
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import MailRow
from opsdesk.widgets.fields import LineField, TextField
from tests.conftest import StillClock
from tests.operator import NARROW, WIDE, Operator, working
from tests.screens.order_kit import People, now_of, order_app, order_with_a_past, people
from tests.shop_orders import write_customer, write_order


@pytest.fixture
def shop(sqlite_url: str) -> Store:
    return open_store(sqlite_url)


@pytest.fixture
def staff(shop: Store, clock: StillClock) -> People:
    return people(shop, clock)


def mails(staff: People) -> list[MailRow]:
    with Session(staff.store.reader) as session:
        return list(session.execute(select(MailRow).order_by(MailRow.id)).scalars())


def text_of(operator: Operator) -> str:
    return operator.screen.query_one(TextField).text


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_potential_fraud_is_two_keys_and_f9(staff: People, size: tuple[int, int]):
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id), size=size) as operator:
        await operator.press("t", "4")
        assert operator.sees("Answer by Fri 27 Nov 15:00 (3 working days).")
        assert operator.sees("Places a hold: fraud review.")
        assert "by Friday, November 27, 2026, 3:00" in text_of(operator).replace("\u202f", " ")
        assert operator.sees("To ada@berg.example.")
        assert operator.sees("SEND THE MAIL")
        await operator.press("f9")
        assert isinstance(operator.screen, OrderScreen)
        assert operator.sees("104458: Potential Fraud.")
    after = now_of(staff, order_id)
    assert (after.head.headline, after.active_holds[0].type) == (Headline.FRAUD_REVIEW, HoldType.FRAUD)
    assert after.case is not None
    assert after.case.state is CaseState.OPEN
    (mail,) = mails(staff)
    assert (mail.state, mail.recipient, mail.queued_by) == (MailState.QUEUED, "ada@berg.example", "mia")
    assert "Friday, November 27" in mail.text


async def test_u_within_the_grace_time_takes_mail_hold_and_case_back(staff: People):
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("t", "4", "f9", "u")
    after = now_of(staff, order_id)
    assert (after.head.headline, after.active_holds, after.case) == (Headline.READY, (), None)
    assert mails(staff)[0].state == MailState.CANCELLED


async def test_what_is_not_allowed_stands_there_grey_and_says_why(staff: People):
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("t")
        for name in ("Received", "Potential Fraud", "Backordered", "Refunded"):
            assert operator.sees(name)
        assert operator.sees("104458 is paid already.")
        await operator.press("9")
        assert operator.sees("Nothing of 104458 has left the house yet. Ship it first (s); the mail goes out with it.")
        assert isinstance(operator.screen, StatusMenu)
    assert mails(staff) == []


async def test_staff_change_the_words_and_exactly_those_go_out(staff: People):
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("t", "1", "tab", "ctrl+home")
        await operator.type("Good news first. ")
        shown = text_of(operator)
        await operator.press("f9")
    (mail,) = mails(staff)
    assert shown.startswith("Good news first. ")
    assert mail.text == shown
    assert "Good news first." in mail.html


async def test_a_suspicion_in_staffs_words_is_refused_at_the_field_and_the_words_stay(staff: People):
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("t", "4", "tab", "ctrl+home")
        await operator.type("We suspect a fraud. ")
        await operator.press("f9")
        assert operator.sees("The mail must not hold the word")
        assert text_of(operator).startswith("We suspect a fraud. ")
        assert isinstance(operator.app.focused, TextField)
    assert mails(staff) == []
    assert not now_of(staff, order_id).active_holds


async def test_cancelled_asks_for_the_reason_first(staff: People):
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("t", *["down"] * 10, "enter")
        assert operator.sees("Why is it cancelled? A digit chooses.")
        await operator.press("2", "f9")
    after = now_of(staff, order_id)
    assert after.facts.lifecycle is Lifecycle.CANCELLED
    assert after.cancellations[0].reason == CancelReason.INVENTORY
    assert [mail.status_code for mail in mails(staff)] == ["cancelled"]


async def test_backordered_writes_the_day_into_the_mail_as_it_is_typed(staff: People):
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("t", "7", "shift+tab")
        assert isinstance(operator.app.focused, LineField)
        assert operator.app.focused.field.name == "expected_on"
        await operator.type("4 Dec")
        await operator.rest()
        assert "December 4" in text_of(operator)
        await operator.press("f9")
    assert "December 4" in mails(staff)[0].text
    assert now_of(staff, order_id).head.headline is Headline.BACKORDERED


async def test_a_day_that_does_not_exist_is_marked_and_nothing_goes_out(staff: People):
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("t", "7", "shift+tab")
        await operator.type("31 Feb")
        await operator.press("f9")
        assert operator.sees("There is no 31.2.2026 in the calendar.")
    assert mails(staff) == []


async def test_f4_sets_a_status_without_a_mail_and_not_where_an_answer_is_asked_for(staff: People):
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("t", "4", "f4")
        assert operator.sees("This status goes with its mail.")
        await operator.press("f3", "8", "f4")
        assert operator.sees("SET WITHOUT A MAIL")
        await operator.press("f9")
    assert mails(staff) == []
    assert now_of(staff, order_id).head.headline is Headline.BEING_PACKED
    assert now_of(staff, order_id).head.told_status == "being_packed"


async def test_a_customer_without_an_address_is_told_nothing_but_the_status_can_be_set(staff: People):
    customer = write_customer(staff.store, "Bo Phone", "")
    order_id = write_order(staff.store, customer_id=customer)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("t")
        assert operator.sees("has no e-mail address. Add one, or call the customer.")
        await operator.press("1")
        assert operator.sees("No mail goes out.")
        await operator.press("f9")
    assert mails(staff) == []
    assert now_of(staff, order_id).head.told_status == "received"


async def test_somebody_elses_change_refuses_the_mail_tells_who_and_keeps_the_words(staff: People):
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("t", "1", "tab", "ctrl+home")
        await operator.type("My own words. ")
        staff.do("tim", note, order_id, text="Do not write yet")
        await operator.press("f9")
        assert operator.sees("tim was first.")
        assert operator.sees("Note: Do not write yet")
        assert mails(staff) == []
        assert text_of(operator).startswith("My own words. ")
        await operator.press("f9")
    assert mails(staff)[0].text.startswith("My own words. ")


async def test_words_that_were_left_are_offered_again_with_the_deadline_that_they_name(
    staff: People, clock: StillClock
):
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("t", "4", "tab", "ctrl+home")
        await operator.type("Please hurry. ")
        await operator.press("f3", "f3")
    clock.advance(days=1)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("t")
        assert operator.sees("Taken up where you left it.")
        assert text_of(operator).startswith("Please hurry. ")
        assert operator.sees("Answer by Fri 27 Nov 15:00")
        await operator.press("f9")
    after = now_of(staff, order_id)
    assert after.case is not None
    assert after.case.respond_by is not None
    assert f"{after.case.respond_by:%d %H}" == "27 14"
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("t")
        assert not operator.sees("Taken up")


async def test_a_mail_whose_deadline_has_passed_is_not_sent_until_it_is_written_anew(staff: People, clock: StillClock):
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("t", "4", "tab", "ctrl+home")
        await operator.type("Please hurry. ")
        clock.advance(days=4)
        await operator.press("f9")  # four days without a key lock the terminal; Enter unlocks it
        await operator.press("enter", "f9")
        assert operator.sees("The day that the mail names is past. F5 writes it anew.")
        assert mails(staff) == []
        await operator.press("f5")
        assert "Please hurry" not in text_of(operator)
        await operator.press("f9")
    assert "Wednesday, December 2" in mails(staff)[0].text


async def test_type_ahead_sends_the_right_mail(staff: People):
    """t 4 F9 in one burst, before anything has been read."""
    order_id = order_with_a_past(staff)
    async with working(order_app(staff, order_id)) as operator:
        await operator.burst("t", "4", "f9")
        assert isinstance(operator.screen, OrderScreen)
    assert [mail.status_code for mail in mails(staff)] == ["potential_fraud"]
