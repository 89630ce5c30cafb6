"""Parcels: what left the house together under one tracking number."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from opsdesk.store.tables.columns import CODE


class ParcelRow(SQLModel, table=True):
    """One parcel that was handed to a carrier."""

    __tablename__ = "parcel"
    __table_args__ = (
        Index("ix_parcel_order", "order_id"),
        Index("ix_parcel_tracking", "tracking_number"),
    )

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    carrier: str
    tracking_number: str = Field(sa_type=CODE)
    tracking_url: str = ""
    shipped_by: str
    shipped_at: datetime
    delivered_at: datetime | None = None
    recalled_at: datetime | None = None


class ParcelLineRow(SQLModel, table=True):
    """How many units of an order line are in a parcel."""

    __tablename__ = "parcel_line"
    __table_args__ = (CheckConstraint("quantity > 0", name="ck_parcel_line_quantity"),)

    parcel_id: int = Field(foreign_key="parcel.id", primary_key=True)
    line_id: int = Field(foreign_key="order_line.id", primary_key=True)
    quantity: int
