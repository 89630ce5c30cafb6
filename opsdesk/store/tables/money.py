"""What moves money: payments, their transactions, the journal, calls to gateways, and what gateways tell."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from opsdesk.store.tables.columns import CODE

CALL_OPEN = "state IN ('requested', 'sending', 'pending', 'unknown')"
"""Calls that are not over. Queries repeat these words, or the index does not serve them."""
CALL_IN_TROUBLE = "state IN ('failed', 'unknown') AND settled_by IS NULL"
"""Calls that somebody has to look at."""
MAY_EXPIRE = "expires_at IS NOT NULL AND state IN ('authorised', 'partly_captured')"
"""Authorisations that end by themselves."""


class PaymentRow(SQLModel, table=True):
    """One instrument that an order is paid with; sums in minor units, each moved by guarded updates alone.

    What ends in `ing` is set aside for a call that is not over.
    """

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint(
            "authorised_minor >= 0 AND capturing_minor >= 0 AND captured_minor >= 0 AND voiding_minor >= 0 "
            "AND voided_minor >= 0 AND refunding_minor >= 0 AND refunded_minor >= 0 AND charged_back_minor >= 0",
            name="ck_payment_sums",
        ),
        Index("ix_payment_order", "order_id"),
        Index(
            "ix_payment_reference",
            "gateway",
            "reference",
            sqlite_where=text("reference <> ''"),
            postgresql_where=text("reference <> ''"),
        ),
        Index(
            "ix_payment_unpaid",
            "created_at",
            sqlite_where=text("captured_minor = 0"),
            postgresql_where=text("captured_minor = 0"),
        ),
        Index("ix_payment_expires", "expires_at", sqlite_where=text(MAY_EXPIRE), postgresql_where=text(MAY_EXPIRE)),
    )

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    gateway: str
    method: str = "gateway"
    instrument: str = ""
    reference: str = Field(default="", sa_type=CODE)
    currency: str
    authorised_minor: int = Field(default=0, sa_type=BigInteger)
    capturing_minor: int = Field(default=0, sa_type=BigInteger)
    captured_minor: int = Field(default=0, sa_type=BigInteger)
    voiding_minor: int = Field(default=0, sa_type=BigInteger)
    voided_minor: int = Field(default=0, sa_type=BigInteger)
    refunding_minor: int = Field(default=0, sa_type=BigInteger)
    refunded_minor: int = Field(default=0, sa_type=BigInteger)
    charged_back_minor: int = Field(default=0, sa_type=BigInteger)
    state: str = "pending"
    ended: str = ""
    expires_at: datetime | None = None
    credit_id: int | None = Field(default=None, foreign_key="store_credit.id")
    created_at: datetime


class TransactionRow(SQLModel, table=True):
    """One movement of money, in minor units of the order's currency. Rows are never updated or deleted.

    `call_key` is the idempotency key of the call that did it, empty where nobody here asked for it; `settled_*` is what
    the gateway booked in the shop's own currency.
    """

    __tablename__ = "payment_transaction"
    __table_args__ = (
        UniqueConstraint("order_id", "reference", "kind", name="uq_transaction_reference"),
        CheckConstraint("amount_minor >= 0", name="ck_transaction_amount"),
        Index("ix_transaction_payment", "payment_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    payment_id: int = Field(foreign_key="payment.id")
    kind: str
    state: str
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str
    gateway: str
    reference: str
    happened_at: datetime
    call_key: str = ""
    settled_minor: int | None = Field(default=None, sa_type=BigInteger)
    settled_currency: str = ""


class JournalRow(SQLModel, table=True):
    """One transfer of the double-entry journal: from the credited to the debited account. Never updated or deleted."""

    __tablename__ = "journal"
    __table_args__ = (
        CheckConstraint("amount_minor > 0 AND debit <> credit", name="ck_journal_entry"),
        Index("ix_journal_order", "order_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    transaction_id: int = Field(foreign_key="payment_transaction.id")
    debit: str
    credit: str
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str
    booked_at: datetime


class GatewayCallRow(SQLModel, table=True):
    """One effect at a gateway, from the wish to the gateway's answer; `key` is made before it is sent."""

    __tablename__ = "gateway_call"
    __table_args__ = (
        UniqueConstraint("key", name="uq_call_key"),
        CheckConstraint("amount_minor >= 0", name="ck_call_amount"),
        Index("ix_call_order", "order_id", "id"),
        Index(
            "ix_call_open",
            "not_before",
            "id",
            sqlite_where=text(CALL_OPEN),
            postgresql_where=text(CALL_OPEN),
        ),
        Index(
            "ix_call_trouble",
            "id",
            sqlite_where=text(CALL_IN_TROUBLE),
            postgresql_where=text(CALL_IN_TROUBLE),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    payment_id: int | None = Field(default=None, foreign_key="payment.id")
    link_id: int | None = Field(default=None, foreign_key="pay_link.id")
    share_id: int | None = Field(default=None, foreign_key="refund_share.id")
    kind: str
    gateway: str
    reference: str
    key: str
    amount_minor: int = Field(default=0, sa_type=BigInteger)
    currency: str
    reason: str = ""
    state: str
    not_before: datetime
    attempts: int = 0
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    first_sent_at: datetime | None = None
    answer_reference: str = ""
    problem: str = ""
    requested_by: str
    requested_at: datetime
    settled_at: datetime | None = None
    settled_by: str | None = None
    version: int = 1


class PayLinkRow(SQLModel, table=True):
    """A page of the gateway where a customer pays one amount once; it ends when the amount changes.

    `due_minor` is what was due when it was asked for. `letters` is JSON: the mail that brings the link and the one that
    thanks for the money, as they were seen on screen; each goes out when its moment comes.
    """

    __tablename__ = "pay_link"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="ck_link_amount"),
        Index("ix_link_order", "order_id", "id"),
        Index(
            "uq_link_reference",
            "gateway",
            "reference",
            unique=True,
            sqlite_where=text("reference <> ''"),
            postgresql_where=text("reference <> ''"),
        ),
        Index(
            "ix_link_expires",
            "expires_at",
            sqlite_where=text("state IN ('requested', 'open')"),
            postgresql_where=text("state IN ('requested', 'open')"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    gateway: str
    reference: str = ""
    url: str = ""
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str
    state: str
    problem: str = ""
    due_minor: int = Field(default=0, sa_type=BigInteger)
    authorise_only: bool = False
    tell: bool = True
    letters: str = ""
    expires_at: datetime
    asked_by: str
    asked_at: datetime
    paid_at: datetime | None = None
    payment_id: int | None = Field(default=None, foreign_key="payment.id")
    ended_at: datetime | None = None
    version: int = 1


class DisputeRow(SQLModel, table=True):
    """A customer's bank asks for money back; `due_at` is the last moment to answer."""

    __tablename__ = "dispute"
    __table_args__ = (
        UniqueConstraint("payment_id", "reference", name="uq_dispute_reference"),
        Index("ix_dispute_order", "order_id"),
        Index("ix_dispute_opened", "opened_at"),
        Index(
            "ix_dispute_due",
            "due_at",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    payment_id: int = Field(foreign_key="payment.id")
    reference: str
    state: str
    reason: str = ""
    network_reason: str = ""
    amount_minor: int = Field(sa_type=BigInteger)
    withdrawn_minor: int = Field(default=0, sa_type=BigInteger)
    currency: str
    note: str = ""
    opened_at: datetime
    due_at: datetime | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    version: int = 1


class GatewayEventRow(SQLModel, table=True):
    """An event that a gateway told of; its id makes sure that it is applied at most once."""

    __tablename__ = "gateway_event"
    __table_args__ = (
        Index(
            "ix_event_held",
            "received_at",
            sqlite_where=text("outcome = 'held' AND settled_at IS NULL"),
            postgresql_where=text("outcome = 'held' AND settled_at IS NULL"),
        ),
        Index(
            "ix_event_odd",
            "gateway",
            "reference",
            sqlite_where=text("outcome = 'held'"),
            postgresql_where=text("outcome = 'held'"),
        ),
    )

    gateway: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    name: str
    outcome: str
    problem: str = ""
    reference: str = ""
    order_id: int | None = Field(default=None, foreign_key="orders.id")
    amount_minor: int = Field(default=0, sa_type=BigInteger)
    currency: str = ""
    happened_at: datetime
    received_at: datetime
    settled_by: str | None = None
    settled_at: datetime | None = None
    settled_note: str = ""


class GatewayCursorRow(SQLModel, table=True):
    """How far the events of a gateway were read, and why they cannot be read now."""

    __tablename__ = "gateway_cursor"

    gateway: str = Field(primary_key=True)
    cursor: str = ""
    problem: str = ""
    read_at: datetime
