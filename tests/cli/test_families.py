"""The command line of one run holds one family, and answers as the whole one does."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from opsdesk.cli.families import part, whole

NAMES = sorted(typer.main.get_command(whole()).commands)  # type: ignore[attr-defined]  it is a group


def answer(app: typer.Typer, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.output


def test_the_list_of_commands_is_the_same() -> None:
    assert answer(part(["--help"]), "--help") == answer(whole(), "--help")
    assert answer(part(["nonsense"]), "nonsense") == answer(whole(), "nonsense")


@pytest.mark.parametrize("name", NAMES)
def test_each_command_and_family_answers_the_same(name: str) -> None:
    words = [name, "--help"]
    assert answer(part(words), *words) == answer(whole(), *words)
    assert name in answer(whole(), *words)[1]


@pytest.mark.parametrize("name", NAMES)
def test_what_the_list_says_is_how_the_command_explains_itself(name: str) -> None:
    """The list is written apart from the commands, so that it can be printed without them; it must not part from them."""
    told = typer.main.get_command(whole()).commands[name].short_help  # type: ignore[attr-defined]
    explained = " ".join(answer(whole(), name, "--help")[1].split())
    begins = told.rstrip(".").split(";")[0].split(" to this")[0]
    assert begins in explained


def test_the_list_of_commands_imports_none_of_them() -> None:
    asked = "import sys; from opsdesk.cli.families import part; part(['--help']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    assert "opsdesk.cli.families" in loaded
    assert not {"opsdesk.cli.orders", "opsdesk.cli.imports", "opsdesk.cli.users", "sqlalchemy", "textual"} & set(loaded)
