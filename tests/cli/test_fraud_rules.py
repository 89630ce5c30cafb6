"""One rule from the command line: shown as a text that can be saved again, saved with the same guards, asked about an order."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsdesk.domain.people.actors import Role
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import RuleRow
from tests.cli.kit import Run, runner
from tests.operations.orders_kit import rows
from tests.operations.people import add_person
from tests.shop_orders import write_order

RULE = """
id = "OWN-01"
name = "several units"
when = "order.units >= 2"
points = 20
group = "order"
agent = "{order.units} units"
tests = ["order.units == 1 -> clear"]
"""


@pytest.fixture
def shop(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    store = open_store(sqlite_url)
    for name, role in (("sofia", Role.SUPERVISOR), ("farid", Role.FRAUD)):
        add_person(store, name, role, os_login=name, secrets=False)
    monkeypatch.setattr("opsdesk.cli.acting.os_login", lambda: "sofia")
    return store


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, shop: Store) -> Run:
    return runner(capsys, monkeypatch, shop.url)


def saved(folder: Path, text: str) -> str:
    (folder / "rule.toml").write_text(text, encoding="utf-8")
    return str(folder / "rule.toml")


def test_a_rule_is_saved_shown_as_text_and_that_text_says_the_same(shop: Store, run: Run, tmp_path: Path) -> None:
    done = run("fraud", "rule", "save", saved(tmp_path, RULE), "--json").json
    assert (done["rule"], done["revision"], done["state"], done["of"]) == ("OWN-01", 1, "shadow", 0)

    text = run("fraud", "rule", "show", "OWN-01", "--toml").out
    again = run("fraud", "rule", "save", saved(tmp_path, text))
    assert (again.code, "reads like this already" in again.err) == (1, True)
    changed = run("fraud", "rule", "save", saved(tmp_path, text.replace("points = 20", "points = 25")))
    assert "version 2" in changed.out


def test_a_file_may_hold_no_more_than_what_changes(shop: Store, run: Run, tmp_path: Path) -> None:
    ran = run("fraud", "rule", "save", saved(tmp_path, 'id = "ORD-01"\npoints = 7\n'))
    assert (ran.code, "Save it as shadow" in ran.err) == (1, True)
    assert (
        "on trial" in run("fraud", "rule", "save", saved(tmp_path, 'id = "ORD-01"\npoints = 7\nstate = "shadow"\n')).out
    )
    trial = run("fraud", "rule", "show", "ORD-01~1", "--json").json
    assert (trial["key"], trial["id"], trial["points"]) == ("ORD-01~1", "ORD-01", 7)
    assert "version 2" in run("fraud", "rule", "state", "ORD-01~1", "live", "--note", "an attack").out
    shown = run("fraud", "rule", "show", "ORD-01", "--json").json
    assert (shown["points"], shown["is_own"], [each["state"] for each in shown["versions"]]) == (
        7,
        True,
        ["live", "trial"],
    )
    assert "version 2, live" in run("fraud", "rule", "show", "ORD-01").out
    assert "shipped version counts again" in run("fraud", "rule", "withdraw", "ORD-01").out


def test_a_rehearsal_saves_nothing_and_a_seen_version_must_be_the_newest(shop: Store, run: Run, tmp_path: Path) -> None:
    file = saved(tmp_path, RULE)
    assert "Nothing was saved" in run("fraud", "rule", "save", file, "--dry-run").out
    assert rows(shop, RuleRow) == []
    run("fraud", "rule", "save", file)
    ran = run("fraud", "rule", "state", "OWN-01", "off", "--version", "0")
    assert (ran.code, "sofia saved version 1" in ran.err) == (1, True)


def test_a_rule_is_asked_about_one_order_and_the_facts_are_shown(shop: Store, run: Run, tmp_path: Path) -> None:
    write_order(shop)
    run("fraud", "rule", "save", saved(tmp_path, RULE))
    told = run("fraud", "rule", "show", "OWN-01", "--order", "4458", "--json").json["order"]
    assert (told["number"], told["answer"], set(told["asked"])) == ("104458", "fires", {"order.units"})
    assert "order.units = " in run("fraud", "rule", "show", "OWN-01", "--order", "4458").out
    assert "cannot be judged" in run("fraud", "rule", "show", "IPD-03", "--order", "104458").out
    assert run("fraud", "rule", "show", "OWN-01", "--order", "999").code == 1
    assert run("fraud", "rule", "show", "NO-1").code == 1


def test_who_may_not_write_rules_is_turned_away(
    shop: Store, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsdesk.cli.acting.os_login", lambda: "farid")
    ran = run("fraud", "rule", "save", saved(tmp_path, RULE))
    assert (ran.code, "may not do this (rule.save)" in ran.err, rows(shop, RuleRow)) == (1, True, [])
