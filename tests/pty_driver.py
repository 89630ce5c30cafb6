"""Runs the real program on a pseudo-terminal of its own, reads its screen, presses its keys, and takes the terminal away.

`Terminal.run(...)` is a context manager: the process and its descriptors are gone afterwards, whatever happened. A thread
reads what the program writes; `stall()` stops it, as a sleeping SSH client would, and `resume()` lets it read on.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyte

_ROOT = Path(__file__).resolve().parent.parent
_PATIENCE = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")
# pyte knows neither the kitty keyboard nor reports with a dollar, and would print their tails.
_UNKNOWN = re.compile(rb"\x1b\[[<>=][0-9;]*u|\x1b\[\?[0-9;]*\$p|\x1b\[\?u|\x1b\[[0-9;]*[ #$][a-z]")
_QUERY = re.compile(rb"\x1b\[\?(2026|2048)\$p")
_ANSWERS = {b"2026": b"\x1b[?2026;2$y", b"2048": b"\x1b[?2048;0$y"}


class Terminal:
    """A pseudo-terminal with a program on it.

    Attributes:
        raw: every byte the program has written.
        process: the program; `process.returncode` after `wait()`.
    """

    def __init__(self, master: int, slave: int, process: subprocess.Popen[bytes], size: tuple[int, int]) -> None:
        self.process = process
        self.raw = bytearray()
        self.size = size
        self._master: int | None = master
        self._slave: int | None = slave
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._tail = b""
        self._news = threading.Condition()
        self._reading = threading.Event()
        self._reading.set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._drain, name="pty-reader", daemon=True)
        self._thread.start()

    @classmethod
    @contextlib.contextmanager
    def run(
        cls,
        arguments: Sequence[str],
        *,
        size: tuple[int, int] = (120, 36),
        controlling: bool = True,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> Iterator[Terminal]:
        """Run a program, e.g. `[sys.executable, "-m", "opsdesk"]`; `size` is columns and rows.

        Not `controlling` means that the terminal's end sends no SIGHUP, as in some wrappers and containers.
        """
        master, slave = os.openpty()
        _set_size(slave, size)
        process = subprocess.Popen(
            list(arguments),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder or _ROOT,
            env=_environment(environment or {}),
            start_new_session=True,
            preexec_fn=_take_terminal if controlling else None,  # noqa: PLW1509 - two system calls, no lock
        )
        terminal = cls(master, slave, process, size)
        try:
            yield terminal
        finally:
            terminal._end()

    @classmethod
    @contextlib.contextmanager
    def opsdesk(cls, *arguments: str, **options: Any) -> Iterator[Terminal]:
        """Run `python -m opsdesk` with these arguments."""
        with cls.run([sys.executable, "-m", "opsdesk", *arguments], **options) as terminal:
            yield terminal

    # Reading

    @property
    def lines(self) -> list[str]:
        """The screen, row by row."""
        with self._news:
            return list(self._screen.display)

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(line.rstrip() for line in self.lines)

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row of the cursor, from 0."""
        with self._news:
            return self._screen.cursor.x, self._screen.cursor.y

    @property
    def bytes_written(self) -> int:
        """How many bytes the program has written so far."""
        return len(self.raw)

    def wait_for(self, wanted: str | Callable[[str], object], timeout: float = _PATIENCE) -> str:
        """Wait until the screen shows a text, or until a test on the screen holds; return the screen."""
        holds = wanted if callable(wanted) else lambda screen: wanted in screen
        self._wait(lambda: bool(holds(self._shown())), timeout, wanted)
        return self.text

    def wait_until_gone(self, unwanted: str, timeout: float = _PATIENCE) -> str:
        """Wait until the screen no longer shows a text."""
        return self.wait_for(lambda screen: unwanted not in screen, timeout)

    def wait_for_bytes(self, wanted: bytes, timeout: float = _PATIENCE) -> None:
        """Wait until the program has written these bytes."""
        self._wait(lambda: wanted in self.raw, timeout, wanted)

    def wait_until_quiet(self, seconds: float = 0.3, timeout: float = _PATIENCE) -> str:
        """Wait until nothing was written for a while, by a program that waits and not by one that gets no turn."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with self._news:
                if self._news.wait(seconds):
                    continue
            if not self._wants_a_turn():
                return self.text
        raise AssertionError(f"The program never stops writing.\n{self.text}")

    # Writing

    def send(self, keys: str | bytes) -> None:
        """Press keys: all in one write, as a scanner or a paste does."""
        assert self._master is not None, "The terminal is closed."
        remaining = keys.encode() if isinstance(keys, str) else keys
        while remaining:
            remaining = remaining[os.write(self._master, remaining) :]

    def paste(self, text: str | bytes) -> None:
        """Paste, in the brackets that terminals put around it."""
        self.send(b"\x1b[200~" + (text.encode() if isinstance(text, str) else text) + b"\x1b[201~")

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the window."""
        self.size = columns, rows
        with self._news:
            self._screen.resize(max(1, rows), max(1, columns))
        assert self._slave is not None
        _set_size(self._slave, self.size)

    # Taking it away

    def stall(self) -> None:
        """Stop reading, as a client does whose line is dead or whose user pressed Ctrl-S."""
        self._reading.clear()

    def resume(self) -> None:
        """Read on."""
        self._reading.set()

    def hang_up(self) -> None:
        """Close the terminal, as a window that is closed or a line that drops."""
        self._stop_reading()
        for descriptor in (self._slave, self._master):
            if descriptor is not None:
                os.close(descriptor)
        self._master = self._slave = None

    def signal(self, number: int) -> None:
        """Send the program a signal."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill the program with SIGKILL."""
        self.process.kill()
        self.process.wait()

    def wait(self, timeout: float = _PATIENCE) -> int:
        """Wait for the end of the program and return its exit code; negative means killed by a signal."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"The program still runs after {timeout} s.\n{self.text}") from None

    # Looking at it

    def is_raw(self) -> bool:
        """Say whether the terminal is left without echo and line editing."""
        assert self._slave is not None
        return not termios.tcgetattr(self._slave)[3] & (termios.ECHO | termios.ICANON)

    def modes(self) -> list[Any]:
        """Return the terminal's settings."""
        assert self._slave is not None
        return termios.tcgetattr(self._slave)

    def is_on_other_screen(self) -> bool:
        """Say whether the program left the terminal on the alternate screen."""
        return self.raw.rfind(b"\x1b[?1049h") > self.raw.rfind(b"\x1b[?1049l")

    def cpu_share(self, seconds: float) -> float:
        """Measure how much of one processor the program uses over a while; 1.0 is all of it."""
        before, started = self._cpu_seconds(), time.monotonic()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return (self._cpu_seconds() - before) / (time.monotonic() - started)

    def resident_bytes(self) -> int:
        """Return the program's resident memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def _wants_a_turn(self) -> bool:
        """Say whether a thread of the program runs, or would if the machine let it."""
        states = []
        for stat in Path(f"/proc/{self.process.pid}/task").glob("*/stat"):
            with contextlib.suppress(OSError):
                states.append(stat.read_text().rpartition(")")[2].split()[0])
        return any(state in "RD" for state in states)

    def _cpu_seconds(self) -> float:
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def _shown(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    def _wait(self, holds: Callable[[], bool], timeout: float, wanted: object) -> None:
        deadline = time.monotonic() + timeout
        with self._news:
            while not holds():
                left = deadline - time.monotonic()
                ended = self.process.poll() is not None and self._over.is_set()
                if left <= 0 or ended:
                    state = f"ended with {self.process.returncode}" if ended else f"did not in {timeout} s"
                    raise AssertionError(f"Waited for {wanted!r}; the program {state}. Screen:\n{self._shown()}")
                self._news.wait(min(left, 0.2))

    def _drain(self) -> None:
        assert self._master is not None
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        quiet = 0
        while not self._over.is_set():
            if not self._reading.wait(0.05) or not poll.poll(50):
                # The slave is open here too, so its end is seen by the process's, after the last bytes.
                quiet = quiet + 1 if self.process.poll() is not None else 0
                if quiet > 2 and self._reading.is_set():
                    break
                continue
            try:
                chunk = os.read(self._master, 65536)
            except OSError:
                break
            self._take(chunk)
        self._over.set()
        with self._news:
            self._news.notify_all()

    def _take(self, chunk: bytes) -> None:
        for query in _QUERY.findall(chunk):
            with contextlib.suppress(OSError):
                os.write(self._master or -1, _ANSWERS[query])
        with self._news:
            self.raw += chunk
            data = self._tail + chunk
            cut = data.rfind(b"\x1b", max(0, len(data) - 24))
            whole = cut if cut >= 0 and not re.match(rb"\x1b(?:\[[0-9;?<>=$ ]*[@-~]|[^\[])", data[cut:]) else len(data)
            self._tail = data[whole:]
            self._stream.feed(_UNKNOWN.sub(b"", data[:whole]))
            self._news.notify_all()

    def _stop_reading(self) -> None:
        self._over.set()
        self._reading.set()
        self._thread.join(5)

    def _end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _set_size(descriptor: int, size: tuple[int, int]) -> None:
    columns, rows = size
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TEXTUAL", "PYTEST", "COV"))}
    for name in ("COLUMNS", "LINES", "NO_COLOR", "TMUX", "STY", "TERM_PROGRAM"):
        kept.pop(name, None)
    return kept | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"} | dict(more)
