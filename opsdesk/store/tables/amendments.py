"""Changes of an order after it was placed."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field, SQLModel

AMENDMENT_OPEN = "state IN ('proposed', 'awaiting_payment', 'awaiting_packer')"
"""Amendments that may still be applied."""


class AmendmentRow(SQLModel, table=True):
    """A change of an order after it was placed. An order has at most one that is open.

    `edits` is JSON, and so are `base`, the order as the preview saw it, and `letters`, which go out when their moment
    comes: the one that tells of the change, and the one that brings the pay link.
    """

    __tablename__ = "amendment"
    __table_args__ = (
        Index("ix_amendment_order", "order_id", "id"),
        Index(
            "uq_amendment_open",
            "order_id",
            unique=True,
            sqlite_where=text(AMENDMENT_OPEN),
            postgresql_where=text(AMENDMENT_OPEN),
        ),
        Index(
            "ix_amendment_expires",
            "expires_at",
            sqlite_where=text("state = 'awaiting_payment'"),
            postgresql_where=text("state = 'awaiting_payment'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    state: str
    reason: str
    note: str = ""
    edits: str
    base_fingerprint: str
    base: str = ""
    settle: str = "auto"
    letters: str = ""
    old_total_minor: int = Field(sa_type=BigInteger)
    new_total_minor: int = Field(sa_type=BigInteger)
    currency: str
    link_id: int | None = Field(default=None, foreign_key="pay_link.id")
    refund_id: int | None = Field(default=None, foreign_key="refund.id")
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime | None = None
    recall_acknowledged_by: str | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None
    problem: str = ""
    version: int = 1
