"""Payments with their journal, refunds, pay links, disputes, amendments.

What a store already knows of money becomes one payment per order and gateway, with its entries in the journal.

Whole, because a revision is one step that a store takes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

from opsdesk.domain.errors import Refused
from opsdesk.store import schema

revision = "0002"
down_revision = "0001"

CODE = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_GUARDED = ("journal", "approval")
_NO_PLACE = (
    "refund",
    "pay_link",
    "dispute",
    "amendment",
    "store_credit",
    "gateway_call",
    "gateway_event",
    "approval",
)
_NO_PLACE_IN = {
    "payments at a gateway that OpsDesk talks to": "FROM payment WHERE reference <> '' OR expires_at IS NOT NULL",
    "payments on account": "FROM payment WHERE method NOT IN ('gateway', 'bank_transfer', 'cash', 'cheque')",
    "money that a bank took back, or that came back": (
        "FROM payment_transaction WHERE kind IN ('dispute_debit', 'dispute_reversal', 'refund_reversal')"
    ),
}
_IN = "'capture', 'sale', 'manual_in'"
_OUT = "'refund', 'manual_out'"


def _index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    """Bring the store to this version."""
    _let_lines_be_amended_away()
    _create_tables()
    _make_payments()
    _give_transactions_their_payment()
    _create_journal()
    _write_journal()
    for table in _GUARDED:
        _guard(table)


def downgrade() -> None:
    """Go back as long as nothing was written that the older version has no place for."""
    for name, found in {**{table: f"FROM {table}" for table in _NO_PLACE}, **_NO_PLACE_IN}.items():
        if op.get_bind().execute(sa.text(f"SELECT EXISTS (SELECT 1 {found})")).scalar():
            raise Refused(f"The store holds records ({name}) that the older version has no place for. Use a backup.")
    for table in _GUARDED:
        _unguard(table)
    op.drop_table("journal")
    _take_payment_from_transactions()
    op.drop_table("gateway_call")
    op.drop_table("amendment")
    op.drop_table("refund_share")
    op.drop_table("refund_part")
    op.drop_table("pay_link")
    op.drop_table("dispute")
    op.drop_table("refund")
    op.drop_table("payment")
    op.drop_table("gateway_event")
    op.drop_table("store_credit")
    op.drop_table("gateway_cursor")
    op.drop_table("approval")
    _let_lines_be_amended_away(back=True)


def _create_tables() -> None:
    op.create_table(
        "approval",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("approver_role", sa.String(), nullable=False),
        sa.Column("approved_at", UTCDateTime(), nullable=False),
        sa.Column("command_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("subject_kind", "subject_id", "content_hash", name="uq_approval_content"),
    )
    op.create_table(
        "gateway_cursor",
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("cursor", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("read_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("gateway"),
    )
    op.create_table(
        "store_credit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("code_digest", sa.String(), nullable=False),
        sa.Column("code_end", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("issued_minor", sa.BigInteger(), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.Column("issued_by", sa.String(), nullable=False),
        sa.Column("issued_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("balance_minor >= 0 AND balance_minor <= issued_minor", name="ck_credit_balance"),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_credit_customer", "store_credit", ["customer_id"], unique=False)
    _index("uq_credit_code", "store_credit", ["code_digest"], "code_digest <> ''", unique=True)
    op.create_table(
        "gateway_event",
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("happened_at", UTCDateTime(), nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("settled_at", UTCDateTime(), nullable=True),
        sa.Column("settled_note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.PrimaryKeyConstraint("gateway", "event_id"),
    )
    _index("ix_event_held", "gateway_event", ["received_at"], "outcome = 'held' AND settled_at IS NULL")
    _index("ix_event_odd", "gateway_event", ["gateway", "reference"], "outcome = 'held'")
    op.create_table(
        "payment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("reference", CODE, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("authorised_minor", sa.BigInteger(), nullable=False),
        sa.Column("capturing_minor", sa.BigInteger(), nullable=False),
        sa.Column("captured_minor", sa.BigInteger(), nullable=False),
        sa.Column("voiding_minor", sa.BigInteger(), nullable=False),
        sa.Column("voided_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunding_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("charged_back_minor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ended", sa.String(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=True),
        sa.Column("credit_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "authorised_minor >= 0 AND capturing_minor >= 0 AND captured_minor >= 0 AND voiding_minor >= 0 "
            "AND voided_minor >= 0 AND refunding_minor >= 0 AND refunded_minor >= 0 AND charged_back_minor >= 0",
            name="ck_payment_sums",
        ),
        sa.ForeignKeyConstraint(
            ["credit_id"],
            ["store_credit.id"],
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    _index(
        "ix_payment_expires",
        "payment",
        ["expires_at"],
        "expires_at IS NOT NULL AND state IN ('authorised', 'partly_captured')",
    )
    op.create_index("ix_payment_order", "payment", ["order_id"], unique=False)
    _index("ix_payment_reference", "payment", ["gateway", "reference"], "reference <> ''")
    op.create_table(
        "refund",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("tell", sa.Boolean(), nullable=False),
        sa.Column("letter_subject", sa.String(), nullable=False),
        sa.Column("letter_text", sa.String(), nullable=False),
        sa.Column("letter_html", sa.String(), nullable=False),
        sa.Column("letter_language", sa.String(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", UTCDateTime(), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("submitted_at", UTCDateTime(), nullable=True),
        sa.Column("settled_at", UTCDateTime(), nullable=True),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name="ck_refund_amount"),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_refund_actor", "refund", ["requested_by", "requested_at"], unique=False)
    op.create_index("ix_refund_order", "refund", ["order_id", "id"], unique=False)
    _index("ix_refund_waits", "refund", ["id"], "state IN ('pending_approval', 'failed', 'unknown')")
    op.create_table(
        "dispute",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("network_reason", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("opened_at", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=True),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"],
            ["payment.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("payment_id", "reference", name="uq_dispute_reference"),
    )
    _index("ix_dispute_due", "dispute", ["due_at"], "closed_at IS NULL")
    op.create_index("ix_dispute_order", "dispute", ["order_id"], unique=False)
    op.create_table(
        "pay_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("due_minor", sa.BigInteger(), nullable=False),
        sa.Column("authorise_only", sa.Boolean(), nullable=False),
        sa.Column("tell", sa.Boolean(), nullable=False),
        sa.Column("letters", sa.String(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.Column("paid_at", UTCDateTime(), nullable=True),
        sa.Column("payment_id", sa.Integer(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name="ck_link_amount"),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"],
            ["payment.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    _index("ix_link_expires", "pay_link", ["expires_at"], "state IN ('requested', 'open')")
    op.create_index("ix_link_order", "pay_link", ["order_id", "id"], unique=False)
    _index("uq_link_reference", "pay_link", ["gateway", "reference"], "reference <> ''", unique=True)
    op.create_table(
        "refund_part",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("refund_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.CheckConstraint("quantity >= 0", name="ck_refund_part_quantity"),
        sa.ForeignKeyConstraint(
            ["line_id"],
            ["order_line.id"],
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"],
            ["refund.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_refund_part_line", "refund_part", ["line_id"], unique=False)
    op.create_index("ix_refund_part_refund", "refund_part", ["refund_id"], unique=False)
    op.create_table(
        "refund_share",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("refund_id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("credit_id", sa.Integer(), nullable=True),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name="ck_refund_share_amount"),
        sa.ForeignKeyConstraint(
            ["credit_id"],
            ["store_credit.id"],
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"],
            ["payment.id"],
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"],
            ["refund.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_refund_share_payment", "refund_share", ["payment_id"], unique=False)
    op.create_index("ix_refund_share_refund", "refund_share", ["refund_id"], unique=False)
    op.create_table(
        "amendment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("edits", sa.String(), nullable=False),
        sa.Column("base_fingerprint", sa.String(), nullable=False),
        sa.Column("base", sa.String(), nullable=False),
        sa.Column("settle", sa.String(), nullable=False),
        sa.Column("letters", sa.String(), nullable=False),
        sa.Column("old_total_minor", sa.BigInteger(), nullable=False),
        sa.Column("new_total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("link_id", sa.Integer(), nullable=True),
        sa.Column("refund_id", sa.Integer(), nullable=True),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=True),
        sa.Column("recall_acknowledged_by", sa.String(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["link_id"],
            ["pay_link.id"],
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"],
            ["refund.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    _index("ix_amendment_expires", "amendment", ["expires_at"], "state = 'awaiting_payment'")
    op.create_index("ix_amendment_order", "amendment", ["order_id", "id"], unique=False)
    _index(
        "uq_amendment_open",
        "amendment",
        ["order_id"],
        "state IN ('proposed', 'awaiting_payment', 'awaiting_packer')",
        unique=True,
    )
    op.create_table(
        "gateway_call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=True),
        sa.Column("link_id", sa.Integer(), nullable=True),
        sa.Column("share_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("not_before", UTCDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("claimed_at", UTCDateTime(), nullable=True),
        sa.Column("first_sent_at", UTCDateTime(), nullable=True),
        sa.Column("answer_reference", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", UTCDateTime(), nullable=False),
        sa.Column("settled_at", UTCDateTime(), nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount_minor >= 0", name="ck_call_amount"),
        sa.ForeignKeyConstraint(
            ["link_id"],
            ["pay_link.id"],
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"],
            ["payment.id"],
        ),
        sa.ForeignKeyConstraint(
            ["share_id"],
            ["refund_share.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key", name="uq_call_key"),
    )
    _index(
        "ix_call_open", "gateway_call", ["not_before", "id"], "state IN ('requested', 'sending', 'pending', 'unknown')"
    )
    op.create_index("ix_call_order", "gateway_call", ["order_id", "id"], unique=False)
    _index("ix_call_trouble", "gateway_call", ["id"], "state IN ('failed', 'unknown') AND settled_by IS NULL")


def _create_journal() -> None:
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("transaction_id", sa.Integer(), nullable=False),
        sa.Column("debit", sa.String(), nullable=False),
        sa.Column("credit", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("booked_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("amount_minor > 0 AND debit <> credit", name="ck_journal_entry"),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["payment_transaction.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_journal_order", "journal", ["order_id"], unique=False)


def _make_payments() -> None:
    """Make one payment per order and gateway, with its sums, and one for what only ever went back."""

    def total(kinds: str) -> str:
        return f"sum(CASE WHEN state = 'succeeded' AND kind IN ({kinds}) THEN amount_minor ELSE 0 END)"

    op.execute(
        f"""
        INSERT INTO payment (order_id, gateway, method, instrument, reference, currency, authorised_minor,
            capturing_minor, captured_minor, voiding_minor, voided_minor, refunding_minor, refunded_minor,
            charged_back_minor, state, ended, created_at)
        SELECT order_id, gateway, {_METHOD}, '', '', min(currency), {total("'authorise'")}, 0, {total(_IN)}, 0,
            {total("'void'")}, 0, 0, 0, 'pending', '', min(happened_at)
        FROM payment_transaction AS told
        WHERE kind NOT IN ({_OUT}) OR NOT EXISTS (
            SELECT 1 FROM payment_transaction AS other
            WHERE other.order_id = told.order_id AND other.kind NOT IN ({_OUT})
        )
        GROUP BY order_id, gateway
        ORDER BY order_id, gateway
        """  # noqa: S608  words of our own
    )


_METHOD = """
    CASE WHEN lower(gateway) IN ('manual', 'transfer', 'bank transfer', 'bank_transfer', 'direct bank transfer', 'bacs',
            'bank deposit', 'wire transfer') THEN 'bank_transfer'
        WHEN lower(gateway) IN ('cash', 'cod', 'cash on delivery', 'cash on delivery (cod)') THEN 'cash'
        WHEN lower(gateway) IN ('cheque', 'check', 'check payments', 'cheque payments') THEN 'cheque'
        ELSE 'gateway' END
"""
# Money went back over its own gateway, or else over the payment that has brought most.
_PAYMENT_OF = """
    (SELECT id FROM payment WHERE payment.order_id = told.order_id
        ORDER BY CASE WHEN payment.gateway = told.gateway THEN 0 ELSE 1 END, captured_minor DESC, id LIMIT 1)
"""


def _give_transactions_their_payment() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_transactions()
    else:
        _unguard("payment_transaction")
        op.add_column("payment_transaction", sa.Column("payment_id", sa.Integer(), nullable=True))
        op.add_column(
            "payment_transaction", sa.Column("call_key", sa.String(), nullable=False, server_default=sa.text("''"))
        )
        op.add_column("payment_transaction", sa.Column("settled_minor", sa.BigInteger(), nullable=True))
        op.add_column(
            "payment_transaction",
            sa.Column("settled_currency", sa.String(), nullable=False, server_default=sa.text("''")),
        )
        op.alter_column("payment_transaction", "call_key", server_default=None)
        op.alter_column("payment_transaction", "settled_currency", server_default=None)
        op.execute(f"UPDATE payment_transaction AS told SET payment_id = {_PAYMENT_OF}")  # noqa: S608  our own words
        op.alter_column("payment_transaction", "payment_id", nullable=False)
        op.create_foreign_key(
            "payment_transaction_payment_id_fkey", "payment_transaction", "payment", ["payment_id"], ["id"]
        )
    op.create_index("ix_transaction_payment", "payment_transaction", ["payment_id"], unique=False)
    _guard("payment_transaction")
    _sum_up_payments()


def _rebuild_transactions() -> None:
    """SQLite cannot add a column that must be filled to a table with rows; it is copied instead."""
    op.rename_table("payment_transaction", "payment_transaction_alone")
    op.create_table("payment_transaction", *_transaction_columns(), *_transaction_rules())
    op.execute(
        f"""
        INSERT INTO payment_transaction
        SELECT id, order_id, {_PAYMENT_OF}, kind, state, amount_minor, currency, gateway, reference, happened_at,
            '', NULL, ''
        FROM payment_transaction_alone AS told ORDER BY id
        """  # noqa: S608  words of our own
    )
    op.drop_table("payment_transaction_alone")


def _transaction_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("happened_at", UTCDateTime(), nullable=False),
        sa.Column("call_key", sa.String(), nullable=False),
        sa.Column("settled_minor", sa.BigInteger(), nullable=True),
        sa.Column("settled_currency", sa.String(), nullable=False),
    ]


def _transaction_rules() -> list[sa.Constraint]:
    return [
        sa.CheckConstraint("amount_minor >= 0", name="ck_transaction_amount"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("order_id", "reference", "kind", name="uq_transaction_reference"),
    ]


def _sum_up_payments() -> None:
    """Fill in what went back over each payment, and its state."""
    op.execute(
        f"""
        UPDATE payment SET refunded_minor = (
            SELECT coalesce(sum(amount_minor), 0) FROM payment_transaction AS told
            WHERE told.payment_id = payment.id AND state = 'succeeded' AND kind IN ({_OUT})
        ) WHERE order_id IN (SELECT order_id FROM payment_transaction WHERE kind IN ({_OUT}))
        """  # noqa: S608  words of our own
    )
    op.execute(
        """
        UPDATE payment SET ended = 'failed' WHERE NOT EXISTS (
            SELECT 1 FROM payment_transaction AS told WHERE told.payment_id = payment.id AND state <> 'failed'
        )
        """
    )
    op.execute(
        """
        UPDATE payment SET state = CASE
            WHEN refunded_minor > 0 AND refunded_minor >= captured_minor THEN 'refunded'
            WHEN refunded_minor > 0 THEN 'partly_refunded'
            WHEN captured_minor > 0 AND authorised_minor - captured_minor - voided_minor > 0 THEN 'partly_captured'
            WHEN captured_minor > 0 THEN 'captured'
            WHEN ended <> '' THEN ended
            WHEN voided_minor > 0 AND voided_minor >= authorised_minor THEN 'voided'
            WHEN authorised_minor > 0 THEN 'authorised'
            ELSE 'pending' END
        """
    )


def _write_journal() -> None:
    """Enter what came in and what went back, each between the order's account and the place of its money."""
    place = """
        CASE payment.method WHEN 'bank_transfer' THEN 'bank' WHEN 'cash' THEN 'cash' WHEN 'cheque' THEN 'cheques'
            ELSE 'gateway:' || payment.gateway END
    """
    op.execute(
        f"""
        INSERT INTO journal (order_id, transaction_id, debit, credit, amount_minor, currency, booked_at)
        SELECT told.order_id, told.id, CASE WHEN kind IN ({_IN}) THEN {place} ELSE 'order' END,
            CASE WHEN kind IN ({_IN}) THEN 'order' ELSE {place} END, amount_minor, told.currency, happened_at
        FROM payment_transaction AS told JOIN payment ON payment.id = told.payment_id
        WHERE told.state = 'succeeded' AND amount_minor > 0 AND kind IN ({_IN}, {_OUT})
        ORDER BY told.id
        """  # noqa: S608  words of our own
    )


def _take_payment_from_transactions() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_transaction_payment", table_name="payment_transaction")
        new = {"payment_id", "call_key", "settled_minor", "settled_currency"}
        columns = [column for column in _transaction_columns() if column.name not in new]
        rules = [rule for index, rule in enumerate(_transaction_rules()) if index != 2]
        op.rename_table("payment_transaction", "payment_transaction_paid")
        op.create_table("payment_transaction", *columns, *rules)
        names = ", ".join(column.name for column in columns)
        copied = f"INSERT INTO payment_transaction SELECT {names} FROM payment_transaction_paid ORDER BY id"  # noqa: S608
        op.execute(copied)
        op.drop_table("payment_transaction_paid")
        _guard("payment_transaction")
        return
    op.drop_index("ix_transaction_payment", table_name="payment_transaction")
    for column in ("settled_currency", "settled_minor", "call_key", "payment_id"):
        op.drop_column("payment_transaction", column)


def _let_lines_be_amended_away(*, back: bool = False) -> None:
    """Let a line have 0 units, which says that it was amended away; or `back` to at least one."""
    old, new = ("ordered >= 0", "ordered > 0") if back else ("ordered > 0", "ordered >= 0")
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint("ck_line_ordered", "order_line", type_="check")
        op.create_check_constraint("ck_line_ordered", "order_line", new)
        return
    # SQLite cannot change a rule of a table that others refer to: what refers to it is copied with it.
    op.execute("CREATE TEMP TABLE kept_parcel_line AS SELECT * FROM parcel_line")
    op.drop_table("parcel_line")
    made = "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'order_line' AND sql IS NOT NULL ORDER BY type DESC"
    (_, table), *indexes = op.get_bind().execute(sa.text(made)).all()
    op.rename_table("order_line", "order_line_before")
    for name, _ in indexes:
        op.execute(f"DROP INDEX {name}")
    op.execute(str(table).replace(old, new))
    op.execute("INSERT INTO order_line SELECT * FROM order_line_before ORDER BY id")
    op.drop_table("order_line_before")
    for _, index in indexes:
        op.execute(str(index))
    op.create_table(
        "parcel_line",
        sa.Column("parcel_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name="ck_parcel_line_quantity"),
        sa.ForeignKeyConstraint(["line_id"], ["order_line.id"]),
        sa.ForeignKeyConstraint(["parcel_id"], ["parcel.id"]),
        sa.PrimaryKeyConstraint("parcel_id", "line_id"),
    )
    op.execute("INSERT INTO parcel_line SELECT * FROM kept_parcel_line")
    op.execute("DROP TABLE kept_parcel_line")


def _guard(table: str) -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in (schema.sqlite_append_only if on_sqlite else schema.postgres_append_only)(table):
        op.execute(statement)


def _unguard(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_no_{verb}")
    else:
        op.execute(f"DROP FUNCTION {table}_append_only CASCADE")
