"""Looking after a store from the command line: migrate, audit, backup, restore, and what they end with."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from opsdesk.domain.people.actors import Actor
from opsdesk.operations.orders.notes import note
from opsdesk.store.engine import open_store
from opsdesk.store.work import Performer
from tests.cli.kit import Run, runner
from tests.shop_orders import write_arrival, write_order


@pytest.fixture
def run(capsys, monkeypatch, store_url: str) -> Run:
    return runner(capsys, monkeypatch, store_url)


@pytest.fixture
def shop(store_url: str, actor: Actor) -> str:
    """Fill the store with an order and a note on it."""
    store = open_store(store_url)
    order_id = write_order(store)
    write_arrival(store, order_id)
    Performer(store, actor).perform(note, order_id, text="Ring twice")
    store.close()
    return store_url


def tamper(url: str, change: str) -> None:
    store = open_store(url)
    with store.writer.begin() as connection:
        if store.is_sqlite:
            connection.execute(text("DROP TRIGGER activity_no_update"))
            connection.execute(text("DROP TRIGGER activity_no_delete"))
        else:
            connection.execute(text("ALTER TABLE activity DISABLE TRIGGER activity_append_only"))
        connection.execute(text(change))
    store.close()


def test_an_untouched_history_is_said_to_be_so(run: Run, shop: str) -> None:
    assert run("audit", "verify").code == 0
    answer = run("audit", "verify", "--json").json
    assert (answer["intact"], answer["rows"], answer["problems"]) == (True, 2, [])
    assert answer["head"] == answer["noted"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("UPDATE activity SET actor = 'tom' WHERE id = 2", "Row 2 was changed"),
        ("DELETE FROM activity WHERE id = 1", "Row 1 was removed"),
        ("DELETE FROM activity WHERE id = 2", "row 2 was cut off"),
    ],
)
def test_a_tampered_history_ends_with_one_and_says_where(run: Run, shop: str, change: str, sentence: str) -> None:
    tamper(shop, change)
    said = run("audit", "verify")
    assert said.code == 1 and sentence in said.err
    answer = run("audit", "verify", "--json")
    assert (answer.code, answer.json["intact"], answer.json["problem_count"]) == (1, False, 1)


def test_the_history_is_shown_by_page_and_by_order(run: Run, shop: str) -> None:
    assert [line["action"] for line in run("audit", "show", "--json").json] == ["order.imported", "order.noted"]
    assert [line["id"] for line in run("audit", "show", "--after", "1", "--json").json] == [2]
    assert [line["id"] for line in run("audit", "show", "--limit", "1", "--json").json] == [2]
    assert len(run("audit", "show", "--order", "104458", "--json").json) == 2
    assert run("audit", "show", "--order", "999", "--json").json == []
    assert "Ring twice" in run("audit", "show").out


def test_a_backup_is_called_good_and_comes_back_elsewhere(run: Run, shop: str, tmp_path: Path) -> None:
    made = run("backup", str(tmp_path / "today.zip"))
    assert made.code == 0 and "is good" in made.out and "1 order and 2 rows" in made.out
    again = run("backup", str(tmp_path / "today.zip"))
    assert again.code == 1 and "exists already" in again.err
    elsewhere = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    back = run("restore", str(tmp_path / "today.zip"), "--store", elsewhere, "--json")
    assert (back.code, back.json["rows"]["note"], back.json["lost_history_rows"]) == (0, 1, 0)
    assert run("audit", "verify", "--store", elsewhere).code == 0
    assert run("restore", str(tmp_path / "today.zip"), "--store", elsewhere).code == 1


def test_a_backup_that_is_not_right_ends_with_one(run: Run, shop: str, tmp_path: Path) -> None:
    tamper(shop, "UPDATE activity SET actor = 'tom'")
    made = run("backup", str(tmp_path / "today.zip"), "--json")
    assert (made.code, made.json["good"]) == (1, False) and made.json["problems"]
    elsewhere = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    refused = run("restore", str(tmp_path / "today.zip"), "--store", elsewhere)
    assert refused.code == 1 and "--anyway" in refused.err
    assert run("restore", str(tmp_path / "today.zip"), "--store", elsewhere, "--anyway").code == 0


def test_the_first_migration_makes_the_store_and_its_admin(run: Run, tmp_path: Path) -> None:
    fresh = f"sqlite:///{tmp_path / 'deep' / 'fresh.db'}"
    made = run("migrate", "--store", fresh, "--json").json
    assert made["before"] is None and made["first_admin"]
    assert (tmp_path / "deep" / "fresh.db").stat().st_mode & 0o777 == 0o600
    again = run("migrate", "--store", fresh, "--json").json
    assert (again["before"], again["first_admin"]) == (made["after"], None)
    (person,) = run("user", "list", "--store", fresh, "--json").json
    assert (person["name"], person["role"]) == (made["first_admin"], "admin")


@pytest.mark.parametrize("command", [("audit", "verify"), ("audit", "show"), ("backup", "x.zip")])
def test_where_no_store_is_it_is_said_and_none_is_made(run: Run, tmp_path: Path, monkeypatch, command) -> None:
    monkeypatch.chdir(tmp_path)
    said = run(*command, "--store", f"sqlite:///{tmp_path / 'none.db'}")
    assert said.code == 1 and "opsdesk migrate" in said.err
    assert not (tmp_path / "none.db").exists()
