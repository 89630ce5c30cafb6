"""Whatever bytes come from the keyboard, the line or the clipboard, the program stays (T5), and takes nothing for a yes."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pty_driver import Terminal

SAMPLE = [sys.executable, "-m", "tests.terminal.sample_app"]
MEGABYTE = 1_000_000
MOST_GROWTH = 50 * MEGABYTE


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with Terminal.run(SAMPLE, size=(80, 24), environment={"SAMPLE_STATE": str(tmp_path)}) as opened:
        opened.wait_for("ready")
        yield opened


def answers(terminal: Terminal) -> None:
    """Show that the program still takes keys: end what is open, empty the field, and type into it."""
    terminal.send(b"\x1b[201~~")
    terminal.wait_for(re.compile(r"typed <[1-9]").search)
    terminal.send(b"\x05\x15")
    terminal.wait_for("typed <0>")
    terminal.send(b"abc")
    terminal.wait_for("typed <3>")


@pytest.mark.parametrize("byte", [b"\xff", b"\xfc", b"\xc3(", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x80"])
def test_a_byte_that_is_not_utf8_becomes_a_mark(terminal: Terminal, byte: bytes) -> None:
    terminal.send(b"M" + byte + b"ller")
    terminal.wait_for("\ufffd")
    answers(terminal)


def test_noise_on_the_line_does_not_end_it(terminal: Terminal) -> None:
    chance = random.Random(20261124)
    before = terminal.resident_bytes()
    # Neither the keys that end the sample, leave the field or open the palette are noise, nor the one that breaks it.
    wanted = bytes(byte for byte in range(256) if byte not in b"\x11\t!\x1b\x10")
    for _ in range(2):
        terminal.send(bytes(chance.choices(wanted, k=2_000)))
    # The sample has no key lane: letters may overtake the Ctrl+U before them while noise is still worked off.
    terminal.wait_until_quiet()
    answers(terminal)
    assert terminal.resident_bytes() - before < MOST_GROWTH


@pytest.mark.parametrize(
    "sequence",
    [b"\x1b[", b"\x1b]52;c;", b"\x1bP1$r", b"\x1b[999999999999;1R", b"\x1b[?2026;99$y", b"\x1b[<0;-5;3M", b"\x1b[48;1;2", b"\x1bO"],
)  # fmt: skip
def test_replies_that_are_cut_short_or_invented_do_not_end_it(terminal: Terminal, sequence: bytes) -> None:
    terminal.send(sequence * 3)
    terminal.wait_until_quiet()
    terminal.send(b"\x1b\x1b")
    answers(terminal)


def test_a_paste_without_an_end_does_not_end_it(terminal: Terminal) -> None:
    terminal.send(b"\x1b[200~" + b"paste " * 20_000)
    answers(terminal)


def test_a_large_paste_is_taken_and_steers_nothing(terminal: Terminal) -> None:
    before = terminal.resident_bytes()
    terminal.paste(b"A\x1b]0;PWNED\x07\x1b[2J" + b"y" * 200_000)
    terminal.wait_for(re.compile(r"typed <\d{6}>").search)
    answers(terminal)
    assert b"\x1b]0;PWNED" not in terminal.raw
    assert terminal.resident_bytes() - before < MOST_GROWTH


def test_control_one_latin1_letter_ends_stock_textual(tmp_path: Path) -> None:
    with Terminal.run(SAMPLE, environment={"SAMPLE_MODE": "bare", "SAMPLE_STATE": str(tmp_path)}) as terminal:
        terminal.wait_for("ready")
        terminal.send(b"M\xfcller")
        terminal.wait()
