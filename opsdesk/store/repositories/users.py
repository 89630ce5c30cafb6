"""The people of one unit of work, and the terminals on which a PIN is enough."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import or_, select, text
from sqlmodel import Session, col

from opsdesk.domain.errors import Conflict, Denied, Refused
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.store.tables import EnrolledTerminalRow, UserRow


class Users:
    """The users of one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def locked(self, user_id: int, *, version: int | None = None) -> UserRow:
        """Return the user for change, provided nobody changed them since `version`.

        Raises:
            Refused: there is no such user.
            Conflict: somebody changed them since.
        """
        user = self._session.get(UserRow, user_id, with_for_update=True, populate_existing=True)
        if user is None:
            raise Refused("The user no longer exists.")
        if version is not None and user.version != version:
            raise Conflict(f"Somebody changed {user.name} in the meantime. Look at them again first.")
        return user

    def require_current(self, actor: Actor) -> None:
        """Let nobody go on working in a role that was taken from them after they had signed in.

        Raises:
            Denied: the person has another role by now, was deactivated, or is unknown to this store.
        """
        if actor.user_id is None:
            return
        now = select(col(UserRow.role), col(UserRow.is_active)).where(col(UserRow.id) == actor.user_id)
        found = self._session.execute(now).one_or_none()
        if found is None or not found.is_active:
            raise Denied(f"{actor.name} may not work here any more. Ask an admin.")
        if found.role != actor.role:
            raise Denied(f"{actor.name} is {found.role} now, no longer {actor.role}. Sign in again.")

    def named(self, name: str) -> UserRow | None:
        """Return the user with this sign-in name, if there is one."""
        return self._session.execute(select(UserRow).where(col(UserRow.name) == name)).scalar_one_or_none()

    def names_with(self, roles: Iterable[Role]) -> list[str]:
        """Return who works here in one of these roles, by name."""
        wanted = select(col(UserRow.name)).where(col(UserRow.role).in_([role.value for role in roles]))
        return list(self._session.execute(wanted.where(col(UserRow.is_active)).order_by(col(UserRow.name))).scalars())

    def by_os_login(self, login: str) -> UserRow | None:
        """Return the active user who is tied to this login of the operating system, if there is one."""
        tied = select(UserRow).where(col(UserRow.os_login) == login, col(UserRow.is_active))
        return self._session.execute(tied.order_by(col(UserRow.id)).limit(1)).scalar_one_or_none()

    def admins(self) -> list[UserRow]:
        """Return the admins who can sign in, locked: two admins cannot take each other's rights at the same time."""
        can_sign_in = or_(col(UserRow.os_login).is_not(None), col(UserRow.password_hash).is_not(None))
        admins = select(UserRow).where(col(UserRow.role) == Role.ADMIN.value, col(UserRow.is_active), can_sign_in)
        in_order = admins.order_by(col(UserRow.id)).with_for_update().execution_options(populate_existing=True)
        return list(self._session.execute(in_order).scalars())

    def stand_alone(self) -> None:
        """Let nobody else add or change a user until this transaction ends."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(text("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"))

    def terminal(self, token_hash: str) -> EnrolledTerminalRow | None:
        """Return the enrolled terminal with this token, if there is one."""
        return self._session.get(EnrolledTerminalRow, token_hash)
