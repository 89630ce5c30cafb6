"""People who sign in, the terminals that may use a PIN, and the shop's settings."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel


class UserRow(SQLModel, table=True):
    """A person. Hashes are argon2id over the secret and the server-side pepper."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("name", name="uq_users_name"),
        Index("ix_users_os_login", "os_login"),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str
    full_name: str
    role: str
    os_login: str | None = None
    password_hash: str | None = None
    pin_hash: str | None = None
    is_active: bool = True
    failed_passwords: int = 0
    failed_pins: int = 0
    locked_until: datetime | None = None
    last_seen_at: datetime | None = None
    created_at: datetime
    version: int = 1


class EnrolledTerminalRow(SQLModel, table=True):
    """A terminal on which a PIN is enough. Only the hash of its token is stored."""

    __tablename__ = "enrolled_terminal"

    token_hash: str = Field(primary_key=True)
    name: str
    enrolled_by: str
    enrolled_at: datetime


class SettingRow(SQLModel, table=True):
    """A setting of the shop that all terminals share; the value is JSON."""

    __tablename__ = "setting"

    key: str = Field(primary_key=True)
    value: str
