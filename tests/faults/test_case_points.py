"""A case that is taken and decided fails at each step in turn: all of it is there afterwards, or nothing is (D5)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
EVERY = 1 if os.environ.get("OPSDESK_SOAK") else 17


def fail_each(url: str, folder: Path, every: int, *how: str) -> dict[str, Any]:
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.case_points", url, str(folder), str(every), *how],
        cwd=ROOT, capture_output=True, text=True, timeout=3_600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_wherever_it_fails_a_case_is_decided_as_a_whole_and_the_customer_told_once(
    store_url: str, tmp_path: Path
) -> None:
    answer = fail_each(store_url, tmp_path / "witnesses", EVERY)
    assert answer["wrong"] == []
    assert answer["failed"] >= 2 * (answer["steps"] // EVERY) - 1


def test_a_desk_that_decides_and_cancels_one_after_the_other_gets_caught(sqlite_url: str, tmp_path: Path) -> None:
    """The control: the case is decided in one transaction, and its order cancelled in another."""
    wrong = fail_each(sqlite_url, tmp_path / "witnesses", 31, "halves")["wrong"]
    assert any("the decision was there as a whole" in problem for problem in wrong)
