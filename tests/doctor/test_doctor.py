"""The doctor finds each planted fault, says what to do about it, and leaves a healthy installation in peace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from sqlmodel import Session

from opsdesk.doctor.examining import examine
from opsdesk.doctor.files import disk, filesystem_of
from opsdesk.doctor.findings import Finding, Level
from opsdesk.doctor.versions import python_version, sqlite_library
from opsdesk.domain.mails.outgoing import MailState
from opsdesk.domain.moments import Clock, system_clock
from opsdesk.settings import load_settings
from opsdesk.store.audit.keys import audit_key
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import SettingRow
from opsdesk.worker.loop import run_once
from tests.peers.smtp_sink import smtp_sink
from tests.store.test_audit import write_history
from tests.worker.test_mails_survive import write_mails


@pytest.fixture(autouse=True)
def _few_templates(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the tests of other things a second each: filling in every template takes that long."""
    if "template" not in request.node.name and "healthy" not in request.node.name:
        monkeypatch.setattr("opsdesk.doctor.outside.templates", lambda _: ())


@pytest.fixture
def shop(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Open a shop in which everything is as it should be: history, mail server, worker, a name of its own."""
    state = tmp_path / "state"
    monkeypatch.setenv("OPSDESK_STATE", str(state))
    store = open_store(store_url)
    write_history(store, 3)
    with Session(store.writer) as session, session.begin():
        session.add(SettingRow(key="shop", value=json.dumps({"name": "Berg & Ek", "mail_from": "orders@berg.example"})))
    run_once(store, None, holder="desk:1:x")
    if store.is_sqlite:
        Path(store.writer.url.database or "").chmod(0o600)
        for path in tmp_path.glob("shop.db-*"):
            path.chmod(0o600)
    with smtp_sink(tmp_path / "mails") as sink:
        monkeypatch.setenv("OPSDESK_SMTP_URL", f"smtp://127.0.0.1:{sink.port}")
        yield store
    store.close()


def look(store: Store, *, deep: bool = False, clock: Clock = system_clock) -> dict[str, Finding]:
    """Return the worst finding of each check."""
    found: dict[str, Finding] = {}
    for finding in examine(load_settings(), store.url, deep=deep, clock=clock):
        if finding.check not in found or found[finding.check].level is Level.WELL:
            found[finding.check] = finding
    return found


def test_a_healthy_shop_needs_nothing(shop: Store) -> None:
    found = look(shop, deep=True)
    # What the machine under the tests is like is not the shop's fault.
    for check in ("python", "disk space", "postgres checksums", "postgres fsync", "postgres full_page_writes"):
        found.pop(check, None)
    assert [finding for finding in found.values() if finding.level is not Level.WELL] == []
    seen = {"store", "history", "clock", "worker", "mail server", "templates", "file modes"}
    on_sqlite = {"sqlite library", "sqlite settings", "file system", "file"}
    assert seen | (on_sqlite if shop.is_sqlite else set()) <= set(found)


@pytest.mark.parametrize(
    ("version", "is_good"),
    [
        ((3, 40, 1), False), ((3, 44, 5), False), ((3, 44, 6), True), ((3, 45, 9), False), ((3, 50, 6), False),
        ((3, 50, 7), True), ((3, 51, 2), False), ((3, 51, 3), True), ((3, 53, 4), True), ((4, 0, 0), True),
    ],
)  # fmt: skip
def test_a_sqlite_that_can_corrupt_the_store_must_be_mended(version: tuple[int, ...], is_good: bool) -> None:
    assert sqlite_library(version).level is (Level.WELL if is_good else Level.MEND)


@pytest.mark.parametrize(
    ("version", "is_good"),
    [((3, 11, 7), False), ((3, 11, 10), True), ((3, 12, 4), False), ((3, 12, 5), True), ((3, 13, 0), True)],
)
def test_a_python_with_the_mail_fault_is_named(version: tuple[int, ...], is_good: bool) -> None:
    finding = python_version(version)
    assert finding.level is (Level.WELL if is_good else Level.WATCH)
    assert is_good or "CVE-2024-6923" in finding.sentence


@pytest.mark.parametrize(
    ("pragma", "harm"),
    [
        ("foreign_keys=OFF", "foreign_keys is 0"),
        ("synchronous=NORMAL", "synchronous is 1"),
        ("journal_mode=DELETE", "journal_mode is delete"),
        ("busy_timeout=0", "busy_timeout is 0"),
    ],
)
def test_unsafe_sqlite_settings_must_be_mended(sqlite_url: str, monkeypatch, pragma: str, harm: str) -> None:
    monkeypatch.setattr("opsdesk.store.engine._SQLITE_PRAGMAS", (pragma,))
    store = open_store(sqlite_url)
    finding = look(store)["sqlite settings"]
    assert finding.level is Level.MEND and harm in finding.sentence
    store.close()


@pytest.mark.parametrize(
    ("setting", "check"),
    [
        ("lock_timeout = 0", "postgres lock_timeout"),
        ("idle_in_transaction_session_timeout = 0", "postgres idle_in_transaction_session_timeout"),
        ("synchronous_commit = off", "postgres synchronous_commit"),
    ],
)
def test_an_unsafe_server_must_be_mended(postgres_url: str, monkeypatch, setting: str, check: str) -> None:
    monkeypatch.setattr("opsdesk.store.engine._POSTGRES_OPTIONS", f"-c {setting.replace(' ', '')}")
    store = open_store(postgres_url)
    finding = look(store)[check]
    assert finding.level is Level.MEND and finding.remedy
    store.close()


def test_a_server_that_does_not_write_through_must_be_mended(postgres_url: str) -> None:
    store = open_store(postgres_url)
    with store.reading() as session:
        is_off = session.execute(text("SHOW fsync")).scalar_one() == "off"
    found = look(store)
    # The tests' own server is such a one; a durable one given by hand is not.
    assert ("postgres fsync" in found) is is_off
    store.close()


MOUNTED = """\
22 1 259:1 / / rw,relatime - ext4 /dev/root rw
40 22 0:35 / /srv/shop rw,relatime shared:3 - nfs4 server:/shop rw
41 22 0:36 / /srv/shop/local rw,relatime - xfs /dev/sdb rw
42 22 0:37 / /mnt/with\\040space rw,relatime - fuse.sshfs there: rw
43 22 0:38 / /mnt/home rw,relatime - fuse.ecryptfs x rw
"""


@pytest.mark.parametrize(
    ("place", "kind", "level"),
    [
        ("/shop.db", "ext4", Level.WELL),
        ("/srv/shop/shop.db", "nfs4", Level.MEND),
        ("/srv/shop/local/shop.db", "xfs", Level.WELL),
        ("/srv/shopping/shop.db", "ext4", Level.WELL),
        ("/mnt/with space/shop.db", "fuse.sshfs", Level.MEND),
        ("/mnt/home/shop.db", "fuse.ecryptfs", Level.WELL),
    ],
)
def test_a_network_file_system_must_be_mended(tmp_path: Path, monkeypatch, place: str, kind: str, level: Level) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTED)
    monkeypatch.setattr("opsdesk.doctor.files._existing", lambda path: Path(path).parent)
    assert filesystem_of(Path(place), mounts) == kind
    monkeypatch.setattr("opsdesk.doctor.files.shutil.disk_usage", _room(5_000_000_000))
    assert next(iter(disk(Path(place), mounts))).level is level


def _room(free: int):
    return lambda _: SimpleNamespace(free=free)


@pytest.mark.parametrize(("free", "level"), [(10**10, Level.WELL), (10**9 - 1, Level.WATCH), (10**7, Level.MEND)])
def test_a_disk_that_fills_up_is_seen_before_it_is_full(tmp_path: Path, monkeypatch, free: int, level: Level) -> None:
    monkeypatch.setattr("opsdesk.doctor.files.shutil.disk_usage", _room(free))
    assert list(disk(tmp_path / "shop.db"))[-1].level is level


@pytest.mark.parametrize(
    ("name", "mode", "level"),
    [
        ("shop.db", 0o604, Level.MEND),
        ("shop.db", 0o660, Level.WATCH),
        ("shop.db-wal", 0o644, Level.MEND),
        ("state/audit.key", 0o640, Level.MEND),
        ("state", 0o755, Level.MEND),
    ],
)
def test_a_file_that_others_can_reach_is_named_with_the_command_that_closes_it(
    sqlite_url: str, tmp_path: Path, monkeypatch, name: str, mode: int, level: Level
) -> None:
    monkeypatch.setenv("OPSDESK_STATE", str(tmp_path / "state"))
    store = open_store(sqlite_url)
    write_history(store, 1)
    for path in (*tmp_path.glob("shop.db*"), *tmp_path.glob("state/*.key")):
        path.chmod(0o600)
    assert look(store)["file modes"].level is Level.WELL
    (tmp_path / name).chmod(mode)
    finding = look(store)["file modes"]
    assert finding.level is level
    assert "chmod" in finding.remedy and name in finding.remedy
    store.close()


def test_a_folder_in_which_anybody_may_replace_the_store_must_be_mended(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url)
    tmp_path.chmod(0o777)
    assert look(store)["folder"].level is Level.MEND
    store.close()


def test_a_lost_or_wrong_audit_key_must_be_mended(shop: Store, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("OPSDESK_STATE", str(tmp_path / "new"))
    assert "audit.key" in look(shop)["history"].sentence
    audit_key()
    assert "does not fit" in look(shop)["history"].sentence


def test_a_history_whose_tail_was_cut_must_be_mended(shop: Store) -> None:
    with shop.writer.begin() as connection:
        if shop.is_sqlite:
            connection.execute(text("DROP TRIGGER activity_no_delete"))
        else:
            connection.execute(text("ALTER TABLE activity DISABLE TRIGGER activity_append_only"))
        connection.execute(text("DELETE FROM activity WHERE id > 4"))
    finding = look(shop)["history"]
    assert finding.level is Level.MEND and "audit verify" in finding.remedy


def test_a_wrong_clock_must_be_mended(shop: Store) -> None:
    behind = datetime(2026, 1, 1, tzinfo=UTC)
    assert look(shop, clock=lambda: behind)["clock"].level is Level.MEND
    if not shop.is_sqlite:
        assert look(shop, clock=lambda: system_clock() + timedelta(seconds=10))["clock"].level is Level.WATCH
        assert look(shop, clock=lambda: system_clock() + timedelta(hours=1))["clock"].level is Level.MEND


def test_mails_that_nobody_sends_must_be_mended(shop: Store) -> None:
    later = system_clock() + timedelta(hours=1)
    assert look(shop, clock=lambda: later)["worker"].level is Level.WATCH
    write_mails(shop, 1)
    finding = look(shop, clock=lambda: later)["worker"]
    assert finding.level is Level.MEND and "mails are due since" in finding.sentence
    with shop.writer.begin() as connection:
        connection.execute(text("UPDATE mail SET state = :held"), {"held": MailState.HELD.value})
    assert look(shop)["outbox"].level is Level.WATCH


def test_a_mail_server_that_does_not_answer_must_be_mended(shop: Store, monkeypatch) -> None:
    monkeypatch.setenv("OPSDESK_SMTP_URL", "smtp://127.0.0.1:1")
    assert look(shop)["mail server"].level is Level.MEND
    monkeypatch.setenv("OPSDESK_SMTP_URL", "smtp://desk:secret@mail.example")
    finding = look(shop)["mail server"]
    assert finding.level is Level.MEND and "secret" not in finding.sentence + finding.remedy
    monkeypatch.delenv("OPSDESK_SMTP_URL")
    assert look(shop)["mail server"].level is Level.WATCH


def test_a_template_that_cannot_be_filled_in_must_be_mended(shop: Store, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("OPSDESK_TEMPLATES", str(tmp_path / "own"))
    (tmp_path / "own" / "shipped").mkdir(parents=True)
    (tmp_path / "own" / "shipped" / "en.subject").write_text("Order {{ ordr.number }}")
    (tmp_path / "own" / "shipped" / "en.txt").write_text("Hello {{ nobody }}")
    finding = look(shop)["templates"]
    assert finding.level is Level.MEND and "shipped" in finding.sentence


def test_a_store_that_is_none_or_of_another_schema_must_be_mended(sqlite_url: str, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "rubbish.db").write_bytes(os.urandom(8_192))
    assert "not a database" in look_at(f"sqlite:///{tmp_path / 'rubbish.db'}").sentence
    assert "no OpsDesk store" in look_at(f"sqlite:///{tmp_path / 'none.db'}").sentence
    assert not (tmp_path / "none.db").exists()
    assert "cannot be reached" in look_at("postgresql+psycopg://127.0.0.1:1/shop").sentence
    monkeypatch.setattr("opsdesk.doctor.stores.SCHEMA_VERSION", "0000")
    assert "newer" in look_at(sqlite_url).sentence
    monkeypatch.setattr("opsdesk.doctor.stores.SCHEMA_VERSION", "9999")
    assert "opsdesk migrate" in look_at(sqlite_url).remedy


def look_at(url: str) -> Finding:
    (finding,) = [finding for finding in examine(load_settings(), url) if finding.check == "store"]
    assert finding.level is Level.MEND
    return finding


def test_a_damaged_page_is_found_by_looking_deep(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url)
    write_history(store, 400)
    store.close()
    file = tmp_path / "shop.db"
    content = bytearray(file.read_bytes())
    page = content.rfind(b"order.note")
    start = page - page % 4096
    content[start : start + 8] = b"\x0a\xff\xff\xff\xff\xff\xff\xff"
    file.write_bytes(content)
    again = open_store(sqlite_url)
    assert look(again, deep=True)["file"].level is Level.MEND
    again.close()


def test_the_command_ends_with_one_and_says_it_in_json(sqlite_url: str, tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "OPSDESK_STATE": str(tmp_path / "state")}
        command = [sys.executable, "-m", "opsdesk", "doctor", "--store", sqlite_url, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    (tmp_path / "shop.db").chmod(0o600)
    healthy = run("--json")
    assert (healthy.returncode, json.loads(healthy.stdout)["healthy"]) == (0, True), healthy
    (tmp_path / "shop.db").chmod(0o666)
    ill = run("--json")
    assert (ill.returncode, json.loads(ill.stdout)["healthy"]) == (1, False)
    said = run().stdout
    assert f"chmod 600 {tmp_path / 'shop.db'}" in said
    assert "1 thing must be mended." in said
