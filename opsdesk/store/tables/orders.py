"""An order with its lines, addresses, notes and cancellations.

The columns from `payment_status` to `paid_minor` repeat what the facts say, so that the queue can be read through an
index. Only `Orders.settle` writes them, and `opsdesk verify` recomputes them.
"""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from opsdesk.store.tables.columns import CODE

IN_HOUSE = "is_open AND stage <> 'on_its_way'"
"""What has something left that must leave the house. Queries repeat these words, or the indexes do not serve them."""
UNTOUCHED = f"{IN_HOUSE} AND touched_at IS NULL"
"""What nobody at a desk has touched yet."""


def _queue_index(name: str, *columns: str, where: str) -> Index:
    """Index what is worked on; `snoozed_until` at its end lets a view be counted from the index alone."""
    return Index(f"ix_orders_{name}", *columns, sqlite_where=text(where), postgresql_where=text(where))


class OrderRow(SQLModel, table=True):
    """One order; money in minor units of `currency`."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("source", "external_id", name="uq_orders_source"),
        CheckConstraint("total_minor >= 0", name="ck_orders_total"),
        Index("ix_orders_number", "number"),
        Index("ix_orders_number_reversed", "number_reversed"),
        Index("ix_orders_email", "email", "placed_at"),
        Index("ix_orders_phone_reversed", "phone_reversed", "placed_at"),
        Index(
            "ix_orders_ship",
            "ship_digest",
            "placed_at",
            sqlite_where=text("ship_digest <> ''"),
            postgresql_where=text("ship_digest <> ''"),
        ),
        Index("ix_orders_customer", "customer_id", "placed_at"),
        Index("ix_orders_placed", "placed_at", "id"),
        Index("ix_orders_total", "total_minor", "id"),
        _queue_index("stage_placed", "stage", "placed_at", "id", where=IN_HOUSE),
        _queue_index("stage_due", "stage", "promised_at", "id", "snoozed_until", where=IN_HOUSE),
        _queue_index("stage_total", "stage", "total_minor", "id", where=IN_HOUSE),
        _queue_index("owner_placed", "owner_id", "placed_at", "id", where=IN_HOUSE),
        _queue_index("owner_due", "owner_id", "promised_at", "id", "snoozed_until", where=IN_HOUSE),
        _queue_index("owner_total", "owner_id", "total_minor", "id", where=IN_HOUSE),
        _queue_index("untouched_placed", "placed_at", "id", "snoozed_until", where=UNTOUCHED),
        _queue_index("untouched_due", "promised_at", "id", where=UNTOUCHED),
        _queue_index("untouched_total", "total_minor", "id", where=UNTOUCHED),
        _queue_index("due", "promised_at", "id", "snoozed_until", where=IN_HOUSE),
    )

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(sa_type=CODE)
    number_reversed: str = Field(sa_type=CODE)
    source: str
    external_id: str
    channel: str
    placed_at: datetime
    received_at: datetime
    currency: str
    customer_id: int = Field(foreign_key="customer.id")
    customer_name: str
    email: str = Field(sa_type=CODE)
    phone: str
    phone_reversed: str = Field(sa_type=CODE)
    ship_digest: str = Field(default="", sa_type=CODE, sa_column_kwargs={"server_default": text("''")})
    language: str
    lifecycle: str
    payment_status: str
    fulfilment_status: str
    headline: str
    stage: str
    is_open: bool
    hold_type: str | None = None
    goods_minor: int = Field(sa_type=BigInteger)
    discount_minor: int = Field(default=0, sa_type=BigInteger)
    shipping_minor: int = Field(default=0, sa_type=BigInteger)
    tax_minor: int = Field(default=0, sa_type=BigInteger)
    tax_included: bool = True
    total_minor: int = Field(sa_type=BigInteger)
    paid_minor: int = Field(default=0, sa_type=BigInteger)
    line_count: int = 0
    unit_count: int = 0
    temperature: str = "ambient"
    promised_at: datetime | None = None
    shipping_method: str = ""
    owner_id: int | None = Field(default=None, foreign_key="users.id")
    snoozed_until: datetime | None = None
    touched_at: datetime | None = None
    packing_since: datetime | None = None
    told_status: str | None = None
    told_at: datetime | None = None
    note_count: int = 0
    risk_level: str = ""
    tags: str = ""
    staff_fields: str = ""
    search_text: str
    version: int = 1
    changed_at: datetime


class OrderLineRow(SQLModel, table=True):
    """One line; the quantities are the truth about the goods. A line that was amended away has `ordered` 0."""

    __tablename__ = "order_line"
    __table_args__ = (
        CheckConstraint("ordered >= 0", name="ck_line_ordered"),
        CheckConstraint("cancelled >= 0 AND shipped >= 0 AND cancelled + shipped <= ordered", name="ck_line_shipped"),
        CheckConstraint("delivered >= 0 AND delivered <= shipped", name="ck_line_delivered"),
        CheckConstraint("returned >= 0 AND returned <= shipped", name="ck_line_returned"),
        Index("ix_order_line_order", "order_id", "position"),
        Index("ix_order_line_sku", "sku", "order_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    position: int
    external_id: str = ""
    sku: str = Field(sa_type=CODE)
    title: str
    variant: str = ""
    temperature: str = "ambient"
    needs_shipping: bool = True
    ordered: int
    cancelled: int = 0
    shipped: int = 0
    delivered: int = 0
    returned: int = 0
    unit_price_minor: int = Field(sa_type=BigInteger)
    discount_minor: int = Field(default=0, sa_type=BigInteger)
    tax_minor: int = Field(default=0, sa_type=BigInteger)


class AddressRow(SQLModel, table=True):
    """Where an order ships to (`shipping`) or is billed to (`billing`), as the customer typed it."""

    __tablename__ = "order_address"

    order_id: int = Field(foreign_key="orders.id", primary_key=True)
    kind: str = Field(primary_key=True)
    name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""


class NoteRow(SQLModel, table=True):
    """A note by staff, or one that came with the order (`author` is then the source)."""

    __tablename__ = "note"
    __table_args__ = (Index("ix_note_order", "order_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    author: str
    written_at: datetime
    text: str


class CancellationRow(SQLModel, table=True):
    """One cancellation; an order can be cancelled, reopened and cancelled again.

    `lines` says how many units of which line it took (`12:2,13:1`), so that reopening puts back no more than that.
    """

    __tablename__ = "cancellation"
    __table_args__ = (Index("ix_cancellation_order", "order_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    reason: str
    note: str = ""
    lines: str = ""
    cancelled_by: str
    cancelled_at: datetime
    reopened_by: str | None = None
    reopened_at: datetime | None = None
