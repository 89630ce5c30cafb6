"""Payments: no more is captured than was authorised, no more goes back than came in (INV-P2 to P4, P6).

What the outside tells of is booked even where it cannot be, and shown to somebody. So only what happened from here is
held against a payment: by a call, or by hand.
"""

from __future__ import annotations

from opsdesk.domain.payments.gateways import CallState
from opsdesk.domain.payments.transactions import Ended, Method, PaymentState, TransactionKind, TransactionState
from opsdesk.store.schema import APPEND_ONLY
from opsdesk.store.verify.checks import Check, words

_OPEN_CALLS = words([state for state in CallState if state.is_open])
_RECEIVED = "('capture', 'sale', 'manual_in')"
_RETURNED = "('refund', 'manual_out')"


def _sum(condition: str, name: str, amount: str = "amount_minor") -> str:
    return f"sum(CASE WHEN {condition} THEN {amount} ELSE 0 END) AS {name}"


_OF_ORDER = f"""
    SELECT order_id, {_sum(f"state = 'succeeded' AND kind IN {_RECEIVED}", "received")},
        {_sum(f"state IN ('succeeded', 'pending', 'unknown') AND kind IN {_RETURNED}", "returned")},
        {_sum("state = 'succeeded' AND kind = 'refund_reversal'", "reversed")}
    FROM payment_transaction GROUP BY order_id
"""
_OF_PAYMENT = f"""
    SELECT payment_id, {_sum("kind = 'authorise'", "authorised")}, {_sum(f"kind IN {_RECEIVED}", "captured")},
        {_sum("kind = 'void'", "voided")},
        sum(CASE WHEN kind IN {_RETURNED} THEN amount_minor WHEN kind = 'refund_reversal' THEN -amount_minor ELSE 0 END)
            AS refunded,
        sum(CASE kind WHEN 'dispute_debit' THEN amount_minor WHEN 'dispute_reversal' THEN -amount_minor ELSE 0 END)
            AS charged_back
    FROM payment_transaction WHERE state = 'succeeded' GROUP BY payment_id
"""
_FROM_HERE = f"""
    SELECT payment_id, {_sum("kind IN ('capture', 'void')", "taken")}, {_sum(f"kind IN {_RETURNED}", "given")}
    FROM payment_transaction WHERE state = 'succeeded' AND (call_key <> '' OR kind = 'manual_out') GROUP BY payment_id
"""
_SET_ASIDE = f"""
    SELECT payment_id, {_sum("kind = 'capture'", "capturing")}, {_sum("kind = 'void'", "voiding")},
        {_sum("kind = 'refund'", "refunding")}
    FROM gateway_call WHERE payment_id IS NOT NULL AND state IN ({_OPEN_CALLS}) GROUP BY payment_id
"""
# The same words as in `payment_state`, which a test holds against each other.
_STATE = """
    CASE WHEN EXISTS (SELECT 1 FROM dispute WHERE dispute.payment_id = payment.id AND closed_at IS NULL) THEN 'disputed'
        WHEN charged_back_minor > 0 AND charged_back_minor + refunded_minor >= captured_minor THEN 'charged_back'
        WHEN refunded_minor > 0 AND refunded_minor >= captured_minor THEN 'refunded'
        WHEN refunded_minor > 0 THEN 'partly_refunded'
        WHEN captured_minor > 0 AND ended = ''
            AND authorised_minor - captured_minor - capturing_minor - voided_minor - voiding_minor > 0
            THEN 'partly_captured'
        WHEN captured_minor > 0 THEN 'captured'
        WHEN ended <> '' THEN ended
        WHEN voided_minor > 0 AND voided_minor >= authorised_minor THEN 'voided'
        WHEN authorised_minor > 0 THEN 'authorised'
        ELSE 'pending' END
"""
_GUARDS = " UNION ALL ".join(f"SELECT '{table}' AS name" for table in APPEND_ONLY)

CHECKS = (
    Check(
        "P2",
        "payment",
        "more was captured and voided from here, or is about to be, than was authorised",
        f"""
        SELECT payment.id, 'authorised ' || authorised_minor || ', captured and voided '
            || (capturing_minor + voiding_minor + coalesce(here.taken, 0))
        FROM payment LEFT JOIN ({_FROM_HERE}) AS here ON here.payment_id = payment.id
        WHERE authorised_minor < capturing_minor + voiding_minor + coalesce(here.taken, 0)
        """,
    ),
    Check(
        "P2",
        "payment",
        "more was refunded from here, or is about to be, than came in with it",
        f"""
        SELECT payment.id, 'captured ' || captured_minor || ', refunds ' || (refunding_minor + coalesce(here.given, 0))
        FROM payment LEFT JOIN ({_FROM_HERE}) AS here ON here.payment_id = payment.id
            LEFT JOIN ({_OF_PAYMENT}) AS sums ON sums.payment_id = payment.id
        WHERE (refunding_minor > 0 OR here.given > 0) AND refunding_minor + coalesce(here.given, 0) > captured_minor
            AND refunding_minor + coalesce(sums.refunded, 0) > captured_minor
        """,
    ),
    # Of what went back at a gateway's own desk besides somebody is told by an event that is held.
    Check(
        "P2",
        "order",
        "more was refunded, or is about to be, than was received",
        f"""
        SELECT number, 'received ' || received || ', refunds ' || (returned - reversed)
        FROM ({_OF_ORDER}) AS sums JOIN orders ON orders.id = order_id WHERE returned - reversed > received
            AND NOT EXISTS (
                SELECT 1 FROM gateway_event WHERE gateway_event.order_id = orders.id AND outcome = 'held'
            )
        """,
    ),
    Check(
        "P2",
        "payment",
        "its sums are not what its transactions come to",
        f"""
        SELECT payment.id, 'captured ' || captured_minor || ', transactions ' || coalesce(captured, 0)
            || ', refunded ' || refunded_minor || ', transactions ' || coalesce(refunded, 0)
        FROM payment LEFT JOIN ({_OF_PAYMENT}) AS sums ON sums.payment_id = payment.id
        WHERE authorised_minor <> coalesce(authorised, 0) OR captured_minor <> coalesce(captured, 0)
            OR voided_minor <> coalesce(voided, 0) OR refunded_minor <> coalesce(refunded, 0)
            OR charged_back_minor <> coalesce(charged_back, 0)
        """,
    ),
    Check(
        "P2",
        "payment",
        "what it has set aside is not what its calls are about",
        f"""
        SELECT payment.id, 'capturing ' || capturing_minor || ', voiding ' || voiding_minor || ', refunding '
            || refunding_minor
        FROM payment LEFT JOIN ({_SET_ASIDE}) AS calls ON calls.payment_id = payment.id
        WHERE capturing_minor <> coalesce(capturing, 0) OR voiding_minor <> coalesce(voiding, 0)
            OR refunding_minor <> coalesce(refunding, 0)
        """,
    ),
    Check(
        "P2",
        "store credit",
        "more was paid with it than was ever on it",
        """
        SELECT store_credit.id, 'issued ' || issued_minor || ', left ' || balance_minor || ', used ' || used
        FROM store_credit JOIN (
            SELECT credit_id, sum(captured_minor - refunded_minor) AS used FROM payment
            WHERE credit_id IS NOT NULL GROUP BY credit_id
        ) AS payments ON payments.credit_id = store_credit.id
        WHERE balance_minor + used > issued_minor
        """,
    ),
    Check(
        "P3",
        "payment",
        "what was authorised ended twice, captured and voided",
        """
        SELECT id, 'authorised ' || authorised_minor || ', captured ' || captured_minor || ', voided ' || voided_minor
        FROM payment WHERE voided_minor > 0 AND captured_minor + voided_minor > authorised_minor
        """,
    ),
    Check(
        "P4",
        "order",
        "what it says is paid is not what its account in the journal comes to",
        """
        SELECT number, 'paid ' || paid_minor || ', journal ' || coalesce(balance, 0)
        FROM orders LEFT JOIN (
            SELECT order_id, sum(CASE WHEN credit = 'order' THEN amount_minor WHEN debit = 'order' THEN -amount_minor
                ELSE 0 END) AS balance
            FROM journal GROUP BY order_id
        ) AS accounts ON accounts.order_id = orders.id
        WHERE paid_minor <> coalesce(balance, 0)
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
    Check(
        "A2",
        "payment",
        "its method, its state or how it ended is none that there is",
        f"""
        SELECT id, method || ' ' || state || ' ' || ended FROM payment
        WHERE method NOT IN ({words(Method)}) OR state NOT IN ({words(PaymentState)}) OR ended NOT IN ({words(Ended)})
        """,
    ),
    Check(
        "A2",
        "payment",
        "its state is not what its sums say",
        f"SELECT id, state || ', the sums say ' || {_STATE} FROM payment WHERE state <> {_STATE}",
    ),
)
