"""What counts as a sign-in name, a password and a PIN, and how many wrong tries there are before a lock."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise

from opsdesk.domain.errors import Invalid
from opsdesk.domain.people.actors import Role

LOCK_LASTS = timedelta(minutes=30)
"""PCI DSS 8.3.4: at least 30 minutes, or until somebody who knows the person has said that it is them."""

SHORTEST_PASSWORD = 15
"""NIST SP 800-63B-4: at least 15 where the password is the only factor, and no rules about kinds of characters."""

LONGEST_PASSWORD = 256
SHORTEST_PIN, LONGEST_PIN = 6, 12

_NAME = re.compile(r"[a-z][a-z0-9._-]{1,31}\Z")
_TAKEN_NAMES = frozenset({"worker", "system", "setup", "nobody", "sign-in"})
_FEWEST_DIFFERENT = 5


class Proof(StrEnum):
    """How somebody proves who they are."""

    PASSWORD = "password"  # noqa: S105  the word, not a secret
    PIN = "pin"

    @property
    def word(self) -> str:
        """What sentences call it."""
        return "PIN" if self is Proof.PIN else "password"

    @property
    def most_tries(self) -> int:
        """How many tries there are before the name is locked."""
        return 5 if self is Proof.PIN else 10


def normal(secret: str) -> str:
    """Return the one spelling of a secret, whatever keyboard it was typed on (NIST SP 800-63B-4: NFKC)."""
    return unicodedata.normalize("NFKC", secret)


def require_name(name: str) -> str:
    """Return the sign-in name.

    Raises:
        Invalid: it is too short or long, holds other characters, or belongs to the program itself.
    """
    cleaned = name.strip().lower()
    if not _NAME.match(cleaned):
        raise Invalid("name", "A sign-in name has 2 to 32 letters a-z, digits, dots or dashes; a letter first.")
    if cleaned in _TAKEN_NAMES:
        raise Invalid("name", f"{cleaned} is what the program calls itself. Choose another name.")
    return cleaned


def names_for(login: str) -> Iterator[str]:
    """Return sign-in names for a login of the operating system, the nearest first."""
    kept = "".join(letter for letter in login.casefold() if letter.isascii() and letter.isalnum())[:24]
    base = kept if _NAME.match(kept) and kept not in _TAKEN_NAMES else "admin"
    yield base
    yield from (f"{base}{number}" for number in range(2, 1000))


def require_role(role: str) -> Role:
    """Return the role that a person may have.

    Raises:
        Invalid: there is no such role, or it belongs to the worker alone.
    """
    people = [known.value for known in Role if known is not Role.SYSTEM]
    if role not in people:
        raise Invalid("role", f"A role is one of: {', '.join(people)}.")
    return Role(role)


def require_secret(proof: Proof, secret: str, *, name: str) -> str:
    """Return the secret in its normal spelling.

    Raises:
        Invalid: it is too short, too long, or the first thing that somebody would guess.
    """
    problem = _problem(normal(secret), name) if proof is Proof.PASSWORD else _pin_problem(normal(secret))
    if problem is not None:
        raise Invalid(proof.value, problem)
    return normal(secret)


def _problem(password: str, name: str) -> str | None:
    if len(password) < SHORTEST_PASSWORD:
        return f"A password has at least {SHORTEST_PASSWORD} characters; three or four words are easy to remember."
    if len(password) > LONGEST_PASSWORD:
        return f"A password has at most {LONGEST_PASSWORD} characters."
    rest = password.casefold().replace(name.casefold(), "")
    if len(set(rest)) < _FEWEST_DIFFERENT:
        return "The password repeats itself or your name. Use a few words that only you would put together."
    return None


def _pin_problem(pin: str) -> str | None:
    if not (pin.isascii() and pin.isdigit() and SHORTEST_PIN <= len(pin) <= LONGEST_PIN):
        return f"A PIN has {SHORTEST_PIN} to {LONGEST_PIN} digits and nothing else."
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    if len(steps) == 1 and steps <= {0, 1, 9}:
        return "The PIN is one digit over and over, or counts up or down. Choose another one."
    if len(set(pin)) < 3:
        return "The PIN has only two different digits. Choose another one."
    return None
