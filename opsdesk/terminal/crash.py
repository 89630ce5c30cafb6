"""What happens when OpsDesk has a bug: a traceback without local variables in a private file, a number to quote.

Local variables hold card numbers that were being masked, passwords, tokens. None of them is written, and what an
exception says is masked and cut, since it often repeats its input. Exit code 70.

Wiring: `terminal.citizen` calls `record_crash` for what Textual could not handle, and catches what threads and tasks
raise that nobody awaits; the command line calls it for whatever reaches `main`, and prints `Crash.message`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import resource
import sys
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from opsdesk.domain.moments import Clock, system_clock
from opsdesk.domain.text import visible

EXIT_CODE: Final = 70
_FOLDER = "crashes"
_MOST_FILES = 50
_LONGEST_MESSAGE = 300
_HIDDEN = "<hidden>"
# Compiled when they are needed, which is hopefully never.
_SECRETS: Final = (
    r"(?<=://)[^/\n@]+(?=@)",
    r"(?i)(?<=bearer )\S+|(?<=basic )\S+",
    r"(?i)((?:pass(?:word|wd|phrase)?|pin|pepper|secret|token|api[_-]?key|authorization)\w*['\"]?\s*[=:]\s*)"
    r"(?:'[^']*'|\"[^\"]*\"|[^\s,;)\]}]+)",
    r"(?s)\[parameters: .*?\](?=\n|$)",
    r"\b(?:[a-z]{2,6}_)+[A-Za-z0-9_]{12,}\b",
    r"\b(?=[A-Za-z0-9+/_-]*\d)(?=[A-Za-z0-9+/_-]*[A-Za-z])[A-Za-z0-9+/_-]{24,}={0,2}",
)


@dataclass(frozen=True, slots=True)
class Crash:
    """One recorded crash.

    Attributes:
        reference: the number that the clerk reads to whoever helps.
        file: the private file with the traceback, or None if it could not be written.
    """

    reference: str
    file: Path | None

    @property
    def message(self) -> str:
        """Say what happened, without any of the data."""
        where = f"Details are in {visible(str(self.file))}." if self.file else "The details could not be written down."
        return (
            f"OpsDesk had to stop because of a mistake of its own. What was typed into forms is kept as a draft.\n"
            f"Reference {self.reference}. {where}"
        )


def record_crash(error: BaseException, state_folder: Path, *, clock: Clock = system_clock) -> Crash:
    """Write the traceback, without locals and with secrets masked, into a new file that only its owner can read."""
    reference = os.urandom(4).hex().upper()
    try:
        file = _write(state_folder / _FOLDER, f"{clock():%Y%m%dT%H%M%SZ}-{reference}.txt", report_of(error))
    except OSError:
        return Crash(reference, None)
    return Crash(reference, file)


def report_of(error: BaseException) -> str:
    """Return the traceback as text: code lines, no locals, messages masked and cut; the first cause comes first."""
    lines: list[str] = []
    for part in reversed(list(_chain(error, set()))):
        lines += traceback.format_list(traceback.extract_tb(part.__traceback__))
        lines.append(f"{type(part).__module__}.{type(part).__qualname__}: {_harmless(part)}\n\n")
    return visible("".join(lines), lines=True)


@contextlib.contextmanager
def catch_strays(state_folder: Path) -> Iterator[None]:
    """Record what threads raise and nobody handles, instead of printing it over the screen; write no core file."""
    before = threading.excepthook, sys.unraisablehook
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))

    def in_thread(stray: threading.ExceptHookArgs) -> None:
        if stray.exc_value is not None and not isinstance(stray.exc_value, SystemExit):
            record_crash(stray.exc_value, state_folder)

    threading.excepthook = in_thread
    sys.unraisablehook = lambda _stray: None
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = before


def catch_forgotten_tasks(loop: asyncio.AbstractEventLoop, state_folder: Path) -> None:
    """Record what a task raised that nobody awaited."""

    def in_task(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception):
            record_crash(error, state_folder)

    loop.set_exception_handler(in_task)


def _chain(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    inner = getattr(error, "error", None)  # Textual wraps what a worker raised, and does not call it the cause
    grouped = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for other in (*grouped, inner if isinstance(inner, BaseException) else None, error.__cause__ or error.__context__):
        yield from _chain(other, seen)


def _harmless(error: BaseException) -> str:
    from opsdesk.domain.cards import mask_cards

    try:
        message = mask_cards(str(error)).text
    except Exception:  # noqa: BLE001 - whatever is wrong with an exception's own text must not hide the exception
        return _HIDDEN
    for pattern in _SECRETS:
        message = re.sub(pattern, lambda found: (found.group(1) if found.re.groups else "") + _HIDDEN, message)
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…"


def _write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in sorted(folder.glob("*.txt"))[: -(_MOST_FILES - 1)]:
        old.unlink(missing_ok=True)
    file = folder / name
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as out:
        out.write(text)
    return file
