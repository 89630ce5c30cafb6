"""The journal: each movement of money has exactly its entry, and each entry its movement (INV-P1).

An entry names both accounts and one amount, so none can be out of balance. What it must be is found in the transaction.
"""

from __future__ import annotations

from opsdesk.domain.payments.ledger import ACCOUNTS, FX_DIFFERENCE, ORDER, place_of
from opsdesk.domain.payments.transactions import Method
from opsdesk.store.verify.checks import Check

_IN = "('capture', 'sale', 'manual_in', 'refund_reversal', 'dispute_reversal')"
_OUT = "('refund', 'manual_out', 'dispute_debit')"
_ENTRIES = f"""
    SELECT transaction_id, min(order_id) AS order_id, min(currency) AS currency, count(*) AS entries,
        sum(CASE WHEN credit = '{ORDER}' THEN amount_minor ELSE -amount_minor END) AS moved
    FROM journal WHERE credit = '{ORDER}' OR debit = '{ORDER}' GROUP BY transaction_id
"""
_MOVED = f"""
    CASE WHEN state <> 'succeeded' THEN 0 WHEN kind IN {_IN} THEN amount_minor
        WHEN kind IN {_OUT} THEN -amount_minor ELSE 0 END
"""
_KNOWN = ", ".join(f"'{account}'" for account in sorted(ACCOUNTS))
_BY_HAND = [method for method in Method if method is not Method.GATEWAY]
_PLACES = " ".join(f"WHEN '{method.value}' THEN '{place_of('', method.value)}'" for method in _BY_HAND)


def _is_known(account: str) -> str:
    return f"{account} IN ({_KNOWN}) OR {account} LIKE 'gateway:%'"


CHECKS = (
    Check(
        "P1",
        "transaction",
        "its entry in the journal is missing, doubled or of another amount",
        f"""
        SELECT payment_transaction.id, kind || ' ' || state || ' ' || amount_minor || ', journal ' || coalesce(moved, 0)
        FROM payment_transaction LEFT JOIN ({_ENTRIES}) AS booked ON booked.transaction_id = payment_transaction.id
        WHERE coalesce(moved, 0) <> {_MOVED} OR coalesce(entries, 0) <> CASE WHEN {_MOVED} = 0 THEN 0 ELSE 1 END
            OR booked.order_id <> payment_transaction.order_id OR booked.currency <> payment_transaction.currency
        """,
    ),
    Check(
        "P1",
        "journal entry",
        "no transaction stands behind it",
        """
        SELECT journal.id, debit || ' to ' || credit FROM journal
        WHERE NOT EXISTS (SELECT 1 FROM payment_transaction WHERE payment_transaction.id = transaction_id)
        """,
    ),
    Check(
        "P1",
        "journal entry",
        "its accounts or its amount are none that there can be",
        f"""
        SELECT id, debit || ' to ' || credit || ' ' || amount_minor FROM journal
        WHERE amount_minor <= 0 OR debit = credit OR NOT ({_is_known("debit")}) OR NOT ({_is_known("credit")})
        """,
    ),
    # What is paid back by hand may leave another place than it came to.
    Check(
        "P1",
        "journal entry",
        "the money lies elsewhere than its payment says",
        f"""
        SELECT journal.id, debit || ' to ' || credit || ', payment ' || payment.gateway || ' ' || payment.method
        FROM journal JOIN payment_transaction ON payment_transaction.id = transaction_id
            JOIN payment ON payment.id = payment_id
        WHERE kind <> 'manual_out' AND debit <> '{FX_DIFFERENCE}' AND credit <> '{FX_DIFFERENCE}'
            AND CASE payment.method {_PLACES} ELSE 'gateway:' || payment.gateway END
                <> CASE WHEN debit = '{ORDER}' THEN credit ELSE debit END
        """,
    ),
)
