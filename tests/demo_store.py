"""A small demo shop for tests of screens and journeys: always the same one, at the same moment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from opsdesk.demo.building import shop_facts
from opsdesk.demo.opening import build_demo
from opsdesk.demo.plan import DemoPlan
from opsdesk.integrations.mail.quick import QuickWriter
from opsdesk.integrations.mail.shelf import TemplateShelf
from opsdesk.settings import data_folder, load_settings
from opsdesk.store.audit.anchor import replace_heads
from opsdesk.store.audit.chain import Head
from tests import postgres

NOW = datetime(2026, 11, 24, 13, 32, 7, tzinfo=UTC)
SEED = 7
KEY = bytes(range(32))
SMALL = 300


def build(url: str, orders: int = SMALL, seed: int = SEED, now: datetime = NOW) -> Head:
    """Build the demo shop in an empty store, at 24 November 2026, 13:32:07 UTC if not said otherwise."""
    writer = QuickWriter(TemplateShelf(data_folder() / "templates"), shop_facts(ZoneInfo("UTC")))
    plan = DemoPlan(orders, seed, now)
    return build_demo(url, plan, data_folder() / "demo", writer, KEY, lambda done, wanted: None)


def keep_key() -> None:
    """Put the key that sealed the demo's history into this test's state folder."""
    folder = load_settings().state_folder
    folder.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(folder / "audit.key", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        file.write(KEY.hex())


Template = tuple[postgres.Template, Head]


@pytest.fixture(scope="session")
def _sqlite_demos(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], tuple[Path, Head]]:
    folder = tmp_path_factory.mktemp("demo")

    @lru_cache
    def template(orders: int) -> tuple[Path, Head]:
        file = folder / f"demo-{orders}.db"
        return file, build(f"sqlite:///{file}", orders)

    return template


@pytest.fixture(scope="session")
def _postgres_demos(postgres_server: postgres.Server) -> Iterator[Callable[[int], Template]]:
    with ExitStack() as templates:

        @lru_cache
        def template(orders: int) -> Template:
            heads: list[Head] = []
            made = postgres.Template(postgres_server, lambda url: heads.append(build(url, orders)))
            templates.callback(made.close)
            return made, heads[0]

        yield template


@pytest.fixture
def demo_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Give `demo_store(kind="sqlite", orders=300)`: the URL of a fresh copy of the demo shop, `sqlite` or `postgres`.

    Its moment is that of `clock`; `ada` is the admin, `mia` and `anna` are agents, `lena` looks at fraud, `piet` and
    `tom` pack, `sofia` supervises.
    """
    with ExitStack() as copies:

        def give(kind: str = "sqlite", orders: int = SMALL) -> str:
            keep_key()
            if kind == "postgres":
                template, head = request.getfixturevalue("_postgres_demos")(orders)
                url = copies.enter_context(template.copy())
            else:
                file, head = request.getfixturevalue("_sqlite_demos")(orders)
                url = f"sqlite:///{shutil.copy(file, tmp_path / f'demo-{orders}.db')}"
            replace_heads(url, head)
            return url

        yield give
