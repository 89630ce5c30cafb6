"""The wheel works from an empty folder, with everything it needs inside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with what is installed; nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder, ROOT],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel alone into a folder far from the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    done = subprocess.run(
        [*pip, "--no-deps", "--no-index", "--target", folder, wheel], capture_output=True, text=True
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def run(installed: Path, tmp_path: Path):
    """Run the installed program in an empty folder."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        empty = tmp_path / "empty"
        empty.mkdir(exist_ok=True)
        environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
        return subprocess.run(
            [sys.executable, installed / "bin" / "opsdesk", *arguments],
            cwd=empty, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    return run


def test_the_wheel_carries_every_shipped_file(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    shipped = {path.relative_to(ROOT / "data") for path in (ROOT / "data").rglob("*") if path.is_file()}
    looks = [path.relative_to(ROOT) for path in (ROOT / "opsdesk").rglob("*.tcss")]

    assert shipped
    assert {f"opsdesk/_data/{path.as_posix()}" for path in shipped} <= packed
    assert {path.as_posix() for path in looks} <= packed
    assert not [name for name in packed if name.startswith(("tests", "benchmarks", "docs"))]


def test_the_program_that_runs_is_the_installed_one(installed: Path, tmp_path: Path) -> None:
    asked = subprocess.run(
        [sys.executable, "-c", "from opsdesk.settings import data_folder; print(data_folder())"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(installed)}, capture_output=True, text=True,
    )  # fmt: skip

    assert asked.stdout.strip() == str(installed / "opsdesk" / "_data"), asked.stderr


def test_the_demo_shop_is_built_and_listed_from_an_empty_folder(run) -> None:
    built = run("demo", "--build-only")
    assert built.returncode == 0, built.stderr

    listed = run("order", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert json.loads(listed.stdout)
