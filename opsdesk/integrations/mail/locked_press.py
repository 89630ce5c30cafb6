"""The parent's side of the locked room: start it, ask it, end it when it does not answer."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from opsdesk.domain.errors import Unavailable
from opsdesk.integrations.mail import press

# The processor time is limited inside; this ends a child that sleeps or that the machine starves.
_WALL_SECONDS = 10.0


class LockedPress:
    """Fills in templates that nobody has checked, in a child process with limits that serves many requests."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[str] | None = None
        self._turn = threading.Lock()

    def ask(self, sources: Mapping[str, str], context: Mapping[str, object]) -> dict[str, object]:
        """Return the answer of `press.answer`; a child that died over it is a problem like any other.

        Raises:
            Unavailable: no child process can be started.
        """
        line = json.dumps({"sources": dict(sources), "context": dict(context)}) + "\n"
        with self._turn:
            child = self._running()
            reply = _exchange(child, line)
            if reply is not None:
                return reply
            self._end()
        seconds = f"{press.CPU_SECONDS * 1000:.0f} ms"
        return {
            "template": "",
            "line": 1,
            "problem": f"The template was stopped: it needs more than {seconds}.",
        }

    def close(self) -> None:
        """End the child process."""
        with self._turn:
            self._end()

    def _running(self) -> subprocess.Popen[str]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._end()
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-I", str(Path(press.__file__))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                env={},
                cwd="/",
            )
        except OSError as error:
            raise Unavailable("The program that fills in templates cannot be started. Try again.") from error
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()


def _exchange(child: subprocess.Popen[str], line: str) -> dict[str, object] | None:
    if child.stdin is None or child.stdout is None:
        return None
    try:
        child.stdin.write(line)
        child.stdin.flush()
        if not select.select([child.stdout], [], [], _WALL_SECONDS)[0]:
            return None
        reply = child.stdout.readline()
    except OSError:
        return None
    return json.loads(reply) if reply.endswith("\n") else None
