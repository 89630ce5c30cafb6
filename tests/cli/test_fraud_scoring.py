"""Scores and back-tests from the command line: nothing is written, JSON is what programs read, Ctrl-C ends cleanly."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from opsdesk.cli import fraud as commands
from opsdesk.store.engine import Store
from opsdesk.store.tables import AssessmentRow, OrderRow
from tests.cli.kit import Run, runner
from tests.integrations.files.samples import json_lines, own_order, written
from tests.operations.orders_kit import rows
from tests.shop_orders import write_order

RULE = """
id = "TRY-01"
name = "everything"
when = "order.units >= 1"
points = 70
group = "order"
agent = "bought something"
since = 2026-11-01
author = "amy"
kind = "hard_hold"
"""


@pytest.fixture
def shop(store: Store) -> Store:
    return store


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store: Store) -> Run:
    return runner(capsys, monkeypatch, store.url)


def test_a_file_is_scored_line_by_line_and_not_imported(shop: Store, run: Run, tmp_path: Path) -> None:
    file = written(tmp_path, "new", json_lines(own_order("1"), own_order("2")))

    ran = run("fraud", "score", str(file), "--json")

    told = [json.loads(line) for line in ran.out.splitlines()]
    assert (ran.code, [score["action"] for score in told]) == (0, ["release", "release"])
    assert {"total", "band", "coverage", "raises", "lowers", "not_checked", "number"} <= set(told[0])
    assert (rows(shop, OrderRow), rows(shop, AssessmentRow)) == ([], [])


def test_a_rule_is_tried_from_its_file_or_by_its_id(shop: Store, run: Run, tmp_path: Path) -> None:
    write_order(shop)
    (tmp_path / "rule.toml").write_text(RULE)

    ran = run("fraud", "backtest", str(tmp_path / "rule.toml"), "--json")
    report = json.loads(ran.out)
    assert (ran.code, report["rule"], report["is_complete"], report["changed"]) == (0, "TRY-01", True, ["TRY-01"])
    assert (report["whole"]["orders"], report["whole"]["newly_held"]["orders"], report["whole"]["minutes"]) == (1, 1, 5)
    assert run("fraud", "backtest", "ORD-01", "--json").code == 0
    assert "last fifth" in run("fraud", "backtest", "ORD-01").out
    assert run("fraud", "backtest", "NO-SUCH").code != 0


def test_why_and_rules_say_what_counts(shop: Store, run: Run) -> None:
    write_order(shop)

    why = json.loads(run("fraud", "why", "104458", "--json").out)
    assert (why["stored"], why["now"]["raises"][0]["rule_id"]) == (None, "ORD-01")
    assert "ORD-01" in run("fraud", "why", "104458").out
    assert "VEL-05" in {rule["id"] for rule in json.loads(run("fraud", "rules", "--json").out)}


def test_ctrl_c_ends_after_the_orders_at_hand_and_a_second_one_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    with commands.stoppable() as is_wanted:
        assert is_wanted()
        signal.raise_signal(signal.SIGINT)
        assert not is_wanted()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
