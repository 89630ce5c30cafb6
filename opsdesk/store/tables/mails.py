"""The outbox: every mail to a customer, until it was taken, failed or came back; and how far mailboxes were read."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

IN_TROUBLE = "state IN ('held', 'failed', 'bounced')"
"""What waits for somebody. Queries repeat these words, or the index does not serve them."""

UNSETTLED = "state IN ('sending', 'held', 'failed', 'bounced')"


class MailRow(SQLModel, table=True):
    """One mail. `event_key` is unique: the same event never writes a second mail.

    `accepted_at` is when a mail server last took it; a mail that is tried again has none. `returned_at` is when it last
    came back.
    """

    __tablename__ = "mail"
    __table_args__ = (
        UniqueConstraint("event_key", name="uq_mail_event"),
        UniqueConstraint("message_id", name="uq_mail_message"),
        Index("ix_mail_order", "order_id", "id"),
        Index(
            "ix_mail_due",
            "not_before",
            "id",
            sqlite_where=text("state IN ('queued', 'retry')"),
            postgresql_where=text("state IN ('queued', 'retry')"),
        ),
        Index(
            "ix_mail_attention",
            "state",
            "id",
            sqlite_where=text(UNSETTLED),
            postgresql_where=text(UNSETTLED),
        ),
        Index("ix_mail_trouble", "order_id", sqlite_where=text(IN_TROUBLE), postgresql_where=text(IN_TROUBLE)),
    )

    id: int | None = Field(default=None, primary_key=True)
    order_id: int | None = Field(default=None, foreign_key="orders.id")
    event_key: str
    status_code: str
    language: str
    recipient: str
    subject: str
    text: str
    html: str
    message_id: str
    state: str
    queued_by: str
    queued_at: datetime
    not_before: datetime
    attempts: int = 0
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    last_error: str = ""
    accepted_at: datetime | None = None
    command_id: str
    version: int = 1
    returned_at: datetime | None = None


class MailboxCursorRow(SQLModel, table=True):
    """How far a mailbox was read, and why it cannot be read now."""

    __tablename__ = "mailbox_cursor"

    mailbox: str = Field(primary_key=True)
    cursor: str = ""
    problem: str = ""
    read_at: datetime
