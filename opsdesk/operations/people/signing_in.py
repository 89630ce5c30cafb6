"""Becoming somebody: by password, by PIN on an enrolled terminal, or by the login of the operating system.

A try is counted and committed first; then the secret is looked at, outside any transaction, because that takes 50 ms
on purpose; then what came of it is written down. Unknown names and wrong secrets take the same way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from opsdesk.domain.errors import Conflict, Invalid, Refused
from opsdesk.domain.moments import Clock, system_clock
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.domain.people.credentials import Proof
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.operations.people.users import enrol, make_first
from opsdesk.store.audit.chain import Entry
from opsdesk.store.audit.keys import terminal_token
from opsdesk.store.desk.passwords import is_right
from opsdesk.store.desk.sign_ins import Try, count_try, failures, set_failures
from opsdesk.store.engine import Store
from opsdesk.store.views.users import UserLine, has_admin, is_enrolled, user_named, user_of_login
from opsdesk.store.work import Done, Performer, Work, operation

Ask = Callable[[str], str]
"""Answers the password of the named user."""


def sign_in(
    store: Store, *, name: str, secret: str, proof: Proof, terminal: str = "cli", clock: Clock = system_clock
) -> Actor:
    """Prove to be somebody and return who acts from now on.

    Raises:
        Invalid: the name or the secret is not right; which of them is not said.
        Refused: the name is locked, or PINs do not count on this terminal.
        Unavailable: the store did not answer.
    """
    if proof is Proof.PIN and not pin_is_enough(store):
        raise Refused("This terminal is not enrolled for PINs. Sign in with your password.")
    name = name.strip().lower()
    nobody = Performer(store, Actor(None, "sign-in", Role.SYSTEM, terminal), clock)
    tried = count_try(store, name, proof, now=clock())
    if tried.locked_until is not None:
        nobody.perform(note_failure, tried.user_id, proof=proof, number=0)
        raise Refused(_locked(name, tried.locked_until, clock()))
    if not is_right(proof, secret, tried.secret_hash):
        nobody.perform(note_failure, tried.user_id, proof=proof, number=tried.number)
        raise Invalid(proof.value, wrong(proof))
    return _signed_in(store, name, proof, tried, terminal, clock)


def wrong(proof: Proof) -> str:
    """Say that name and secret do not fit, in the same words whichever it is."""
    return (
        f"The name or the {proof.word} is not right. After {proof.most_tries} wrong tries a name is locked for half "
        "an hour; a supervisor can unlock it."
    )


def pin_is_enough(store: Store) -> bool:
    """Say whether this terminal is enrolled, so that a PIN is enough on it."""
    token = terminal_token()
    if token is None:
        return False
    with store.reading() as session:
        return is_enrolled(session, token_hash(token))


def enrol_this(performer: Performer, name: str) -> Done:
    """Enrol the terminal that this runs on, so that a PIN is enough on it.

    Raises:
        Denied: the role does not allow it; no token is made then.
        Invalid: the terminal has no name.
    """
    may_enrol = why_not_allowed(performer.actor, enrol.name) is None
    return performer.perform(enrol, token_hash=token_hash(terminal_token(make=may_enrol) or b""), name=name)


def token_hash(token: bytes) -> str:
    """Return what the store keeps of an enrolled terminal's token; 256 random bits need no slow hash."""
    return hashlib.sha256(token).hexdigest()


def actor_for(
    store: Store,
    *,
    name: str | None,
    os_login: str,
    ask: Ask | None = None,
    terminal: str = "cli",
    clock: Clock = system_clock,
) -> Actor:
    """Return who acts: the user tied to the login, or the named one once `ask` has answered their password.

    In a store that has no admin yet, the login becomes one.

    Raises:
        Refused: the login belongs to nobody, or nobody can be asked for the password.
        Invalid: the password is not right.
    """
    with store.reading() as session:
        tied = user_of_login(session, os_login)
        is_new = tied is None and not has_admin(session)
    if is_new:
        tied = _first_admin(store, os_login, terminal, clock)
    if tied is not None and name in (None, tied.name):
        return Actor(tied.id, tied.name, tied.role, terminal)
    if name is None:
        raise Refused(
            f"The login {os_login} belongs to nobody in OpsDesk. Say who you are with --as NAME, or let an admin run "
            f"`opsdesk user tie NAME {os_login}`."
        )
    if ask is None:
        raise Refused(
            f"To act as {name}, the password of {name} is needed. Set OPSDESK_PASSWORD, or run it in a terminal."
        )
    return sign_in(store, name=name, secret=ask(name), proof=Proof.PASSWORD, terminal=terminal, clock=clock)


@operation("user.sign_in")
def note_success(work: Work, *, proof: Proof, number: int, secret_hash: str) -> Done:
    """Write down that the actor proved who they are, and forget their wrong tries up to this one.

    Tries that were counted after this one stay counted: they may still be looked at, on another terminal.

    Raises:
        Refused: the account was locked or closed while the secret was looked at.
        Conflict: the secret was changed meanwhile.
    """
    user = work.users.locked(work.actor.user_id or 0)
    stored = user.pin_hash if proof is Proof.PIN else user.password_hash
    if stored != secret_hash or not user.is_active:
        raise Conflict(f"The {proof.word} of {user.name} was changed just now. Sign in again.")
    set_failures(user, proof, max(0, failures(user, proof) - number))
    if any(failures(user, kind) >= kind.most_tries for kind in Proof):
        raise Refused(_locked(user.name, user.locked_until or work.now, work.now))
    user.locked_until, user.last_seen_at = None, work.now
    work.record("user.signed_in", "user", user.id or 0, f"{user.name} signed in with a {proof.word}")
    return Done(f"Signed in as {user.name}.", user.id, user.version)


@operation("user.note_failure")
def note_failure(work: Work, user_id: int | None, *, proof: Proof, number: int) -> Done:
    """Write down a try that was not right; `number` is 0 when the name was locked and nothing was looked at.

    A name that nobody has is not written down: it may be a password that slipped into the wrong field.
    """
    user = work.users.locked(user_id) if user_id is not None else None
    subject, who = (user.id or 0, user.name) if user else (0, "a name that nobody has")
    text = (
        f"Wrong {proof.word} for {who}"
        if number or not user
        else f"{who} is locked; the {proof.word} was not looked at"
    )
    work.entries.append(Entry("user.sign_in_failed", "user", subject, text, outcome="failed"))
    if user is not None and number >= proof.most_tries and user.locked_until is not None:
        locked = f"{who} is locked after {number} wrong tries with a {proof.word}"
        work.record("user.locked_out", "user", subject, locked, after=str(user.locked_until))
    return Done(f"{text}.")


def _signed_in(store: Store, name: str, proof: Proof, tried: Try, terminal: str, clock: Clock) -> Actor:
    with store.reading() as session:
        user = user_named(session, name)
    if user is None:
        raise Invalid(proof.value, wrong(proof))
    actor = Actor(user.id, user.name, user.role, terminal)
    secret_hash = tried.secret_hash or ""
    Performer(store, actor, clock).perform(note_success, proof=proof, number=tried.number, secret_hash=secret_hash)
    return actor


def _first_admin(store: Store, os_login: str, terminal: str, clock: Clock) -> UserLine | None:
    setup = Performer(store, Actor(None, "setup", Role.SYSTEM, terminal), clock)
    # Refused when somebody else was first; the login may be theirs.
    with suppress(Refused):
        setup.perform(make_first, os_login=os_login)
    with store.reading() as session:
        return user_of_login(session, os_login)


def _locked(name: str, until: datetime, now: datetime) -> str:
    minutes = max(1, -int((now - until).total_seconds() // 60))
    return f"{name} is locked for {minutes} more minutes after too many wrong tries. A supervisor can unlock the name."
