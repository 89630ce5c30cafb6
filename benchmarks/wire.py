"""A program on a pseudo-terminal, with the moment of every piece that it writes.

Nothing is drawn while the program runs, because drawing here would take the processor from it: the pieces are kept and
drawn afterwards, to find the one that showed what was awaited.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyte

from tests import pty_driver

SIZE = (120, 36)
Shown = Callable[[str], object]


class Wire:
    """The terminal's end of the line."""

    def __init__(self, master: int, process: subprocess.Popen[bytes], started: float) -> None:
        self.process = process
        self.started = started
        self.pieces: list[tuple[float, bytes]] = []
        self._master = master
        self._screen = pyte.Screen(*SIZE)
        self._stream = pyte.ByteStream(self._screen)
        self._drawn = 0

    def send(self, keys: bytes) -> float:
        """Press keys; return the moment."""
        moment = time.perf_counter()
        os.write(self._master, keys)
        return moment

    def settle(self, quiet: float = 0.3, patience: float = 20.0) -> None:
        """Take in what comes until nothing came for a while."""
        end = time.perf_counter() + patience
        while time.perf_counter() < end and self._take(quiet):
            pass

    def wait_until(self, holds: Shown, patience: float = 40.0) -> float:
        """Return the moment at which the screen first showed what is awaited."""
        end = time.perf_counter() + patience
        while True:
            if (moment := self._draw(holds)) is not None:
                return moment
            if time.perf_counter() > end:
                raise AssertionError(f"Never shown:\n{self.text}")
            self._take(0.5)

    def press(self, keys: bytes, quiet: float = 0.3) -> tuple[float, float, int]:
        """Press keys; return the seconds to the first and the last piece of the answer, and its bytes."""
        self.settle(0.1)
        before = len(self.pieces)
        moment = self.send(keys)
        if self._take(3.0):
            self.settle(quiet)
        answer = self.pieces[before:]
        if not answer:
            raise AssertionError(f"No answer to {keys!r}.\n{self.drawn()}")
        return answer[0][0] - moment, answer[-1][0] - moment, sum(len(piece) for _, piece in answer)

    def resident_mb(self) -> float:
        """Return the program's resident memory in MB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    @property
    def text(self) -> str:
        """The screen as far as it is drawn."""
        return "\n".join(self._screen.display)

    def drawn(self) -> str:
        """Draw everything that came and return the screen."""
        self._draw(lambda _text: False)
        return self.text

    def _take(self, patience: float) -> bool:
        if not select.select([self._master], [], [], patience)[0]:
            return False
        try:
            piece = os.read(self._master, 1 << 16)
        except OSError:
            return False
        self.pieces.append((time.perf_counter(), piece))
        for query in pty_driver._QUERY.findall(piece):
            os.write(self._master, pty_driver._ANSWERS[query])
        return bool(piece)

    def _draw(self, holds: Shown) -> float | None:
        while self._drawn < len(self.pieces):
            moment, piece = self.pieces[self._drawn]
            self._drawn += 1
            self._stream.feed(pty_driver._UNKNOWN.sub(b"", piece))
            if holds(self.text):
                return moment
        return None


@contextmanager
def wired(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[Wire]:
    """Run a program on a terminal of 120 x 36; it is gone when the block ends."""
    master, slave = os.openpty()
    pty_driver._set_size(slave, SIZE)
    started = time.perf_counter()
    process = subprocess.Popen(
        list(arguments),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=pty_driver._environment(environment or {}),
        start_new_session=True,
        preexec_fn=pty_driver._take_terminal,  # noqa: PLW1509  two system calls, no lock
    )
    os.close(slave)
    try:
        yield Wire(master, process, started)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def shows_rows(text: str) -> bool:
    """Say whether a list of orders stands on the screen."""
    return len(re.findall(r"^.{0,6}.{0,4}\s#?\w*\d{4,}\s.*\d\.?\d* [A-Z]{3} ", text, re.MULTILINE)) >= 5
