"""People for tests: users with secrets that are hashed once, because hashing is slow on purpose."""

from __future__ import annotations

from opsdesk.domain.people.actors import Actor, Role
from opsdesk.domain.people.credentials import Proof
from opsdesk.operations.people.signing_in import token_hash
from opsdesk.operations.people.users import add, enrol, reset_password, reset_pin
from opsdesk.store.audit.keys import terminal_token
from opsdesk.store.desk.passwords import Hashed, hashed
from opsdesk.store.engine import Store
from opsdesk.store.work import Performer
from tests.conftest import StillClock

PASSWORD = "four small green words"
PIN = "739184"
ADMIN = Actor(None, "ada", Role.ADMIN, "test")


def hashed_once(proof: Proof, secret: str) -> Hashed:
    """Hash it; the pepper of a test's own state folder is only known now."""
    return hashed(proof, secret, name="nobody here")


def add_person(store: Store, name: str, role: Role = Role.AGENT, *, os_login: str = "", secrets: bool = True) -> Actor:
    """Add a person with the password and the PIN above."""
    admin = Performer(store, ADMIN, StillClock())
    user_id = admin.perform(add, name, full_name=name.title(), role=role, os_login=os_login).subject_id
    assert user_id is not None
    if secrets:
        admin.perform(reset_password, user_id, password=hashed_once(Proof.PASSWORD, PASSWORD))
        admin.perform(reset_pin, user_id, pin=hashed_once(Proof.PIN, PIN))
    return Actor(user_id, name, role, "test")


def enrol_here(store: Store) -> None:
    """Let a PIN be enough on this terminal."""
    token = terminal_token(make=True)
    assert token is not None
    Performer(store, ADMIN, StillClock()).perform(enrol, token_hash=token_hash(token), name="packing bench 2")
