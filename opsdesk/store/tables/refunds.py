"""Refunds, approvals and store credit: what staff decide about money that goes back."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

REFUND_WAITS = "state IN ('pending_approval', 'failed', 'unknown')"
REFUND_OUTSIDE = "state = 'outside'"
"""Refunds that somebody has to look at. Queries repeat these words, or the index does not serve them."""


class RefundRow(SQLModel, table=True):
    """A decision to give money back: what for (parts), over which payments (shares), and how far it is.

    `content_hash` binds an approval to exactly these parts and shares. The customer's letter is written when the refund
    is asked for and goes out when every share has succeeded.
    """

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="ck_refund_amount"),
        Index("ix_refund_order", "order_id", "id"),
        Index("ix_refund_actor", "requested_by", "requested_at"),
        Index("ix_refund_waits", "id", sqlite_where=text(REFUND_WAITS), postgresql_where=text(REFUND_WAITS)),
        Index("ix_refund_outside", "id", sqlite_where=text(REFUND_OUTSIDE), postgresql_where=text(REFUND_OUTSIDE)),
    )

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    state: str
    reason: str
    note: str = ""
    amount_minor: int = Field(sa_type=BigInteger)
    tax_minor: int = Field(default=0, sa_type=BigInteger)
    currency: str
    content_hash: str
    tell: bool = True
    letter_subject: str = ""
    letter_text: str = ""
    letter_html: str = ""
    letter_language: str = ""
    requested_by: str
    requested_at: datetime
    needs_approval: bool = False
    submitted_at: datetime | None = None
    settled_at: datetime | None = None
    problem: str = ""
    version: int = 1


class RefundPartRow(SQLModel, table=True):
    """What a refund is for: units of a line, shipping, a fee (its amount is then below zero), goodwill, overpayment."""

    __tablename__ = "refund_part"
    __table_args__ = (
        CheckConstraint("quantity >= 0", name="ck_refund_part_quantity"),
        Index("ix_refund_part_refund", "refund_id"),
        Index("ix_refund_part_line", "line_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    refund_id: int = Field(foreign_key="refund.id")
    kind: str
    line_id: int | None = Field(default=None, foreign_key="order_line.id")
    quantity: int = 0
    amount_minor: int = Field(sa_type=BigInteger)
    tax_minor: int = Field(default=0, sa_type=BigInteger)
    label: str = ""


class RefundShareRow(SQLModel, table=True):
    """How much of a refund goes back over which payment, or into store credit; a share fails or succeeds by itself."""

    __tablename__ = "refund_share"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="ck_refund_share_amount"),
        Index("ix_refund_share_refund", "refund_id"),
        Index("ix_refund_share_payment", "payment_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    refund_id: int = Field(foreign_key="refund.id")
    payment_id: int = Field(foreign_key="payment.id")
    credit_id: int | None = Field(default=None, foreign_key="store_credit.id")
    method: str = "gateway"
    reference: str = ""
    amount_minor: int = Field(sa_type=BigInteger)
    state: str
    problem: str = ""


class ApprovalRow(SQLModel, table=True):
    """A second person agreed to exactly this content, before it took effect. Rows are never updated or deleted."""

    __tablename__ = "approval"
    __table_args__ = (UniqueConstraint("subject_kind", "subject_id", "content_hash", name="uq_approval_content"),)

    id: int | None = Field(default=None, primary_key=True)
    subject_kind: str
    subject_id: int
    content_hash: str
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str
    requested_by: str
    approved_by: str
    approver_role: str
    approved_at: datetime
    command_id: str


class StoreCreditRow(SQLModel, table=True):
    """Money that a customer has with the shop: credit or a gift card. It is tender, not a discount."""

    __tablename__ = "store_credit"
    __table_args__ = (
        CheckConstraint("balance_minor >= 0 AND balance_minor <= issued_minor", name="ck_credit_balance"),
        Index("ix_credit_customer", "customer_id"),
        Index(
            "uq_credit_code",
            "code_digest",
            unique=True,
            sqlite_where=text("code_digest <> ''"),
            postgresql_where=text("code_digest <> ''"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    customer_id: int | None = Field(default=None, foreign_key="customer.id")
    code_digest: str = ""
    code_end: str = ""
    currency: str
    issued_minor: int = Field(sa_type=BigInteger)
    balance_minor: int = Field(sa_type=BigInteger)
    issued_by: str
    issued_at: datetime
    expires_at: datetime | None = None
    note: str = ""
    version: int = 1
