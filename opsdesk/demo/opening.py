"""Where a demo shop stands, whether it has been built, and building it whole or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from opsdesk.demo.building import MARKER, Progress, fill
from opsdesk.demo.plan import DemoPlan
from opsdesk.demo.post import Writes
from opsdesk.domain.errors import Refused
from opsdesk.store.audit.anchor import replace_heads
from opsdesk.store.audit.chain import Head
from opsdesk.store.engine import Store, connect, open_store, schema_version
from opsdesk.store.filling import clear_tables, filling, is_empty, require_unused
from opsdesk.store.migrate import migrate
from opsdesk.store.views.setting import setting


@dataclass(frozen=True, slots=True)
class BuiltDemo:
    """The demo shop that a store holds."""

    orders: int
    seed: int


def find_demo(url: str) -> BuiltDemo | None:
    """Return the demo shop that the store holds; None where nothing has been built yet.

    Raises:
        Refused: the store holds something else.
    """
    store = connect(url)
    try:
        if schema_version(store) is None:
            return None
        with store.reading() as session:
            found = setting(session, MARKER)
        if found is None and is_empty(store):
            return None
    finally:
        store.close()
    if found is None:
        raise Refused("There is a shop in this store already, and it is not the demo. Name another one with --store.")
    return BuiltDemo(**json.loads(found))


def clear_demo(url: str) -> None:
    """Remove the demo shop from a store, so that it can be built anew.

    Raises:
        Refused: the store holds something else, or somebody has it open.
    """
    if find_demo(url) is None:
        return
    store = connect(url)
    try:
        if store.is_sqlite:
            require_unused(store)
        else:
            clear_tables(store)
    finally:
        store.close()
    if store.is_sqlite:
        _remove(Path(make_url(url).database or ""))


def build_demo(url: str, plan: DemoPlan, folder: Path, writer: Writes, key: bytes, progress: Progress) -> Head:
    """Build the demo shop in an empty store and return the head of its history, which `key` seals.

    On SQLite the file appears when it is whole; Postgres commits once.
    """
    if make_url(url).get_backend_name() == "sqlite":
        return _build_file(url, plan, folder, writer, key, progress)
    migrate(url)
    return _fill(open_store(url), url, plan, folder, writer, key, progress)


def _build_file(url: str, plan: DemoPlan, folder: Path, writer: Writes, key: bytes, progress: Progress) -> Head:
    file = Path(make_url(url).database or "")
    aside = file.with_name(f"{file.name}.building")
    _remove(aside)
    aside_url = f"sqlite:///{aside}"
    migrate(aside_url)
    head = _fill(open_store(aside_url), url, plan, folder, writer, key, progress)
    _remove(file)
    aside.rename(file)
    return head


def _fill(store: Store, url: str, plan: DemoPlan, folder: Path, writer: Writes, key: bytes, progress: Progress) -> Head:
    try:
        with filling(store) as load:
            link = fill(load, plan, folder, writer, key, progress)
    finally:
        store.close()
    replace_heads(url, link.after)
    return link.after


def _remove(file: Path) -> None:
    """Remove a SQLite file with what belongs to it; a journal of an old file would spoil a new one."""
    for ending in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + ending).unlink(missing_ok=True)
