"""The catalogue as far as orders need it: what a SKU is called, costs and how cold it travels."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from opsdesk.store.tables.columns import CODE


class ProductRow(SQLModel, table=True):
    """One sellable article; price in minor units of `currency`, weight in grams."""

    __tablename__ = "product"
    __table_args__ = (
        UniqueConstraint("sku", name="uq_product_sku"),
        Index("ix_product_ean", "ean"),
    )

    id: int | None = Field(default=None, primary_key=True)
    sku: str = Field(sa_type=CODE)
    source: str
    external_id: str
    title: str
    variant: str = ""
    ean: str = Field(default="", sa_type=CODE)
    price_minor: int = Field(sa_type=BigInteger)
    currency: str
    temperature: str = "ambient"
    weight_g: int | None = None
    stock: int | None = None
    is_active: bool = True
    search_text: str
    version: int = 1
    changed_at: datetime
