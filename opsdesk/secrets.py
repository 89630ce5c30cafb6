"""Where secrets are kept and how they are read: the environment, a private file, or the system's keyring.

Only the place is part of the settings. The secret itself is read by whoever hands it on, and goes no further.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from opsdesk.domain.errors import Invalid, Refused, Unavailable
from opsdesk.domain.secrets import Secret

KEYRING = "keyring:"
_LONGEST_FILE = 16_384
_TOO_WIDE = 0o077


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """Where one secret is kept.

    Attributes:
        name: the variable that it is set with, e.g. `OPSDESK_STRIPE_KEY`.
        value: the secret, where it was set itself.
        file: the private file that holds it.
        entry: service and name in the keyring.
    """

    name: str
    value: Secret | None = None
    file: Path | None = None
    entry: tuple[str, str] | None = None

    @property
    def is_set(self) -> bool:
        """True if there is to be a secret."""
        return self.value is not None or self.file is not None or self.entry is not None

    def read(self) -> Secret | None:
        """Return the secret, or None where none is set.

        Raises:
            Refused: others can read the file, or there is nothing in it or in the keyring.
            Unavailable: the file or the keyring cannot be reached.
        """
        if self.file is not None:
            return _from_file(self.name, self.file)
        return _from_keyring(self.name, *self.entry) if self.entry is not None else self.value


def secret_place(name: str, value: str, file: str) -> SecretPlace:
    """Make the place from what is set: a value, `keyring:service/name`, or the path of a file.

    Raises:
        Invalid: both are set, or the keyring's entry is not one.
    """
    if value and file:
        raise Invalid(name.lower(), f"{name} and {name}_FILE are both set. Keep one of them.")
    if file:
        return SecretPlace(name, file=Path(file).expanduser())
    if value.startswith(KEYRING):
        service, _, entry = value.removeprefix(KEYRING).partition("/")
        if not service or not entry:
            raise Invalid(name.lower(), f"{name} names no entry of the keyring. Write it like keyring:opsdesk/stripe.")
        return SecretPlace(name, entry=(service, entry))
    return SecretPlace(name, value=Secret(value.strip()) if value.strip() else None)


def require_private(path: Path, status: os.stat_result, *, anybodys: bool = False) -> None:
    """Make sure that nobody but its owner can read or change a file; unless it may be anybody's, that is who reads it.

    Raises:
        Refused: it is no plain file, somebody else's, or open to others.
    """
    if not stat.S_ISREG(status.st_mode):
        raise Refused(f"{path} is not a file. A secret is kept in a plain file of its own.")
    if status.st_mode & _TOO_WIDE:
        raise Refused(f"{path} holds a secret and others can reach it. Run chmod 600 {path}; then change the secret.")
    if not anybodys and status.st_uid not in (os.geteuid(), 0):
        raise Refused(f"{path} holds a secret and belongs to somebody else. Make it your own, with chmod 600.")


def _from_file(name: str, path: Path) -> Secret:
    try:
        with path.open("rb") as file:
            require_private(path, os.fstat(file.fileno()))
            content = file.read(_LONGEST_FILE + 1)
    except FileNotFoundError as error:
        raise Refused(f"{name}_FILE names {path}, and there is no such file.") from error
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}. It is named by {name}_FILE.") from error
    try:
        text = content.decode("utf-8").strip()
    except UnicodeDecodeError:
        text = ""
    if not text or len(content) > _LONGEST_FILE:
        raise Refused(f"{path} holds no secret that {name} could be. Put it in as the only line.")
    return Secret(text)


def _from_keyring(name: str, service: str, entry: str) -> Secret:
    import keyring
    from keyring.errors import KeyringError

    try:
        found = keyring.get_password(service, entry)
    except (KeyringError, OSError) as error:
        # What a backend says of itself may be anything, so it is not repeated.
        raise Unavailable(f"The keyring could not be asked for {name} ({type(error).__name__}). Unlock it.") from None
    if not found or not found.strip():
        raise Refused(f"The keyring has no {service}/{entry}, which {name} names. Put it in: keyring set.")
    return Secret(found.strip())
