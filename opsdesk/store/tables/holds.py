"""Holds and verification cases of orders."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel


class HoldRow(SQLModel, table=True):
    """A hold; it stands until `released_at` is set. `blocks` is a comma list of steps."""

    __tablename__ = "hold"
    __table_args__ = (
        Index("ix_hold_order", "order_id"),
        Index(
            "uq_hold_active",
            "order_id",
            "type",
            unique=True,
            sqlite_where=text("released_at IS NULL"),
            postgresql_where=text("released_at IS NULL"),
        ),
        Index(
            "ix_hold_review",
            "review_at",
            sqlite_where=text("released_at IS NULL AND review_at IS NOT NULL"),
            postgresql_where=text("released_at IS NULL AND review_at IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    type: str
    reason: str
    blocks: str
    placed_by: str
    placed_at: datetime
    review_at: datetime | None = None
    on_review: str = "task"
    reviewed_at: datetime | None = None
    released_by: str | None = None
    released_at: datetime | None = None
    release_note: str = ""


class CaseRow(SQLModel, table=True):
    """A verification case of one order: opened, the customer asked, called, decided."""

    __tablename__ = "verification_case"
    __table_args__ = (
        Index("ix_case_order", "order_id"),
        Index(
            "uq_case_open",
            "order_id",
            "kind",
            unique=True,
            sqlite_where=text("decided_at IS NULL"),
            postgresql_where=text("decided_at IS NULL"),
        ),
        Index(
            "ix_case_due",
            "respond_by",
            sqlite_where=text("state = 'awaiting_customer'"),
            postgresql_where=text("state = 'awaiting_customer'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    kind: str
    state: str
    opened_by: str
    opened_at: datetime
    answer_days: int = 0
    respond_by: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
