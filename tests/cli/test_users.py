"""People from the command line: secrets come from a prompt or standard input, and are never printed."""

from __future__ import annotations

import getpass
import io
import sys

import pytest
import typer

from opsdesk.cli.families import whole
from opsdesk.domain.people.actors import Role
from opsdesk.store.engine import open_store
from tests.cli.kit import Run, runner
from tests.operations.people import PASSWORD, PIN, add_person

LOGIN = "ann"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> Run:
    """Run commands as the login of a system on which nobody has used OpsDesk yet."""
    monkeypatch.setattr("opsdesk.cli.acting.os_login", lambda: LOGIN)
    return runner(capsys, monkeypatch, sqlite_url)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch):
    def type_in(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    return type_in


def test_a_new_shop_belongs_to_whoever_runs_the_first_command(run: Run, typed):
    assert run("user", "add", "mia", "--role", "agent", "--full-name", "Mia Sommer").code == 0
    typed(f"{PASSWORD}\n")
    assert run("user", "password", "mia", "--stdin").out == "mia has a new password.\n"
    people = {person["name"]: person for person in run("user", "list", "--json").json}
    assert people["ann"]["role"] == "admin"
    assert (people["mia"]["full_name"], people["mia"]["has_password"], people["mia"]["has_pin"]) == (
        "Mia Sommer",
        True,
        False,
    )


def test_acting_as_somebody_else_asks_for_their_password(run: Run, typed, monkeypatch: pytest.MonkeyPatch):
    run("user", "add", "mia", "--role", "agent")
    typed(f"{PASSWORD}\n")
    run("user", "password", "mia", "--stdin")

    assert run("user", "pin", "--stdin", "--as", "mia").code == 1
    monkeypatch.setenv("OPSDESK_PASSWORD", "a wrong one entirely")
    refused = run("user", "pin", "--stdin", "--as", "mia")
    assert refused.code == 1 and "is not right" in refused.err
    monkeypatch.setenv("OPSDESK_PASSWORD", PASSWORD)
    typed(f"{PIN}\n")
    done = run("user", "pin", "--stdin", "--as", "mia", "--json")
    assert done.code == 0 and done.json["name"] == "mia"


def test_what_is_typed_at_the_prompt_is_asked_twice(run: Run, monkeypatch: pytest.MonkeyPatch):
    answers = iter([PASSWORD, PASSWORD[:-1], PASSWORD, PASSWORD])
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: next(answers))
    monkeypatch.setattr(sys, "stdin", type("Terminal", (io.StringIO,), {"isatty": lambda _self: True})())
    wrong = run("user", "password")
    assert wrong.code == 1 and "not the same" in wrong.err
    assert run("user", "password").code == 0


@pytest.mark.parametrize("secret", ["short", "123456", "aaaaaaaaaaaaaaaa", ""])
def test_a_secret_that_is_refused_is_not_printed(run: Run, typed, secret: str):
    typed(f"{secret}\n")
    ran = run("user", "password", "--stdin")
    assert ran.code == 1
    assert not secret or secret not in ran.out + ran.err


def test_without_a_terminal_and_without_stdin_nobody_is_asked(run: Run, typed):
    typed("")
    ran = run("user", "password")
    assert ran.code == 1 and "--stdin" in ran.err


def test_no_command_takes_a_secret_as_an_argument():
    """An argument stands in the process list and in the shell's history."""
    words = ("password", "pin", "secret", "token")
    family = typer.main.get_command(whole()).commands["user"]
    names = [parameter.name for command in family.commands.values() for parameter in command.params]
    assert not [name for name in names if any(word in name for word in words)]


def test_a_locked_name_is_listed_and_unlocked(run: Run, sqlite_url: str, typed, monkeypatch: pytest.MonkeyPatch):
    run("user", "add", "sofia", "--role", "supervisor")
    store = open_store(sqlite_url)
    add_person(store, "mia", Role.AGENT)
    store.close()
    monkeypatch.setenv("OPSDESK_PASSWORD", "a wrong one entirely")
    for _ in range(10):
        run("user", "pin", "--stdin", "--as", "mia")
    assert "locked" in run("user", "list").out
    assert run("user", "unlock", "mia").code == 0
    assert "locked" not in run("user", "list").out


def test_nobody_of_that_name_says_where_to_look(run: Run):
    ran = run("user", "role", "nobody-here", "agent")
    assert ran.code == 1 and "opsdesk user list" in ran.err
