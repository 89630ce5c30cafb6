"""Holds and cases: what they stop is stopped, and an ended one has somebody who ended it (INV-A2, A5)."""

from __future__ import annotations

from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import HoldType, OnReview
from opsdesk.store.verify.checks import Check, words

_DECIDED = words([CaseState.RELEASED, CaseState.CANCELLED])

CHECKS = (
    Check(
        "A5",
        "order",
        "a parcel left while the order was held for fraud",
        """
        SELECT DISTINCT number, 'parcel ' || parcel.id
        FROM hold JOIN parcel ON parcel.order_id = hold.order_id JOIN orders ON orders.id = hold.order_id
        WHERE hold.type = 'fraud' AND shipped_at > hold.placed_at
            AND (released_at IS NULL OR shipped_at < released_at)
        """,
    ),
    # What was captured elsewhere, or was on its way when the hold was placed, nobody here could stop.
    Check(
        "A5",
        "order",
        "money was taken while the order was held for fraud",
        """
        SELECT DISTINCT number, kind || ' ' || payment_transaction.id
        FROM hold
            JOIN payment_transaction ON payment_transaction.order_id = hold.order_id
            JOIN orders ON orders.id = hold.order_id
        WHERE hold.type = 'fraud' AND kind = 'capture' AND state = 'succeeded' AND call_key <> ''
            AND happened_at > hold.placed_at
            AND (released_at IS NULL OR happened_at < released_at)
            AND NOT EXISTS (SELECT 1 FROM gateway_call WHERE key = call_key AND first_sent_at <= hold.placed_at)
        """,
    ),
    Check(
        "A2",
        "hold",
        "its type, or what happens when its time comes, is none that there is",
        f"""
        SELECT id, type || ' ' || on_review FROM hold
        WHERE type NOT IN ({words(HoldType)}) OR on_review NOT IN ({words(OnReview)})
        """,
    ),
    Check(
        "A2",
        "hold",
        "it was released by nobody, or before it was placed",
        """
        SELECT id, type FROM hold
        WHERE (released_at IS NULL) <> (released_by IS NULL) OR released_at < placed_at
        """,
    ),
    Check(
        "A2",
        "order",
        "it is held twice for the same reason",
        """
        SELECT number, type FROM hold JOIN orders ON orders.id = order_id
        WHERE released_at IS NULL GROUP BY number, type, order_id HAVING count(*) > 1
        """,
    ),
    Check(
        "A2",
        "order",
        "it is cancelled, and yet on hold",
        """
        SELECT number, type FROM hold JOIN orders ON orders.id = order_id
        WHERE released_at IS NULL AND lifecycle = 'cancelled'
        """,
    ),
    Check(
        "A2",
        "case",
        "its state is none that there is, or does not fit whether somebody has decided it",
        f"""
        SELECT id, state FROM verification_case
        WHERE state NOT IN ({words(CaseState)}) OR (decided_at IS NULL) <> (decided_by IS NULL)
            OR (state IN ({_DECIDED})) <> (decided_at IS NOT NULL)
        """,
    ),
    Check(
        "A2",
        "order",
        "the customer was asked about it, and yet it is not held",
        """
        SELECT number, 'case ' || verification_case.id
        FROM verification_case JOIN orders ON orders.id = order_id
        WHERE kind = 'fraud' AND decided_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM hold WHERE hold.order_id = orders.id AND type = 'fraud' AND released_at IS NULL
        )
        """,
    ),
)
