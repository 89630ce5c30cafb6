"""What happened: commands (answered once) and activity (history, audit, live refresh and undo in one chain)."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel


class CommandRow(SQLModel, table=True):
    """One accepted command. A repeated id is answered with the stored result and changes nothing.

    `undo` is the JSON of the command that takes it back, empty where nothing can.
    """

    __tablename__ = "command"
    __table_args__ = (Index("ix_command_actor", "actor", "accepted_at"),)

    id: str = Field(primary_key=True)
    name: str
    actor: str
    accepted_at: datetime
    result: str
    undo: str = ""
    undone_by: str | None = None


class ActivityRow(SQLModel, table=True):
    """One thing that happened to one subject, or that was refused to somebody.

    `id` counts without gaps; `hash` seals the row together with the hash of the row before it.
    """

    __tablename__ = "activity"
    __table_args__ = (
        Index("ix_activity_subject", "subject_kind", "subject_id", "id"),
        Index("ix_activity_command", "command_id"),
    )

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime
    actor: str
    role: str
    terminal: str
    action: str
    outcome: str
    subject_kind: str
    subject_id: int
    command_id: str
    summary: str
    before: str = ""
    after: str = ""
    hash: str
