"""Customers: one row per e-mail address, or per source identity where there is none."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from opsdesk.store.tables.columns import CODE


class CustomerRow(SQLModel, table=True):
    """A customer. `identity` is the lower-cased e-mail, or `source:id` when no e-mail is known."""

    __tablename__ = "customer"
    __table_args__ = (
        UniqueConstraint("identity", name="uq_customer_identity"),
        Index("ix_customer_phone_reversed", "phone_reversed"),
    )

    id: int | None = Field(default=None, primary_key=True)
    identity: str = Field(sa_type=CODE)
    name: str
    email: str
    phone: str
    phone_reversed: str = Field(sa_type=CODE)
    language: str
    country: str
    created_at: datetime
    version: int = 1
