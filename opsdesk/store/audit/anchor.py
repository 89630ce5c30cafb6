"""The anchor: heads of the audit chain, remembered outside the store.

A chain whose newest rows were cut off still verifies, and so does one that somebody made anew who has the key. Neither
agrees with a head that was noted elsewhere. There is one small file for each store in the state folder; on its first
line stands the newest head, below it one of every thousand.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from sqlalchemy import make_url

from opsdesk.domain.errors import Refused
from opsdesk.settings import load_settings
from opsdesk.store.audit.chain import Head, Link

MILESTONE = 1_000
"""After so many rows a head is kept for good."""

_LINE = re.compile(rb"\d{20} [0-9a-f]{64}\n")
_LINE_BYTES = 86
_LOCK_TRIES = 5_000
_FOLDER_SETTINGS = ("OPSDESK_STATE", "OPSDESK_CONFIG", "XDG_STATE_HOME", "HOME")
_log = logging.getLogger("opsdesk.anchor")


def remember_head(url: str, link: Link) -> None:
    """Note the head that a committed command left. Never raises: the command is done already.

    The newest note only moves forward. Where the chain runs past it without having been sealed on it, rows were cut
    off or made anew, and the old note is kept below as the evidence.
    """
    if link.after.id == link.before.id:
        return
    try:
        with _locked(anchor_file(url), os.O_RDWR | os.O_CREAT) as file:
            newest = next(iter(_heads(os.pread(file, _LINE_BYTES, 0))), None)
            if newest is not None and (newest.id > link.after.id or newest == link.after):
                return
            if newest is not None and _is_passed_over(newest, link):
                os.pwrite(file, _line(newest), os.fstat(file).st_size)
            os.pwrite(file, _line(link.after), 0)
            if newest is None or link.after.id // MILESTONE > newest.id // MILESTONE:
                os.pwrite(file, _line(link.after), os.fstat(file).st_size)
    except (OSError, ValueError) as error:
        _log.warning("The head of the history could not be noted: %s", error)


def remembered_heads(url: str) -> tuple[Head, ...]:
    """Return the noted heads of a store, the newest first; empty when nothing was noted yet.

    Raises:
        Refused: the file cannot be read, or holds something else.
    """
    path = anchor_file(url)
    try:
        with _locked(path, os.O_RDONLY) as file:
            return _read(file)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise Refused(f"The noted heads in {path} cannot be read: {error}. Put the file back from a copy.") from error


def replace_heads(url: str, head: Head) -> tuple[Head, ...]:
    """Begin the notes of a store anew, as a restored store must; return the notes before.

    Raises:
        Refused: the file cannot be written.
    """
    path = anchor_file(url)
    try:
        with _locked(path, os.O_RDWR | os.O_CREAT) as file:
            try:
                before = _read(file)
            except ValueError:
                before = ()
            os.ftruncate(file, 0)
            if head.id:
                os.pwrite(file, _line(head) * 2, 0)
            return before
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}. Make it writable, then try again.") from error


def anchor_file(url: str) -> Path:
    """Return the file of a store's notes. Two ways to write the same URL name the same file."""
    return _file(url, tuple(os.environ.get(name, "") for name in _FOLDER_SETTINGS))


@lru_cache(maxsize=64)
def _file(url: str, _settings: tuple[str, ...]) -> Path:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        place = str(Path(parsed.database or "").resolve())
    else:
        place = f"{parsed.host or parsed.query.get('host', '')}:{parsed.port or 5432}/{parsed.database}"
    return load_settings().state_folder / "anchors" / hashlib.sha256(place.encode()).hexdigest()[:32]


@contextmanager
def _locked(path: Path, flags: int) -> Iterator[int]:
    if flags & os.O_CREAT:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        _lock(file, fcntl.LOCK_SH if flags == os.O_RDONLY else fcntl.LOCK_EX)
        yield file
    finally:
        os.close(file)


def _lock(file: int, kind: int) -> None:
    """Take the lock, which others hold for microseconds; a process that was stopped with it must not stop us."""
    for _ in range(_LOCK_TRIES):
        try:
            return fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.sched_yield()
    raise BlockingIOError("another process keeps it locked")


def _is_passed_over(newest: Head, link: Link) -> bool:
    """Say whether the chain has other rows now where the noted head was; without any fault it never has."""
    return newest.id > link.before.id or (newest.id == link.before.id and newest.hash != link.before.hash)


def _line(head: Head) -> bytes:
    return f"{head.id:020d} {head.hash}\n".encode()


def _read(file: int) -> tuple[Head, ...]:
    return _heads(os.pread(file, os.fstat(file).st_size, 0))


def _heads(text: bytes) -> tuple[Head, ...]:
    lines = [text[start : start + _LINE_BYTES] for start in range(0, len(text), _LINE_BYTES)]
    if not all(_LINE.fullmatch(line) for line in lines):
        raise ValueError("it is not a list of heads")
    return tuple(Head(int(line[:20]), line[21:85].decode()) for line in lines)
