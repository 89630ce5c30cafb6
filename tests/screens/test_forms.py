"""The forms of an order with real keys: hold, release, cancel, ship, deliver, note, edit, payment, snooze."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session

from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.orders.states import Headline, Lifecycle
from opsdesk.operations.orders.holds import hold
from opsdesk.screens.forms.edit import EditPanel
from opsdesk.screens.forms.hold import HoldPanel
from opsdesk.screens.forms.ship import ShipPanel
from opsdesk.screens.order.screen import OrderScreen
from opsdesk.store.desk.drafts import drafts_of
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import MailRow
from opsdesk.widgets.fields import TextField
from tests.conftest import START, StillClock
from tests.operator import NARROW, WIDE, Operator, working
from tests.screens.order_kit import People, now_of, order_app, order_with_a_past, people
from tests.shop_orders import write_order


@pytest.fixture
def shop(sqlite_url: str) -> Store:
    return open_store(sqlite_url)


@pytest.fixture
def staff(shop: Store, clock: StillClock) -> People:
    return people(shop, clock)


def drafts(staff: People, name: str = "mia") -> dict[str, dict[str, str]]:
    with staff.store.reading() as session:
        return {draft.form: dict(draft.fields) for draft in drafts_of(session, staff.ids[name])}


def values(operator: Operator) -> dict[str, str]:
    return operator.screen.form.values


# Hold and release.


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_h_digit_f9_holds_with_the_offered_reason(staff: People, size: tuple[int, int]):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id), size=size) as operator:
        await operator.press("h", "2", "f9")
        assert isinstance(operator.screen, OrderScreen)
    (held,) = now_of(staff, order_id).active_holds
    assert (held.type, held.reason, held.placed_by) == (HoldType.ADDRESS, "The address needs a look.", "mia")


async def test_a_reason_and_a_time_to_look_again_are_typed_and_the_time_is_read_back(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("h", "1", "ctrl+u")
        await operator.type("Back from holiday on Friday")
        await operator.press("enter")
        await operator.type("fri 10:30")
        await operator.rest()
        assert operator.sees("Somebody looks again Fri 27 Nov 10:30.")
        await operator.press("f9")
    (held,) = now_of(staff, order_id).active_holds
    assert held.reason == "Back from holiday on Friday"
    assert held.review_at == START.replace(day=27, hour=9, minute=30, second=0)


async def test_a_time_that_is_none_is_marked_at_its_field(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("h", "1", "tab")
        await operator.type("soon")
        await operator.press("f9")
        assert operator.sees("'soon' is no moment. Write it like 2h, 15:00")
        assert values(operator)["review_at"] == "soon"
    assert not now_of(staff, order_id).active_holds


async def test_of_several_holds_one_is_released_by_its_digit(staff: People):
    order_id = order_with_a_past(staff, is_held=True)
    staff.do("tim", hold, order_id, kind=HoldType.CUSTOMER_REQUEST, reason="On holiday")
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("h", "2")
        await operator.type("Is back")
        await operator.press("f9")
    after = now_of(staff, order_id)
    assert [each.type for each in after.active_holds] == [HoldType.ADDRESS]
    assert [each.release_note for each in after.holds if not each.is_active] == ["Is back"]


async def test_a_fraud_hold_is_grey_to_who_may_not_decide_it(staff: People):
    order_id = write_order(staff.store)
    staff.do("tim", hold, order_id, kind=HoldType.FRAUD, reason="Three cards")
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("h", "1")
        assert operator.sees("may not do this (order.release_fraud)")
        assert isinstance(operator.screen, HoldPanel)
    assert now_of(staff, order_id).active_holds


async def test_f9_without_a_choice_holds_nothing(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("h", "f9")
        assert operator.sees("Pick one first: press its digit.")
    assert not now_of(staff, order_id).holds


# Cancel, note, payment, snooze.


async def test_cancel_asks_why_and_u_takes_it_back(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("x", "f9")
        assert operator.sees("Say why first: press the digit of a reason.")
        await operator.press("6")
        await operator.type("Same as 104457")
        await operator.press("f9")
        after = now_of(staff, order_id)
        assert (after.facts.lifecycle, after.cancellations[0].note) == (Lifecycle.CANCELLED, "Same as 104457")
        assert after.cancellations[0].reason == CancelReason.DUPLICATE
        await operator.press("u")
    assert now_of(staff, order_id).facts.lifecycle is Lifecycle.PLACED


async def test_a_note_of_several_lines_is_kept_as_it_was_typed(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("n")
        await operator.type("First line")
        await operator.press("enter", "enter")
        await operator.type("[/] third: 5 < 6")
        await operator.press("f9")
    assert now_of(staff, order_id).notes[0].text == "First line\n\n[/] third: 5 < 6"


async def test_an_empty_note_is_refused_at_its_field(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("n", "f9")
        assert operator.sees("The note is empty.")
    assert not now_of(staff, order_id).notes


async def test_a_card_number_in_a_note_reaches_neither_draft_nor_order(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("n")
        await operator.type("card 4111111111111111 ok")
        await operator.rest()
        kept = drafts(staff)["note"]["text"]
        await operator.press("f9")
    assert "41111111" not in kept
    assert "41111111" not in now_of(staff, order_id).notes[0].text
    assert now_of(staff, order_id).notes[0].text.endswith(" ok")


async def test_a_payment_begins_with_what_is_due_and_takes_another_amount(staff: People):
    order_id = write_order(staff.store, paid=False)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("m", "1")
        assert values(operator)["amount"] == "35.20"
        await operator.press("ctrl+u")
        await operator.type("twelve")
        await operator.press("f9")
        assert operator.sees("'TWELVE' is not an amount. Write it like 12.50.")
        await operator.press("ctrl+u")
        await operator.type("20 eur")
        await operator.press("enter", "enter")
        await operator.type("bank 24 Nov")
        await operator.press("f9")
    after = now_of(staff, order_id)
    assert (after.due, after.transactions[-1].reference) == (Money(1_520, "EUR"), "bank 24 Nov")


async def test_z_digit_snoozes_and_z_wakes(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("z", "2")
        assert now_of(staff, order_id).head.snoozed_until == START + timedelta(hours=4)
        await operator.press("z")
        assert now_of(staff, order_id).head.snoozed_until is None
        await operator.press("z", "6")
        await operator.type("fri 8:00")
        await operator.press("f9")
    assert now_of(staff, order_id).head.snoozed_until == START.replace(day=27, hour=7, minute=0, second=0)


# Edit.


async def test_an_address_is_changed_in_one_field(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("e", "tab", "tab", "ctrl+u")
        await operator.type("Am Dobben 14")
        await operator.press("f9")
        assert operator.sees("shipping address changed (street)")
    assert now_of(staff, order_id).shipping_address.line1 == "Am Dobben 14"


async def test_a_wrong_post_code_is_marked_where_it_stands(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("e", "tab", "tab", "tab", "tab", "ctrl+u")
        await operator.type("999")
        await operator.press("f9")
        assert isinstance(operator.screen, EditPanel)
        assert operator.app.focused.field.name == "postcode"
        assert values(operator)["postcode"] == "999"
    assert now_of(staff, order_id).shipping_address.postcode == "28203"


async def test_f8_goes_on_to_the_contact_and_the_billing_address(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("e", "f8", "tab", "ctrl+u")
        await operator.type("ada@new.example")
        await operator.press("f9")
        assert now_of(staff, order_id).head.email == "ada@new.example"
        await operator.press("e", "f8", "f8")
        for text in ("Berg GmbH", "", "Weg 1", "", "10115", "Berlin", "", "DE"):
            await operator.type(text)
            await operator.press("enter")
        await operator.press("f9")
    billing = now_of(staff, order_id).billing_address
    assert billing is not None
    assert billing.rows == ("Berg GmbH", "Weg 1", "10115 Berlin", "DE")


async def test_type_ahead_lands_in_the_fields_that_it_was_meant_for(staff: People):
    """Everything in one burst: open, three fields, save."""
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.burst("e", "tab", *"GmbH", "tab", "ctrl+u", *"Hof 3", "enter", *"2nd", "f9")
        assert isinstance(operator.screen, OrderScreen)
    address = now_of(staff, order_id).shipping_address
    assert (address.company, address.line1, address.line2) == ("GmbH", "Hof 3", "2nd")


# Ship.


def mails(staff: People) -> list[MailRow]:
    with Session(staff.store.reader) as session:
        return list(session.execute(select(MailRow).order_by(MailRow.id)).scalars())


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_a_scan_and_f9_ship_everything_with_its_mail(staff: People, size: tuple[int, int]):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id), size=size) as operator:
        await operator.burst("s", *"00340434161094042557", "enter")
        await operator.rest()
        assert operator.sees("SHIP 3 UNITS BY DHL")
        assert "00340434161094042557" in operator.screen.query_one("#ship-form TextField", TextField).text
        await operator.press("f9")
    after = now_of(staff, order_id)
    assert after.head.headline is Headline.SHIPPED
    assert (after.parcels[0].carrier, after.parcels[0].tracking_number) == ("DHL", "00340434161094042557")
    assert after.parcels[0].tracking_url.startswith("https://")
    (mail,) = mails(staff)
    assert mail.status_code == "shipped"
    assert "00340434161094042557" in mail.text


async def test_less_than_everything_is_shipped_and_the_mail_lists_what_is_inside(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("s", "tab", "ctrl+u")
        await operator.type("1")
        await operator.press("tab", "ctrl+u")
        await operator.type("0")
        await operator.rest()
        assert operator.sees("SHIP 1 UNIT BY DHL")
        await operator.press("f9")
    after = now_of(staff, order_id)
    assert [line.quantities.shipped for line in after.lines] == [1, 0]
    assert after.head.headline is Headline.PARTLY_SHIPPED
    assert "1 x Oat granola" in mails(staff)[0].text
    assert "Honey" not in mails(staff)[0].text


async def test_more_than_is_open_is_refused_at_its_line(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("s", "tab", "ctrl+u")
        await operator.type("3")
        await operator.press("f9")
        assert operator.sees("2 can be sent, not 3.")
        await operator.press("ctrl+u")
        await operator.type("many")
        await operator.press("f9")
        assert operator.sees("'many' is no number of units.")
        assert isinstance(operator.screen, ShipPanel)
    assert now_of(staff, order_id).facts.shipped_units == 0
    assert mails(staff) == []


async def test_the_carrier_comes_from_a_list_and_the_mail_can_be_left_out(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("s", "f4")
        assert operator.sees("SENT BY")
        await operator.type("send no")
        await operator.press("enter")
        assert operator.sees("No mail goes out.")
        await operator.press("f4", "2")
        carrier = values(operator)["carrier"]
        await operator.press("f9")
    after = now_of(staff, order_id)
    assert after.parcels[0].carrier == carrier != "DHL"
    assert mails(staff) == []


async def test_u_recalls_the_parcel_and_its_mail(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("s", "f9", "u")
    after = now_of(staff, order_id)
    assert (after.head.headline, after.facts.shipped_units) == (Headline.READY, 0)
    assert mails(staff)[0].state == "cancelled"


async def test_staffs_words_stay_in_the_mail_when_the_parcel_changes(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("s", "shift+tab", "shift+tab", "ctrl+home")
        await operator.type("With a gift. ")
        await operator.press("tab", "tab")
        await operator.type("4711")
        await operator.rest()
        assert operator.sees("Your own words stay in the mail.")
        await operator.press("f9")
    assert mails(staff)[0].text.startswith("With a gift. ")


# Drafts.


async def test_what_was_typed_is_offered_again_and_gone_once_it_is_saved(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("n")
        await operator.type("Half a sent")
        await operator.press("f3", "n")
        assert operator.sees("Taken up where you left it.")
        assert values(operator)["text"] == "Half a sent"
        await operator.type("ence")
        await operator.press("f9")
    assert drafts(staff) == {}
    assert now_of(staff, order_id).notes[0].text == "Half a sentence"


async def test_every_form_keeps_its_draft(staff: People):
    order_id = write_order(staff.store, paid=False)
    async with working(order_app(staff, order_id)) as operator:
        for key, digit, text in (("h", "3", "no stock"), ("x", "2", "sold out"), ("m", "1", "9"), ("e", "", "!")):
            await operator.press(*[each for each in (key, digit) if each])
            await operator.press("end")
            await operator.type(text)
            await operator.press("f3")
            while not isinstance(operator.screen, OrderScreen):
                await operator.press("f3")
    kept = drafts(staff)
    assert kept["hold"]["reason"] == "Goods are missing.no stock"
    assert kept["hold"]["picked"] == "hold:stock"
    assert (kept["cancel"]["note"], kept["cancel"]["reason"]) == ("sold out", "inventory")
    assert kept["record_payment"]["amount"] == "35.209"
    assert kept["edit.shipping"]["name"] == "Ada Berg!"
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("x")
        assert operator.sees("Taken up: cancel because goods are missing.")
        await operator.press("f9")
    assert now_of(staff, order_id).cancellations[0].note == "sold out"


async def test_another_user_is_offered_nothing_of_mine(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("n")
        await operator.type("mine")
        await operator.press("f3")
    async with working(order_app(staff, order_id, "tim")) as operator:
        await operator.press("n")
        assert values(operator)["text"] == ""
