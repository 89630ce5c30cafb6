"""Four clerks are killed at any moment: what was acknowledged is there, and nothing is there by half."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from opsdesk.store.engine import open_store
from tests.faults.clerks import found_wrong, read_journals

ROOT = Path(__file__).parents[2]
SOAK = bool(os.environ.get("OPSDESK_SOAK"))


def kill(url: str, folder: Path, rounds: int, *how: str, seed: int = 5) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.kill_rounds", url, str(folder), str(seed), str(rounds), *how],
        cwd=ROOT, capture_output=True, text=True, timeout=3_600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize(("kind", "rounds"), [("sqlite", 2_000 if SOAK else 100), ("postgres", 500 if SOAK else 25)])
def test_nothing_acknowledged_is_lost_and_nothing_is_there_by_half(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, rounds: int
) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    answer = kill(url, tmp_path / "journals", rounds)
    assert answer["wrong"] == []
    assert answer["died"] == 0, "a clerk ended before it was killed"
    assert answer["counts"]["done"] > rounds
    store = open_store(url)
    assert found_wrong(store, read_journals(tmp_path / "journals")) == []
    store.close()


def test_a_program_that_says_done_before_it_is_gets_caught(sqlite_url: str, tmp_path: Path) -> None:
    """The control: the acknowledgement goes out before the commit."""
    wrong = kill(sqlite_url, tmp_path / "journals", 40, "hasty")["wrong"]
    assert any("acknowledged and is lost" in problem for problem in wrong)


def test_a_program_that_saves_in_two_transactions_gets_caught(sqlite_url: str, tmp_path: Path) -> None:
    """The control: a note and its line of history are saved one after the other."""
    wrong = kill(sqlite_url, tmp_path / "journals", 60, "halves")["wrong"]
    assert any("not there together" in problem for problem in wrong)
