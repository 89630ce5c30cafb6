"""However its terminal goes, the program goes with it: no process left, no processor burnt, the terminal restored (T2).

And while nobody reads the terminal, the program holds nothing and comes back (T3). Stock Textual is the control.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.pty_driver import Terminal

SIZE = (80, 24)
GONE_WITHIN = GONE_AFTER_STALL_WITHIN = 60.0
"""It goes or it stays for ever; how many seconds an ending takes is the machine's."""

Start = Callable[..., AbstractContextManager[Terminal]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    def run(mode: str = "", *, controlling: bool = True) -> AbstractContextManager[Terminal]:
        environment = {"SAMPLE_MODE": mode, "SAMPLE_STATE": str(tmp_path)}
        program = [sys.executable, "-m", "tests.terminal.sample_app"]
        return Terminal.run(program, size=SIZE, controlling=controlling, environment=environment)

    return run


def started(terminal: Terminal, mode: str) -> None:
    terminal.wait_for("tick 5" if "busy" in mode else "ready")
    assert terminal.is_raw() and terminal.is_on_other_screen()


def full(terminal: Terminal) -> None:
    """Stop reading, and wait until the program has nowhere to write to: its share of the processor falls to nothing."""
    terminal.stall()
    deadline = time.monotonic() + 60
    while terminal.cpu_share(0.4) > 0.02:
        assert time.monotonic() < deadline, "The program never waits for its reader."


@pytest.mark.parametrize("controlling", [True, False], ids=["controlling", "not-controlling"])
@pytest.mark.parametrize("mode", ["", "busy"], ids=["idle", "busy"])
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)], ids=["term", "hup", "int"]
)
def test_a_signal_ends_it_with_the_terminal_restored(
    start: Start, number: int, code: int, mode: str, controlling: bool
) -> None:
    with start(mode, controlling=controlling) as terminal:
        before = terminal.modes()
        started(terminal, mode)
        terminal.signal(number)
        assert terminal.wait(GONE_WITHIN) == code
        terminal.wait_for_bytes(b"\x1b[?1049l")
        assert not terminal.is_on_other_screen()
        assert terminal.modes() == before
        assert terminal.raw.rfind(b"\x1b[?25h") > terminal.raw.rfind(b"\x1b[?25l")
        assert terminal.raw.rfind(b"\x1b[?1003l") > terminal.raw.rfind(b"\x1b[?1003h")
        assert terminal.raw.rfind(b"\x1b[?2004l") > terminal.raw.rfind(b"\x1b[?2004h")


@pytest.mark.parametrize("controlling", [True, False], ids=["controlling", "not-controlling"])
@pytest.mark.parametrize("mode", ["", "busy"], ids=["idle", "busy"])
def test_a_terminal_that_goes_away_takes_it_along(start: Start, mode: str, controlling: bool) -> None:
    with start(mode, controlling=controlling) as terminal:
        started(terminal, mode)
        terminal.hang_up()
        assert terminal.wait(GONE_WITHIN) == 129


def test_a_hang_up_is_seen_also_when_nohup_ignores_the_signal(start: Start) -> None:
    with start("nohup busy") as terminal:
        started(terminal, "busy")
        terminal.hang_up()
        assert terminal.wait(GONE_WITHIN) == 129


def test_a_signal_ends_it_also_while_nobody_reads(start: Start) -> None:
    with start("busy") as terminal:
        started(terminal, "busy")
        full(terminal)
        before = terminal.bytes_written
        terminal.signal(signal.SIGTERM)
        assert terminal.wait(GONE_AFTER_STALL_WITHIN) == 143
        assert not terminal.is_raw()
        terminal.resume()
        terminal.wait_for_bytes(b"\x1b[?1049l")
        assert b"\x1b[?25h" in terminal.raw[before:]


def test_a_terminal_that_goes_away_while_nobody_reads_takes_it_along(start: Start) -> None:
    with start("busy", controlling=False) as terminal:
        started(terminal, "busy")
        full(terminal)
        terminal.hang_up()
        assert terminal.wait(GONE_AFTER_STALL_WITHIN) == 129


def test_it_comes_back_when_somebody_reads_again(start: Start) -> None:
    with start("busy") as terminal:
        started(terminal, "busy")
        full(terminal)
        before = terminal.bytes_written
        terminal.resume()
        terminal.wait_for(lambda _screen: terminal.bytes_written > before + 100_000)
        terminal.send("x")
        terminal.wait_for("x")


def test_no_process_is_left_that_uses_the_processor(start: Start) -> None:
    with start("", controlling=False) as terminal:
        started(terminal, "")
        terminal.wait_until_quiet()
        assert terminal.cpu_share(1.0) < 0.05
        terminal.hang_up()
        terminal.wait(GONE_WITHIN)
    assert not [thread.name for thread in threading.enumerate() if thread.name == "pty-reader"]


# What stock Textual does: if one of these passes the bar, the bar measures nothing.


def test_control_stock_textual_dies_of_a_signal_and_leaves_the_terminal_raw(start: Start) -> None:
    with start("bare") as terminal:
        started(terminal, "bare")
        terminal.signal(signal.SIGTERM)
        assert terminal.wait() == -signal.SIGTERM
        terminal.wait_until_quiet()
        assert terminal.is_raw()
        assert terminal.is_on_other_screen()


def test_control_stock_textual_spins_on_a_terminal_that_went_away(start: Start) -> None:
    with start("bare", controlling=False) as terminal:
        started(terminal, "bare")
        terminal.hang_up()
        before, deadline = terminal._cpu_seconds(), time.monotonic() + 30
        while terminal._cpu_seconds() - before < 1.0:
            assert time.monotonic() < deadline, "It rests."
            terminal.cpu_share(0.2)
        assert terminal.process.poll() is None
