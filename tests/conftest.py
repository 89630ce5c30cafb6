"""What every test may ask for: a fresh store on SQLite and on Postgres, a clock that stands still, people."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from opsdesk.domain.people.actors import Actor, Role
from opsdesk.store.engine import Store, open_store
from opsdesk.store.migrate import migrate
from tests import postgres
from tests.demo_store import _postgres_demos, _sqlite_demos, demo_store  # noqa: F401  fixtures
from tests.shared_dialects import share_dialects

START = datetime(2026, 11, 24, 13, 32, 7, tzinfo=UTC)


_IN_MEMORY, _MEMORY_WANTED = Path("/dev/shm"), 4 << 30
_SELDOM = (4_000, 15, 20)
"""After how much a test is swept: more often than the program, which does it while a person rests."""


def pytest_configure(config: pytest.Config) -> None:
    """Keep the files of tests in memory where there is such a place: a disk takes milliseconds for each commit."""
    gc.disable()
    share_dialects()
    if config.option.basetemp is not None or not os.access(_IN_MEMORY, os.W_OK):
        return
    if shutil.disk_usage(_IN_MEMORY).free >= _MEMORY_WANTED:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_IN_MEMORY))


_LONG = (
    "test_money_machine", "test_events_any_order", "test_fraud_machine", "test_order_machine", "test_kills", "journeys/",
    "cli/test_permissions", "operations/test_permissions",
)  # fmt: skip
"""What takes longest; at the end of a run one core would wait for it."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let each worker begin with its share of what takes longest, so that all end together."""
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    long = [item for item in items if any(name in item.nodeid for name in _LONG)]
    is_long = set(long)
    rest = [item for item in items if item not in is_long]
    # A worker is handed one piece of the list, and the pieces are of one length.
    cuts = [len(rest) * piece // workers for piece in range(workers + 1)]
    items[:] = [
        item for piece in range(workers) for item in (*long[piece::workers], *rest[cuts[piece] : cuts[piece + 1]])
    ]


def pytest_collection_finish() -> None:
    """Look for unused objects from here on, but never among the million that the tests themselves are."""
    gc.enable()
    gc.set_threshold(*_SELDOM)
    gc.collect()
    gc.freeze()


class StillClock:
    """A clock that moves only when it is told to."""

    def __init__(self, moment: datetime = START) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **amount: float) -> datetime:
        """Move on by `days=`, `hours=`, `minutes=` or `seconds=`, and return the new moment."""
        self.moment += timedelta(**amount)
        return self.moment


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tester's own shop, settings and audit key out of every test."""
    home = tmp_path_factory.getbasetemp() / "homes" / os.urandom(6).hex()
    for name in [name for name in os.environ if name.startswith("OPSDESK_") and name != "OPSDESK_TEST_PG"]:
        monkeypatch.delenv(name)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    for kind in ("DATA", "CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
    monkeypatch.setenv("HOME", str(home))


@pytest.fixture
def clock() -> StillClock:
    """Stand at 24 November 2026, 13:32:07 UTC."""
    return StillClock()


@pytest.fixture
def actor() -> Actor:
    """Be an agent at the telephone."""
    return Actor(user_id=None, name="mia", role=Role.AGENT, terminal="test")


@pytest.fixture
def supervisor() -> Actor:
    return Actor(user_id=None, name="sofia", role=Role.SUPERVISOR, terminal="test")


@pytest.fixture
def admin() -> Actor:
    return Actor(user_id=None, name="ada", role=Role.ADMIN, terminal="test")


@pytest.fixture
def fraud_clerk() -> Actor:
    return Actor(user_id=None, name="farid", role=Role.FRAUD, terminal="test")


@pytest.fixture
def packer() -> Actor:
    return Actor(user_id=None, name="piet", role=Role.WAREHOUSE, terminal="test")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """Run one Postgres for this process of the test run; a test that needs it fails if it cannot start."""
    with postgres.serving(os.environ.get("OPSDESK_TEST_PG", "")) as server:
        yield server


@pytest.fixture(scope="session")
def _postgres_template(postgres_server: postgres.Server) -> Iterator[postgres.Template]:
    template = postgres.Template(postgres_server, migrate)
    yield template
    template.close()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "shop.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """Name a fresh, migrated store in one SQLite file."""
    file = shutil.copy(_sqlite_template, tmp_path / "shop.db")
    return f"sqlite:///{file}"


@pytest.fixture
def postgres_url(_postgres_template: postgres.Template) -> Iterator[str]:
    """Name a fresh, migrated store in a Postgres database of its own."""
    with _postgres_template.copy() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """Name a fresh, migrated store; the test runs once on SQLite and once on Postgres."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Open a fresh store; the test runs once on SQLite and once on Postgres."""
    opened = open_store(store_url)
    yield opened
    opened.close()
