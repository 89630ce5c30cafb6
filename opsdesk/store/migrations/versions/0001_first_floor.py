"""First floor.

Whole, because a revision is one step that a store takes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

from opsdesk.domain.errors import Refused
from opsdesk.store import schema

revision = "0001"
down_revision = None

_GUARDED = ("activity", "payment_transaction")
_IN_HOUSE = "is_open AND stage <> 'on_its_way'"
_UNTOUCHED = f"{_IN_HOUSE} AND touched_at IS NULL"


def upgrade() -> None:
    """Bring the store to this version."""
    op.create_table(
        "activity",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("terminal", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("command_id", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_activity_command", "activity", ["command_id"], unique=False)
    op.create_index("ix_activity_subject", "activity", ["subject_kind", "subject_id", "id"], unique=False)
    op.create_table(
        "command",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("accepted_at", UTCDateTime(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("undo", sa.String(), nullable=False),
        sa.Column("undone_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_command_actor", "command", ["actor", "accepted_at"], unique=False)
    op.create_table(
        "customer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("identity", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("phone_reversed", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("identity", name="uq_customer_identity"),
    )
    op.create_index("ix_customer_phone_reversed", "customer", ["phone_reversed"], unique=False)
    op.create_table(
        "enrolled_terminal",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("enrolled_by", sa.String(), nullable=False),
        sa.Column("enrolled_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_table(
        "import_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("finished_at", UTCDateTime(), nullable=True),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("command", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("finished_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("beat_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "product",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("ean", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("temperature", sa.String(), nullable=False),
        sa.Column("weight_g", sa.Integer(), nullable=True),
        sa.Column("stock", sa.Integer(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sku", name="uq_product_sku"),
    )
    op.create_index("ix_product_ean", "product", ["ean"], unique=False)
    op.create_table(
        "setting",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "source_record",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("payload", sa.String(), nullable=False),
        sa.Column("first_seen_at", UTCDateTime(), nullable=False),
        sa.Column("last_changed_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", "kind", "external_id"),
    )
    op.create_index("ix_source_record_subject", "source_record", ["kind", "subject_id"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("full_name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("os_login", sa.String(), nullable=True),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("pin_hash", sa.String(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("failed_passwords", sa.Integer(), nullable=False),
        sa.Column("failed_pins", sa.Integer(), nullable=False),
        sa.Column("locked_until", UTCDateTime(), nullable=True),
        sa.Column("last_seen_at", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", name="uq_users_name"),
    )
    op.create_index("ix_users_os_login", "users", ["os_login"], unique=False)
    op.create_table(
        "draft",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("fields", sa.String(), nullable=False),
        sa.Column("saved_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("user_id", "form", "subject_id"),
    )
    op.create_table(
        "job_step",
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("command_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["job.id"],
        ),
        sa.PrimaryKeyConstraint("job_id", "order_id"),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("number_reversed", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("placed_at", UTCDateTime(), nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("customer_name", sa.String(), nullable=False),
        sa.Column("email", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("phone_reversed", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("lifecycle", sa.String(), nullable=False),
        sa.Column("payment_status", sa.String(), nullable=False),
        sa.Column("fulfilment_status", sa.String(), nullable=False),
        sa.Column("headline", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("hold_type", sa.String(), nullable=True),
        sa.Column("goods_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("shipping_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_included", sa.Boolean(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("unit_count", sa.Integer(), nullable=False),
        sa.Column("temperature", sa.String(), nullable=False),
        sa.Column("promised_at", UTCDateTime(), nullable=True),
        sa.Column("shipping_method", sa.String(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("snoozed_until", UTCDateTime(), nullable=True),
        sa.Column("touched_at", UTCDateTime(), nullable=True),
        sa.Column("packing_since", UTCDateTime(), nullable=True),
        sa.Column("told_status", sa.String(), nullable=True),
        sa.Column("told_at", UTCDateTime(), nullable=True),
        sa.Column("note_count", sa.Integer(), nullable=False),
        sa.Column("risk_level", sa.String(), nullable=False),
        sa.Column("tags", sa.String(), nullable=False),
        sa.Column("staff_fields", sa.String(), nullable=False),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("total_minor >= 0", name="ck_orders_total"),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "external_id", name="uq_orders_source"),
    )
    op.create_index("ix_orders_customer", "orders", ["customer_id", "placed_at"], unique=False)
    op.create_index("ix_orders_email", "orders", ["email"], unique=False)
    op.create_index("ix_orders_number", "orders", ["number"], unique=False)
    op.create_index("ix_orders_number_reversed", "orders", ["number_reversed"], unique=False)
    op.create_index("ix_orders_phone_reversed", "orders", ["phone_reversed"], unique=False)
    op.create_index("ix_orders_placed", "orders", ["placed_at", "id"], unique=False)
    op.create_index("ix_orders_total", "orders", ["total_minor", "id"], unique=False)
    op.create_index(
        "ix_orders_stage_placed",
        "orders",
        ["stage", "placed_at", "id"],
        unique=False,
        sqlite_where=sa.text(_IN_HOUSE),
        postgresql_where=sa.text(_IN_HOUSE),
    )
    op.create_index(
        "ix_orders_stage_due",
        "orders",
        ["stage", "promised_at", "id", "snoozed_until"],
        unique=False,
        sqlite_where=sa.text(_IN_HOUSE),
        postgresql_where=sa.text(_IN_HOUSE),
    )
    op.create_index(
        "ix_orders_stage_total",
        "orders",
        ["stage", "total_minor", "id"],
        unique=False,
        sqlite_where=sa.text(_IN_HOUSE),
        postgresql_where=sa.text(_IN_HOUSE),
    )
    op.create_index(
        "ix_orders_owner_placed",
        "orders",
        ["owner_id", "placed_at", "id"],
        unique=False,
        sqlite_where=sa.text(_IN_HOUSE),
        postgresql_where=sa.text(_IN_HOUSE),
    )
    op.create_index(
        "ix_orders_owner_due",
        "orders",
        ["owner_id", "promised_at", "id", "snoozed_until"],
        unique=False,
        sqlite_where=sa.text(_IN_HOUSE),
        postgresql_where=sa.text(_IN_HOUSE),
    )
    op.create_index(
        "ix_orders_owner_total",
        "orders",
        ["owner_id", "total_minor", "id"],
        unique=False,
        sqlite_where=sa.text(_IN_HOUSE),
        postgresql_where=sa.text(_IN_HOUSE),
    )
    op.create_index(
        "ix_orders_untouched_placed",
        "orders",
        ["placed_at", "id", "snoozed_until"],
        unique=False,
        sqlite_where=sa.text(_UNTOUCHED),
        postgresql_where=sa.text(_UNTOUCHED),
    )
    op.create_index(
        "ix_orders_untouched_due",
        "orders",
        ["promised_at", "id"],
        unique=False,
        sqlite_where=sa.text(_UNTOUCHED),
        postgresql_where=sa.text(_UNTOUCHED),
    )
    op.create_index(
        "ix_orders_untouched_total",
        "orders",
        ["total_minor", "id"],
        unique=False,
        sqlite_where=sa.text(_UNTOUCHED),
        postgresql_where=sa.text(_UNTOUCHED),
    )
    op.create_index(
        "ix_orders_due",
        "orders",
        ["promised_at", "id", "snoozed_until"],
        unique=False,
        sqlite_where=sa.text(_IN_HOUSE),
        postgresql_where=sa.text(_IN_HOUSE),
    )
    op.create_table(
        "presence",
        sa.Column("terminal", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("is_editing", sa.Boolean(), nullable=False),
        sa.Column("seen_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("terminal"),
    )
    op.create_index("ix_presence_subject", "presence", ["subject_kind", "subject_id"], unique=False)
    op.create_table(
        "cancellation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("lines", sa.String(), nullable=False),
        sa.Column("cancelled_by", sa.String(), nullable=False),
        sa.Column("cancelled_at", UTCDateTime(), nullable=False),
        sa.Column("reopened_by", sa.String(), nullable=True),
        sa.Column("reopened_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_cancellation_order", "cancellation", ["order_id", "id"], unique=False)
    op.create_table(
        "follow",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("since_activity_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("user_id", "order_id"),
    )
    op.create_index("ix_follow_order", "follow", ["order_id"], unique=False)
    op.create_table(
        "hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("blocks", sa.String(), nullable=False),
        sa.Column("placed_by", sa.String(), nullable=False),
        sa.Column("placed_at", UTCDateTime(), nullable=False),
        sa.Column("review_at", UTCDateTime(), nullable=True),
        sa.Column("on_review", sa.String(), nullable=False),
        sa.Column("reviewed_at", UTCDateTime(), nullable=True),
        sa.Column("released_by", sa.String(), nullable=True),
        sa.Column("released_at", UTCDateTime(), nullable=True),
        sa.Column("release_note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_hold_order", "hold", ["order_id"], unique=False)
    op.create_index(
        "ix_hold_review",
        "hold",
        ["review_at"],
        unique=False,
        sqlite_where=sa.text("released_at IS NULL AND review_at IS NOT NULL"),
        postgresql_where=sa.text("released_at IS NULL AND review_at IS NOT NULL"),
    )
    op.create_index(
        "uq_hold_active",
        "hold",
        ["order_id", "type"],
        unique=True,
        sqlite_where=sa.text("released_at IS NULL"),
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.create_table(
        "look",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("activity_id", sa.Integer(), nullable=False),
        sa.Column("looked_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("user_id", "order_id"),
    )
    op.create_table(
        "mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("event_key", sa.String(), nullable=False),
        sa.Column("status_code", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("html", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("queued_by", sa.String(), nullable=False),
        sa.Column("queued_at", UTCDateTime(), nullable=False),
        sa.Column("not_before", UTCDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("claimed_at", UTCDateTime(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("accepted_at", UTCDateTime(), nullable=True),
        sa.Column("command_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("event_key", name="uq_mail_event"),
        sa.UniqueConstraint("message_id", name="uq_mail_message"),
    )
    op.create_index(
        "ix_mail_attention",
        "mail",
        ["state", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('sending', 'held', 'failed')"),
        postgresql_where=sa.text("state IN ('sending', 'held', 'failed')"),
    )
    op.create_index(
        "ix_mail_trouble",
        "mail",
        ["order_id"],
        unique=False,
        sqlite_where=sa.text("state IN ('held', 'failed')"),
        postgresql_where=sa.text("state IN ('held', 'failed')"),
    )
    op.create_index(
        "ix_mail_due",
        "mail",
        ["not_before", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued', 'retry')"),
        postgresql_where=sa.text("state IN ('queued', 'retry')"),
    )
    op.create_index("ix_mail_order", "mail", ["order_id", "id"], unique=False)
    op.create_table(
        "note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("written_at", UTCDateTime(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_note_order", "note", ["order_id", "id"], unique=False)
    op.create_table(
        "order_address",
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("line1", sa.String(), nullable=False),
        sa.Column("line2", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("postcode", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.PrimaryKeyConstraint("order_id", "kind"),
    )
    op.create_table(
        "order_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("temperature", sa.String(), nullable=False),
        sa.Column("needs_shipping", sa.Boolean(), nullable=False),
        sa.Column("ordered", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.Column("shipped", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "cancelled >= 0 AND shipped >= 0 AND cancelled + shipped <= ordered", name="ck_line_shipped"
        ),
        sa.CheckConstraint("delivered >= 0 AND delivered <= shipped", name="ck_line_delivered"),
        sa.CheckConstraint("ordered > 0", name="ck_line_ordered"),
        sa.CheckConstraint("returned >= 0 AND returned <= shipped", name="ck_line_returned"),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_order_line_order", "order_line", ["order_id", "position"], unique=False)
    op.create_index("ix_order_line_sku", "order_line", ["sku", "order_id"], unique=False)
    op.create_table(
        "parcel",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("tracking_number", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("tracking_url", sa.String(), nullable=False),
        sa.Column("shipped_by", sa.String(), nullable=False),
        sa.Column("shipped_at", UTCDateTime(), nullable=False),
        sa.Column("delivered_at", UTCDateTime(), nullable=True),
        sa.Column("recalled_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_parcel_order", "parcel", ["order_id"], unique=False)
    op.create_index("ix_parcel_tracking", "parcel", ["tracking_number"], unique=False)
    op.create_table(
        "payment_transaction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("happened_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("amount_minor >= 0", name="ck_transaction_amount"),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("order_id", "reference", "kind", name="uq_transaction_reference"),
    )
    op.create_table(
        "verification_case",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("opened_at", UTCDateTime(), nullable=False),
        sa.Column("answer_days", sa.Integer(), nullable=False),
        sa.Column("respond_by", UTCDateTime(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_case_due",
        "verification_case",
        ["respond_by"],
        unique=False,
        sqlite_where=sa.text("state = 'awaiting_customer'"),
        postgresql_where=sa.text("state = 'awaiting_customer'"),
    )
    op.create_index("ix_case_order", "verification_case", ["order_id"], unique=False)
    op.create_index(
        "uq_case_open",
        "verification_case",
        ["order_id", "kind"],
        unique=True,
        sqlite_where=sa.text("decided_at IS NULL"),
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_table(
        "parcel_line",
        sa.Column("parcel_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name="ck_parcel_line_quantity"),
        sa.ForeignKeyConstraint(
            ["line_id"],
            ["order_line.id"],
        ),
        sa.ForeignKeyConstraint(
            ["parcel_id"],
            ["parcel.id"],
        ),
        sa.PrimaryKeyConstraint("parcel_id", "line_id"),
    )
    _add_extras()


def downgrade() -> None:
    """Take an empty store away again; the records of a shop are never dropped."""
    if (
        op.get_bind()
        .execute(sa.text("SELECT EXISTS (SELECT 1 FROM orders) OR EXISTS (SELECT 1 FROM activity)"))
        .scalar()
    ):
        raise Refused("There is nothing older to go back to: this step would drop the shop's records. Use a backup.")
    _drop_extras()
    op.drop_table("parcel_line")
    op.drop_index(
        "uq_case_open",
        table_name="verification_case",
        sqlite_where=sa.text("decided_at IS NULL"),
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.drop_index("ix_case_order", table_name="verification_case")
    op.drop_index(
        "ix_case_due",
        table_name="verification_case",
        sqlite_where=sa.text("state = 'awaiting_customer'"),
        postgresql_where=sa.text("state = 'awaiting_customer'"),
    )
    op.drop_table("verification_case")
    op.drop_table("payment_transaction")
    op.drop_index("ix_parcel_tracking", table_name="parcel")
    op.drop_index("ix_parcel_order", table_name="parcel")
    op.drop_table("parcel")
    op.drop_index("ix_order_line_sku", table_name="order_line")
    op.drop_index("ix_order_line_order", table_name="order_line")
    op.drop_table("order_line")
    op.drop_table("order_address")
    op.drop_index("ix_note_order", table_name="note")
    op.drop_table("note")
    op.drop_index("ix_mail_order", table_name="mail")
    op.drop_index(
        "ix_mail_due",
        table_name="mail",
        sqlite_where=sa.text("state IN ('queued', 'retry')"),
        postgresql_where=sa.text("state IN ('queued', 'retry')"),
    )
    op.drop_index("ix_mail_trouble", table_name="mail")
    op.drop_index(
        "ix_mail_attention",
        table_name="mail",
        sqlite_where=sa.text("state IN ('sending', 'held', 'failed')"),
        postgresql_where=sa.text("state IN ('sending', 'held', 'failed')"),
    )
    op.drop_table("mail")
    op.drop_table("look")
    op.drop_index(
        "uq_hold_active",
        table_name="hold",
        sqlite_where=sa.text("released_at IS NULL"),
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.drop_index(
        "ix_hold_review",
        table_name="hold",
        sqlite_where=sa.text("released_at IS NULL AND review_at IS NOT NULL"),
        postgresql_where=sa.text("released_at IS NULL AND review_at IS NOT NULL"),
    )
    op.drop_index("ix_hold_order", table_name="hold")
    op.drop_table("hold")
    op.drop_index("ix_follow_order", table_name="follow")
    op.drop_table("follow")
    op.drop_index("ix_cancellation_order", table_name="cancellation")
    op.drop_table("cancellation")
    op.drop_index("ix_presence_subject", table_name="presence")
    op.drop_table("presence")
    op.drop_index("ix_orders_due", table_name="orders")
    op.drop_index("ix_orders_untouched_total", table_name="orders")
    op.drop_index("ix_orders_untouched_due", table_name="orders")
    op.drop_index("ix_orders_untouched_placed", table_name="orders")
    op.drop_index("ix_orders_owner_total", table_name="orders")
    op.drop_index("ix_orders_owner_due", table_name="orders")
    op.drop_index("ix_orders_owner_placed", table_name="orders")
    op.drop_index("ix_orders_stage_total", table_name="orders")
    op.drop_index("ix_orders_stage_due", table_name="orders")
    op.drop_index("ix_orders_stage_placed", table_name="orders")
    op.drop_index("ix_orders_total", table_name="orders")
    op.drop_index("ix_orders_placed", table_name="orders")
    op.drop_index("ix_orders_phone_reversed", table_name="orders")
    op.drop_index("ix_orders_number_reversed", table_name="orders")
    op.drop_index("ix_orders_number", table_name="orders")
    op.drop_index("ix_orders_email", table_name="orders")
    op.drop_index("ix_orders_customer", table_name="orders")
    op.drop_table("orders")
    op.drop_table("job_step")
    op.drop_table("draft")
    op.drop_index("ix_users_os_login", table_name="users")
    op.drop_table("users")
    op.drop_index("ix_source_record_subject", table_name="source_record")
    op.drop_table("source_record")
    op.drop_table("setting")
    op.drop_index("ix_product_ean", table_name="product")
    op.drop_table("product")
    op.drop_table("lease")
    op.drop_table("job")
    op.drop_table("import_run")
    op.drop_table("enrolled_terminal")
    op.drop_index("ix_customer_phone_reversed", table_name="customer")
    op.drop_table("customer")
    op.drop_index("ix_command_actor", table_name="command")
    op.drop_table("command")
    op.drop_index("ix_activity_subject", table_name="activity")
    op.drop_index("ix_activity_command", table_name="activity")
    op.drop_table("activity")


def _add_extras() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    guards = schema.sqlite_append_only if on_sqlite else schema.postgres_append_only
    for statement in schema.SQLITE_EXTRAS if on_sqlite else schema.POSTGRES_EXTRAS:
        op.execute(statement)
    for table in _GUARDED:
        for statement in guards(table):
            op.execute(statement)


def _drop_extras() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in schema.SQLITE_EXTRAS_DOWN if on_sqlite else schema.POSTGRES_EXTRAS_DOWN:
        op.execute(statement)
    if not on_sqlite:
        for table in _GUARDED:
            op.execute(f"DROP FUNCTION {table}_append_only CASCADE")
