"""A Postgres of the tests that can be stopped at once, as by a power cut, and started again."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests import postgres

# Holds a pipe to us, so that the server ends with us even when we are killed.
_KEEPER = '"$@" >/dev/null 2>&1 & server=$!; echo $server; cat >/dev/null; kill -QUIT $server 2>/dev/null; wait'


class Outages:
    """The switch of a server; it ends with the test even if nobody turns it on again."""

    def __init__(self, server: postgres.Server) -> None:
        assert server.pid is not None
        self.server = server
        process = Path(f"/proc/{server.pid}")
        self._command = [os.fsdecode(part) for part in (process / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")]
        self._folder = (process / "cwd").resolve()
        self._user = pwd.getpwuid(process.stat().st_uid).pw_name if os.geteuid() == 0 else None
        self._pid = server.pid
        self._keeper: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """Stop without a word to anybody, as `pg_ctl stop -m immediate` does."""
        os.kill(self._pid, signal.SIGQUIT)
        while _runs(self._pid):
            time.sleep(0.005)
        self.close()

    def start(self) -> None:
        """Start again and wait for the first answer."""
        self._keeper = subprocess.Popen(
            ["sh", "-c", _KEEPER, "sh", *self._command],
            cwd=self._folder, user=self._user, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._keeper.stdout is not None
        self._pid = int(self._keeper.stdout.readline())
        address = postgres.raw(self.server.url("postgres"))
        while True:
            try:
                psycopg.connect(address, connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return

    def close(self) -> None:
        """Let go of the server that was started here; it ends."""
        if self._keeper is not None:
            self._keeper.communicate()
            self._keeper = None


@contextmanager
def server_with_outages() -> Iterator[Outages]:
    """Run a server that writes through to the disk, with a switch."""
    with postgres.serving(os.environ.get("OPSDESK_TEST_PG", ""), durable=True) as server:
        outages = Outages(server)
        try:
            yield outages
        finally:
            outages.close()


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
