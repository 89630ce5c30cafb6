"""Keys typed ahead of a slow store act on the case that they were meant for, or on none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from opsdesk.desk import Desk
from opsdesk.key_lane import PATIENCE_S, KeyLane
from opsdesk.operations.fraud.cases import claim
from opsdesk.screens.fraud.desk import FraudDesk
from opsdesk.store.engine import open_store
from tests.conftest import StillClock
from tests.operator import working
from tests.screens.fraud_kit import Cases, case_app, five_cases, fraud_shop, queue_app

FIRST, NEXT = "104440", "104463"


@pytest.fixture
def cases(sqlite_url: str, clock: StillClock) -> Cases:
    return five_cases(fraud_shop(open_store(sqlite_url), clock))


def be_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the first command wait longer for the store than a person waits."""
    quick: Callable[..., Awaitable[object]] = Desk.do
    waits = [PATIENCE_S * 1.3]

    async def slow(desk: Desk, *args: object, **kwargs: object) -> object:
        if waits:
            await asyncio.sleep(waits.pop())
        return await quick(desk, *args, **kwargs)

    monkeypatch.setattr(Desk, "do", slow)


async def test_two_decisions_typed_at_once_fall_on_two_cases(cases: Cases, monkeypatch: pytest.MonkeyPatch) -> None:
    async with working(case_app(cases, FIRST)) as operator:
        be_slow(monkeypatch)
        await operator.burst("y", "x", "2")
        assert operator.sees("104392  Greta Dahl")
    assert cases.row(FIRST).fraud_state == "released"
    assert cases.row(NEXT).fraud_state == "cancelled_unverified"


async def test_the_control_that_waits_no_longer_declines_the_released_case(
    cases: Cases, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = KeyLane.hold
    monkeypatch.setattr(KeyLane, "hold", lambda lane, longest_s=PATIENCE_S, **_: hold(lane, longest_s))
    monkeypatch.setattr(KeyLane, "forget_ahead", lambda _lane: None)
    async with working(case_app(cases, FIRST)) as operator:
        be_slow(monkeypatch)
        await operator.burst("y", "x", "2")
    assert cases.row(FIRST).fraud_state == "cancelled_unverified"
    assert cases.row(NEXT).fraud_state != "cancelled_unverified"


async def test_a_person_who_does_not_wait_leaves_and_is_told_there_what_became_of_it(
    cases: Cases, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with working(queue_app(cases)) as operator:
        await operator.press("f8")
        assert operator.sees(FIRST)
        be_slow(monkeypatch)
        await operator.burst("y", "x", "f3")
        assert isinstance(operator.screen, FraudDesk)
        await operator.until_seen(f"{FIRST}: released.")
        await operator.settle()
        assert not operator.sees("Emil Cohn")
    assert cases.row(FIRST).fraud_state == "released"
    assert cases.row(NEXT).fraud_state == "flagged"


async def test_a_no_that_comes_after_its_screen_was_left_is_told_too(
    cases: Cases, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with working(queue_app(cases)) as operator:
        await operator.press("f8")
        be_slow(monkeypatch)
        operator.send("y", "f3")
        cases.staff.do("sofia", claim, cases.ids[FIRST], takes_over=True)
        await operator.until_seen(f"{FIRST} was changed by sofia in the meantime")
        assert isinstance(operator.screen, FraudDesk)
    assert cases.row(FIRST).fraud_state == "in_review"
