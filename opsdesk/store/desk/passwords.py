"""Hashes of passwords and PINs: argon2id over the secret and a pepper that lies outside the store."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from opsdesk.domain.errors import Refused
from opsdesk.domain.people.credentials import Proof, normal, require_secret
from opsdesk.store.audit.keys import pepper

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MEMORY_KIB, PASSES, LANES = 32 * 1024, 2, 1
"""OWASP asks for at least 19 MiB, 2, 1. This takes about 50 ms here, so a switch of users stays far below 2 s."""

_MARK_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Hashed:
    """A new password or PIN that keeps the rules, hashed already, so that no transaction waits for the hashing."""

    proof: Proof
    value: str = field(repr=False)


def hashed(proof: Proof, secret: str, *, name: str) -> Hashed:
    """Hash a new password or PIN for the user of this name.

    Raises:
        Invalid: it breaks the rules for such a secret.
    """
    wanted = require_secret(proof, secret, name=name)
    return Hashed(proof, f"{_mark()}:{_hasher().hash(_peppered(proof, wanted))}")


def is_right(proof: Proof, secret: str, stored: str | None) -> bool:
    """Say whether the secret is the one that was hashed; without a hash it takes as long to say no.

    Raises:
        Refused: the hash was made with another pepper, so nothing can be said.
    """
    from argon2.exceptions import VerifyMismatchError

    mark, _, value = (stored or f"{_mark()}:{_nobodys_hash()}").partition(":")
    if mark != _mark():
        raise Refused(
            "Passwords in this store were made with another pepper. Copy the file pepper.key from the state folder of "
            "the machine where they were set, or let an admin set them anew."
        )
    try:
        return _hasher().verify(value, _peppered(proof, normal(secret))) and stored is not None
    except VerifyMismatchError:
        return False


@cache
def _hasher() -> PasswordHasher:
    # 14 ms, and most commands never ask for a password.
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


def _peppered(proof: Proof, secret: str) -> str:
    digest = hmac.digest(pepper(), f"{proof}:{secret}".encode(errors="surrogatepass"), hashlib.sha256)
    return base64.b64encode(digest).decode()


def _mark() -> str:
    """Tell one pepper from another without giving it away."""
    return hmac.digest(pepper(), b"which pepper is this", hashlib.sha256).hex()[:_MARK_LENGTH]


def _nobodys_hash() -> str:
    """A hash of the same cost that no secret fits."""
    salt, digest = (base64.b64encode(bytes(length)).decode().rstrip("=") for length in (16, 32))
    return f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${digest}"
