"""Documents about money that went back, and the numbers that they take."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel


class DocumentSeriesRow(SQLModel, table=True):
    """The last number that a series of documents has given out; one number more is one update of this row."""

    __tablename__ = "document_series"

    series: str = Field(primary_key=True)
    last_number: int


class CreditNoteRow(SQLModel, table=True):
    """What the customer is credited with by one refund, in minor units, or the document that cancels one.

    `lines` is JSON and holds the parts as they were. Rows are never updated or deleted: what turned out wrong is
    cancelled by another document, all of whose amounts are the opposite.
    """

    __tablename__ = "credit_note"
    __table_args__ = (
        UniqueConstraint("series", "number", name="uq_credit_note_number"),
        UniqueConstraint("cancels_id", name="uq_credit_note_cancelled"),
        CheckConstraint("net_minor + tax_minor = gross_minor", name="ck_credit_note_sum"),
        Index("ix_credit_note_refund", "refund_id", "id"),
        Index("ix_credit_note_order", "order_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    series: str
    number: int
    order_id: int = Field(foreign_key="orders.id")
    refund_id: int = Field(foreign_key="refund.id")
    cancels_id: int | None = Field(default=None, foreign_key="credit_note.id")
    currency: str
    net_minor: int = Field(sa_type=BigInteger)
    tax_minor: int = Field(sa_type=BigInteger)
    gross_minor: int = Field(sa_type=BigInteger)
    lines: str
    reason: str = ""
    issued_at: datetime
    issued_by: str
