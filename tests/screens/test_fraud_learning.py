"""The figures of the fraud desk on the screen: what each row says, what lies behind it, and whose gut is whose."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsdesk.domain.fraud.learning.precision import share
from opsdesk.screens.fraud.desk import FraudDesk
from opsdesk.screens.fraud.learned_rows import range_bar
from opsdesk.screens.fraud.learning import LearningScreen
from opsdesk.screens.fraud.rules.screen import RulesScreen
from opsdesk.screens.order.screen import OrderScreen
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import LabelRow
from tests.conftest import StillClock
from tests.operator import NARROW, Operator, working
from tests.screens.fraud_kit import Cases, five_cases, fraud_shop, queue_app
from tests.screens.order_kit import app_of
from tests.store.test_learning_view import add, case, order


@pytest.fixture
def cases(sqlite_url: str, clock: StillClock) -> Cases:
    found = five_cases(fraud_shop(open_store(sqlite_url), clock))
    learn(found.staff.store)
    return found


def learn(store: Store) -> None:
    """Let a few cases have been decided, of which more is known by now, and two orders have passed as samples."""
    for place, (word, gut, by) in enumerate(
        (
            ("confirmed_fraud", 5, "farid"),
            ("confirmed_legit", 2, "farid"),
            ("confirmed_legit", 4, "fiona"),
            ("", 3, "farid"),
        )
    ):
        verdict = "cancel_fraud" if word == "confirmed_fraud" else "release"
        add(store, case(order(store, f"2041{place}", word), 70, verdict=verdict, gut=gut, worth=gut > 3, by=by))
    for number, word in (("20501", "confirmed_legit"), ("20502", "")):
        at = case(1, 1).opened_at - timedelta(days=3)
        add(
            store,
            LabelRow(
                order_id=order(store, number, word, brand="visa"), label="sampled", source="sample", by="import", at=at
            ),
        )


async def open_it(operator: Operator) -> LearningScreen:
    await operator.press("l")
    screen = operator.screen
    assert isinstance(screen, LearningScreen)
    return screen


async def test_the_desk_shows_what_it_has_learned_by_one_key(cases: Cases):
    async with working(queue_app(cases)) as operator:
        assert isinstance(operator.screen, FraudDesk)
        screen = await open_it(operator)
        assert operator.sees("holds that were right")
        assert operator.sees("1 of 3")
        assert screen.line is not None
        assert "1 of the 3 that are known was fraud: 33 %, likely between 6 and 79 %." in screen.line.told


async def test_my_gut_is_mine_and_others_are_for_the_lead(cases: Cases):
    async with working(queue_app(cases)) as operator:
        mine = await open_it(operator)
        guts = [key for key in mine.lines if "gut" in key]
        assert guts == ["your gut-2", "your gut-3", "your gut-5"]

    async with working(app_of(cases.staff, "sofia", LearningScreen)) as operator:
        assert isinstance(operator.screen, LearningScreen)
        await operator.settle()
        guts = [key for key in operator.screen.lines if "all guts" in key]
        assert guts == ["all guts-2", "all guts-3", "all guts-4", "all guts-5"]
        assert operator.screen.lines["all guts-4"].told.endswith("By person: fiona 0 of 1.")


async def test_samples_are_listed_and_one_opens(cases: Cases):
    async with working(queue_app(cases)) as operator:
        screen = await open_it(operator)
        screen.table.point_at("samples")
        await operator.settle()
        await operator.press("enter")
        assert operator.sees("20501")
        assert operator.sees("good; passed")
        await operator.press("1")
        assert isinstance(operator.screen, OrderScreen)


async def test_holds_lead_to_the_rules_and_a_figure_of_its_own_to_nothing(cases: Cases):
    async with working(queue_app(cases)) as operator:
        screen = await open_it(operator)
        screen.table.point_at("worth")
        await operator.settle()
        await operator.press("enter")
        assert operator.sees("Nothing lies behind this row.")
        screen.table.point_at("held-0")
        await operator.settle()
        await operator.press("enter")
        assert isinstance(operator.screen, RulesScreen)


async def test_it_fits_a_small_terminal(cases: Cases):
    async with working(queue_app(cases), size=NARROW) as operator:
        await open_it(operator)
        assert operator.sees("holds that were right")
        assert operator.sees("Visa VAMP")


@pytest.mark.parametrize(
    ("hits", "of", "drawn"),
    [(0, 0, ""), (0, 10, "*----]              "), (10, 10, "              [----*"), (5, 10, "    [-----*----]    ")],
)
def test_a_share_is_drawn_with_its_interval(hits: int, of: int, drawn: str):
    assert range_bar(share(hits, of)) == drawn
