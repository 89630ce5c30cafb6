"""The people of the shop: who they are, what they may do, and how they prove it. Only an admin decides about others."""

from __future__ import annotations

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.people.actors import Role
from opsdesk.domain.people.credentials import Proof, names_for, require_name, require_role
from opsdesk.domain.text import clean_line
from opsdesk.store.desk.passwords import Hashed
from opsdesk.store.tables import EnrolledTerminalRow, UserRow
from opsdesk.store.work import Done, Work, operation

_LONGEST_FULL_NAME = 80
_LONGEST_LOGIN = 128


@operation("user.add")
def add(work: Work, name: str, *, full_name: str, role: str, os_login: str = "") -> Done:
    """Add a person. They sign in once they have a password, or under the login that they are tied to.

    Raises:
        Invalid: the name, the role or the login cannot be used, or belongs to somebody else.
    """
    user = add_user(work, name, full_name=full_name, role=require_role(role), os_login=os_login)
    return _done(work, user, "user.added", f"Added {user.name} as {user.role}", after=user.role)


@operation("user.make_first")
def make_first(work: Work, *, os_login: str) -> Done:
    """Make the admin of a new store out of the login of the operating system.

    Raises:
        Refused: there is an admin already.
    """
    work.users.stand_alone()
    if work.users.admins():
        raise Refused("This store has an admin already. Ask them for a name to sign in with.")
    free = (name for name in names_for(os_login) if not work.users.named(name))
    user = add_user(work, next(free), full_name=os_login, role=Role.ADMIN, os_login=os_login)
    return _done(work, user, "user.added", f"{user.name} is the first admin", after=user.role)


@operation("user.change_role")
def change_role(work: Work, user_id: int, *, version: int, role: str) -> Done:
    """Give a person another role.

    Raises:
        Refused: it is one's own role, or that of the last admin who can sign in.
    """
    wanted = require_role(role)
    _keep_an_admin(work, user_id, unless=wanted is not Role.ADMIN)
    user = _other(work, user_id, version, "change their own role")
    before, user.role = user.role, wanted.value
    return _done(work, user, "user.role_changed", f"{user.name} is {wanted} now", before, wanted)


@operation("user.deactivate")
def deactivate(work: Work, user_id: int, *, version: int) -> Done:
    """Let a person sign in no more. Their name stays in the history.

    Raises:
        Refused: it is oneself, or the last admin who can sign in.
    """
    _keep_an_admin(work, user_id, unless=True)
    user = _other(work, user_id, version, "deactivate themselves")
    user.is_active = False
    return _done(work, user, "user.deactivated", f"{user.name} can sign in no more", "active", "not active")


@operation("user.reactivate")
def reactivate(work: Work, user_id: int, *, version: int) -> Done:
    """Let a person sign in again, with the secrets that they had."""
    user = work.users.locked(user_id, version=version)
    if user.os_login:
        _require_free_login(work, user.os_login, user)
    user.is_active = True
    return _done(work, user, "user.reactivated", f"{user.name} can sign in again", "not active", "active")


@operation("user.unlock")
def unlock(work: Work, user_id: int) -> Done:
    """Give somebody whom you know new tries, before the lock is over.

    Raises:
        Refused: it is your own name.
    """
    user = _other(work, user_id, None, "unlock themselves")
    user.failed_passwords, user.failed_pins, user.locked_until = 0, 0, None
    return _done(work, user, "user.unlocked", f"{user.name} may try to sign in again")


@operation("user.tie_login")
def tie_login(work: Work, user_id: int, *, version: int, os_login: str) -> Done:
    """Let a login of the operating system act as this person without a password; an empty login unties it.

    Raises:
        Invalid: the login belongs to somebody else already.
        Refused: the last admin would not be able to sign in any more.
    """
    user = work.users.locked(user_id, version=version)
    if not os_login.strip() and user.password_hash is None:
        _keep_an_admin(work, user_id, unless=True)
    before, user.os_login = user.os_login or "", _require_free_login(work, os_login, user)
    text = f"The login {user.os_login} acts as {user.name}" if user.os_login else f"No login acts as {user.name}"
    return _done(work, user, "user.login_tied", text, before, user.os_login or "")


@operation("user.set_password")
def set_password(work: Work, *, password: Hashed) -> Done:
    """Set one's own password."""
    return _set_secret(work, _myself(work), password, Proof.PASSWORD)


@operation("user.set_pin")
def set_pin(work: Work, *, pin: Hashed) -> Done:
    """Set one's own PIN, for enrolled terminals."""
    return _set_secret(work, _myself(work), pin, Proof.PIN)


@operation("user.reset_password")
def reset_password(work: Work, user_id: int, *, password: Hashed) -> Done:
    """Set somebody's password for them."""
    return _set_secret(work, work.users.locked(user_id), password, Proof.PASSWORD)


@operation("user.reset_pin")
def reset_pin(work: Work, user_id: int, *, pin: Hashed) -> Done:
    """Set somebody's PIN for them."""
    return _set_secret(work, work.users.locked(user_id), pin, Proof.PIN)


@operation("terminal.enrol")
def enrol(work: Work, *, token_hash: str, name: str) -> Done:
    """Let a PIN be enough on a terminal that other people cannot get at.

    Raises:
        Invalid: the terminal has no name.
    """
    cleaned = clean_line(name, longest=_LONGEST_FULL_NAME)
    if not cleaned:
        raise Invalid("name", "The terminal has no name. Say where it stands, e.g. packing bench 2.")
    if known := work.users.terminal(token_hash):
        return Done(f"This terminal is enrolled already, as {known.name}.")
    work.add(
        EnrolledTerminalRow(token_hash=token_hash, name=cleaned, enrolled_by=work.actor.name, enrolled_at=work.now)
    )
    work.record("terminal.enrolled", "terminal", 0, f"A PIN is enough on {cleaned}", after=cleaned)
    return Done(f"A PIN is enough on {cleaned} from now on.")


def add_user(work: Work, name: str, *, full_name: str, role: Role, os_login: str) -> UserRow:
    """Write a new person into the store."""
    checked = require_name(name)
    if work.users.named(checked):
        raise Invalid("name", f"There is a {checked} already. Choose another sign-in name.")
    user = UserRow(
        name=checked,
        full_name=clean_line(full_name, longest=_LONGEST_FULL_NAME) or checked,
        role=role.value,
        os_login=_require_free_login(work, os_login, None),
        created_at=work.now,
    )
    work.add(user)
    return user


def _set_secret(work: Work, user: UserRow, secret: Hashed, proof: Proof) -> Done:
    if secret.proof is not proof:
        raise Invalid(proof.value, f"That is a {secret.proof.word}, not a {proof.word}.")
    if proof is Proof.PASSWORD:
        user.password_hash, user.failed_passwords = secret.value, 0
    else:
        user.pin_hash, user.failed_pins = secret.value, 0
    return _done(work, user, f"user.{proof}_set", f"{user.name} has a new {proof.word}")


def _myself(work: Work) -> UserRow:
    if work.actor.user_id is None:
        raise Refused("Nobody is signed in, so there is nobody to set it for.")
    return work.users.locked(work.actor.user_id)


def _other(work: Work, user_id: int, version: int | None, what: str) -> UserRow:
    user = work.users.locked(user_id, version=version)
    if user.id == work.actor.user_id or user.name == work.actor.name:
        raise Refused(f"Nobody can {what}. Ask another admin or supervisor.")
    return user


def _keep_an_admin(work: Work, user_id: int, *, unless: bool) -> None:
    """Refuse what would leave the shop without an admin who can sign in; the admins stay locked until the end."""
    admins = {admin.id for admin in work.users.admins()}
    if unless and admins == {user_id}:
        raise Refused("This is the last admin who can sign in. Make somebody else an admin first.")


def _require_free_login(work: Work, os_login: str, user: UserRow | None) -> str | None:
    login = clean_line(os_login, longest=_LONGEST_LOGIN)
    if not login:
        return None
    work.users.stand_alone()
    holder = work.users.by_os_login(login)
    if holder is not None and (user is None or holder.id != user.id):
        raise Invalid("os_login", f"The login {login} belongs to {holder.name} already. Untie it there first.")
    return login


def _done(work: Work, user: UserRow, action: str, text: str, before: str = "", after: str = "") -> Done:
    user.version += 1
    work.record(action, "user", user.id or 0, text, before=before, after=after)
    return Done(f"{text}.", user.id, user.version, {"name": user.name, "role": user.role})
