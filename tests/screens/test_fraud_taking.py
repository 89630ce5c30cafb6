"""Opening a case takes it: keys that come before that is done never decide about the case as it was before."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from opsdesk.key_lane import KeyLane
from opsdesk.operations.fraud.cases import claim, let_go
from opsdesk.operations.fraud.contact import choose_call
from opsdesk.screens.frame.carrying import Banner
from opsdesk.screens.fraud import case as case_screen
from opsdesk.screens.fraud.call import CallPanel
from opsdesk.screens.fraud.case import CaseScreen
from opsdesk.store.engine import Store, open_store
from opsdesk.store.work import Done, Work
from tests.conftest import StillClock
from tests.operator import WIDE, Operator, working
from tests.screens.fraud_kit import Cases, case_app, five_cases, fraud_shop

NUMBER = "104440"


class SlowClaim:
    """A store that answers the claim when it is told to, as one far away may."""

    name = "case.claim"

    def __init__(self) -> None:
        self.is_asked, self.may_answer = threading.Event(), threading.Event()

    def __call__(self, work: Work, case_id: int) -> Done:
        self.is_asked.set()
        assert self.may_answer.wait(30)
        return claim(work, case_id)


@pytest.fixture
def shop(sqlite_url: str) -> Store:
    return open_store(sqlite_url)


@pytest.fixture
def cases(shop: Store, clock: StillClock) -> Cases:
    found = five_cases(fraud_shop(shop, clock))
    found.staff.do("farid", claim, found.ids[NUMBER])
    found.staff.do("farid", choose_call, found.ids[NUMBER])
    found.staff.do("farid", let_go, found.ids[NUMBER])
    return found


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowClaim]:
    """Answer late, and let no key wait for it: a person gets the keyboard back after a second whatever is read."""
    slow = SlowClaim()
    monkeypatch.setattr(case_screen, "claim", slow)
    hold = KeyLane.hold
    monkeypatch.setattr(
        KeyLane, "hold", lambda lane, *longest: hold(lane, *longest) if slow.may_answer.is_set() else lambda: None
    )
    yield slow
    slow.may_answer.set()


async def pressed_too_early(operator: Operator, slow: SlowClaim, *keys: str) -> None:
    """Press keys while the claim is under way, then let it be answered."""
    while not slow.is_asked.is_set():
        await operator.pilot.pause()
    for key in keys:
        await operator.pilot.press(key)
        await operator.pilot.pause()
    (screen,) = [each for each in operator.app.screen_stack if isinstance(each, CaseScreen)]
    slow.may_answer.set()
    while screen._is_taking:
        await operator.pilot.pause()
    await operator.settle()


async def conflicts_with_itself(cases: Cases, slow: SlowClaim, *keys: str) -> bool:
    """Say whether the keys ran into one's own claim; pressed again afterwards they have their effect."""
    async with case_app(cases, NUMBER).run_test(size=WIDE) as pilot:
        operator = Operator(pilot)
        await pressed_too_early(operator, slow, keys[0])
        clashed = any(banner.has_class("-shown") for banner in operator.screen.query(Banner))
        if not clashed:
            assert isinstance(operator.screen, CaseScreen)
            assert operator.sees("claimed by you")
            await operator.press(*keys)
    return clashed


async def test_a_call_begun_while_the_case_is_being_taken_does_not_conflict_with_that(cases: Cases, slow: SlowClaim):
    assert not await conflicts_with_itself(cases, slow, "v", "2")
    assert [contact.outcome for contact in cases.contacts(NUMBER)] == ["no_answer"]


async def test_a_decision_made_while_the_case_is_being_taken_does_not_either(cases: Cases, slow: SlowClaim):
    assert not await conflicts_with_itself(cases, slow, "x", "2")
    assert cases.row(NUMBER).fraud_state == "cancelled_unverified"


async def test_keys_that_do_not_wait_for_the_claim_run_into_it(
    cases: Cases, slow: SlowClaim, monkeypatch: pytest.MonkeyPatch
):
    """The control: a screen that acts on what it read before it took the case."""
    monkeypatch.setattr(CaseScreen, "is_behind", property(lambda _: False, lambda _, __: None))
    async with case_app(cases, NUMBER).run_test(size=WIDE) as pilot:
        operator = Operator(pilot)
        await pressed_too_early(operator, slow, "v")
        assert isinstance(operator.screen, CallPanel)
        await operator.press("2")
        assert operator.screen.query_one(Banner).has_class("-shown")
    assert cases.contacts(NUMBER) == []


async def test_who_was_overtaken_in_a_call_keeps_it_and_logs_it_with_one_more_key(cases: Cases):
    async with working(case_app(cases, NUMBER)) as operator:
        await operator.press("v", "a", "b")
        cases.staff.do("fiona", claim, cases.ids[NUMBER], takes_over=True)
        cases.staff.do("fiona", let_go, cases.ids[NUMBER])
        await operator.press("2")
        assert "fiona" in operator.screen.query_one(Banner).text
        assert cases.contacts(NUMBER) == []
        await operator.press("2")
    (call,) = cases.contacts(NUMBER)
    assert (call.outcome, call.by) == ("no_answer", "farid")
