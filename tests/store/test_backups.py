"""A backup under full load is whole, comes back on either store, and is refused when a single byte is not right."""

from __future__ import annotations

import os
import random
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from opsdesk.domain.errors import Refused, Unavailable
from opsdesk.domain.people.actors import Actor
from opsdesk.operations.orders.notes import note
from opsdesk.store.audit.anchor import remembered_heads
from opsdesk.store.audit.checking import verify_audit
from opsdesk.store.backups.files import reading
from opsdesk.store.backups.making import make_backup
from opsdesk.store.backups.restoring import restore
from opsdesk.store.backups.rows import columns, rows_out
from opsdesk.store.engine import Store, connect, open_store
from opsdesk.store.work import Performer
from tests.conftest import StillClock
from tests.shop_orders import write_arrival, write_customer, write_order, write_user
from tests.store.test_audit import write_history

SOAK = bool(os.environ.get("OPSDESK_SOAK"))
ROUNDS = 10 if SOAK else 3
CORRUPTIONS = 200 if SOAK else 40


def content(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    with rows_out(store) as reader:
        return {table: sorted(map(tuple, reader.rows(table, names)), key=repr) for table, names in columns().items()}


def fill(store: Store, actor: Actor) -> int:
    write_user(store, "mia")
    order_id = write_order(store)
    write_arrival(store, order_id)
    Performer(store, actor).perform(note, order_id, text="Ring twice – näyttö, 雪, \u2028 and 'quotes'")
    return order_id


@pytest.fixture
def other_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Name empty places for a restored store."""
    server = request.getfixturevalue("postgres_server")
    name = server.create()
    yield {"sqlite": f"sqlite:///{tmp_path / 'elsewhere' / 'shop.db'}", "postgres": server.url(name)}
    server.drop(name)


@pytest.mark.parametrize("into", ["sqlite", "postgres"])
def test_a_store_comes_back_row_by_row_on_either_store(
    store: Store, actor: Actor, other_url: dict[str, str], into: str, tmp_path: Path, clock: StillClock
) -> None:
    order_id = fill(store, actor)
    report = make_backup(store, tmp_path, clock=clock)
    assert report.is_good
    assert report.file == tmp_path / "opsdesk-20261124-133207.zip"
    assert report.file.stat().st_mode & 0o777 == 0o600
    restored = restore(report.file, other_url[into])
    assert (restored.problems, restored.lost_rows) == ((), 0)
    other = open_store(other_url[into])
    assert content(other) == content(store)
    assert verify_audit(other).is_intact
    assert remembered_heads(other.url)[0] == remembered_heads(store.url)[0]
    # The restored store is worked on: numbers go on, the search finds, the guards stand.
    write_order(other, "104459", customer_id=write_customer(other, "Bo Ek", "bo@ek.example"))
    assert Performer(other, actor).perform(note, order_id, text="Later").message
    with pytest.raises(Exception, match="append-only"), other.writer.begin() as connection:
        connection.execute(text("DELETE FROM activity"))
    other.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_all_the_money_of_a_shop_comes_back_on_the_other_store(
    demo_store, other_url: dict[str, str], kind: str, tmp_path: Path
) -> None:
    store = open_store(demo_store(kind))
    report = make_backup(store, tmp_path / "shop.zip")
    assert report.problems == ()
    into = other_url["postgres" if kind == "sqlite" else "sqlite"]
    assert restore(report.file, into).problems == ()
    other = open_store(into)
    there = content(other)
    assert there == content(store)
    assert all(there[table] for table in OF_MONEY)
    other.close()
    store.close()


OF_MONEY = (
    "payment", "payment_transaction", "journal", "refund", "refund_part", "refund_share", "approval", "store_credit",
    "gateway_call", "pay_link", "dispute", "amendment",
)  # fmt: skip


def test_the_restored_sqlite_file_is_alone_private_and_searchable(store: Store, actor: Actor, tmp_path: Path) -> None:
    fill(store, actor)
    report = make_backup(store, tmp_path / "today.zip")
    place = tmp_path / "elsewhere" / "shop.db"
    restore(report.file, f"sqlite:///{place}")
    assert [path.name for path in place.parent.iterdir()] == ["shop.db"]
    assert place.stat().st_mode & 0o777 == 0o600
    other = open_store(f"sqlite:///{place}")
    with other.reading() as session:
        found = session.execute(text("SELECT count(*) FROM order_search WHERE order_search MATCH 'berg'"))
        assert found.scalar() == 1
    other.close()


class Writers:
    """Threads that write notes as fast as they can, and remember what was acknowledged."""

    def __init__(self, store: Store, actor: Actor, order_id: int) -> None:
        self.acknowledged: list[str] = []
        self.stop = threading.Event()
        self._performer, self._order_id = Performer(store, actor), order_id
        self.threads = [threading.Thread(target=self._write, args=(number,)) for number in range(3)]

    def _write(self, number: int) -> None:
        line = 0
        while not self.stop.is_set():
            written = f"writer {number} line {line}"
            try:
                self._performer.perform(note, self._order_id, text=written)
            except Unavailable:
                continue
            self.acknowledged.append(written)
            line += 1


@contextmanager
def full_load(store: Store, actor: Actor, order_id: int) -> Iterator[Writers]:
    writers = Writers(store, actor, order_id)
    for thread in writers.threads:
        thread.start()
    try:
        yield writers
    finally:
        writers.stop.set()
        for thread in writers.threads:
            thread.join()


def notes_in(store: Store) -> list[str]:
    with store.reading() as session:
        return list(session.execute(text("SELECT text FROM note ORDER BY id")).scalars())


def test_a_backup_under_full_load_holds_everything_acknowledged_before_it(
    store: Store, actor: Actor, tmp_path: Path
) -> None:
    order_id = fill(store, actor)
    with full_load(store, actor, order_id) as writers:
        for number in range(ROUNDS):
            wait_for(writers, 20 * (number + 1))
            before = list(writers.acknowledged)
            report = make_backup(store, tmp_path / f"{number}.zip")
            assert report.is_good, report.problems
            place = f"sqlite:///{tmp_path / str(number) / 'shop.db'}"
            assert restore(report.file, place).problems == ()
            other = open_store(place)
            found = notes_in(other)
            assert set(before) <= set(found)
            with other.reading() as session:
                told = session.execute(text("SELECT count(*) FROM activity WHERE action = 'order.noted'")).scalar()
            assert told == len(found), "each note and its line of history are there together"
            other.close()


def wait_for(writers: Writers, count: int) -> None:
    while len(writers.acknowledged) < count:
        writers.stop.wait(0.005)


def test_copying_the_file_alone_is_not_a_backup(sqlite_url: str, actor: Actor, tmp_path: Path) -> None:
    """The control: `cp` of the main file under the same load loses what was acknowledged, or is no store."""
    store = open_store(sqlite_url)
    order_id = fill(store, actor)
    wrong = 0
    with full_load(store, actor, order_id) as writers:
        for number in range(ROUNDS * 3):
            wait_for(writers, 20 * (number + 1))
            before = list(writers.acknowledged)
            copy = shutil.copy(store.writer.url.database or "", tmp_path / f"copy-{number}.db")
            wrong += not is_whole(f"sqlite:///{copy}", before)
    assert wrong
    store.close()


def is_whole(url: str, acknowledged: list[str]) -> bool:
    copied = connect(url)
    try:
        with copied.reading() as session:
            sound = session.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        return sound and set(acknowledged) <= set(notes_in(copied))
    except (DBAPIError, Unavailable):
        return False
    finally:
        copied.close()


def test_every_changed_missing_or_added_byte_is_refused(store: Store, actor: Actor, tmp_path: Path) -> None:
    fill(store, actor)
    good = make_backup(store, tmp_path / "good.zip").file.read_bytes()
    bad, dice = tmp_path / "bad.zip", random.Random(5)
    accepted = []
    for number in range(CORRUPTIONS):
        at = dice.randrange(len(good)) if number > 4 else (0, 10, len(good) - 1, len(good) - 64, len(good) - 70)[number]
        flipped = bytearray(good)
        flipped[at] ^= 1 << dice.randrange(8)
        cases = [bytes(flipped), good[:at], good + b"x", good[:at] + good[at + 1 :]]
        bad.write_bytes(cases[number % 4])
        try:
            restore(bad, f"sqlite:///{tmp_path / 'new.db'}")
        except Refused:
            continue
        accepted.append(f"case {number % 4} at {at}")
    assert accepted == []
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize(
    "rubbish",
    [b"", b"PK", b"SQLite format 3\0" + b"\0" * 4096, random.Random(7).randbytes(3000)],
    ids=["nothing", "half a zip", "an empty store", "noise"],
)
def test_what_is_no_backup_is_refused_in_a_sentence(tmp_path: Path, rubbish: bytes) -> None:
    (tmp_path / "file").write_bytes(rubbish)
    with pytest.raises(Refused, match="no backup of OpsDesk"), reading(tmp_path / "file"):
        pass
    with pytest.raises(Refused, match="cannot be read"):
        restore(tmp_path / "missing", f"sqlite:///{tmp_path / 'new.db'}")


def test_nothing_is_ever_overwritten(store: Store, actor: Actor, tmp_path: Path) -> None:
    fill(store, actor)
    before = content(store)
    report = make_backup(store, tmp_path / "today.zip")
    with pytest.raises(Refused, match="exists already"):
        make_backup(store, tmp_path / "today.zip")
    with pytest.raises(Refused, match=r"exists already|store with records"):
        restore(report.file, store.url)
    assert content(store) == before
    (tmp_path / "new.db-wal").write_bytes(b"left behind")
    with pytest.raises(Refused, match=r"new\.db-wal exists already"):
        restore(report.file, f"sqlite:///{tmp_path / 'new.db'}")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".opsdesk")]


def test_a_database_of_something_else_is_left_alone(
    sqlite_url: str, actor: Actor, other_url: dict[str, str], tmp_path: Path
) -> None:
    store = open_store(sqlite_url)
    fill(store, actor)
    report = make_backup(store, tmp_path / "today.zip")
    other = connect(other_url["postgres"])
    with other.writer.begin() as connection:
        connection.execute(text("CREATE TABLE theirs (id int)"))
    with pytest.raises(Refused, match="something else"):
        restore(report.file, other.url)
    other.close()
    store.close()


def test_a_backup_of_a_history_that_was_tampered_with_is_kept_and_not_called_good(
    store: Store, actor: Actor, other_url: dict[str, str], tmp_path: Path
) -> None:
    fill(store, actor)
    with store.writer.begin() as connection:
        if store.is_sqlite:
            connection.execute(text("DROP TRIGGER activity_no_update"))
        else:
            connection.execute(text("ALTER TABLE activity DISABLE TRIGGER activity_append_only"))
        connection.execute(text("UPDATE activity SET actor = 'tom'"))
    report = make_backup(store, tmp_path / "today.zip")
    assert not report.is_good and "seal does not fit" in report.problems[0]
    with pytest.raises(Refused, match="--anyway"):
        restore(report.file, other_url["sqlite"])
    assert restore(report.file, other_url["sqlite"], despite_problems=True).problems == report.problems


def test_a_backup_whose_tail_was_cut_before_it_is_not_called_good(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url)
    write_history(store, 10)
    with store.writer.begin() as connection:
        connection.execute(text("DROP TRIGGER activity_no_delete"))
        connection.execute(text("DELETE FROM activity WHERE id > 15"))
    assert "cut off" in make_backup(store, tmp_path / "today.zip").problems[0]
    store.close()


def test_without_the_key_it_comes_back_and_says_that_the_seals_were_not_checked(
    sqlite_url: str, actor: Actor, tmp_path: Path, monkeypatch
) -> None:
    store = open_store(sqlite_url)
    fill(store, actor)
    report = make_backup(store, tmp_path / "today.zip")
    assert report.seals_checked
    monkeypatch.setenv("OPSDESK_STATE", str(tmp_path / "new machine"))
    assert not restore(report.file, f"sqlite:///{tmp_path / 'new.db'}").seals_checked
    assert not (tmp_path / "new machine" / "audit.key").exists()
    store.close()


def test_restoring_an_older_backup_says_how_much_history_is_not_in_it(
    sqlite_url: str, actor: Actor, tmp_path: Path
) -> None:
    store = open_store(sqlite_url)
    order_id = fill(store, actor)
    report = make_backup(store, tmp_path / "today.zip")
    Performer(store, actor).perform(note, order_id, text="Not in the backup")
    store.close()
    for path in tmp_path.glob("shop.db*"):
        path.unlink()
    assert restore(report.file, sqlite_url).lost_rows == 1
    again = open_store(sqlite_url)
    assert verify_audit(again).is_intact
    again.close()


def test_a_store_in_which_a_rule_does_not_hold_is_backed_up_and_not_called_good(
    store: Store, actor: Actor, tmp_path: Path
) -> None:
    fill(store, actor)
    with store.writer.begin() as connection:
        connection.execute(text("UPDATE orders SET note_count = 7"))
    report = make_backup(store, tmp_path / "today.zip")
    assert not report.is_good and "104458" in report.problems[0]
    assert report.file.exists()


def test_a_full_disk_leaves_no_half_backup(sqlite_url: str, actor: Actor, tmp_path: Path, monkeypatch) -> None:
    store = open_store(sqlite_url)
    fill(store, actor)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("opsdesk.store.backups.files.BackupWriter.add_copy", full)
    with pytest.raises(Unavailable, match="No space left"):
        make_backup(store, tmp_path / "today.zip")
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name or "today" in path.name] == []
    store.close()
