"""Presence: who has a record open is seen by others, one record per terminal, and lapses by itself."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from opsdesk.store.desk.presence import LAPSE, beat, leave, who_is_here
from opsdesk.store.engine import Store
from opsdesk.store.tables import PresenceRow
from tests.conftest import StillClock
from tests.shop_orders import write_user


def here(store: Store, clock: StillClock, subject: int = 7) -> list[tuple[str, bool]]:
    with store.reading() as session:
        return [(one.name, one.is_editing) for one in who_is_here(session, "order", subject, now=clock())]


@pytest.fixture
def people(store: Store) -> tuple[int, int]:
    return write_user(store, "mia"), write_user(store, "tim")


def test_others_see_who_is_there_and_who_is_editing_first(
    store: Store, clock: StillClock, people: tuple[int, int]
) -> None:
    mia, tim = people
    beat(store, mia, "tty:1", "order", 7, clock=clock)
    beat(store, tim, "tty:2", "order", 7, is_editing=True, clock=clock)
    assert here(store, clock) == [("tim", True), ("mia", False)]
    assert here(store, clock, subject=8) == []


def test_a_terminal_is_at_one_record_and_leaves_it(store: Store, clock: StillClock, people: tuple[int, int]) -> None:
    mia, _ = people
    beat(store, mia, "tty:1", "order", 7, clock=clock)
    beat(store, mia, "tty:1", "order", 8, clock=clock)
    assert (here(store, clock, 7), here(store, clock, 8)) == ([], [("mia", False)])
    leave(store, "tty:1")
    assert here(store, clock, 8) == []


def test_a_killed_terminal_leaves_no_ghost(store: Store, clock: StillClock, people: tuple[int, int]) -> None:
    """Time is the store's: on a server the clock of a terminal counts for nothing."""
    mia, _ = people
    beat(store, mia, "tty:1", "order", 7, clock=clock)
    if store.is_sqlite:
        clock.advance(seconds=LAPSE.total_seconds() + 1)
    else:
        assert here(store, StillClock(clock().replace(year=2040))) == [("mia", False)]
        with Session(store.writer) as session, session.begin():
            session.execute(update(PresenceRow).values(seen_at=col(PresenceRow.seen_at) - LAPSE))
    assert here(store, clock) == []
