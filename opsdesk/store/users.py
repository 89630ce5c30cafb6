"""The people of one unit of work."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.errors import Refused
from opsdesk.store.tables import UserRow


class Users:
    """The users of one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def locked(self, user_id: int) -> UserRow:
        """Return the user for change.

        Raises:
            Refused: there is no such user.
        """
        user = self._session.get(UserRow, user_id, with_for_update=True, populate_existing=True)
        if user is None:
            raise Refused("The user no longer exists.")
        return user

    def named(self, name: str) -> UserRow | None:
        """Return the user with this sign-in name, if there is one."""
        return self._session.execute(select(UserRow).where(col(UserRow.name) == name)).scalar_one_or_none()

    def by_os_login(self, login: str) -> UserRow | None:
        """Return the active user who is tied to this login of the operating system, if there is one."""
        tied = select(UserRow).where(col(UserRow.os_login) == login, col(UserRow.is_active))
        return self._session.execute(tied.order_by(col(UserRow.id)).limit(1)).scalar_one_or_none()
