"""The doorbell rings for what others committed, on both stores, also after the connection was lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text
from sqlmodel import Session

from opsdesk.domain.errors import Refused
from opsdesk.domain.people.actors import Actor
from opsdesk.operations.orders.notes import note
from opsdesk.store.changes import Doorbell
from opsdesk.store.engine import Store, open_store
from opsdesk.store.views.activity import newest, since
from opsdesk.store.work import Performer
from tests.conftest import StillClock
from tests.shop_orders import write_order

SOON = 60.0
"""Seconds after which a bell that has not rung never will."""


class Bell:
    """Counts rings, and waits for the next."""

    def __init__(self) -> None:
        self._heard = threading.Semaphore(0)

    def __call__(self) -> None:
        self._heard.release()

    def rings(self, within: float = SOON) -> bool:
        return self._heard.acquire(timeout=within)

    def falls_silent(self) -> None:
        while self.rings(within=0.8):
            pass


@contextmanager
def listening(store: Store) -> Iterator[Bell]:
    bell = Bell()
    doorbell = Doorbell(store, bell)
    doorbell.start()
    try:
        assert bell.rings(), "It says when it begins to listen."
        bell.falls_silent()
        yield bell
    finally:
        doorbell.stop()


@pytest.fixture
def write(store: Store, actor: Actor, clock: StillClock) -> Callable[[str], object]:
    """Write a note to an order from another opened store, as another terminal does."""
    order_id = write_order(store)
    other = open_store(store.url)
    performer = Performer(other, actor, clock)
    return lambda words: performer.perform(note, order_id, text=words)


def test_it_rings_for_each_commit_of_another_terminal(store: Store, write: Callable[[str], object]) -> None:
    with listening(store) as bell:
        for number in range(3):
            write(f"call {number}")
            assert bell.rings()
            bell.falls_silent()


def test_a_burst_of_commits_rings_and_none_is_forgotten(store: Store, write: Callable[[str], object]) -> None:
    with store.reading() as session:
        before = newest(session)
    with listening(store) as bell:
        for number in range(10):
            write(f"call {number}")
        assert bell.rings()
        bell.falls_silent()
    with store.reading() as session:
        told = since(session, before)
    assert [line.action for line in told] == ["order.noted"] * 10
    assert [line.id for line in told] == sorted(line.id for line in told)


def test_what_is_committed_before_it_has_begun_to_listen_is_not_missed(
    store: Store, write: Callable[[str], object]
) -> None:
    bell = Bell()
    doorbell = Doorbell(store, bell)
    connect = doorbell._connect

    def while_something_is_saved() -> object:
        connection = connect()
        write("in between")
        return connection

    doorbell._connect = while_something_is_saved  # type: ignore[method-assign]  # the moment that it is about
    doorbell.start()
    assert bell.rings()
    doorbell.stop()


def test_it_is_silent_about_what_was_not_committed(store: Store, write: Callable[[str], object]) -> None:
    write("before")
    with listening(store) as bell:
        with Session(store.writer) as session:
            session.execute(text("UPDATE orders SET note_count = note_count + 1"))
            session.rollback()
        with pytest.raises(Refused):
            Performer(store, Actor(None, "mia", "agent")).perform(note, 999_999, text="to nobody")  # type: ignore[arg-type]
        assert not bell.rings(within=1.0)


def test_a_lost_connection_is_made_again_and_rings_because_something_may_be_missed(
    postgres_url: str, actor: Actor, clock: StillClock
) -> None:
    store = open_store(postgres_url)
    order_id = write_order(store)
    with listening(store) as bell:
        with store.writer.begin() as connection:
            lost = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
            assert connection.execute(text(lost)).scalars().all() == [True]
        assert bell.rings()
        bell.falls_silent()
        Performer(store, actor, clock).perform(note, order_id, text="after")
        assert bell.rings()
    store.close()


def test_the_bell_keeps_nobody_from_tidying_the_log(sqlite_url: str, actor: Actor, clock: StillClock) -> None:
    """A reader that stays in its transaction would let SQLite's write-ahead log grow for ever."""
    store = open_store(sqlite_url)
    order_id = write_order(store)

    def tidied() -> tuple[int, ...]:
        Performer(store, actor, clock).perform(note, order_id, text="more")
        with store.reader.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.rollback()
            return tuple(driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone())

    with listening(store) as bell:
        assert tidied() == (0, 0, 0)
        assert bell.rings()
    with store.reading() as stays:
        stays.execute(text("SELECT count(*) FROM orders"))
        Performer(store, actor, clock).perform(note, order_id, text="more")
        assert tidied()[0] == 1
    store.close()


def test_it_stops_when_told_also_from_its_own_thread(store: Store, write: Callable[[str], object]) -> None:
    rung = threading.Event()

    def ring() -> None:
        doorbell.stop()
        rung.set()

    doorbell = Doorbell(store, ring)
    doorbell.start()
    write("enough")
    assert rung.wait(SOON)
    doorbell.stop()
    assert "doorbell" not in {thread.name for thread in threading.enumerate()}
