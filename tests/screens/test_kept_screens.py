"""A case that is opened on the screen of another one shows nothing of the other one, and answers no question of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlmodel import Session

from opsdesk.domain.people.actors import Actor, Role
from opsdesk.key_lane import KeyLane
from opsdesk.operations.fraud.cases import claim
from opsdesk.screens.fraud import case as case_screen
from opsdesk.screens.fraud import desk as desk_screen
from opsdesk.screens.fraud.case import CaseScreen
from opsdesk.screens.fraud.desk import FraudDesk
from opsdesk.screens.order import screen as order_screen
from opsdesk.screens.order.screen import OrderScreen
from opsdesk.screens.queue.screen import OrdersScreen
from opsdesk.store.engine import Store, open_store
from opsdesk.store.views.fraud.queue import FraudLine, fraud_queue
from opsdesk.widgets.paper import Paper
from tests.conftest import StillClock
from tests.operator import NARROW, WIDE, Operator, working
from tests.screens.fraud_kit import Cases, five_cases, fraud_shop, queue_app
from tests.screens.order_kit import app_of


class SlowQueue:
    """A store that answers with the queue when it is told to."""

    def __init__(self) -> None:
        self.is_asked, self.may_answer = threading.Event(), threading.Event()

    def __call__(self, session: Session) -> list[FraudLine]:
        self.is_asked.set()
        assert self.may_answer.wait(30)
        return list(fraud_queue(session))


@pytest.fixture
def shop(sqlite_url: str) -> Store:
    return open_store(sqlite_url)


@pytest.fixture
def cases(shop: Store, clock: StillClock) -> Cases:
    return five_cases(fraud_shop(shop, clock))


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowQueue]:
    """Answer late where one goes from case to case, and let no key wait for it."""
    slow = SlowQueue()
    monkeypatch.setattr(case_screen, "fraud_queue", slow)
    hold = KeyLane.hold
    monkeypatch.setattr(
        KeyLane, "hold", lambda lane, *longest: hold(lane, *longest) if slow.may_answer.is_set() else lambda: None
    )
    yield slow
    slow.may_answer.set()


def shown(operator: Operator) -> str:
    """Return everything that the papers of the screen on top say."""
    return "\n".join(paper.text for paper in operator.screen.query(Paper) if paper.display)


async def test_the_same_screen_shows_one_case_after_the_other_as_a_new_one_would(cases: Cases):
    async with working(queue_app(cases)) as operator:
        await operator.press("enter")
        first = operator.screen
        assert "Emil Cohn" in shown(operator)
        await operator.press("f2", "x")
        await operator.press("f3", "f3", "j", "enter")
        assert operator.screen is first
        assert "Otto Falk" in shown(operator)
        assert "Emil Cohn" not in operator.text
        assert "104440" not in operator.text
        again = operator.text
    async with working(queue_app(cases)) as operator:
        await operator.press("j", "enter")
        assert operator.text == again


async def test_keys_act_on_the_case_that_was_opened_last(cases: Cases):
    async with working(queue_app(cases)) as operator:
        await operator.press("enter", "f3", "j", "enter", "x", "1")
    assert cases.row("104440").decided_at is None
    assert cases.row("104463").decided_at is not None


async def goes_astray(cases: Cases, slow: SlowQueue) -> bool:
    """Ask for the next case, leave before the answer, open another case; say whether the late answer moves on there."""
    async with queue_app(cases).run_test(size=WIDE) as pilot:
        operator = Operator(pilot)
        slow.may_answer.set()
        await operator.press("enter", "f3", "enter")
        slow.may_answer.clear()
        slow.is_asked.clear()
        await pilot.press("right_square_bracket")
        while not slow.is_asked.is_set():
            await pilot.pause()
        await pilot.press("f3")
        while not isinstance(operator.screen, FraudDesk):
            await pilot.pause()
        await pilot.press("j", "j", "enter")
        while not (isinstance(operator.screen, CaseScreen) and operator.screen.sheet is not None):
            await pilot.pause()
        wanted = operator.screen.case_id
        slow.may_answer.set()
        await operator.settle()
        assert isinstance(operator.screen, CaseScreen)
        return operator.screen.case_id != wanted


async def test_an_answer_that_comes_after_leaving_moves_nothing_on(cases: Cases, slow: SlowQueue):
    assert not await goes_astray(cases, slow)


async def test_a_screen_opened_again_while_it_waits_is_led_astray(
    cases: Cases, slow: SlowQueue, monkeypatch: pytest.MonkeyPatch
):
    """The control: a screen that is opened again although what it had asked is not answered yet."""
    monkeypatch.setattr(CaseScreen, "is_free", property(lambda screen: screen.is_aside))
    assert await goes_astray(cases, slow)


async def test_where_nothing_could_be_read_yet_nothing_of_the_case_before_is_left(
    cases: Cases, monkeypatch: pytest.MonkeyPatch
):
    async with working(queue_app(cases)) as operator:
        await operator.press("enter", "f3", "j")
        monkeypatch.setattr(desk_screen, "fraud_case", lambda *_, **__: None)
        monkeypatch.setattr(case_screen, "fraud_case", lambda *_, **__: None)
        await operator.press("enter")
        assert operator.sees("There is no such case")
        assert "Emil Cohn" not in operator.text
        assert "104440" not in operator.text


async def test_whoever_sits_down_next_gets_screens_of_their_own(cases: Cases):
    async with working(queue_app(cases)) as operator:
        await operator.press("enter")
        first = operator.screen
        await operator.app.seat(Actor(cases.staff.ids["fiona"], "fiona", Role.FRAUD, "test"))
        await operator.settle()
        await operator.press("enter")
        assert isinstance(operator.screen, CaseScreen)
        assert operator.screen is not first
        assert not first.is_running


async def test_the_queue_begins_at_the_top_again_with_what_is_so_now(cases: Cases):
    async with working(app_of(cases.staff, "farid", OrdersScreen)) as operator:
        await operator.press("2", "j", "j")
        first = operator.screen
        await operator.press("1")
        cases.staff.do("fiona", claim, cases.ids["104440"])
        await operator.press("2")
        assert operator.screen is first
        assert isinstance(first, FraudDesk)
        assert first.line is not None
        assert first.line.number == "104440"
        assert operator.sees("@ fiona")


async def test_an_order_too_is_shown_on_the_screen_of_the_order_before_as_on_a_new_one(cases: Cases):
    async with working(app_of(cases.staff, "farid", OrdersScreen)) as operator:
        await operator.press("enter")
        first = operator.screen
        await operator.press("f3", "j", "enter")
        assert operator.screen is first
        second = operator.text
        await operator.press("f3")
    async with working(app_of(cases.staff, "farid", OrdersScreen)) as operator:
        await operator.press("j", "enter")
        assert without_clock(operator.text) == without_clock(second)


async def test_an_order_that_cannot_be_read_shows_nothing_of_the_order_before(
    cases: Cases, monkeypatch: pytest.MonkeyPatch
):
    async with working(app_of(cases.staff, "farid", OrdersScreen)) as operator:
        await operator.press("enter")
        first = operator.screen
        assert isinstance(first, OrderScreen)
        assert first.detail is not None
        number, name = first.detail.number, first.detail.head.customer_name
        assert name in operator.text
        await operator.press("f3", "j")
        monkeypatch.setattr(order_screen, "opened_order", lambda *_, **__: (None, []))
        await operator.press("enter")
        assert operator.screen is first
        assert operator.sees("This order is not in the store")
        assert number not in operator.text
        assert name not in operator.text


def without_clock(text: str) -> str:
    """Leave out who looked when: the order has been looked at before, or not."""
    return "\n".join(line for line in text.split("\n") if "since you looked" not in line)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x36", "80x24"])
async def test_screens_built_while_nobody_waited_are_those_that_would_be_built_now(cases: Cases, size: tuple[int, int]):
    async with working(app_of(cases.staff, "farid", OrdersScreen), size=size) as operator:
        await operator.press("2")
        queue = operator.text
        await operator.press("enter")
        case = operator.text
        await operator.press("f3")
    async with working(app_of(cases.staff, "farid", OrdersScreen), size=size) as operator:
        operator.app.kept.rest()
        await operator.settle()
        ahead = [operator.app._installed_screens[name] for name in ("FraudDesk", "CaseScreen")]
        await operator.press("2")
        assert (operator.screen, operator.text) == (ahead[0], queue)
        await operator.press("enter")
        assert (operator.screen, operator.text) == (ahead[1], case)


async def test_no_fraud_desk_is_built_for_whoever_may_not_work_on_cases(cases: Cases):
    async with working(app_of(cases.staff, "mia", OrdersScreen)) as operator:
        operator.app.kept.rest()
        await operator.settle()
        assert list(operator.app._installed_screens) == ["OrderScreen"]


async def test_a_theme_chosen_meanwhile_is_on_the_screen_that_comes_back(cases: Cases):
    async with working(queue_app(cases, theme="light")) as operator:
        await operator.press("enter")
        wanted = colours(operator)
    async with working(queue_app(cases, theme="dark")) as operator:
        await operator.press("enter", "f3")
        operator.app.theme = "opsdesk-light"
        await operator.press("enter")
        assert colours(operator) == wanted


def colours(operator: Operator) -> set[object]:
    """Return every colour that the screen is drawn with."""
    styles = {segment.style for strip in operator.screen._compositor.render_strips() for segment in strip}
    return {colour for style in styles if style is not None for colour in (style.color, style.bgcolor)}
