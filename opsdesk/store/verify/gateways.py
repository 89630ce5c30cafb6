"""What gateways were asked for and what they tell: calls, pay links, disputes, and changes that wait for money
(INV-E2, and what a desk may rely on).
"""

from __future__ import annotations

from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.payments.gateways import CallKind, CallState, DisputeState
from opsdesk.domain.payments.pay_links import LinkState
from opsdesk.store.tables.amendments import AMENDMENT_OPEN
from opsdesk.store.verify.checks import Check, words

_OPEN_DISPUTES = words([state for state in DisputeState if state.is_open])
_MONEY = ("payment", "refund", "pay_link", "dispute", "amendment", "gateway_call")
_CURRENCIES = " UNION ALL ".join(
    f"""SELECT '{table} ' || {table}.id AS id, {table}.currency || ' of an order in ' || orders.currency AS detail
        FROM {table} JOIN orders ON orders.id = order_id WHERE {table}.currency <> orders.currency"""
    for table in _MONEY
)

CHECKS = (
    Check(
        "E2",
        "call",
        "it has been on its way to the gateway for more than a quarter of an hour; it should be unknown by now",
        "SELECT id, coalesce(claimed_by, '') FROM gateway_call WHERE state = 'sending' AND claimed_at < :quarter_ago",
    ),
    Check(
        "E2",
        "call",
        "another call has succeeded under the same key",
        "SELECT max(id), key FROM gateway_call WHERE state = 'succeeded' GROUP BY key HAVING count(*) > 1",
    ),
    Check(
        "E2",
        "share",
        "two calls for it have succeeded: it went back twice",
        """
        SELECT share_id, 'calls ' || count(*) FROM gateway_call
        WHERE share_id IS NOT NULL AND state = 'succeeded' GROUP BY share_id HAVING count(*) > 1
        """,
    ),
    Check(
        "E2",
        "call",
        "its kind or its state is none that there is",
        f"""
        SELECT id, kind || ' ' || state FROM gateway_call
        WHERE kind NOT IN ({words(CallKind)}) OR state NOT IN ({words(CallState)})
        """,
    ),
    Check(
        "M3",
        "money",
        "it is in another currency than its order",
        f"SELECT id, detail FROM ({_CURRENCIES}) AS found",
    ),
    Check(
        "A2",
        "order",
        "two changes of it are open at once",
        f"""
        SELECT number, 'changes ' || count(*) FROM amendment JOIN orders ON orders.id = order_id
        WHERE amendment.{AMENDMENT_OPEN} GROUP BY number, order_id HAVING count(*) > 1
        """,
    ),
    Check(
        "A2",
        "amendment",
        "its state is none that there is",
        f"SELECT id, state FROM amendment WHERE state NOT IN ({words(AmendmentState)})",
    ),
    # What has left the house cannot be held back, nor what was called off: those disputes stand without a hold.
    Check(
        "A2",
        "order",
        "it is disputed, and yet it was never held for it",
        """
        SELECT DISTINCT number, 'dispute ' || dispute.id FROM dispute JOIN orders ON orders.id = dispute.order_id
        WHERE closed_at IS NULL AND lifecycle = 'placed' AND fulfilment_status IN ('unfulfilled', 'being_packed')
            AND NOT EXISTS (SELECT 1 FROM parcel WHERE parcel.order_id = orders.id)
            AND NOT EXISTS (SELECT 1 FROM cancellation WHERE cancellation.order_id = orders.id)
            AND NOT EXISTS (
                SELECT 1 FROM hold WHERE hold.order_id = orders.id AND type = 'dispute'
                AND (released_at IS NULL OR released_at >= dispute.opened_at)
            )
        """,
    ),
    Check(
        "A2",
        "dispute",
        "its state is none that there is, or does not fit whether it is decided",
        f"""
        SELECT id, state FROM dispute
        WHERE state NOT IN ({words(DisputeState)}) OR (state IN ({_OPEN_DISPUTES})) <> (closed_at IS NULL)
        """,
    ),
    # Where a customer has paid less than was asked for, somebody is told by an event that is held.
    Check(
        "A2",
        "pay link",
        "it is paid, but by no payment of its order that is as much",
        """
        SELECT pay_link.id, 'amount ' || pay_link.amount_minor FROM pay_link
            LEFT JOIN payment ON payment.id = payment_id AND payment.order_id = pay_link.order_id
        WHERE pay_link.state = 'paid' AND (payment.id IS NULL
            OR captured_minor + authorised_minor < pay_link.amount_minor AND NOT EXISTS (
                SELECT 1 FROM gateway_event WHERE gateway_event.order_id = pay_link.order_id AND outcome = 'held'
            ))
        """,
    ),
    Check(
        "A2",
        "pay link",
        "its state is none that there is",
        f"SELECT id, state FROM pay_link WHERE state NOT IN ({words(LinkState)})",
    ),
)
