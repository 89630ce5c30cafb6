"""`opsdesk demo` builds once, says what is there, and never touches a shop that is not its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from opsdesk.cli.families import whole
from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.operations.people.users import add
from opsdesk.store.engine import open_store
from opsdesk.store.work import Performer


def run(*arguments: str) -> Result:
    return CliRunner().invoke(whole(), ["demo", "--build-only", *arguments])


def test_it_is_built_once_and_found_the_next_time(tmp_path: Path) -> None:
    file = tmp_path / "demo.db"
    url = f"sqlite:///{file}"
    first = run("--orders", "200", "--store", url)
    assert first.exit_code == 0, first.output
    built = file.stat().st_mtime_ns

    again = run("--store", url)

    assert again.exit_code == 0
    assert file.stat().st_mtime_ns == built
    assert [path.name for path in tmp_path.iterdir()] == ["demo.db"]


def test_another_size_is_refused_until_it_may_be_built_anew(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'demo.db'}"
    run("--orders", "200", "--store", url)

    refused = run("--orders", "300", "--store", url)
    assert isinstance(refused.exception, Refused)
    assert "200 orders" in refused.exception.message

    assert run("--orders", "300", "--anew", "--store", url).exit_code == 0
    assert run("--orders", "300", "--store", url).exit_code == 0


@pytest.mark.parametrize("anew", [[], ["--anew"]])
def test_a_real_shop_is_never_touched(store_url: str, admin: Actor, anew: list[str]) -> None:
    opened = open_store(store_url)
    Performer(opened, admin).perform(add, "otto", full_name="Otto", role=Role.AGENT.value)

    refused = run("--orders", "200", "--store", store_url, *anew)

    assert isinstance(refused.exception, Refused)
    assert "not the demo" in refused.exception.message
    opened.close()


def test_an_empty_store_takes_the_demo(store_url: str) -> None:
    assert run("--orders", "200", "--store", store_url).exit_code == 0
    assert run("--orders", "250", "--anew", "--store", store_url).exit_code == 0


def test_it_is_not_replaced_while_somebody_has_it_open(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'demo.db'}"
    run("--orders", "200", "--store", url)
    opened = open_store(url)
    with opened.reading() as session:
        session.connection()
        refused = run("--orders", "300", "--anew", "--store", url)
    opened.close()

    assert isinstance(refused.exception, Refused)
    assert "open somewhere" in refused.exception.message


@pytest.mark.parametrize("orders", ["10", "1000001"])
def test_a_size_that_shows_nothing_or_never_ends_is_refused(tmp_path: Path, orders: str) -> None:
    refused = run("--orders", orders, "--store", f"sqlite:///{tmp_path / 'demo.db'}")

    assert isinstance(refused.exception, Invalid)
    assert list(tmp_path.iterdir()) == []
