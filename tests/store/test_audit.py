"""The history shows every tampering: edits, removals, additions, swaps, cut tails, and histories made anew."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session

from opsdesk.domain.errors import Refused
from opsdesk.store.audit import chain
from opsdesk.store.audit.anchor import anchor_file, remember_head, remembered_heads, replace_heads
from opsdesk.store.audit.chain import START, Entry, Head, Link, Sealed
from opsdesk.store.audit.checking import AuditReport, verify_audit, verify_chain
from opsdesk.store.audit.keys import FILE_NAME, audit_key
from opsdesk.store.engine import Store, connect, open_store
from tests.conftest import START as NOON

SOAK = bool(os.environ.get("OPSDESK_SOAK"))
TAMPERINGS = 1_000 if SOAK else 300
COLUMNS = ("at", "hash", *chain.FIELDS[1:])


def write_history(store: Store, commands: int, *, key: bytes | None = None, rows: int = 2) -> Head:
    link = Link(Head(0, START), Head(0, START))
    for number in range(commands):
        common = Sealed(NOON + timedelta(seconds=number), "mia", "agent", "tty:pts/3", f"command-{number}")
        entries = [
            Entry("order.note", "order", number, f"Note {number}.{line}", before="a", after="b") for line in range(rows)
        ]
        with Session(store.writer) as session, session.begin():
            link = chain.append(session, key or audit_key(), common, entries)
        remember_head(store.url, link)
    return link.after


@pytest.fixture
def history(sqlite_url: str) -> Store:
    store = open_store(sqlite_url)
    write_history(store, 60)
    return store


@pytest.fixture
def copied(history: Store, tmp_path: Path) -> Callable[[], Path]:
    """Give fresh copies of the store's file, with the guards against changes taken out."""
    with history.writer.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    history.close()
    source = sqlite3.connect(history.writer.url.database or "")
    source.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    source.execute("DROP TRIGGER activity_no_update")
    source.execute("DROP TRIGGER activity_no_delete")
    source.commit()
    source.close()

    def copy() -> Path:
        return Path(shutil.copy(history.writer.url.database or "", tmp_path / "copy.db"))

    return copy


def check(file: Path, noted: tuple[Head, ...]) -> AuditReport:
    store = connect(f"sqlite:///{file}")
    try:
        with store.reading() as session:
            return verify_chain(session, audit_key(), noted)
    finally:
        store.close()


def rows_of(file: sqlite3.Connection) -> int:
    return int(file.execute("SELECT max(id) FROM activity").fetchone()[0])


def edit(file: sqlite3.Connection, dice: random.Random) -> str:
    row, column = dice.randint(1, rows_of(file)), dice.choice(COLUMNS)
    before = value_of(file, column, row)
    kept = str(before)
    at = dice.randrange(len(kept) + 1)
    changed = dice.choice([kept[:at] + dice.choice("019az ,") + kept[at:], "", kept.encode() + b"\xff", 7, b""])
    file.execute(f"UPDATE activity SET {column} = ? WHERE id = ?", (changed, row))
    if value_of(file, column, row) == before:
        # SQLite has made a number of it again, and the same one.
        file.execute(f"UPDATE activity SET {column} = ? WHERE id = ?", (f"{kept}x", row))
    return f"{column} of row {row} to {changed!r}"


def value_of(file: sqlite3.Connection, column: str, row: int) -> object:
    return file.execute(f"SELECT {column} FROM activity WHERE id = ?", (row,)).fetchone()[0]


def garble(file: sqlite3.Connection, dice: random.Random) -> str:
    row, column = dice.randint(1, rows_of(file)), dice.choice(("summary", "hash", "at", "subject_id"))
    file.execute(f"UPDATE activity SET {column} = CAST(x'4142ff' AS TEXT) WHERE id = ?", (row,))
    return f"{column} of row {row} to what is no text"


def shift(file: sqlite3.Connection, dice: random.Random) -> str:
    row = dice.randint(1, rows_of(file))
    file.execute("UPDATE activity SET before = before || '\x1f' || after, after = '' WHERE id = ?", (row,))
    return f"text of row {row} moved into the field before"


def remove(file: sqlite3.Connection, dice: random.Random) -> str:
    first = dice.randint(1, rows_of(file) - 1)
    last = min(rows_of(file) - 1, first + dice.randint(0, 5))
    file.execute("DELETE FROM activity WHERE id BETWEEN ? AND ?", (first, last))
    if dice.random() < 0.5:
        for row in range(last + 1, rows_of(file) + 1):
            file.execute("UPDATE activity SET id = ? WHERE id = ?", (row - (last - first + 1), row))
    return f"rows {first} to {last} removed"


def insert(file: sqlite3.Connection, dice: random.Random) -> str:
    at = dice.choice([0, -7, rows_of(file) + 1, rows_of(file) + 5, dice.randint(1, rows_of(file))])
    for row in range(rows_of(file), at - 1, -1) if 0 < at <= rows_of(file) else ():
        file.execute("UPDATE activity SET id = ? WHERE id = ?", (row + 1, row))
    twin = ", ".join(chain.FIELDS[1:])
    file.execute(
        f"INSERT INTO activity (id, at, hash, {twin}) SELECT ?, at, hash, {twin} FROM activity WHERE id <> ? "
        "ORDER BY id DESC LIMIT 1",
        (at, at),
    )
    return f"a row added at {at}"


def swap(file: sqlite3.Connection, dice: random.Random) -> str:
    one, other = dice.sample(range(1, rows_of(file) + 1), 2)
    for old, new in ((one, -1), (other, one), (-1, other)):
        file.execute("UPDATE activity SET id = ? WHERE id = ?", (new, old))
    return f"rows {one} and {other} exchanged"


def cut(file: sqlite3.Connection, dice: random.Random) -> str:
    keep = dice.randint(0, rows_of(file) - 1)
    file.execute("DELETE FROM activity WHERE id > ?", (keep,))
    return f"cut after {keep}"


def rebuild(file: sqlite3.Connection, dice: random.Random, key: bytes) -> str:
    """Change a row and seal everything from there anew."""
    first = dice.randint(1, rows_of(file))
    file.execute("UPDATE activity SET summary = summary || '!' WHERE id = ?", (first,))
    file.commit()
    store = connect(f"sqlite:///{file.execute('PRAGMA database_list').fetchone()[2]}")
    with Session(store.writer) as session, session.begin():
        before = session.execute(text("SELECT hash FROM activity WHERE id = :id"), {"id": first - 1}).scalar() or START
        columns = [getattr(chain.ActivityRow, name) for name in (*chain.FIELDS, "at")]
        for *fields, at in session.execute(chain.select(*columns).where(chain.ActivityRow.id >= first)).all():
            before = chain.seal(key, before, at, fields)
            session.execute(text("UPDATE activity SET hash = :hash WHERE id = :id"), {"hash": before, "id": fields[0]})
    store.close()
    return f"made anew from {first}"


def rebuild_without_key(file: sqlite3.Connection, dice: random.Random) -> str:
    return rebuild(file, dice, b"\0" * 32)


def rebuild_with_key(file: sqlite3.Connection, dice: random.Random) -> str:
    return rebuild(file, dice, audit_key())


TAMPERED = (edit, edit, garble, shift, remove, insert, swap, cut, rebuild_without_key, rebuild_with_key)
SEEN_ONLY_OUTSIDE = (cut, rebuild_with_key)


def tamper(copied: Callable[[], Path], number: int) -> tuple[Path, Callable[..., str], str]:
    file, dice, how = copied(), random.Random(number), TAMPERED[number % len(TAMPERED)]
    connection = sqlite3.connect(file)
    said = how(connection, dice)
    connection.commit()
    connection.close()
    return file, how, f"seed {number}: {said}"


def test_an_untouched_history_is_intact(history: Store) -> None:
    report = verify_audit(history)
    assert report.is_intact
    assert (report.rows, report.head) == (120, report.noted)


def test_every_tampering_is_found(history: Store, copied: Callable[[], Path]) -> None:
    noted = remembered_heads(history.url)
    missed = []
    for number in range(TAMPERINGS):
        file, _, said = tamper(copied, number)
        if check(file, noted).is_intact:
            missed.append(said)
    assert missed == []


def test_without_the_noted_head_cut_tails_and_histories_made_anew_are_missed(copied: Callable[[], Path]) -> None:
    """The control: a check that has only the store and the key."""
    missed = dict.fromkeys(TAMPERED, 0)
    for number in range(40):
        file, how, _ = tamper(copied, number)
        missed[how] += check(file, ()).is_intact
    assert all(missed[how] == 4 for how in SEEN_ONLY_OUTSIDE)
    assert sum(missed.values()) == 8


def test_a_cut_stays_known_although_the_shop_goes_on_working(history: Store, copied: Callable[[], Path]) -> None:
    file = copied()
    connection = sqlite3.connect(file)
    connection.execute("DELETE FROM activity WHERE id > 110")
    connection.commit()
    connection.close()
    shutil.copy(file, history.writer.url.database or "")
    store = open_store(history.url)
    common = Sealed(NOON, "mia", "agent", "cli", "later")
    for _ in range(20):
        with Session(store.writer) as session, session.begin():
            link = chain.append(session, audit_key(), common, [Entry("order.note", "order", 1, "Later.")])
        remember_head(store.url, link)
    report = verify_audit(store)
    assert [problem.row_id for problem in report.problems] == [120]
    store.close()


def test_it_is_found_on_both_stores_who_changed_a_row(store: Store) -> None:
    write_history(store, 5)
    assert verify_audit(store).is_intact
    with store.writer.begin() as connection:
        if store.is_sqlite:
            connection.exec_driver_sql("DROP TRIGGER activity_no_update")
        else:
            connection.exec_driver_sql("ALTER TABLE activity DISABLE TRIGGER activity_append_only")
        connection.exec_driver_sql("UPDATE activity SET actor = 'tom' WHERE id = 4")
    assert [problem.row_id for problem in verify_audit(store).problems] == [4]


@pytest.mark.parametrize("verb", ["UPDATE activity SET actor = 'tom'", "DELETE FROM activity"])
def test_the_store_itself_refuses_to_change_history(store: Store, verb: str) -> None:
    write_history(store, 1)
    with pytest.raises(Exception, match="append-only"), store.writer.begin() as connection:
        connection.exec_driver_sql(verb)


def test_a_lost_key_is_asked_for_and_never_made_anew(history: Store, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPSDESK_STATE", str(tmp_path / "other"))
    with pytest.raises(Refused, match=FILE_NAME):
        verify_audit(history)
    assert not (tmp_path / "other" / FILE_NAME).exists()


def test_notes_are_private_move_forward_only_and_keep_one_of_each_thousand(sqlite_url: str) -> None:
    heads = [Head(number, f"{number:064x}") for number in range(2_101)]
    for before, after in itertools.pairwise(heads):
        remember_head(sqlite_url, Link(before, after))
    remember_head(sqlite_url, Link(heads[7], heads[8]))
    assert [head.id for head in remembered_heads(sqlite_url)] == [2_100, 1, 1_000, 2_000]
    assert anchor_file(sqlite_url).stat().st_mode & 0o777 == 0o600
    assert replace_heads(sqlite_url, heads[9])[0] == heads[2_100]
    assert remembered_heads(sqlite_url) == (heads[9], heads[9])


def test_damaged_notes_are_neither_trusted_nor_overwritten(sqlite_url: str) -> None:
    remember_head(sqlite_url, Link(Head(0, START), Head(1, "a" * 64)))
    anchor_file(sqlite_url).write_bytes(b"rubbish")
    remember_head(sqlite_url, Link(Head(1, "a" * 64), Head(2, "b" * 64)))
    assert anchor_file(sqlite_url).read_bytes() == b"rubbish"
    with pytest.raises(Refused, match="noted heads"):
        remembered_heads(sqlite_url)


def test_a_folder_that_cannot_be_written_fails_no_command(sqlite_url: str, monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OPSDESK_STATE", str(tmp_path / "file"))
    remember_head(sqlite_url, Link(Head(0, START), Head(1, "a" * 64)))


def test_one_place_has_one_file_of_notes(tmp_path: Path) -> None:
    with_password = anchor_file("postgresql+psycopg://mia:secret@db.example/shop")
    assert with_password == anchor_file("postgresql://tom@db.example:5432/shop")
    assert with_password != anchor_file("postgresql://tom@db.example:5433/shop")
    assert anchor_file(f"sqlite:///{tmp_path}/a/../shop.db") == anchor_file(f"sqlite:///{tmp_path}/shop.db")
