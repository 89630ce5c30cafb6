"""The rules on the screen: the list, the editor that checks while one types, states, the back-test, one order."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlmodel import Session, col, select
from textual.screen import Screen

from opsdesk.domain.fraud.drafting.lately import Recent
from opsdesk.domain.fraud.learning.backtest import BacktestReport
from opsdesk.operations.fraud import backtests
from opsdesk.operations.fraud.rules import save, withdraw
from opsdesk.screens.fraud.desk import FraudDesk
from opsdesk.screens.fraud.rules import backtest as backtest_panel
from opsdesk.screens.fraud.rules import editor as editor_module
from opsdesk.screens.fraud.rules.backtest import BacktestPanel
from opsdesk.screens.fraud.rules.editor import RuleEditor
from opsdesk.screens.fraud.rules.screen import RulesScreen
from opsdesk.screens.fraud.rules.sheet import CheckSheet
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import RuleRow
from opsdesk.store.views.fraud.rules import recently_scored
from tests.conftest import StillClock
from tests.operator import NARROW, DeskApp, Operator, working
from tests.screens.fraud_kit import Cases, five_cases, fraud_shop
from tests.screens.order_kit import app_of

OWN = {
    "id": "OWN-01",
    "name": "many units",
    "when": "order.units >= 2",
    "points": 20,
    "group": "order",
    "agent": "{order.units} units",
}


@pytest.fixture
def shop(sqlite_url: str) -> Store:
    return open_store(sqlite_url)


@pytest.fixture
def cases(shop: Store, clock: StillClock) -> Cases:
    return five_cases(fraud_shop(shop, clock))


def rules_app(cases: Cases, who: str = "sofia", first: Callable[[], Screen[object]] = RulesScreen) -> DeskApp:
    return app_of(cases.staff, who, first)


def saved(cases: Cases) -> list[RuleRow]:
    with Session(cases.staff.store.reader) as session:
        return list(session.exec(select(RuleRow).order_by(col(RuleRow.id))))


async def point_at(operator: Operator, rule_id: str) -> None:
    """Put the pointer on a rule."""
    screen = operator.screen
    assert isinstance(screen, RulesScreen)
    assert screen.table.point_at(rule_id)
    await operator.settle()


def check_of(operator: Operator) -> str:
    """Read what the check says, as if no line were wrapped."""
    return " ".join(operator.screen.query_one("#rule-check", CheckSheet).text.split())


def reads(operator: Operator, words: str) -> bool:
    """Say whether the words stand on the screen, wrapped or not."""
    return words in " ".join(operator.text.replace("│", " ").split())


async def into(operator: Operator, field: str, text: str) -> None:
    """Write a text into a field of the editor, in place of what stands there."""
    editor = operator.screen
    assert isinstance(editor, RuleEditor)
    editor.form.focus_field(field)
    await operator.press("ctrl+end", *["ctrl+u"])
    await operator.paste(text)
    await operator.rest()


async def test_the_rules_are_reached_from_the_fraud_queue_and_by_name(cases: Cases):
    async with working(rules_app(cases, "farid", FraudDesk)) as operator:
        await operator.press("r")
        assert isinstance(operator.screen, RulesScreen)
        await operator.press("f3")
        assert isinstance(operator.screen, FraudDesk)
        await operator.press("colon", *"rules", "enter")
        assert isinstance(operator.screen, RulesScreen)


async def test_the_list_shows_state_as_symbol_and_word_and_marks_the_shops_own(cases: Cases):
    cases.staff.do("sofia", save, fields=OWN)
    cases.staff.do("sofia", save, fields={"id": "ORD-01", "points": 9, "state": "shadow"})
    async with working(rules_app(cases)) as operator:
        screen = operator.screen
        assert isinstance(screen, RulesScreen)
        keys = list(screen.table.keys)
        assert (keys[0], keys.index("ORD-01~1") - keys.index("ORD-01")) == ("PAY-01", 1)
        await point_at(operator, "ORD-01~1")
        (trial,) = [line for line in operator.lines if "ORD-01~1" in line and "first order" in line]
        assert ("? trial" in trial, "~ 1 sofia" in trial) == (True, True)
        assert operator.sees("2 your own")
        assert reads(operator, "On trial beside the version that counts until 08 Dec")
        (own,) = [line for line in operator.lines if "OWN-01" in line]
        assert "□ shadow" in own


async def test_the_filter_narrows_by_anything_that_a_rule_says(cases: Cases):
    cases.staff.do("sofia", save, fields=OWN)
    async with working(rules_app(cases)) as operator:
        await operator.press("slash", *"yours", "enter")
        screen = operator.screen
        assert isinstance(screen, RulesScreen)
        assert screen.table.keys == ("OWN-01",)


async def test_who_may_not_write_rules_is_told_why_and_may_still_test_them(cases: Cases):
    async with working(rules_app(cases, "farid")) as operator:
        for key in ("e", "n", "s", "x", "enter"):
            await operator.press(key)
            assert isinstance(operator.screen, RulesScreen)
            assert operator.sees("farid is fraud and may not do this")
        await operator.press("b")
        assert isinstance(operator.screen, BacktestPanel)


async def test_the_shipped_rule_cannot_be_withdrawn_and_says_what_can_be_done(cases: Cases):
    async with working(rules_app(cases)) as operator:
        await operator.press("x")
        assert operator.sees("PAY-01 is the shipped rule. s switches it off, e changes it.")


async def test_a_new_rule_is_checked_while_it_is_typed_and_saved_with_f9(cases: Cases):
    async with working(rules_app(cases)) as operator:
        await operator.press("n")
        await into(operator, "when", "order.unit >= 1")
        assert "Line 1, column 1: there is no 'order.unit'. Did you mean order.units?" in check_of(operator)
        await operator.press("f9")
        assert operator.sees("Not saved while something is wrong: fires when")

        await into(operator, "when", "order.units >= 2")
        assert "It would have fired on 1 of the last 5 orders." in check_of(operator)
        assert "Still to fill in: name, points, staff read." in check_of(operator)

        await into(operator, "name", "many units")
        await into(operator, "points", "20")
        await into(operator, "agent", "{order.units} units")
        await into(operator, "tests", "order.units == 1 -> fires")
        assert "Example 1 expects 'fires', but the rule is clear" in check_of(operator)
        await into(operator, "tests", "order.units == 1 -> clear")
        assert "Nothing is wrong with it. 1 of 1 examples hold." in check_of(operator)

        await operator.press("f9")
        assert isinstance(operator.screen, RulesScreen)
        assert operator.sees("OWN-01 is saved as version 1: it judges in silence. 1 of 1 examples hold.")
        assert operator.screen.line is not None
        assert operator.screen.line.key == "OWN-01"
    (row,) = saved(cases)
    assert (row.rule_id, row.state, row.author) == ("OWN-01", "shadow", "sofia")


async def test_one_order_is_asked_while_the_rule_is_written(cases: Cases):
    async with working(rules_app(cases)) as operator:
        await operator.press("n")
        await into(operator, "when", "order.total > 900 EUR and ip.km > 5")
        await into(operator, "order", "4441")
        said = check_of(operator)
        assert "ON ORDER 104441" in said
        assert "cannot be judged" in said
        assert "order.total = 1,802.90 EUR" in said
        assert "ip.km = not known" in said
        await into(operator, "order", "999999")
        assert "There is no order" in check_of(operator)


async def test_facts_and_states_are_chosen_from_lists(cases: Cases):
    async with working(rules_app(cases)) as operator:
        await operator.press("n")
        editor = operator.screen
        assert isinstance(editor, RuleEditor)
        editor.form.focus_field("when")
        await operator.press("f4", *"r.da", "enter")
        assert editor.form.values["when"] == "customer.days"
        editor.form.focus_field("state")
        await operator.press("f4", "1")
        assert editor.form.values["state"] == "live"
        editor.form.focus_field("customer_safe")
        await operator.press("f4", "1")
        assert editor.form.values["customer_safe"].startswith("CS-")


async def test_a_half_written_rule_is_there_again(cases: Cases):
    async with working(rules_app(cases)) as operator:
        await operator.press("n")
        await into(operator, "when", "order.units >= 3")
        await operator.press("f3")
        assert isinstance(operator.screen, RulesScreen)
        await operator.press("n")
        assert operator.sees("Taken up where you left it.")
        assert operator.sees("order.units >= 3")


async def test_a_slow_store_loses_no_half_written_rule(cases: Cases, monkeypatch: pytest.MonkeyPatch):
    """Fields tell what they begin with; kept before the draft is read, that would take its place."""

    def slowly(session: Session) -> tuple[Recent, ...]:
        threading.Event().wait(0.4)
        return recently_scored(session)

    monkeypatch.setattr(editor_module, "recently_scored", slowly)
    async with working(rules_app(cases)) as operator:
        await operator.press("n")
        await operator.rest()
        await operator.paste("-HALF")
        await operator.press("f3", "n")
        await operator.rest()
        await operator.press("f3", "n")
        await operator.rest()
        assert operator.sees("OWN-01-HALF")


async def test_what_somebody_else_saved_meanwhile_is_shown_and_the_text_stays(cases: Cases):
    cases.staff.do("sofia", save, fields=OWN)
    async with working(rules_app(cases)) as operator:
        await point_at(operator, "OWN-01")
        await operator.press("e")
        await into(operator, "name", " and more")
        cases.staff.do("sofia", save, fields={"id": "OWN-01", "points": 44})
        await operator.press("f9")
        assert operator.sees("sofia saved version 2 of OWN-01 first.")
        assert operator.sees("points: 44")
        await operator.press("f9")
        assert operator.sees("OWN-01 is saved as version 3")


async def test_a_draft_of_an_older_version_does_not_save_over_a_newer_one_unseen(cases: Cases):
    cases.staff.do("sofia", save, fields=OWN)
    async with working(rules_app(cases)) as operator:
        await point_at(operator, "OWN-01")
        await operator.press("e")
        await into(operator, "name", " and more")
        await operator.press("f3")
        cases.staff.do("sofia", save, fields={"id": "OWN-01", "points": 44})
        await operator.press("f5")
        await point_at(operator, "OWN-01")
        await operator.press("e", "f9")
        assert operator.sees("sofia saved version 2 of OWN-01 first.")
    assert len(saved(cases)) == 2


async def test_a_state_takes_a_digit_and_f9_and_an_early_start_needs_a_word(cases: Cases):
    cases.staff.do("sofia", save, fields=OWN)
    async with working(rules_app(cases)) as operator:
        await point_at(operator, "OWN-01")
        await operator.press("s", "1", "f9")
        assert operator.sees("say in the note why it")
        await operator.type("an attack")
        await operator.press("f9")
        assert operator.sees("OWN-01 is saved as version 2: it counts from now on.")
        await operator.press("s", "3", "f9")
        assert operator.sees("× off")
    assert [row.state for row in saved(cases)] == ["shadow", "live", "off"]


async def test_withdrawing_asks_and_leaves_the_versions(cases: Cases):
    cases.staff.do("sofia", save, fields={"id": "PAY-01", "agent": "other words"})
    async with working(rules_app(cases)) as operator:
        await operator.press("x")
        assert operator.sees("Go back to the shipped PAY-01? Every version stays in the history.")
        await operator.press("y")
        assert operator.sees("PAY-01 is withdrawn: the shipped version counts again.")
        assert operator.sees("u undoes")
        await operator.press("u")
        await operator.until_seen("PAY-01 is as it was before version 2.")
        assert operator.sees("other words")
    assert [row.state for row in saved(cases)] == ["live", "withdrawn", "live"]


async def test_f9_in_the_same_burst_saves_what_was_typed_before_it(cases: Cases):
    """The check follows the typing by a moment; F9 does not go by what it said before."""
    cases.staff.do("sofia", save, fields=OWN)
    async with working(rules_app(cases)) as operator:
        await point_at(operator, "OWN-01")
        await operator.press("e")
        await into(operator, "points", "many")
        await operator.burst(*["backspace"] * 4, "4", "4", "f9")
        assert operator.sees("OWN-01 is saved as version 2")
    assert '"points": 44' in saved(cases)[-1].definition


async def test_an_id_that_was_withdrawn_may_be_taken_anew(cases: Cases):
    cases.staff.do("sofia", save, fields=OWN)
    cases.staff.do("sofia", withdraw, "OWN-01")
    async with working(rules_app(cases)) as operator:
        await operator.press("n")
        editor = operator.screen
        assert isinstance(editor, RuleEditor)
        editor.form.fill({name: str(value) for name, value in OWN.items()})
        await operator.press("f9")
        assert operator.sees("OWN-01 is saved as version 3")


async def test_the_rule_is_asked_about_one_order(cases: Cases):
    async with working(rules_app(cases, "farid")) as operator:
        await operator.press("w", *"4463", "enter")
        assert operator.sees("ON ORDER 104463")
        assert operator.sees("fires")
        assert operator.sees("payment.cvv = nomatch")


async def test_a_back_test_tells_the_difference_and_the_last_fifth_apart(cases: Cases):
    cases.staff.do("sofia", save, fields={**OWN, "kind": "hard_hold"})
    async with working(rules_app(cases)) as operator:
        await point_at(operator, "OWN-01")
        await operator.press("b")
        assert operator.sees("If it counted: many units")
        for words in (
            "newly held",
            "newly passed",
            "THE LAST FIFTH",
            "genuine",
            "minutes of work",
            "OWN-01 fired 1 times",
        ):
            assert operator.sees(words), words
        await operator.press("f3")
        assert isinstance(operator.screen, RulesScreen)
        await point_at(operator, "PAY-01")
        await operator.press("b")
        assert operator.sees("What it does now")
        assert operator.sees("held by it")


async def test_a_back_test_leaves_the_screen_alive_and_f3_stops_it(cases: Cases, monkeypatch: pytest.MonkeyPatch):
    """It runs on a thread of its own: keys are answered while it goes on, and it ends when it is told to."""
    begun, ended = threading.Event(), threading.Event()

    def slowly(*args: object, progress: Callable[[int], bool], **named: object) -> BacktestReport:
        begun.set()
        done = 0
        while progress(done):
            done += 1
            threading.Event().wait(0.01)
        report = backtests.try_rule(*args, progress=lambda _: False, **named)  # type: ignore[arg-type]  # as it came
        ended.set()
        return report

    monkeypatch.setattr(backtest_panel, "try_rule", slowly)
    async with working(rules_app(cases)) as operator:
        await operator.pilot.press("b")
        await operator.until(begun.is_set)
        await operator.until_seen("orders (")
        panel = operator.screen
        assert isinstance(panel, BacktestPanel)
        await operator.until(lambda: panel.seen > 0)
        await operator.pilot.press("f3")
        await operator.settle()
        assert ended.is_set()
        assert operator.screen is panel
        await operator.press("f3")
        assert isinstance(operator.screen, RulesScreen)


async def test_everything_is_there_at_eighty_columns(cases: Cases):
    async with working(rules_app(cases), size=NARROW) as operator:
        assert operator.sees("security code does not match")
        await operator.press("n")
        await into(operator, "when", "order.unit")
        assert reads(operator, "Did you mean order.units?")
        await operator.press("f8")
        assert operator.sees("THE CHECK")
        assert operator.sees("order.units  a number")
        await operator.press("f8", "s")
        editor = operator.screen
        assert isinstance(editor, RuleEditor)
        assert editor.form.values["when"] == "order.units"
