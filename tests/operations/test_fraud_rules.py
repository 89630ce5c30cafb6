"""Rules as editable data: tested as they are saved, versions that stay, trials beside what counts, and the next order."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlmodel import Session

from opsdesk.domain.errors import Conflict, Denied, Invalid, Refused
from opsdesk.domain.fraud.drafting import versions
from opsdesk.domain.fraud.rules import Rule, RuleState
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.integrations.files.formats import open_orders
from opsdesk.operations.exchange.imports import import_orders
from opsdesk.operations.fraud.backtests import rules_now
from opsdesk.operations.fraud.rules import save, set_state, withdraw
from opsdesk.store.engine import Store
from opsdesk.store.tables import ActivityRow, AssessmentRow, HoldRow, RuleRow
from opsdesk.store.views.fraud.rules import rule_sheet
from opsdesk.store.work import Done, Performer
from tests.conftest import START, StillClock
from tests.integrations.files.samples import json_lines, own_order, written
from tests.operations.fraud_kit import SOFIA, with_files
from tests.operations.orders_kit import rows
from tests.operations.test_fraud_scoring import READ

OWN = {
    "id": "OWN-01",
    "name": "more than one unit",
    "when": "order.units >= 2",
    "points": 100,
    "group": "order",
    "agent": "{order.units} units",
    "kind": "hard_hold",
}


@dataclass
class Shop:
    """A shop that knows the fraud desk's files; sofia leads."""

    store: Store
    folder: Path
    clock: StillClock

    def do(self, operation: Callable[..., Done], /, *arguments: object, who: Actor = SOFIA, **named: object) -> Done:
        return Performer(self.store, who, self.clock).perform(operation, *arguments, **named)

    def save(self, who: Actor = SOFIA, version: int | None = None, note: str = "", **changes: object) -> Done:
        """Save a version of OWN-01."""
        return self.do(save, fields={**OWN, **changes}, who=who, version=version, note=note)

    def take(self, *numbers: str, units: int = 2) -> list[AssessmentRow]:
        """Import orders, and return how each was scored."""
        lines = [{"sku": "TEA", "title": "Tea", "quantity": units, "unit_price": f"{12 // units}.00"}]
        placed = (START - timedelta(hours=1)).isoformat()
        orders = json_lines(*(own_order(number, placed_at=placed, lines=lines) for number in numbers))
        with open_orders(written(self.folder, numbers[0], orders), READ) as file:
            import_orders(Performer(self.store, replace(SOFIA, name="ada", role=Role.ADMIN), self.clock), file)
        return rows(self.store, AssessmentRow)[-len(numbers) :]

    def rule(self, rule_id: str = "OWN-01") -> Rule | None:
        return rules_now(self.store, self.clock()).rules.find(rule_id)

    def states(self) -> list[str]:
        return [row.state for row in rows(self.store, RuleRow)]


@pytest.fixture
def shop(store: Store, tmp_path: Path) -> Shop:
    return Shop(with_files(store), tmp_path, StillClock(START))


def test_the_next_order_is_judged_by_a_saved_rule_and_old_scores_keep_their_book(shop: Shop) -> None:
    (before,) = shop.take("A1")
    assert (before.fired.split().count("OWN-01"), rows(shop.store, HoldRow)) == (0, [])

    done = shop.save(state="live", note="an attack is under way")
    (after,) = shop.take("A2")

    assert (done.version, after.action, "OWN-01" in after.fired.split()) == (1, "hold", True)
    assert [row.order_id for row in rows(shop.store, HoldRow)] == [after.order_id]
    assert rows(shop.store, AssessmentRow)[0].book == before.book != after.book


def test_a_rule_in_shadow_records_its_hits_and_adds_no_points(shop: Shop) -> None:
    (before,) = shop.take("A1")
    shop.save()
    (after,) = shop.take("A2")
    assert ("OWN-01" in after.fired.split(), after.action, after.score) == (True, before.action, before.score)

    shop.do(set_state, "OWN-01", state="off")
    assert "OWN-01" not in shop.take("A3")[0].fired.split()


def test_saving_says_how_often_it_would_have_fired_lately(shop: Shop) -> None:
    assert "No order has been scored yet" in shop.save().message
    shop.take("A1", "A2", units=1)
    shop.take("B1")
    done = shop.save(points=50)
    assert "would have fired on 1 of the last 3 orders." in done.message
    assert (done.details["fired"], done.details["of"], done.details["state"]) == (1, 3, "shadow")


def test_what_can_never_be_judged_or_never_applies_says_so(shop: Shop) -> None:
    shop.take("A1")
    unknown = shop.save(when="ip.km > 500")
    assert "could be judged for none of the last 1 orders: ip.km not known" in unknown.message
    assert "applies to none of the last 1 orders" in shop.save(applies_when="order.units > 500").message


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"when": "order.unit >= 2"}, "when", "Line 1, column 1: there is no 'order.unit'. Did you mean order.units?"),
        ({"when": "order.total > 500"}, "when", "Write an amount with its currency"),
        ({"group": "orders"}, "group", "there is no group 'orders'"),
        ({"customer_safe": "CS-RUDE"}, "customer_safe", "there is no phrase 'CS-RUDE'"),
        ({"agent": "{order.unit}"}, "agent", "Did you mean order.units?"),
        ({"points": "many"}, "points", "whole number"),
        ({"when": ""}, "when", "must be a text"),
        ({"id": "own 1"}, "id", "Write it like VEL-09"),
        ({"tests": ["order.units == 2 -> clear"]}, "tests", "Example 1 expects 'clear', but the rule fires"),
        (
            {"tests": ["order.units == 3 -> fires", "-> fires"]},
            "tests",
            "Example 2 expects 'fires', but the rule cannot",
        ),
        ({"tests": ["order.unit == 3 -> fires"]}, "tests", "Did you mean order.units?"),
        ({"tests": ["order.units == 3"]}, "tests", "end it with -> and one of: fires, clear"),
        ({"state": "live"}, "note", "Save it as shadow for 14 days"),
    ],
)
def test_a_rule_that_would_judge_wrongly_is_refused_at_its_field_and_nothing_is_kept(
    shop: Shop, changes: dict[str, object], field: str, said: str
) -> None:
    with pytest.raises(Invalid) as refused:
        shop.save(**changes)
    assert (refused.value.field, said in refused.value.message) == (field, True), refused.value.message
    assert rows(shop.store, RuleRow) == []


def test_examples_that_hold_are_saved_with_the_rule(shop: Shop) -> None:
    tests = [
        "order.units == 2 and order.total == 20.00 EUR -> fires",
        "order.units == 1 -> clear",
        "-> cannot be judged",
    ]
    assert "3 of 3 examples hold." in shop.save(tests=tests).message
    rule = shop.rule()
    assert rule is not None
    assert rule.tests == tuple(tests)
    with pytest.raises(Invalid, match="Example 2 expects 'clear', but the rule fires"):
        shop.do(save, fields={"id": "OWN-01", "when": "order.units >= 1"})


@pytest.mark.parametrize("role", [Role.AGENT, Role.FRAUD, Role.WAREHOUSE])
def test_rules_are_written_by_supervisors_and_admins_alone(shop: Shop, role: Role) -> None:
    somebody = Actor(None, "somebody", role, "test")
    with pytest.raises(Denied):
        shop.save(who=somebody)
    for operation, arguments in ((set_state, {"state": "off"}), (withdraw, {})):
        with pytest.raises(Denied):
            shop.do(operation, "ORD-01", who=somebody, **arguments)
    assert rows(shop.store, RuleRow) == []


def test_who_saves_second_is_told_what_the_first_one_changed(shop: Shop) -> None:
    shop.save()
    shop.save(version=1, points=40)
    with pytest.raises(Conflict) as lost:
        shop.save(version=1, points=60)
    assert (lost.value.who, lost.value.changes) == ("sofia", ("points: 40",))
    with pytest.raises(Conflict):
        shop.do(set_state, "OWN-01", state="off", version=1)
    with pytest.raises(Conflict):
        shop.do(withdraw, "OWN-01", version=0)
    with pytest.raises(Conflict, match="no version 3"):
        shop.do(set_state, "ORD-01", state="off", version=3)


def test_a_new_rule_never_takes_the_place_of_one_that_is_there(shop: Shop) -> None:
    with pytest.raises(Invalid, match="There is a rule ORD-01 already"):
        shop.do(save, fields={**OWN, "id": "ORD-01"}, is_new=True)


def test_a_changed_version_of_a_rule_that_counts_is_tried_beside_it(shop: Shop) -> None:
    """Nobody is unprotected while a new version is measured."""
    done = shop.do(save, fields={"id": "ORD-01", "points": 30, "state": "shadow"})
    assert "on trial beside the version that counts" in done.message
    standing, trial = shop.rule("ORD-01"), shop.rule("ORD-01~1")
    assert standing is not None
    assert trial is not None
    assert (standing.points, standing.state, trial.points, trial.state) == (3, RuleState.LIVE, 30, RuleState.SHADOW)

    (scored,) = shop.take("A1", units=1)
    assert {"ORD-01", "ORD-01~1"} <= set(scored.fired.split())
    assert scored.score < 30

    shop.clock.advance(days=14)
    shop.do(set_state, "ORD-01~1", state="live")
    counts = shop.rule("ORD-01")
    assert counts is not None
    assert (counts.points, shop.rule("ORD-01~1"), shop.states()) == (30, None, ["trial", "live"])


def test_without_trials_a_changed_version_would_leave_the_shop_open(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: kept as plain shadow, the version that counts is gone."""
    monkeypatch.setattr("opsdesk.operations.fraud.rules.kept_as", lambda rule, _: versions.Kept(rule.state.value))
    shop.do(save, fields={"id": "ORD-01", "points": 30, "state": "shadow"})
    standing = shop.rule("ORD-01")
    assert standing is not None
    assert standing.state is RuleState.SHADOW


def test_a_trial_ends_and_what_counted_goes_on(shop: Shop) -> None:
    shop.do(save, fields={"id": "ORD-01", "points": 4}, note="hurry")
    shop.do(save, fields={"id": "ORD-01", "points": 30, "state": "shadow"})
    done = shop.do(withdraw, "ORD-01~2")
    standing = shop.rule("ORD-01")
    assert standing is not None
    assert "stays as it is" in done.message
    assert (standing.points, shop.rule("ORD-01~2"), shop.states()) == (4, None, ["live", "trial", "live"])
    with pytest.raises(Refused, match="no rule ORD-01~2"):
        shop.do(withdraw, "ORD-01~2")


def test_a_rule_counts_after_its_trial_or_with_a_reason(shop: Shop) -> None:
    shop.save()
    with pytest.raises(Invalid) as early:
        shop.do(set_state, "OWN-01", state="live")
    assert early.value.field == "note"
    shop.clock.advance(days=13)
    with pytest.raises(Invalid, match="on trial until 08 Dec 2026"):
        shop.do(set_state, "OWN-01", state="live")
    shop.clock.advance(days=1)
    shop.do(set_state, "OWN-01", state="live")
    # What counted once may be switched off and on again without waiting.
    shop.do(set_state, "OWN-01", state="off")
    shop.do(set_state, "OWN-01", state="live")
    assert shop.states() == ["shadow", "live", "off", "live"]


def test_other_words_need_no_new_trial_and_other_points_do(shop: Shop) -> None:
    shop.do(save, fields={"id": "ORD-01", "agent": "first order ever"})
    assert shop.states() == ["live"]
    with pytest.raises(Invalid, match="without a trial"):
        shop.do(save, fields={"id": "ORD-01", "points": 9})
    with pytest.raises(Refused, match="reads like this already"):
        shop.do(save, fields={"id": "ORD-01", "agent": "first order ever"})


def test_withdrawing_goes_back_to_the_shipped_rule_and_keeps_every_version(shop: Shop) -> None:
    shipped = shop.rule("ORD-01")
    shop.do(save, fields={"id": "ORD-01", "points": 9}, note="hurry")
    done = shop.do(withdraw, "ORD-01")
    assert ("the shipped version counts again" in done.message, shop.rule("ORD-01")) == (True, shipped)
    with pytest.raises(Refused, match="is the shipped version already"):
        shop.do(withdraw, "ORD-01")

    shop.save()
    shop.do(withdraw, "OWN-01")
    assert (shop.rule(), len(rows(shop.store, RuleRow))) == (None, 4)
    with pytest.raises(Refused, match="no rule OWN-01"):
        shop.do(set_state, "OWN-01", state="live")
    with pytest.raises(Conflict, match="sofia withdrew OWN-01 meanwhile"):
        shop.save(version=1)
    # The number goes on, so that two versions are never called the same.
    assert shop.do(save, fields=OWN, is_new=True).version == 3


def test_each_step_is_in_the_history_with_who_and_why(shop: Shop) -> None:
    shop.save(note="gift cards are bought with stolen cards")
    shop.do(set_state, "OWN-01", state="off")
    told = [row for row in rows(shop.store, ActivityRow) if row.subject_kind == "rule"]
    assert [row.action for row in told] == ["rule.saved", "rule.saved"]
    assert "gift cards are bought" in told[0].summary
    assert (told[0].actor, json.loads(told[1].before)["state"], json.loads(told[1].after)["state"]) == (
        "sofia", "shadow", "off",
    )  # fmt: skip


def test_a_version_that_cannot_be_read_any_more_keeps_no_order_out(shop: Shop) -> None:
    shop.save()
    with Session(shop.store.writer) as session, session.begin():
        row = session.get_one(RuleRow, rows(shop.store, RuleRow)[0].id)
        row.definition = row.definition.replace("order.units >= 2", "order.sku in a_list_that_is_gone")
    (scored,) = shop.take("A1")
    assert ("OWN-01" in scored.fired.split(), shop.rule()) == (False, None)
    assert "judges no more" in shop.do(withdraw, "OWN-01").message


def test_the_list_asks_as_much_of_the_store_for_many_rules_as_for_one(shop: Shop) -> None:
    shop.take("A1", "A2")
    asked: list[str] = []
    event.listen(shop.store.reader, "before_cursor_execute", lambda *told: asked.append(told[2]))

    def read() -> tuple[int, int]:
        asked.clear()
        with shop.store.reading() as session:
            lines = rule_sheet(session, shop.store.fraud, now=shop.clock()).lines
        return len(lines), len(asked)

    few, statements = read()
    for number in range(1, 6):
        shop.save(id=f"OWN-{number:02d}", when="order.units >= 1")
    shop.take("A3")
    assert read() == (few + 5, statements)
