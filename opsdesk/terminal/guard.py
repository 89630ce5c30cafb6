"""Ends the program when its terminal or its system says so, also when nobody reads the terminal any more.

Textual as shipped dies of SIGTERM and SIGHUP with the terminal left raw, spins for ever on a terminal that went away
without SIGHUP, and stands still when nobody reads its output. Here a thread watches the terminal for a hang-up and a
pipe for signals; it asks the app to exit, and soon after ends the process itself, with the terminal restored.
So nothing may depend on a clean exit: drafts are committed as they are typed, and leases run out by store time.

Wiring: `terminal.citizen.CitizenApp` installs a `Guard` before Textual touches the terminal.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import select
import signal
import termios
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from textual.drivers import linux_driver

HARD_EXIT_AFTER: Final = 1.5
"""Seconds that the app gets to leave by itself."""

# Leave bracketed paste, mouse, focus and resize reports, the kitty keyboard and the other screen; show the cursor.
RESET_MODES: Final = (
    b"\x1b[?2026l\x1b[?2004l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l\x1b[?1004l\x1b[?2048l"
    b"\x1b[<u\x1b[?7h\x1b[0m\x1b[?1049l\x1b[?25h"
)
_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL
_STDIN, _STDERR = 0, 2
_FINISHED = 0


class Guard:
    """Watches one running app. `ask_to_exit` is called in the app's loop, with the exit code."""

    def __init__(self, ask_to_exit: Callable[[int], None], *, hard_exit_after: float = HARD_EXIT_AFTER) -> None:
        self._ask_to_exit = ask_to_exit
        self._patience = hard_exit_after
        self._loop: asyncio.AbstractEventLoop | None = None
        self._before: list[Any] | None = None
        self._pipe_out, self._pipe_in = -1, -1
        self._done = threading.Event()
        self.exit_code: int | None = None

    def install(self) -> None:
        """Start watching. Call it in the main thread, inside the running loop, before the terminal is changed."""
        self._loop = asyncio.get_running_loop()
        self._before = _terminal_modes()
        self._pipe_out, self._pipe_in = os.pipe()
        os.set_blocking(self._pipe_in, False)
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        threading.Thread(target=self._watch, name="terminal-guard", daemon=True).start()

    def finished(self) -> None:
        """Say that the process is about to end by itself, and call the hard exit off."""
        self._done.set()
        self._ring(_FINISHED)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        # It interrupts any line of the main thread, so it takes no lock: a byte in the pipe is all.
        self._ring(number)

    def _ring(self, number: int) -> None:
        with contextlib.suppress(OSError):
            os.write(self._pipe_in, bytes([number]))

    def _watch(self) -> None:
        code = self._wait_for_the_end()
        if code is None:
            return
        self.exit_code = code
        with contextlib.suppress(RuntimeError):
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._ask_to_exit, code)
        if not self._done.wait(self._patience):
            self._hard_exit(code)

    def _wait_for_the_end(self) -> int | None:
        poll = select.poll()
        poll.register(self._pipe_out, select.POLLIN)
        if os.isatty(_STDIN):
            poll.register(_STDIN, 0)
        while True:
            for descriptor, events in poll.poll():
                if descriptor == _STDIN and events & _GONE:
                    _let_go_of_the_terminal()
                    return 128 + signal.SIGHUP
                if descriptor == self._pipe_out:
                    number = os.read(self._pipe_out, 1)[0]
                    return None if number == _FINISHED else 128 + number

    def _hard_exit(self, code: int) -> None:
        """End the process now. Right only because everything that matters was committed before."""
        with contextlib.suppress(OSError, termios.error):
            self._restore_terminal()
        os._exit(code)

    def _restore_terminal(self) -> None:
        # A description of our own: making stderr non-blocking would do the same to the shell behind us.
        if not os.isatty(_STDERR):
            return
        terminal = os.open(os.ttyname(_STDERR), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        _write_nowhere()
        pause = threading.Event()
        for _ in range(20):
            # What nobody read is thrown away, and stop and start wakes the writer that waits for room: while it waits,
            # it keeps everybody else out.
            termios.tcflush(terminal, termios.TCOFLUSH)
            termios.tcflow(terminal, termios.TCOOFF)
            termios.tcflow(terminal, termios.TCOON)
            try:
                os.write(terminal, RESET_MODES)
                break
            except BlockingIOError:
                pause.wait(0.02)
        if self._before is not None:
            termios.tcsetattr(terminal, termios.TCSANOW, self._before)


def _let_go_of_the_terminal() -> None:
    """Put something quiet where the dead terminal was: reading it spins, and writing to it ends Textual's writer."""
    quiet, kept_open = os.pipe()
    # The input thread may just have been told that there is something to read, and must find it: "focus lost".
    os.write(kept_open, b"\x1b[O")
    os.dup2(quiet, _STDIN)
    _write_nowhere()


def _write_nowhere() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, _STDERR):
        os.dup2(nowhere, descriptor)


def read_any_bytes() -> None:
    """Let the keyboard send bytes that are not UTF-8: each becomes U+FFFD instead of ending the app.

    Scanners and old terminals send Latin-1. Textual decodes strictly and has no setting for it.
    """
    linux_driver.getincrementaldecoder = _replacing_decoder  # type: ignore[attr-defined,assignment]  # see above


def _replacing_decoder(encoding: str) -> Callable[[], Any]:
    return functools.partial(getincrementaldecoder(encoding), errors="replace")


def _terminal_modes() -> list[Any] | None:
    try:
        return termios.tcgetattr(_STDIN)
    except termios.error:
        return None
