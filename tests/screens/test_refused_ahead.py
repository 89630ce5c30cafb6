"""Keys typed ahead of a no were meant for what did not happen: they act as no other command."""

from __future__ import annotations

import pytest

from opsdesk.key_lane import KeyLane
from opsdesk.operations.fraud.cases import claim
from opsdesk.screens.forms.note import NotePanel
from opsdesk.screens.fraud.case import CaseScreen
from opsdesk.screens.order.screen import OrderScreen
from opsdesk.store.engine import open_store
from tests.conftest import StillClock
from tests.operator import working
from tests.screens.fraud_kit import Cases, case_app, five_cases, fraud_shop
from tests.screens.order_kit import app_of

NUMBER = "104440"


@pytest.fixture
def cases(sqlite_url: str, clock: StillClock) -> Cases:
    found = five_cases(fraud_shop(open_store(sqlite_url), clock))
    # Somebody else works on it: calling, declining and releasing it are refused.
    found.staff.do("fiona", claim, found.ids[NUMBER])
    return found


async def test_a_digit_typed_ahead_of_a_refused_call_goes_to_no_screen(cases: Cases) -> None:
    async with working(case_app(cases, NUMBER)) as operator:
        await operator.burst("v", "9", "y")
        assert isinstance(operator.screen, CaseScreen)
        assert operator.sees("fiona works on 104440")
        # What is pressed once the no can be read acts as always.
        await operator.press("9")
        assert not isinstance(operator.screen, CaseScreen)
    assert cases.row(NUMBER).fraud_state == "in_review"


async def test_the_control_that_forgets_nothing_goes_to_another_screen(
    cases: Cases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KeyLane, "forget_ahead", lambda _lane: None)
    async with working(case_app(cases, NUMBER)) as operator:
        await operator.burst("v", "9")
        assert not isinstance(operator.screen, CaseScreen)


async def test_after_a_no_of_the_store_the_next_cases_key_does_not_fall_on_this_one(cases: Cases) -> None:
    number = "104463"
    async with working(case_app(cases, number)) as operator:
        await operator.settle()
        cases.staff.do("sofia", claim, cases.ids[number], takes_over=True)
        await operator.burst("y", "9")
        await operator.settle()
        assert isinstance(operator.screen, CaseScreen)
    assert cases.row(number).fraud_state == "in_review"


async def test_a_code_that_is_scanned_behind_a_refused_key_is_found_all_the_same(cases: Cases) -> None:
    async with working(case_app(cases, NUMBER)) as operator:
        await operator.burst("v", *"4006381333931", "enter")
        assert operator.sees("4006381333931")


async def test_text_that_is_typed_ahead_into_a_form_stays_after_a_no(cases: Cases) -> None:
    order_id = cases.orders[NUMBER]
    async with working(app_of(cases.staff, "farid", lambda: OrderScreen(order_id))) as operator:
        await operator.press("n")
        assert isinstance(operator.screen, NotePanel)
        await operator.burst("f9", *"rang")
        await operator.settle()
        assert "rang" in operator.screen.form.values["text"]
