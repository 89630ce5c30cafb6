"""The keys of this state folder: they lie outside every store, readable for their owner alone."""

from __future__ import annotations

import os
import secrets
from functools import lru_cache
from pathlib import Path

from opsdesk.domain.errors import Refused
from opsdesk.settings import load_settings

_BYTES = 32
FILE_NAME = "audit.key"
_PEPPER, _TERMINAL = "pepper.key", "terminal.key"


def audit_key() -> bytes:
    """Return the key of this state folder, made at the first use.

    Everybody who works on one store must use the same state folder, or a copy of the key.

    Raises:
        Refused: the file is not a key, or others can read it.
    """
    return _key_in(load_settings().state_folder, FILE_NAME)


def existing_audit_key() -> bytes:
    """Return the key that history was sealed with, and never make one: a new key fits no old seal.

    Raises:
        Refused: there is none, it is not a key, or others can read it.
    """
    folder = load_settings().state_folder
    if not (folder / FILE_NAME).exists():
        raise Refused(f"There is no {FILE_NAME} in {folder}, and the history was sealed with one. Put it back first.")
    return _key_in(folder, FILE_NAME)


def pepper() -> bytes:
    """Return what is mixed into passwords and PINs before they are hashed, made at the first use.

    Whoever takes a copy of the store alone has nothing to try passwords against. Everybody who signs in to one store
    must use the same state folder, or a copy of this file.

    Raises:
        Refused: the file is not a key, or others can read it.
    """
    return _key_in(load_settings().state_folder, _PEPPER)


def terminal_token(*, make: bool = False) -> bytes | None:
    """Return the token that this terminal is enrolled with; None if it has none and none is to be made.

    Raises:
        Refused: the file is not a key, or others can read it.
    """
    folder = load_settings().state_folder
    return _key_in(folder, _TERMINAL) if make or (folder / _TERMINAL).exists() else None


@lru_cache(maxsize=8)
def _key_in(folder: Path, name: str) -> bytes:
    path = folder / name
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _make(path)
    if path.stat().st_mode & 0o077:
        raise Refused(f"{path} can be read by others. Make it private (chmod 600), then try again.")
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != _BYTES:
        raise Refused(f"{path} is not a key of OpsDesk. Put the right one back; a new one would not fit the store.")
    return key


def _make(path: Path) -> None:
    # Written aside and linked, so that two programs that start at once end up with one and the same key.
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_BYTES))
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
