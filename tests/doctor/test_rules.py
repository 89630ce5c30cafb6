"""The doctor names each rule that cannot be asked any more, what that means, and scores that other rules gave."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import Session

from opsdesk.doctor.findings import Finding, Level
from opsdesk.doctor.rules import rules
from opsdesk.operations.fraud.rules import save, withdraw
from opsdesk.settings import Settings, load_settings
from opsdesk.store.engine import Store
from opsdesk.store.tables import AssessmentRow, RuleRow
from opsdesk.store.work import Performer
from tests.conftest import START, StillClock
from tests.operations.fraud_kit import BOOK, SOFIA, with_files
from tests.operations.orders_kit import rows
from tests.operations.test_fraud_rules import OWN
from tests.shop_orders import write_order


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("OPSDESK_STATE", str(tmp_path / "state"))
    return replace(load_settings(), template_folder=tmp_path / "own")


@pytest.fixture
def sofia(store: Store) -> Performer:
    return Performer(with_files(store), SOFIA, StillClock(START))


def look(store: Store, settings: Settings) -> list[Finding]:
    return list(rules(store, settings, now=START))


def break_one(store: Store) -> None:
    """Let a rule name a list that has gone since."""
    with Session(store.writer) as session, session.begin():
        row = session.get_one(RuleRow, rows(store, RuleRow)[-1].id)
        row.definition = row.definition.replace("order.units >= 2", "order.sku in a_list_that_is_gone")


def test_rules_that_can_be_asked_are_well_and_counted(store: Store, settings: Settings, sofia: Performer) -> None:
    sofia.perform(save, fields=OWN)
    (finding,) = look(store, settings)
    assert (finding.level, finding.check) == (Level.WELL, "rules")
    assert finding.sentence == f"All {len(BOOK().rules.rules)} shipped rules and 1 of the shop's can be asked."


def test_a_rule_that_counts_and_cannot_be_asked_must_be_mended(
    store: Store, settings: Settings, sofia: Performer
) -> None:
    sofia.perform(save, fields={**OWN, "state": "live"}, note="an attack")
    break_one(store)
    (finding,) = look(store, settings)
    assert finding.level is Level.MEND
    assert "OWN-01 by sofia judges no order any more" in finding.sentence
    assert "opsdesk fraud rule withdraw OWN-01" in finding.remedy
    sofia.perform(withdraw, "OWN-01")
    assert [finding.level for finding in look(store, settings)] == [Level.WELL]


def test_one_that_judges_in_silence_or_is_on_trial_is_only_named(
    store: Store, settings: Settings, sofia: Performer
) -> None:
    sofia.perform(save, fields=OWN)
    break_one(store)
    sofia.perform(save, fields={"id": "ORD-01", "when": "order.units >= 2", "points": 9, "state": "shadow"})
    break_one(store)
    shadow, trial = sorted(look(store, settings), key=lambda finding: finding.sentence, reverse=True)
    assert {shadow.level, trial.level} == {Level.WATCH}
    assert "OWN-01 by sofia is shadow and cannot be asked" in shadow.sentence
    assert "ORD-01~1 by sofia is on trial and cannot be measured" in trial.sentence


def test_a_file_of_the_shop_that_cannot_be_read_must_be_mended(store: Store, settings: Settings) -> None:
    folder = settings.template_folder / "fraud"
    folder.mkdir(parents=True)
    (folder / "rules.toml").write_text('[[rule]]\nid = "X-1"\nwhen = "order.nonsense > 1"\n')
    (finding,) = look(store, settings)
    assert finding.level is Level.MEND
    assert "No order can be scored" in finding.sentence
    assert str(folder) in finding.remedy


def test_scores_of_another_release_are_named_and_those_of_earlier_versions_are_not(
    store: Store, settings: Settings, sofia: Performer
) -> None:
    order_id, before = write_order(store), BOOK().rules.version
    sofia.perform(save, fields={**OWN, "state": "live"}, note="an attack")
    with Session(store.writer) as session, session.begin():
        for book in (before, "0ther5c0re", "0ther5c0re"):
            session.add(
                AssessmentRow(
                    order_id=order_id, scored_at=START, cause="again", score=1, band="low", action="release",
                    coverage=9, book=book,
                )
            )  # fmt: skip
    (finding, _) = look(store, settings)
    assert (finding.check, finding.level) == ("scores", Level.WATCH)
    assert finding.sentence == "Of the 3 newest scores, 2 were given by rules of another release."
