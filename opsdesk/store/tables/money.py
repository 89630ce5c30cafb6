"""Payment transactions: append-only; the money axis of an order is computed from them."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel


class TransactionRow(SQLModel, table=True):
    """One movement of money, in minor units of the order's currency. Rows are never updated or deleted."""

    __tablename__ = "payment_transaction"
    __table_args__ = (
        UniqueConstraint("order_id", "reference", "kind", name="uq_transaction_reference"),
        CheckConstraint("amount_minor >= 0", name="ck_transaction_amount"),
    )

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    kind: str
    state: str
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str
    gateway: str
    reference: str
    happened_at: datetime
