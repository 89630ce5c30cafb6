"""The rows of the demo shop, collected table by table and handed to the loader in pieces, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import SQLModel

from opsdesk.demo.moments import stamp
from opsdesk.store.bulk import table_of
from opsdesk.store.filling import Filling, Value
from opsdesk.store.tables import (
    AmendmentRow,
    ApprovalRow,
    DisputeRow,
    GatewayCallRow,
    LabelRow,
    PayLinkRow,
    PaymentCheckRow,
    RefundPartRow,
    RefundRow,
    RefundShareRow,
    StoreCreditRow,
)


def _columns(table: type[SQLModel]) -> tuple[str, ...]:
    return tuple(column.name for column in table_of(table).columns)


COLUMNS: dict[str, tuple[str, ...]] = {
    "users": ("id", "name", "full_name", "role", "os_login", "password_hash", "pin_hash", "is_active",
              "failed_passwords", "failed_pins", "locked_until", "last_seen_at", "created_at", "version"),
    "setting": ("key", "value"),
    "product": ("id", "sku", "source", "external_id", "title", "variant", "ean", "price_minor", "currency",
                "temperature", "weight_g", "stock", "is_active", "search_text", "version", "changed_at"),
    "customer": ("id", "identity", "name", "email", "phone", "phone_reversed", "language", "country", "created_at",
                 "version"),
    "orders": ("id", "number", "number_reversed", "source", "external_id", "channel", "placed_at", "received_at",
               "currency", "customer_id", "customer_name", "email", "phone", "phone_reversed", "ship_digest",
               "language", "lifecycle",
               "payment_status", "fulfilment_status", "headline", "stage", "is_open", "hold_type", "goods_minor",
               "discount_minor", "shipping_minor", "tax_minor", "tax_included", "total_minor", "paid_minor",
               "line_count", "unit_count", "temperature", "promised_at", "shipping_method", "owner_id",
               "snoozed_until", "touched_at", "packing_since", "told_status", "told_at", "note_count", "risk_level",
               "tags", "staff_fields", "search_text", "version", "changed_at"),
    "order_line": ("id", "order_id", "position", "external_id", "sku", "title", "variant", "temperature",
                   "needs_shipping", "ordered", "cancelled", "shipped", "delivered", "returned", "unit_price_minor",
                   "discount_minor", "tax_minor"),
    "order_address": ("order_id", "kind", "name", "company", "line1", "line2", "city", "region", "postcode",
                      "country", "phone"),
    "store_credit": _columns(StoreCreditRow),
    "payment": ("id", "order_id", "gateway", "method", "instrument", "reference", "currency", "authorised_minor",
                "capturing_minor", "captured_minor", "voiding_minor", "voided_minor", "refunding_minor",
                "refunded_minor", "charged_back_minor", "state", "ended", "expires_at", "credit_id", "created_at"),
    "payment_transaction": ("id", "order_id", "payment_id", "kind", "state", "amount_minor", "currency", "gateway",
                            "reference", "happened_at", "call_key", "settled_minor", "settled_currency"),
    "journal": ("id", "order_id", "transaction_id", "debit", "credit", "amount_minor", "currency", "booked_at"),
    "payment_check": _columns(PaymentCheckRow),
    "order_label": _columns(LabelRow),
    "pay_link": _columns(PayLinkRow),
    "refund": _columns(RefundRow),
    "refund_part": _columns(RefundPartRow),
    "refund_share": _columns(RefundShareRow),
    "approval": _columns(ApprovalRow),
    "dispute": _columns(DisputeRow),
    "amendment": _columns(AmendmentRow),
    "gateway_call": _columns(GatewayCallRow),
    "hold": ("id", "order_id", "type", "reason", "blocks", "placed_by", "placed_at", "review_at", "on_review",
             "reviewed_at", "released_by", "released_at", "release_note"),
    "verification_case": ("id", "order_id", "kind", "state", "opened_by", "opened_at", "answer_days", "respond_by",
                          "decided_by", "decided_at", "fraud_state", "score", "reason", "decide_by",
                          "authorisation_ends", "mail_sent_at", "claimed_by", "worked_at", "touch_seconds",
                          "was_extended", "is_escalated", "suggested", "proposal", "proposal_content", "proposal_why",
                          "verdict", "reason_code", "gut", "was_worth_a_look", "decision_note", "version"),
    "parcel": ("id", "order_id", "carrier", "tracking_number", "tracking_url", "shipped_by", "shipped_at",
               "delivered_at", "recalled_at"),
    "parcel_line": ("parcel_id", "line_id", "quantity"),
    "note": ("id", "order_id", "author", "written_at", "text"),
    "cancellation": ("id", "order_id", "reason", "note", "lines", "cancelled_by", "cancelled_at", "reopened_by",
                     "reopened_at"),
    "mail": ("id", "order_id", "event_key", "status_code", "language", "recipient", "subject", "text", "html",
             "message_id", "state", "queued_by", "queued_at", "not_before", "attempts", "claimed_by", "claimed_at",
             "last_error", "accepted_at", "command_id", "version"),
    "follow": ("user_id", "order_id", "since_activity_id"),
    "look": ("user_id", "order_id", "activity_id", "looked_at"),
    "import_run": ("id", "file_name", "format", "kind", "actor", "started_at", "finished_at", "created", "updated",
                   "unchanged", "rejected"),
    "command": ("id", "name", "actor", "accepted_at", "result", "undo", "undone_by"),
    "activity": ("id", "at", "actor", "role", "terminal", "action", "outcome", "subject_kind", "subject_id",
                 "command_id", "summary", "before", "after", "hash"),
}  # fmt: skip
"""Every table that the demo fills, those that others refer to first."""

_PIECE = 40_000


def _plain(value: object) -> Value:
    """Return a value as the loader takes it."""
    if isinstance(value, datetime):
        return stamp(int(value.timestamp()))
    if isinstance(value, bool):
        return int(value)
    assert value is None or isinstance(value, str | int), "Rows hold texts, numbers and moments."
    return value


class Sheets:
    """Collects rows and hands them on when there are enough."""

    def __init__(self, load: Filling) -> None:
        self._load = load
        self._rows: dict[str, list[Sequence[Value]]] = {table: [] for table in COLUMNS}
        self._last_id = dict.fromkeys(COLUMNS, 0)
        self._waiting = 0

    def add(self, table: str, row: Sequence[Value]) -> None:
        """Put one row on the sheet of a table, its values in the order of `COLUMNS`."""
        self._rows[table].append(row)
        self._waiting += 1

    def put(self, row: SQLModel) -> None:
        """Put a whole row of the store on its sheet; for the tables that only a few orders have."""
        values = row.model_dump()
        self.add(str(row.__tablename__), [_plain(values[name]) for name in COLUMNS[str(row.__tablename__)]])

    def next_id(self, table: str) -> int:
        """Return the next number of a table's rows."""
        self._last_id[table] += 1
        return self._last_id[table]

    def hand_on(self, *, all_of_it: bool = False) -> None:
        """Give the rows to the loader if there are enough of them."""
        if self._waiting < _PIECE and not all_of_it:
            return
        for table, rows in self._rows.items():
            if rows:
                self._load.add(table, COLUMNS[table], rows)
                rows.clear()
        self._waiting = 0
