"""Every operation tried by every role, and which cells do not answer as they should."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module

from sqlalchemy import func, select
from sqlmodel import SQLModel, col

import opsdesk.operations
from opsdesk.domain.errors import Denied
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.store.engine import Store
from opsdesk.store.tables import ActivityRow, SettingRow
from opsdesk.store.work import OPERATIONS, Done, Operation, Performer, Work

ROLES = tuple(Role)
WROTE = "matrix"


def all_operations() -> tuple[str, ...]:
    """Return the name of every operation there is."""
    for module in pkgutil.walk_packages(opsdesk.operations.__path__, "opsdesk.operations."):
        import_module(module.name)
    return tuple(name for name in OPERATIONS if not name.startswith("test."))


def wrong_cells(store: Store, expected: Mapping[str, frozenset[Role]]) -> Iterator[str]:
    """Try each operation in each role, and tell which were let in or turned away wrongly."""
    for name, allowed in expected.items():
        for role in ROLES:
            if problem := _wrong(store, name, role, may=role in allowed):
                yield f"{name} as {role}: {problem}"


def _wrong(store: Store, name: str, role: Role, *, may: bool) -> str | None:
    performer = Performer(store, Actor(None, "somebody", role, "test"))
    before = contents(store)
    try:
        performer.perform(_marking(name))
    except Denied:
        return "denied" if may else _wrong_denial(store, name, before)
    return None if may else "let in"


def _wrong_denial(store: Store, name: str, before: dict[str, int]) -> str | None:
    after = contents(store)
    rows = after.pop("activity") - before.pop("activity")
    if after != before:
        return "denied, and yet something was written"
    with store.reading() as session:
        newest = select(ActivityRow).order_by(col(ActivityRow.id).desc()).limit(1)
        row = session.execute(newest).scalar_one()
        told = (row.outcome, row.action) == ("denied", name)
    return None if rows == 1 and told else f"denied with {rows} audit rows"


def contents(store: Store) -> dict[str, int]:
    """Return how many rows each table has."""
    with store.reading() as session:
        tables = SQLModel.metadata.tables.values()
        return {table.name: session.execute(select(func.count()).select_from(table)).scalar_one() for table in tables}


def _marking(name: str) -> Operation[[]]:
    """Return an operation of that name which does nothing but leave a mark."""

    def mark(work: Work) -> Done:
        work.add(SettingRow(key=f"{WROTE}.{work.command_id}", value="1"))
        return Done("marked")

    return Operation(name, mark)
