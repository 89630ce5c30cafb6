"""People as they are listed, and what is asked before anybody is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlmodel import Session, col

from opsdesk.domain.people.actors import Role
from opsdesk.store.tables import EnrolledTerminalRow, UserRow

MOST = 200


@dataclass(frozen=True, slots=True)
class UserLine:
    """One person; of their secrets only whether there are any."""

    id: int
    version: int
    name: str
    full_name: str
    role: Role
    os_login: str | None
    is_active: bool
    has_password: bool
    has_pin: bool
    locked_until: datetime | None
    last_seen_at: datetime | None

    def is_locked(self, now: datetime) -> bool:
        """True after too many wrong tries, until the time is over or somebody unlocks the name."""
        return self.locked_until is not None and self.locked_until > now


def users(session: Session, *, after: str = "") -> list[UserLine]:
    """Return at most 200 people by name, active or not."""
    wanted = select(UserRow).where(col(UserRow.name) > after).order_by(col(UserRow.name)).limit(MOST)
    return [_line(row) for row in session.execute(wanted).scalars()]


def user_named(session: Session, name: str) -> UserLine | None:
    """Return the person with this sign-in name."""
    row = session.execute(select(UserRow).where(col(UserRow.name) == name)).scalar_one_or_none()
    return _line(row) if row else None


def user_of_login(session: Session, login: str) -> UserLine | None:
    """Return the active person who is tied to this login of the operating system."""
    tied = select(UserRow).where(col(UserRow.os_login) == login, col(UserRow.is_active))
    row = session.execute(tied.order_by(col(UserRow.id)).limit(1)).scalar_one_or_none()
    return _line(row) if row else None


def has_admin(session: Session) -> bool:
    """Say whether there is an admin who can sign in. Where there is none, the shop has not been taken over yet."""
    can_sign_in = or_(col(UserRow.os_login).is_not(None), col(UserRow.password_hash).is_not(None))
    admin = select(col(UserRow.id)).where(col(UserRow.role) == Role.ADMIN.value, col(UserRow.is_active), can_sign_in)
    return session.execute(admin.limit(1)).first() is not None


def is_enrolled(session: Session, token_hash: str) -> bool:
    """Say whether a PIN is enough on the terminal with this token."""
    return session.get(EnrolledTerminalRow, token_hash) is not None


def _line(row: UserRow) -> UserLine:
    return UserLine(
        id=row.id or 0,
        version=row.version,
        name=row.name,
        full_name=row.full_name,
        role=Role(row.role),
        os_login=row.os_login,
        is_active=row.is_active,
        has_password=row.password_hash is not None,
        has_pin=row.pin_hash is not None,
        locked_until=row.locked_until,
        last_seen_at=row.last_seen_at,
    )
