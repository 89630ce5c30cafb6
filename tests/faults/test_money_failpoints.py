"""A change of a paid order fails at each step in turn: afterwards it is made once, and paid or given back once (D5)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EVERY = 1 if os.environ.get("OPSDESK_SOAK") else 37


def fail_each(url: str, folder: Path, kind: str, every: int, *how: str) -> dict[str, Any]:
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.amendment_points", url, str(folder), kind, str(every), *how],
        cwd=ROOT, capture_output=True, text=True, timeout=3_600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("kind", ["dearer", "cheaper"])
def test_wherever_a_change_fails_it_is_made_once(store_url: str, tmp_path: Path, kind: str) -> None:
    answer = fail_each(store_url, tmp_path / "gateways", kind, EVERY)
    assert answer["wrong"] == []
    assert answer["failed"] >= 2 * (answer["steps"] // EVERY) - 1


def test_a_worker_that_makes_a_new_call_of_what_was_under_way_gets_caught(sqlite_url: str, tmp_path: Path) -> None:
    """The control: what an earlier worker was sending is simply asked for once more."""
    wrong = fail_each(sqlite_url, tmp_path / "gateways", "cheaper", 11, "naive")["wrong"]
    assert any("the gateway moved the difference once" in problem for problem in wrong)
