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
from dataclasses import dataclass
from pathlib import Path

import pyte

from tests import pty_driver

SIZE = (120, 36)
Shown = Callable[[str], object]


@dataclass(frozen=True)
class Answer:
    """How the screen answered a key: seconds to its first piece and to the last one that mattered, and bytes."""

    first: float
    last: float
    size: int
    whole_size: int


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

    def press(self, keys: bytes, columns: int, quiet: float = 0.3) -> Answer:
        """Press keys, and find out afterwards which piece was the last that changed the left `columns`."""
        self.settle(0.1)
        self.drawn()
        before = len(self.pieces)
        moment = self.send(keys)
        if self._take(3.0):
            self.settle(quiet)
        answer = self.pieces[before:]
        if not answer:
            raise AssertionError(f"No answer to {keys!r}.\n{self.text}")
        last, shown = 0, self._left(columns)
        for place, (_, piece) in enumerate(answer):
            self._feed(piece)
            if (now := self._left(columns)) != shown:
                last, shown = place, now
        self._drawn = len(self.pieces)
        sizes = [len(piece) for _, piece in answer]
        return Answer(answer[0][0] - moment, answer[last][0] - moment, sum(sizes[: last + 1]), sum(sizes))

    def _left(self, columns: int) -> list[list[object]]:
        """Return what stands in the left part below the first line, with its looks."""
        rows = range(1, SIZE[1])
        return [[self._screen.buffer[row][column] for column in range(columns)] for row in rows]

    def _feed(self, piece: bytes) -> None:
        self._stream.feed(pty_driver._UNKNOWN.sub(b"", piece))

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
            self._feed(piece)
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
