"""Holds and verification cases of orders."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

FRAUD_OPEN = "kind = 'fraud' AND decided_at IS NULL"
"""Cases that the fraud desk works on. Queries repeat these words, or the indexes do not serve them."""


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
    """A verification case of one order: opened, the customer asked, called, decided.

    `state` is what the rest of the house knows of `fraud_state`, which only cases of fraud have. `proposal` is JSON of
    the decision that waits for a second person, `suggested` the verdict that one key confirms. `second_content` is the
    fingerprint of what a second person had to agree to when the case was released, NULL where one was enough.
    """

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
        Index(
            "ix_case_queue",
            "decide_by",
            "score",
            "id",
            sqlite_where=text(FRAUD_OPEN),
            postgresql_where=text(FRAUD_OPEN),
        ),
        Index(
            "ix_case_remind",
            "remind_at",
            sqlite_where=text("remind_at IS NOT NULL"),
            postgresql_where=text("remind_at IS NOT NULL"),
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
    fraud_state: str = ""
    score: int = 0
    reason: str = ""
    decide_by: datetime | None = None
    authorisation_ends: datetime | None = None
    mail_sent_at: datetime | None = None
    remind_at: datetime | None = None
    next_call_at: datetime | None = None
    claimed_by: str | None = None
    claimed_until: datetime | None = None
    worked_at: datetime | None = None
    touch_seconds: int = 0
    was_extended: bool = False
    is_escalated: bool = False
    suggested: str = ""
    proposal: str = ""
    proposed_by: str | None = None
    proposed_at: datetime | None = None
    proposal_content: str = ""
    proposal_why: str = ""
    second_by: str | None = None
    second_content: str | None = None
    verdict: str = ""
    reason_code: str = ""
    gut: int | None = None
    was_worth_a_look: bool | None = None
    decision_note: str = ""
    previous_status: str | None = None
    version: int = 1
