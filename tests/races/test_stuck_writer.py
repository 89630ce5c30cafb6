"""Somebody holds the store and does not let go: the others hear it in a sentence, and work on when it is free."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from opsdesk.domain.errors import Unavailable
from opsdesk.domain.people.actors import Actor
from opsdesk.operations.orders.notes import note
from opsdesk.store.engine import open_store
from opsdesk.store.work import Performer
from tests.shop_orders import write_order


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a fifth of a second for others instead of five seconds."""
    monkeypatch.setattr("opsdesk.store.engine.BUSY_TIMEOUT_MS", 200)
    monkeypatch.setattr("opsdesk.store.engine._POSTGRES_OPTIONS", "-c lock_timeout=200")


def test_the_store_is_said_to_be_busy_and_nothing_was_changed(store_url: str, actor: Actor, impatient: None) -> None:
    stuck, store = open_store(store_url), open_store(store_url)
    order_id = write_order(store)
    performer = Performer(store, actor)
    with stuck.writer.connect() as holder, holder.begin() as held:
        holder.execute(text("UPDATE orders SET tags = 'held'"))
        with pytest.raises(Unavailable, match="store is busy") as busy:
            performer.perform(note, order_id, text="Called")
        assert busy.value.command_id == "", "it is known that nothing was saved"
        with store.reading() as session:
            assert session.execute(text("SELECT count(*) FROM note")).scalar() == 0, "reading goes on meanwhile"
        held.rollback()
    assert performer.perform(note, order_id, text="Called").version == 2
    stuck.close()
    store.close()


def test_after_waiting_a_connection_is_as_patient_as_before(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    with store.writer.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 5_000
    store.close()


def test_what_is_no_matter_of_waiting_is_said_at_once(sqlite_url: str, actor: Actor, monkeypatch) -> None:
    """A store that cannot be used is not looked at again and again for five seconds."""
    store = open_store(sqlite_url)
    looks = []

    class Broken:
        def execute(self, statement: str) -> None:
            looks.append(statement)
            if statement.startswith("BEGIN"):
                raise store.writer.dialect.loaded_dbapi.OperationalError("disk I/O error")

    monkeypatch.setattr("opsdesk.store.engine.cast", lambda _kind, _driver: Broken())
    with store.writer.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    assert looks.count("BEGIN IMMEDIATE") == 1
    store.close()
