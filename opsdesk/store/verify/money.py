"""Payments: nothing is captured that was not authorised, nothing refunded that was not captured (INV-P2 to P6)."""

from __future__ import annotations

from opsdesk.domain.payments import TransactionKind, TransactionState
from opsdesk.store.schema import APPEND_ONLY
from opsdesk.store.verify.checks import Check, words

_SUMS = """
    SELECT order_id,
        sum(CASE WHEN state = 'succeeded' AND kind = 'authorise' THEN amount_minor ELSE 0 END) AS authorised,
        sum(CASE WHEN state = 'succeeded' AND kind = 'capture' THEN amount_minor ELSE 0 END) AS captured,
        sum(CASE WHEN state = 'succeeded' AND kind = 'void' THEN amount_minor ELSE 0 END) AS voided,
        sum(CASE WHEN state = 'succeeded' AND kind IN ('capture', 'sale', 'manual_in') THEN amount_minor ELSE 0 END)
            AS received,
        sum(CASE WHEN state IN ('succeeded', 'pending', 'unknown') AND kind IN ('refund', 'manual_out')
            THEN amount_minor WHEN state = 'succeeded' AND kind = 'refund_reversal' THEN -amount_minor ELSE 0 END)
            AS returned,
        sum(CASE WHEN state = 'succeeded' AND kind IN ('refund', 'manual_out') THEN amount_minor
            WHEN state = 'succeeded' AND kind = 'refund_reversal' THEN -amount_minor ELSE 0 END) AS refunded
    FROM payment_transaction GROUP BY order_id
"""
_GUARDS = " UNION ALL ".join(f"SELECT '{table}' AS name" for table in APPEND_ONLY)

CHECKS = (
    Check(
        "P2",
        "order",
        "more was captured than was authorised",
        f"""
        SELECT number, 'authorised ' || authorised || ', captured ' || captured
        FROM ({_SUMS}) AS sums JOIN orders ON orders.id = order_id WHERE authorised > 0 AND captured > authorised
        """,
    ),
    Check(
        "P2",
        "order",
        "more was refunded, or is about to be, than was received",
        f"""
        SELECT number, 'received ' || received || ', refunds ' || returned
        FROM ({_SUMS}) AS sums JOIN orders ON orders.id = order_id WHERE returned > received
        """,
    ),
    Check(
        "P3",
        "order",
        "what was authorised ended twice, captured and voided",
        f"""
        SELECT number, 'authorised ' || authorised || ', captured ' || captured || ', voided ' || voided
        FROM ({_SUMS}) AS sums JOIN orders ON orders.id = order_id
        WHERE authorised > 0 AND captured + voided > authorised
        """,
    ),
    Check(
        "P4",
        "order",
        "what it says is paid is not what its transactions come to",
        f"""
        SELECT number, 'paid ' || paid_minor || ', transactions ' || coalesce(received - refunded, 0)
        FROM orders LEFT JOIN ({_SUMS}) AS sums ON orders.id = order_id
        WHERE paid_minor <> coalesce(received - refunded, 0)
        """,
    ),
    Check(
        "P6",
        "table",
        "nothing keeps its rows from being changed or deleted any more",
        f"""
        SELECT name, 'guard missing' FROM ({_GUARDS}) AS guarded WHERE 2 <> (
            SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = guarded.name
            AND sqlite_master.name IN (guarded.name || '_no_update', guarded.name || '_no_delete')
        )
        """,
        f"""
        SELECT name, 'guard missing' FROM ({_GUARDS}) AS guarded WHERE NOT EXISTS (
            SELECT 1 FROM pg_trigger WHERE tgrelid = to_regclass(guarded.name)
            AND tgname = guarded.name || '_append_only' AND tgenabled <> 'D'
        )
        """,
    ),
    Check(
        "A2",
        "transaction",
        "its kind, its state or its amount is none that there is",
        f"""
        SELECT id, kind || ' ' || state || ' ' || amount_minor FROM payment_transaction
        WHERE kind NOT IN ({words(TransactionKind)}) OR state NOT IN ({words(TransactionState)}) OR amount_minor < 0
        """,
    ),
)
