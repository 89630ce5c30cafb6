"""The server under the tests is real, is ours alone, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests import postgres

ROOT = Path(__file__).parent.parent
_HOLDER = """
import sys
from tests.postgres import serving
with serving() as server:
    print(server.pid, server.address, flush=True)
    sys.stdin.read()
"""


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_killed_session_takes_its_server_along() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        pid, address = holder.stdout.readline().split()
        folder = Path(address.partition("host=")[2])
        assert folder.is_dir()
        assert not _is_gone(int(pid))

        holder.send_signal(signal.SIGKILL)
        holder.wait()

    end = time.monotonic() + 60
    while (folder.exists() or not _is_gone(int(pid))) and time.monotonic() < end:
        time.sleep(0.05)
    assert _is_gone(int(pid))
    assert not folder.exists()


def test_a_server_that_cannot_start_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "binaries", lambda _wanted="": Path("/nowhere/bin"))

    with pytest.raises(RuntimeError, match="Postgres did not start"), postgres.serving():
        pass


def test_programs_in_a_closed_folder_are_copied_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = postgres.binaries("embedded").parent.parent
    closed = tmp_path / "closed"
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, closed / part.name)
    closed.chmod(0o700)
    monkeypatch.setattr(postgres, "binaries", lambda _wanted="": closed / package.name / "pginstall" / "bin")

    with postgres.serving() as server:
        assert server.create()
    assert closed.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("durable", [False, True])
def test_only_a_durable_server_writes_through(durable: bool) -> None:
    with postgres.serving(durable=durable) as server, psycopg.connect(postgres.raw(server.url("postgres"))) as asked:
        assert asked.execute("SHOW fsync").fetchone() == ("on" if durable else "off",)
        assert asked.execute("SHOW listen_addresses").fetchone() == ("",)


def test_the_packaged_server_carries_what_the_store_needs() -> None:
    with postgres.serving("embedded") as server, psycopg.connect(postgres.raw(server.url("postgres"))) as asked:
        asked.execute("CREATE EXTENSION pg_trgm")
        assert asked.execute("SELECT 'Jürgen Müller' ILIKE '%gen mül%'").fetchone() == (True,)
        assert asked.execute("SELECT show_trgm('ü') <> '{}'").fetchone() == (True,)


def test_every_copy_starts_as_the_template(postgres_server: postgres.Server) -> None:
    def fill(url: str) -> None:
        with psycopg.connect(postgres.raw(url)) as connection:
            connection.execute("CREATE TABLE lines (number int)")

    template = postgres.Template(postgres_server, fill)
    with template.copy() as first, psycopg.connect(postgres.raw(first)) as connection:
        connection.execute("INSERT INTO lines VALUES (1)")
        connection.commit()
        with template.copy() as second, psycopg.connect(postgres.raw(second)) as other:
            assert other.execute("SELECT count(*) FROM lines").fetchone() == (0,)
    template.close()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgresql+psycopg://me@db.example/postgres", "postgresql+psycopg://me@db.example/shop"),
        ("postgresql+psycopg://me@/postgres?host=/run/pg", "postgresql+psycopg://me@/shop?host=/run/pg"),
    ],
)
def test_a_running_server_is_taken_by_its_url(given: str, expected: str) -> None:
    with postgres.serving(given) as server:
        assert server.url("shop") == expected
