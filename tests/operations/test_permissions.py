"""Who may do what: each role tries each operation, and what is not in the table nobody may do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import col

from opsdesk.domain.errors import Denied
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.domain.people.permissions import PERMISSIONS, why_not_allowed
from opsdesk.operations.people.users import change_role, deactivate
from opsdesk.store import work
from opsdesk.store.engine import Store
from opsdesk.store.tables import ActivityRow
from opsdesk.store.views.users import user_named
from opsdesk.store.work import Done, Operation, Performer
from tests.conftest import StillClock
from tests.operations.people import ADMIN, add_person
from tests.operations.permission_matrix import ROLES, all_operations, contents, wrong_cells

GRID = Path(__file__).with_name("permission_grid.txt")


def written_down() -> dict[str, frozenset[Role]]:
    """Return the grid that was agreed on; whoever changes the table of permissions changes it here too."""
    head, *lines = GRID.read_text(encoding="utf-8").splitlines()
    roles = [Role(word) for word in head.split()[1:]]
    rows = (line.split() for line in lines)
    return {
        name: frozenset(role for role, word in zip(roles, words, strict=True) if word == "yes") for name, *words in rows
    }


def test_the_table_is_what_was_agreed_on():
    assert {name: set(roles) for name, roles in PERMISSIONS.items()} == {n: set(r) for n, r in written_down().items()}


def test_every_operation_is_in_the_table_and_nothing_else():
    assert set(all_operations()) <= set(PERMISSIONS)


def test_each_role_is_let_in_or_turned_away_at_each_operation(store: Store):
    assert list(wrong_cells(store, written_down())) == []


def test_removing_the_check_is_caught_in_every_cell_that_is_denied(sqlite_url: str, monkeypatch):
    """The control: with the one check gone, each cell that should have been denied is named."""
    opened = work_store(sqlite_url)
    monkeypatch.setattr(work, "why_not_allowed", lambda _actor, _operation: None)
    grid = written_down()
    denied = sum(len(ROLES) - len(allowed) for allowed in grid.values())
    assert len(list(wrong_cells(opened, grid))) == denied
    opened.close()


@pytest.mark.parametrize("name", sorted(PERMISSIONS))
def test_opening_one_operation_to_everybody_is_caught(sqlite_url: str, monkeypatch, name: str):
    """The control, cell by cell: the grid notices each single line of the table that says too much."""
    grid = written_down()
    opened: Mapping[str, frozenset[Role]] = {**PERMISSIONS, name: frozenset(Role)}
    monkeypatch.setattr("opsdesk.domain.people.permissions.PERMISSIONS", opened)
    let_in = {role for role in ROLES if why_not_allowed(Actor(None, "somebody", role), name) is None}
    assert (let_in != grid[name]) is (grid[name] != frozenset(Role))


def work_store(url: str) -> Store:
    from opsdesk.store.engine import open_store

    return open_store(url)


@pytest.mark.parametrize("name", ["", "order.explode", "ORDER.NOTE", "order.note ", "order"])
def test_what_nobody_named_nobody_may_do(store: Store, name: str):
    for role in ROLES:
        performer = Performer(store, Actor(None, "somebody", role, "test"))
        before = contents(store)
        with pytest.raises(Denied):
            performer.perform(Operation(name, lambda _work: Done("done")))
        assert contents(store) == {**before, "activity": before["activity"] + 1}


def test_an_operation_without_a_name_is_denied(store: Store, admin: Actor):
    with pytest.raises(Denied):
        Performer(store, admin).perform(lambda _work: Done("done"))


def test_without_an_actor_nothing_is_done(store: Store):
    before = contents(store)
    with pytest.raises(Denied, match="Nobody is signed in"):
        Performer(store, None).perform(Operation("order.note", lambda _work: Done("done")))
    assert contents(store) == {**before, "activity": before["activity"] + 1}
    assert newest(store).actor == "nobody"


def newest(store: Store) -> ActivityRow:
    with store.reading() as session:
        return session.execute(select(ActivityRow).order_by(col(ActivityRow.id).desc()).limit(1)).scalar_one()


# --- rights that change while somebody is signed in


def test_who_was_deactivated_while_signed_in_does_nothing_more(store: Store, clock: StillClock):
    mia = add_person(store, "mia")
    version = version_of(store, "mia")
    Performer(store, ADMIN, clock).perform(deactivate, mia.user_id, version=version)
    with pytest.raises(Denied, match="may not work here any more"):
        Performer(store, mia, clock).perform(Operation("order.note", lambda _work: Done("done")))
    assert (newest(store).outcome, newest(store).actor) == ("denied", "mia")


def test_a_role_that_was_taken_away_ends_at_once(store: Store, clock: StillClock):
    sofia = add_person(store, "sofia", Role.SUPERVISOR)
    Performer(store, ADMIN, clock).perform(change_role, sofia.user_id, version=version_of(store, "sofia"), role="agent")
    with pytest.raises(Denied, match="no longer supervisor"):
        Performer(store, sofia, clock).perform(Operation("order.assign", lambda _work: Done("done")))


def version_of(store: Store, name: str) -> int:
    with store.reading() as session:
        found = user_named(session, name)
    assert found is not None
    return found.version
