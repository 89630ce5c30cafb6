"""The bars of this folder once more, on the program itself: no ghosts (T2, T3), hostile text (I1, I2), crashes (T6)."""

from __future__ import annotations

import signal
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.terminal.real_shop import RealShop, build_shop
from tests.terminal.test_hostile_text import MARKUP, PAYLOAD, leaked

GONE_WITHIN = GONE_AFTER_STALL_WITHIN = 60.0
"""It goes or it stays for ever; how many seconds an ending takes is the machine's."""
LEASE_FREE_WITHIN = timedelta(seconds=60)
F1, F3, ESCAPE, ENTER = "\x1bOP", "\x1bOR", "\x1b", "\r"


@pytest.fixture(scope="session")
def _built(tmp_path_factory: pytest.TempPathFactory) -> RealShop:
    return build_shop(tmp_path_factory.mktemp("real"))


@pytest.fixture
def shop(_built: RealShop, tmp_path: Path) -> RealShop:
    return _built.copy_to(tmp_path / "shop")


def leases(shop: RealShop) -> list[datetime]:
    with shop.connected() as connection:
        rows = connection.execute("SELECT expires_at FROM lease").fetchall()
    return [datetime.fromisoformat(row[0]).replace(tzinfo=UTC) for row in rows]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["term", "hup"])
def test_a_signal_ends_the_program_with_the_terminal_restored(shop: RealShop, number: int, code: int) -> None:
    with shop.terminal() as terminal:
        terminal.signal(number)
        assert terminal.wait(GONE_WITHIN) == code
        terminal.wait_for_bytes(b"\x1b[?1049l")
        assert not terminal.is_raw()
    assert all(expiry - datetime.now(UTC) <= LEASE_FREE_WITHIN for expiry in leases(shop))


@pytest.mark.parametrize("controlling", [True, False], ids=["controlling", "not-controlling"])
def test_the_program_goes_with_its_terminal(shop: RealShop, controlling: bool) -> None:
    with shop.terminal(controlling=controlling) as terminal:
        terminal.send(ENTER)
        terminal.hang_up()
        assert terminal.wait(GONE_WITHIN) == 129
    assert all(expiry - datetime.now(UTC) <= LEASE_FREE_WITHIN for expiry in leases(shop))


def test_while_nobody_reads_others_can_write_and_it_comes_back(shop: RealShop) -> None:
    with shop.terminal() as terminal, shop.connected() as other:
        terminal.stall()
        terminal.send("jk" * 400)
        for _ in range(20):
            terminal.cpu_share(0.1)
            other.execute("PRAGMA busy_timeout = 10000")
            other.execute("BEGIN IMMEDIATE")  # raises when the program sits on its lock
            other.execute("ROLLBACK")
        terminal.resume()
        terminal.send(F1)
        terminal.wait_until_quiet()
        terminal.send(F3 + F3)
        terminal.wait_for("ORDERS")
        terminal.signal(signal.SIGTERM)
        assert terminal.wait(GONE_AFTER_STALL_WITHIN) == 143


def test_a_signal_ends_the_program_also_while_nobody_reads(shop: RealShop) -> None:
    with shop.terminal() as terminal:
        terminal.stall()
        terminal.send(("j" * 40 + "k" * 40) * 10)
        terminal.cpu_share(2.0)
        terminal.signal(signal.SIGTERM)
        assert terminal.wait(GONE_AFTER_STALL_WITHIN) == 143
        assert not terminal.is_raw()


PLACES = (":outbox", ":orders", ":keys")


def test_hostile_text_in_every_column_is_shown_and_does_nothing(shop: RealShop) -> None:
    assert shop.fill_with((f"PWN {PAYLOAD}", *MARKUP)) > 1_000
    with shop.terminal() as terminal:
        seen = ""
        for view in ("<", "<", "<", ">", ">", ">", ">", ">", ">"):
            terminal.send(view)
            seen += terminal.wait_until_quiet()
        for _ in range(6):
            terminal.send("j" + ENTER)
            seen += terminal.wait_until_quiet()
            terminal.send("l")
            seen += terminal.wait_until_quiet()
            terminal.send("t")
            seen += terminal.wait_until_quiet()
            terminal.send(F3)
            terminal.wait_until_quiet()
            terminal.send(F3 + F3)
            terminal.wait_for("ORDERS")
        for place in PLACES:
            terminal.send(place + ENTER)
            seen += terminal.wait_until_quiet()
            terminal.send("jjj")
            seen += terminal.wait_until_quiet()
        assert terminal.process.poll() is None, terminal.text
        assert leaked(bytes(terminal.raw)) == []
        assert b"\x1b]8;" not in terminal.raw
        assert all(text in seen for text in ("PWN \ufffd]0;PWNED", "[/red]", "[bold]VIP[/bold]", "Bob [/] x"))
        terminal.signal(signal.SIGTERM)
        assert terminal.wait() == 143


@pytest.mark.parametrize("as_json", [[], ["--json"]], ids=["text", "json"])
def test_hostile_text_does_nothing_on_the_command_line(shop: RealShop, as_json: list[str]) -> None:
    shop.fill_with((f"PWN {PAYLOAD}",))
    with shop.connected() as connection:
        number = connection.execute("SELECT number FROM orders ORDER BY id DESC").fetchone()[0]
    for command in (["order", "list"], ["order", "show", number], ["order", "history", number], ["mail", "list"]):
        ran = shop.run(*command, *as_json)
        assert ran.returncode == 0, ran.stderr
        assert leaked(ran.stdout + ran.stderr) == [], command


def test_a_store_that_breaks_the_program_shows_a_number_and_no_names(shop: RealShop) -> None:
    with shop.connected() as connection:
        connection.execute("UPDATE orders SET customer_name = 'Secret Person', headline = 'no such headline'")
    with shop.terminal_of_a_broken_store() as terminal:
        assert terminal.wait() == 70
        terminal.wait_for_bytes(b"Reference")
        assert not terminal.is_raw()
        assert b"Secret Person" not in terminal.raw
        assert b"Secret Person" not in b"".join(file.read_bytes() for file in (shop.state / "crashes").iterdir())


def test_control_a_lock_that_is_held_is_seen(shop: RealShop) -> None:
    with shop.connected() as holder, shop.connected() as other:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
