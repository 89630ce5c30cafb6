"""Whoever changes a rule takes it back with one key: the rule is as it was before, and every version is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsdesk.domain.errors import Conflict, Refused
from opsdesk.domain.fraud.rules import Rule
from opsdesk.operations.fraud.backtests import rules_now
from opsdesk.operations.fraud.rules import restore, save, set_state, withdraw
from opsdesk.operations.undo import undo
from opsdesk.store.engine import Store
from opsdesk.store.tables import RuleRow
from opsdesk.store.verify.running import verify_store
from opsdesk.store.work import Done
from tests.conftest import START, StillClock
from tests.operations.fraud_kit import with_files
from tests.operations.orders_kit import rows
from tests.operations.test_fraud_rules import OWN, Shop

SHIPPED = {"id": "ORD-01"}


@pytest.fixture
def shop(store: Store, tmp_path: Path) -> Shop:
    return Shop(with_files(store), tmp_path, StillClock(START))


def standing(shop: Shop) -> list[tuple[str, Rule]]:
    """Return the two rules with what is on trial beside them, a trial by the name of its rule."""
    found = rules_now(shop.store, START).rules.rules
    mine = [rule for rule in found if rule.id.startswith(("OWN-01", "ORD-01"))]
    return sorted((rule.id.partition("~")[0] + ("~" if "~" in rule.id else ""), rule) for rule in mine)


def as_words(rules: list[tuple[str, Rule]]) -> list[tuple[str, str, str, int]]:
    # A trial is named after its revision, which goes on; what it judges is the same.
    return [(name, rule.state.value, "" if "~" in name else rule.version, rule.points) for name, rule in rules]


def prepare(shop: Shop, before: str) -> None:
    if before != "shipped":
        shop.save(state="live", note="hurry")
        shop.do(save, fields=SHIPPED | {"points": 9}, note="hurry")
    if before == "on trial":
        shop.do(save, fields=SHIPPED | {"points": 30, "state": "shadow"})
        shop.save(points=50, state="shadow")
    if before == "withdrawn":
        shop.do(withdraw, "ORD-01")
        shop.do(withdraw, "OWN-01")


def change(shop: Shop, how: str) -> Done:
    match how:
        case "saved":
            return shop.do(save, fields=SHIPPED | {"points": 12}, note="hurry")
        case "new":
            return shop.do(save, fields=OWN | {"points": 77}, note="hurry")
        case "tried":
            return shop.do(save, fields=SHIPPED | {"points": 40, "state": "shadow"})
        case "off":
            return shop.do(set_state, "ORD-01", state="off")
        case _:
            rule_id = next(rule.id for _, rule in reversed(standing(shop)) if rule.id.startswith("ORD-01"))
            return shop.do(withdraw, rule_id)


@pytest.mark.parametrize("how", ["saved", "new", "tried", "off", "withdrawn"])
@pytest.mark.parametrize("before", ["shipped", "own", "on trial", "withdrawn"])
def test_taken_back_a_rule_judges_as_before_with_the_trial_beside_it(shop: Shop, before: str, how: str) -> None:
    prepare(shop, before)
    was, kept = as_words(standing(shop)), [row.id for row in rows(shop.store, RuleRow)]
    try:
        done = change(shop, how)
    except Refused:
        assert (before, how) in (("shipped", "withdrawn"), ("withdrawn", "withdrawn"))
        return
    assert as_words(standing(shop)) != was
    told = shop.do(undo, done.command_id)
    assert as_words(standing(shop)) == was
    assert "as it was before version" in told.message
    assert [row.id for row in rows(shop.store, RuleRow)][: len(kept)] == kept
    with pytest.raises(Refused, match="taken back already"):
        shop.do(undo, done.command_id)
    report = verify_store(shop.store, now=START, with_seals=False)
    assert [one.sentence for one in report.violations if one.subject == "rule"] == []


def test_what_somebody_saved_since_is_not_overwritten_by_taking_back(shop: Shop) -> None:
    done = shop.do(save, fields=SHIPPED | {"points": 12}, note="hurry")
    shop.do(set_state, "ORD-01", state="off")
    with pytest.raises(Conflict, match="saved version 2"):
        shop.do(undo, done.command_id)
    assert [row.state for row in rows(shop.store, RuleRow)] == ["live", "off"]


def test_there_is_no_way_to_a_version_that_never_was(shop: Shop) -> None:
    shop.save()
    with pytest.raises(Refused, match="has no version 1 before this one"):
        shop.do(restore, "OWN-01", revision=1, version=1)
