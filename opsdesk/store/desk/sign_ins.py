"""Counting tries to sign in: each is counted, and committed, before its secret is looked at.

Whoever guesses on eight terminals at once gets no more tries than on one, and whoever stops the program while it looks
has used the try up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col

from opsdesk.domain.people.credentials import LOCK_LASTS, Proof
from opsdesk.store.engine import Store, unavailable
from opsdesk.store.tables import UserRow

UNKNOWN_NAMES = "sign_in.unknown_names"
"""Key of the setting that counts tries with names that do not exist. They cost as much to write as the others."""

_COUNT_UNKNOWN = text(
    "INSERT INTO setting (key, value) VALUES (:key, '1') ON CONFLICT (key) "
    "DO UPDATE SET value = CAST(CAST(setting.value AS INTEGER) + 1 AS TEXT)"
)


@dataclass(frozen=True, slots=True)
class Try:
    """A try that has been counted.

    Attributes:
        user_id: None when nobody has that name.
        number: which try it is since the last one that was right.
        locked_until: set when the name was locked already; then nothing was counted.
        secret_hash: what the secret is held against.
    """

    user_id: int | None = None
    number: int = 0
    locked_until: datetime | None = None
    secret_hash: str | None = field(default=None, repr=False)


def count_try(store: Store, name: str, proof: Proof, *, now: datetime) -> Try:
    """Count a try to sign in under this name, and lock the name with the last one that it has.

    Raises:
        Unavailable: the store did not answer.
    """
    try:
        with Session(store.writer, expire_on_commit=False) as session, session.begin():
            named = select(UserRow).where(col(UserRow.name) == name).with_for_update()
            user = session.execute(named).scalar_one_or_none()
            if user is None:
                session.execute(_COUNT_UNKNOWN, {"key": UNKNOWN_NAMES})
                return Try()
            return _counted(user, proof, now)
    except OperationalError as error:
        raise unavailable(error) from error


def failures(user: UserRow, proof: Proof) -> int:
    """Return how many tries with this proof have been counted since the last one that was right."""
    return user.failed_pins if proof is Proof.PIN else user.failed_passwords


def set_failures(user: UserRow, proof: Proof, count: int) -> None:
    """Set that number."""
    if proof is Proof.PIN:
        user.failed_pins = count
    else:
        user.failed_passwords = count


def _counted(user: UserRow, proof: Proof, now: datetime) -> Try:
    if user.locked_until is not None and user.locked_until <= now:
        user.failed_passwords, user.failed_pins, user.locked_until = 0, 0, None
    if user.locked_until is not None:
        return Try(user.id, failures(user, proof), user.locked_until)
    number = failures(user, proof) + 1
    set_failures(user, proof, number)
    if number >= proof.most_tries:
        user.locked_until = now + LOCK_LASTS
    may_sign_in = user.is_active
    stored = user.pin_hash if proof is Proof.PIN else user.password_hash
    return Try(user.id, number, secret_hash=stored if may_sign_in else None)
