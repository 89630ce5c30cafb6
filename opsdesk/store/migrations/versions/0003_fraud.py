"""The fraud desk: scores, payment checks, cases with their contacts and decisions, lists, labels, the shop's rules.

Orders get the code of their shipping address, so that three spellings of one flat are found as one.

Whole, because a revision is one step that a store takes.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

from opsdesk.domain.address_digests import address_digest
from opsdesk.domain.errors import Refused
from opsdesk.store import schema

revision = "0003"
down_revision = "0002"

CODE = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_GUARDED = ("risk_assessment", "order_label", "credit_note")
_NEW = (
    "contact_attempt",
    "risk_assessment",
    "payment_check",
    "risk_list_entry",
    "order_label",
    "risk_rule",
    "mailbox_cursor",
    "credit_note",
    "document_series",
)
_FRAUD_OPEN = "kind = 'fraud' AND decided_at IS NULL"
_BATCH = 5_000


def upgrade() -> None:
    """Bring the store to this version."""
    _widen_cases()
    _create_desk()
    _create_learning()
    _create_credit_notes()
    for table in _GUARDED:
        _guard(table)
    _digest_addresses()
    _index_by_time()
    _let_mails_come_back()
    _index("ix_refund_outside", "refund", ["id"], "state = 'outside'")


def downgrade() -> None:
    """Go back as long as nothing was written that the older version has no place for."""
    worked = "FROM verification_case WHERE version > 1 OR proposal <> '' OR claimed_by IS NOT NULL"
    wanted = {table: f"FROM {table}" for table in _NEW} | {
        "cases that were worked on": worked,
        "mails that came back": "FROM mail WHERE returned_at IS NOT NULL",
        "refunds that were made outside": "FROM refund WHERE state = 'outside'",
    }
    for name, found in wanted.items():
        if op.get_bind().execute(sa.text(f"SELECT EXISTS (SELECT 1 {found})")).scalar():
            raise Refused(f"The store holds records ({name}) that the older version has no place for. Use a backup.")
    for table in _GUARDED:
        _unguard(table)
    for table in _NEW:
        op.drop_table(table)
    for name, column in (("ix_orders_email", "email"), ("ix_orders_phone_reversed", "phone_reversed")):
        op.drop_index(name, table_name="orders")
        op.create_index(name, "orders", [column], unique=False)
    op.drop_index("ix_orders_ship", table_name="orders")
    op.drop_index("ix_dispute_opened", table_name="dispute")
    op.drop_index("ix_refund_outside", table_name="refund")
    op.drop_index("ix_payment_unpaid", table_name="payment")
    op.drop_column("orders", "ship_digest")
    op.drop_column("mail", "returned_at")
    _index_trouble("'held', 'failed'")
    _narrow_cases()


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=False)


def _maybe(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=True)


def _number(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _truth(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=nullable)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, UTCDateTime(), nullable=nullable)


def _index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _old_columns() -> list[sa.Column[Any]]:
    return [
        _number("id"),
        _number("order_id"),
        *map(_text, ("kind", "state", "opened_by")),
        _moment("opened_at", nullable=False),
        _number("answer_days"),
        _moment("respond_by"),
        _maybe("decided_by"),
        _moment("decided_at"),
    ]


def _new_columns() -> list[sa.Column[Any]]:
    return [
        _text("fraud_state"),
        _number("score"),
        _text("reason"),
        *map(_moment, ("decide_by", "authorisation_ends", "mail_sent_at", "remind_at", "next_call_at")),
        _maybe("claimed_by"),
        *map(_moment, ("claimed_until", "worked_at")),
        _number("touch_seconds"),
        _truth("was_extended"),
        _truth("is_escalated"),
        *map(_text, ("suggested", "proposal")),
        _maybe("proposed_by"),
        _moment("proposed_at"),
        *map(_text, ("proposal_content", "proposal_why")),
        _maybe("second_by"),
        _maybe("second_content"),
        *map(_text, ("verdict", "reason_code")),
        _number("gut", nullable=True),
        _truth("was_worth_a_look", nullable=True),
        _text("decision_note"),
        _maybe("previous_status"),
        _number("version"),
    ]


def _first_value(column: sa.Column[Any]) -> str:
    if column.name == "version":
        return "1"
    if isinstance(column.type, sa.Boolean):
        return "0" if op.get_bind().dialect.name == "sqlite" else "false"
    return "0" if isinstance(column.type, sa.Integer) else "''"


# A case that somebody opened with the mail to the customer has been looked at; nobody ever said that one was fraud.
_FRAUD_STATE = """
    CASE WHEN kind <> 'fraud' THEN '' WHEN state = 'open' THEN 'in_review'
        WHEN state = 'cancelled' THEN 'cancelled_unverified' ELSE state END
"""


def _widen_cases() -> None:
    if op.get_bind().dialect.name == "sqlite":
        fresh = {str(column.name): "NULL" if column.nullable else _first_value(column) for column in _new_columns()} | {
            "fraud_state": _FRAUD_STATE
        }
        _rebuild_cases([*_old_columns(), *_new_columns()], fresh)
    else:
        for column in _new_columns():
            if not column.nullable:
                column.server_default = sa.DefaultClause(sa.text(_first_value(column)))
            op.add_column("verification_case", column)
        op.execute(f"UPDATE verification_case SET fraud_state = {_FRAUD_STATE}")  # noqa: S608  words of our own
        for column in _new_columns():
            if not column.nullable:
                op.alter_column("verification_case", str(column.name), server_default=None)
    _index("ix_case_queue", "verification_case", ["decide_by", "score", "id"], _FRAUD_OPEN)
    _index("ix_case_remind", "verification_case", ["remind_at"], "remind_at IS NOT NULL")


def _narrow_cases() -> None:
    op.drop_index("ix_case_remind", table_name="verification_case")
    op.drop_index("ix_case_queue", table_name="verification_case")
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_cases(_old_columns(), {})
        return
    for column in _new_columns():
        op.drop_column("verification_case", str(column.name))


def _rebuild_cases(columns: list[sa.Column[Any]], fresh: dict[str, str]) -> None:
    """SQLite cannot add a column that must be filled to a table with rows; it is copied instead."""
    for name in ("ix_case_order", "ix_case_due", "uq_case_open"):
        op.drop_index(name, table_name="verification_case")
    op.rename_table("verification_case", "verification_case_before")
    op.create_table(
        "verification_case",
        *columns,
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    values = ", ".join(fresh.get(str(column.name), str(column.name)) for column in columns)
    copied = f"INSERT INTO verification_case SELECT {values} FROM verification_case_before ORDER BY id"  # noqa: S608
    op.execute(copied)
    op.drop_table("verification_case_before")
    _index("ix_case_due", "verification_case", ["respond_by"], "state = 'awaiting_customer'")
    op.create_index("ix_case_order", "verification_case", ["order_id"], unique=False)
    _index("uq_case_open", "verification_case", ["order_id", "kind"], "decided_at IS NULL", unique=True)


def _create_desk() -> None:
    """Create what a case is worked on with."""
    op.create_table(
        "contact_attempt",
        _number("id"),
        _number("case_id"),
        _number("order_id"),
        *map(_text, ("channel", "direction", "number", "number_kind", "outcome", "checks")),
        _number("checks_passed"),
        _text("by"),
        _moment("at", nullable=False),
        _moment("call_back_at"),
        _text("note"),
        sa.ForeignKeyConstraint(["case_id"], ["verification_case.id"]),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_contact_case", "contact_attempt", ["case_id", "id"], unique=False)
    op.create_index("ix_contact_order", "contact_attempt", ["order_id"], unique=False)
    op.create_table(
        "risk_list_entry",
        _number("id"),
        *map(_text, ("kind", "entity")),
        sa.Column("digest", CODE, nullable=False),
        *map(_text, ("shown", "reason", "author")),
        _moment("added_at", nullable=False),
        _moment("expires_at"),
        _text("rule_id"),
        _number("order_id", nullable=True),
        _maybe("removed_by"),
        _moment("removed_at"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    columns = ["entity", "digest", "kind", "rule_id"]
    _index("uq_list_entry", "risk_list_entry", columns, "removed_at IS NULL", unique=True)
    op.create_table(
        "payment_check",
        _number("payment_id"),
        _number("order_id"),
        _moment("placed_at", nullable=False),
        _moment("told_at", nullable=False),
        *map(_text, ("kind", "brand", "last4", "funding", "country", "wallet", "holder")),
        sa.Column("fingerprint", CODE, nullable=False),
        *map(_text, ("line_check", "postcode_check", "cvv_check", "avs_code", "cvv_result", "sca", "eci")),
        *map(_text, ("trans_status", "trans_reason")),
        _truth("liability_shifted", nullable=True),
        _text("risk_level"),
        _number("risk_score", nullable=True),
        *map(_text, ("risk_reason", "risk_rule")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"]),
        sa.PrimaryKeyConstraint("payment_id"),
    )
    _index("ix_check_card", "payment_check", ["fingerprint", "placed_at"], "fingerprint <> ''")
    op.create_index("ix_check_order", "payment_check", ["order_id"], unique=False)
    op.create_index("ix_check_brand", "payment_check", ["brand", "placed_at"], unique=False)


def _create_learning() -> None:
    """Create what scores are kept in, and what is learned from."""
    op.create_table(
        "risk_assessment",
        _number("id"),
        _number("order_id"),
        _moment("scored_at", nullable=False),
        _text("cause"),
        _number("score"),
        *map(_text, ("band", "action")),
        _number("coverage"),
        *map(_text, ("book", "fired", "result", "facts")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_assessment_order", "risk_assessment", ["order_id", "id"], unique=False)
    op.create_table(
        "order_label",
        _number("id"),
        _number("order_id"),
        *map(_text, ("label", "source")),
        sa.Column("reference", CODE, nullable=False),
        *map(_text, ("reason", "by")),
        _moment("at", nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_label_order", "order_label", ["order_id", "id"], unique=False)
    op.create_index("ix_label_word", "order_label", ["label", "at"], unique=False)
    _index("uq_label_reference", "order_label", ["source", "reference"], "reference <> ''", unique=True)
    op.create_index("ix_dispute_opened", "dispute", ["opened_at"], unique=False)
    _index("ix_payment_unpaid", "payment", ["created_at"], "captured_minor = 0")
    op.create_table(
        "risk_rule",
        _number("id"),
        sa.Column("rule_id", CODE, nullable=False),
        _number("revision"),
        *map(_text, ("version", "state", "definition", "note", "author")),
        _moment("written_at", nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("rule_id", "revision", name="uq_rule_revision"),
    )


def _create_credit_notes() -> None:
    """Create the documents of refunds, and the numbers that they take."""
    op.create_table("document_series", _text("series"), _number("last_number"), sa.PrimaryKeyConstraint("series"))
    op.create_table(
        "credit_note",
        _number("id"),
        _text("series"),
        *map(_number, ("number", "order_id", "refund_id")),
        _number("cancels_id", nullable=True),
        _text("currency"),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("net_minor", "tax_minor", "gross_minor")),
        *map(_text, ("lines", "reason")),
        _moment("issued_at", nullable=False),
        _text("issued_by"),
        sa.CheckConstraint("net_minor + tax_minor = gross_minor", name="ck_credit_note_sum"),
        sa.ForeignKeyConstraint(["cancels_id"], ["credit_note.id"]),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.ForeignKeyConstraint(["refund_id"], ["refund.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("cancels_id", name="uq_credit_note_cancelled"),
        sa.UniqueConstraint("series", "number", name="uq_credit_note_number"),
    )
    op.create_index("ix_credit_note_refund", "credit_note", ["refund_id", "id"], unique=False)
    op.create_index("ix_credit_note_order", "credit_note", ["order_id", "id"], unique=False)


def _digest_addresses() -> None:
    code = sa.Column("ship_digest", CODE, server_default=sa.text("''"), nullable=False)
    op.add_column("orders", code)
    connection, last = op.get_bind(), 0
    read = sa.text(
        "SELECT order_id, country, postcode, city, line1, line2 FROM order_address "
        "WHERE kind = 'shipping' AND order_id > :last ORDER BY order_id LIMIT :batch"
    )
    written = sa.text("UPDATE orders SET ship_digest = :code WHERE id = :id")
    while found := connection.execute(read, {"last": last, "batch": _BATCH}).all():
        last = found[-1][0]
        codes = [{"id": order_id, "code": address_digest(*where)} for order_id, *where in found]
        connection.execute(written, [one for one in codes if one["code"]] or codes)


def _index_by_time() -> None:
    """Let the orders that share something be found newest first."""
    for name, column in (("ix_orders_email", "email"), ("ix_orders_phone_reversed", "phone_reversed")):
        op.drop_index(name, table_name="orders")
        op.create_index(name, "orders", [column, "placed_at"], unique=False)
    _index("ix_orders_ship", "orders", ["ship_digest", "placed_at"], "ship_digest <> ''")


def _let_mails_come_back() -> None:
    op.create_table(
        "mailbox_cursor",
        *map(_text, ("mailbox", "cursor", "problem")),
        _moment("read_at", nullable=False),
        sa.PrimaryKeyConstraint("mailbox"),
    )
    op.add_column("mail", _moment("returned_at"))
    _index_trouble("'held', 'failed', 'bounced'")


def _index_trouble(states: str) -> None:
    for name in ("ix_mail_attention", "ix_mail_trouble"):
        op.drop_index(name, table_name="mail")
    _index("ix_mail_attention", "mail", ["state", "id"], f"state IN ('sending', {states})")
    _index("ix_mail_trouble", "mail", ["order_id"], f"state IN ({states})")


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
