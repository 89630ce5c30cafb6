"""What belongs to people at their desks: drafts, presence, looks, follows, bulk jobs, and the worker's lease."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel


class DraftRow(SQLModel, table=True):
    """Half-typed text. It belongs to the user, not to the terminal; `fields` is JSON."""

    __tablename__ = "draft"

    user_id: int = Field(primary_key=True, foreign_key="users.id")
    form: str = Field(primary_key=True)
    subject_id: int = Field(primary_key=True)
    fields: str
    saved_at: datetime


class PresenceRow(SQLModel, table=True):
    """Somebody has a record open on a terminal; it lapses by itself."""

    __tablename__ = "presence"
    __table_args__ = (Index("ix_presence_subject", "subject_kind", "subject_id"),)

    terminal: str = Field(primary_key=True)
    user_id: int = Field(foreign_key="users.id")
    subject_kind: str
    subject_id: int
    is_editing: bool = False
    seen_at: datetime


class LookRow(SQLModel, table=True):
    """The newest activity that a user had seen of an order when they last looked."""

    __tablename__ = "look"

    user_id: int = Field(primary_key=True, foreign_key="users.id")
    order_id: int = Field(primary_key=True, foreign_key="orders.id")
    activity_id: int
    looked_at: datetime


class FollowRow(SQLModel, table=True):
    """A user wants to hear when an order moves."""

    __tablename__ = "follow"
    __table_args__ = (Index("ix_follow_order", "order_id"),)

    user_id: int = Field(primary_key=True, foreign_key="users.id")
    order_id: int = Field(primary_key=True, foreign_key="orders.id")
    since_activity_id: int


class LeaseRow(SQLModel, table=True):
    """Who runs a job that only one process may run; `token` rises with each new holder."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    holder: str
    token: int
    expires_at: datetime
    beat_at: datetime


class JobRow(SQLModel, table=True):
    """A command over many marked orders, with one step per order; it undoes as one."""

    __tablename__ = "job"

    id: str = Field(primary_key=True)
    command: str
    actor: str
    started_at: datetime
    finished_at: datetime | None = None


class JobStepRow(SQLModel, table=True):
    """What a job did with one order, or why it left it out."""

    __tablename__ = "job_step"

    job_id: str = Field(primary_key=True, foreign_key="job.id")
    order_id: int = Field(primary_key=True)
    number: str
    outcome: str
    message: str
    command_id: str = ""
