"""Two agents edit one order: nobody overwrites unseen, the loser is told who and what and keeps every letter."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict

import pytest

from opsdesk.domain.orders.rules import CancelReason
from opsdesk.operations.orders import contacts
from opsdesk.operations.orders.cancelling import cancel
from opsdesk.operations.orders.contacts import edit_address
from opsdesk.screens.forms import edit as edit_form
from opsdesk.screens.forms.edit import EditPanel
from opsdesk.screens.frame.carrying import Banner
from opsdesk.screens.frame.host import StoreChange
from opsdesk.screens.order.screen import OrderScreen
from opsdesk.store.engine import Store, open_store
from opsdesk.store.work import Done
from tests.conftest import StillClock
from tests.operations.mail_kit import sent, told
from tests.operator import NARROW, WIDE, Operator, working
from tests.screens.order_kit import People, now_of, order_app, people
from tests.shop_orders import write_order

ROUNDS = 30 if os.environ.get("OPSDESK_SOAK") else 2


@pytest.fixture
def shop(store_url: str) -> Store:
    return open_store(store_url)


@pytest.fixture
def staff(shop: Store, clock: StillClock) -> People:
    return people(shop, clock)


def tim_saves(staff: People, order_id: int, **fields: str) -> None:
    """Let tim correct the shipping address at his own terminal, having seen the newest version."""
    detail = now_of(staff, order_id)
    address = asdict(detail.shipping_address) | fields
    staff.do("tim", edit_address, order_id, version=detail.version, kind="shipping", **address)


async def replace_field(operator: Operator, name: str, text: str) -> None:
    operator.screen.form.focus_field(name)
    await operator.press("ctrl+u")
    await operator.type(text)


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_different_fields_are_merged_with_one_key(staff: People, size: tuple[int, int]):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id), size=size) as operator:
        for turn in range(ROUNDS):
            await operator.press("e")
            await replace_field(operator, "line1", f"Street {turn}")
            tim_saves(staff, order_id, city=f"Town {turn}")
            await operator.press("f9")
            banner = operator.screen.query_one(Banner).text
            assert "tim saved first" in banner
            assert f"→ Town {turn}" in banner
            assert operator.screen.form.values["line1"] == f"Street {turn}"
            assert now_of(staff, order_id).shipping_address.line1 != f"Street {turn}"
            await operator.press("f9")
            assert isinstance(operator.screen, OrderScreen)
            address = now_of(staff, order_id).shipping_address
            assert (address.line1, address.city) == (f"Street {turn}", f"Town {turn}")


@pytest.mark.parametrize("keeps_mine", [True, False])
async def test_in_the_same_field_a_person_decides_with_both_texts_in_sight(staff: People, keeps_mine: bool):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        for turn in range(ROUNDS):
            await operator.press("e")
            await replace_field(operator, "line1", f"Mine {turn}")
            await replace_field(operator, "company", f"GmbH {turn}")
            tim_saves(staff, order_id, line1=f"His {turn}")
            await operator.press("f9")
            assert operator.sees(f"tim wrote: His {turn}")
            assert operator.app.focused.field.name == "line1"
            assert operator.screen.form.values["line1"] == f"Mine {turn}"
            await operator.press(*([] if keeps_mine else ["f4"]), "f9")
            address = now_of(staff, order_id).shipping_address
            assert address.line1 == (f"Mine {turn}" if keeps_mine else f"His {turn}")
            assert address.company == f"GmbH {turn}"


async def test_a_mail_that_is_taken_meanwhile_is_shown_and_asks_for_no_second_key(staff: People, clock: StillClock):
    order_id = write_order(staff.store)
    told(staff.store, clock, order_id, "received")
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("e")
        await replace_field(operator, "line1", "Mine")
        sent(staff.store, clock)
        operator.app.tell_screens(StoreChange(frozenset({"order"}), frozenset({order_id})))
        await operator.rest()
        assert operator.sees("accepted by the mail server")
        await operator.press("f9")
        assert isinstance(operator.screen, OrderScreen)
    assert now_of(staff, order_id).shipping_address.line1 == "Mine"
    assert now_of(staff, order_id).head.told_status == "received"


async def overwrites_unseen(staff: People, order_id: int) -> bool:
    """Play a save behind somebody's back, and say whether his change was undone without a question."""
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("e")
        await replace_field(operator, "line1", "Mine 1")
        tim_saves(staff, order_id, city="His town")
        await operator.press("f9")
        was_asked = isinstance(operator.screen, EditPanel)
        if was_asked:
            await operator.press("f9")
    return now_of(staff, order_id).shipping_address.city != "His town"


async def test_nothing_is_undone_behind_anybodys_back(staff: People):
    assert not await overwrites_unseen(staff, write_order(staff.store))


async def test_a_save_that_ignores_the_version_undoes_the_others_change(staff: People, monkeypatch: pytest.MonkeyPatch):
    """The control: the same form over an operation that does not look what it saw."""
    real: Callable[..., Done] = contacts.edit_address.function

    def blind(work: object, order_id: int, *, version: int | None, **fields: str) -> Done:
        return real(work, order_id, version=None, **fields)

    blind.name = contacts.edit_address.name  # type: ignore[attr-defined]
    monkeypatch.setattr(edit_form, "edit_address", blind)
    assert await overwrites_unseen(staff, write_order(staff.store))


async def test_a_change_that_makes_mine_pointless_says_so_and_keeps_the_text(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("e")
        await replace_field(operator, "line1", "Mine")
        staff.do("sofia", cancel, order_id, reason=CancelReason.CUSTOMER)
        await operator.press("f9")
        assert operator.sees("104458 is cancelled. Reopen it first.")
        assert operator.screen.form.values["line1"] == "Mine"
        await operator.press("f9")
        assert isinstance(operator.screen, EditPanel)
    assert now_of(staff, order_id).shipping_address.line1 == "Am Dobben 12"


async def test_who_is_typing_is_told_at_once_and_not_only_when_saving(staff: People):
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("e")
        await replace_field(operator, "line1", "Mine")
        tim_saves(staff, order_id, city="Kiel")
        operator.app.tell_screens(StoreChange(frozenset({"order"}), frozenset({order_id})))
        await operator.settle()
        assert operator.sees("tim changed 104458: Shipping address changed: town.")
        assert operator.screen.form.values["line1"] == "Mine"


async def test_a_draft_from_before_the_others_change_undoes_nothing(staff: People):
    """Typed, the terminal died, tim saved, the form was opened again: his change must survive my save."""
    order_id = write_order(staff.store)
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("e")
        await replace_field(operator, "line1", "Mine")
        await operator.rest()
    tim_saves(staff, order_id, city="Kiel")
    async with working(order_app(staff, order_id)) as operator:
        await operator.press("e")
        assert "tim saved first" in operator.screen.query_one(Banner).text
        assert operator.screen.form.values["line1"] == "Mine"
        assert operator.screen.form.values["city"] == "Kiel"
        await operator.press("f9")
    address = now_of(staff, order_id).shipping_address
    assert (address.line1, address.city) == ("Mine", "Kiel")
