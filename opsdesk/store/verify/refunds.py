"""Refunds: no more goes back than was sold, each is what its parts and shares say (INV-P7), and a second person agreed
where one had to (INV-A4, A6).
"""

from __future__ import annotations

from opsdesk.domain.money import currencies_with
from opsdesk.domain.people.permissions import OWN_LIMITS, SMALL_UNITS
from opsdesk.domain.refunds.states import NOT_COUNTED, PartKind, RefundReason, RefundState, ShareState
from opsdesk.store.verify.checks import Check, words

_LEFT_OUT = ", ".join(f"'{state}'" for state in NOT_COUNTED)
_COUNTED = f"refund.state NOT IN ({_LEFT_OUT})"
_SENT = words(
    [
        RefundState.SUBMITTED,
        RefundState.SUCCEEDED,
        RefundState.FAILED,
        RefundState.UNKNOWN,
        RefundState.CONVERTED_TO_CREDIT,
    ]
)
# What is asked for anew after it failed may turn out to have gone out before, when nobody else had to agree.
_WENT_SINCE = "(submitted_at IS NULL OR submitted_at >= requested_at)"
# What an order costs may have become less after it was refunded.
_NOT_AMENDED = "NOT EXISTS (SELECT 1 FROM amendment WHERE amendment.order_id = orders.id AND state = 'applied')"


def _in(currencies: tuple[str, ...], places: int) -> str:
    names = ", ".join(f"'{currency}'" for currency in currencies)
    return f"WHEN currency IN ({names}) THEN {10**places}"


_UNIT = f"CASE {_in(currencies_with(3), 3)} {_in(currencies_with(4), 4)} ELSE {SMALL_UNITS} END"
# So many parts of a unit as every currency has whole; sums across currencies are counted in them.
_FINEST = 10_000
_LIMIT = " ".join(f"WHEN '{role.value}' THEN {limit}" for role, limit in OWN_LIMITS["refund.day"].items())
_OWN = f"""
    SELECT id, order_id, requested_by, requested_at, amount_minor * ({_FINEST} / {_UNIT}) AS amount FROM refund
    WHERE NOT needs_approval AND {_COUNTED}
"""
_OF_A_DAY = f"""
    SELECT newest.id, newest.requested_by, sum(own.amount) AS amount, (
        SELECT max(role) FROM activity WHERE subject_kind = 'order' AND subject_id = newest.order_id
            AND actor = newest.requested_by AND at = newest.requested_at
    ) AS role
    FROM ({_OWN}) AS newest JOIN ({_OWN}) AS own
        ON own.requested_by = newest.requested_by
        AND own.requested_at <= newest.requested_at AND own.requested_at > {{day_before}}
    GROUP BY newest.id, newest.order_id, newest.requested_by, newest.requested_at
"""


def _above_the_day(day_before: str) -> str:
    return f"""
        SELECT id, requested_by || ' ' || amount / {_FINEST}
        FROM ({_OF_A_DAY.format(day_before=day_before)}) AS days WHERE amount > CASE role {_LIMIT} END * {_FINEST}
    """


CHECKS = (
    Check(
        "P7",
        "line",
        "more of it was refunded than was sold",
        f"""
        SELECT line_id, 'ordered ' || ordered || ', refunded ' || units FROM (
            SELECT line_id, sum(quantity) AS units FROM refund_part JOIN refund ON refund.id = refund_id
            WHERE line_id IS NOT NULL AND {_COUNTED} GROUP BY line_id
        ) AS given JOIN order_line ON order_line.id = line_id
        WHERE units > ordered
        """,
    ),
    Check(
        "P7",
        "order",
        "more tax or shipping was refunded than was charged",
        f"""
        SELECT number, 'tax ' || orders.tax_minor || ', refunded ' || tax
            || ', shipping ' || shipping_minor || ', refunded ' || shipping
        FROM (
            SELECT order_id, sum(refund_part.tax_minor) AS tax,
                sum(CASE WHEN kind = 'shipping' THEN refund_part.amount_minor ELSE 0 END) AS shipping
            FROM refund_part JOIN refund ON refund.id = refund_id WHERE {_COUNTED} GROUP BY order_id
        ) AS given JOIN orders ON orders.id = order_id
        WHERE (tax > orders.tax_minor
            OR shipping > shipping_minor + CASE WHEN tax_included THEN 0 ELSE orders.tax_minor END) AND {_NOT_AMENDED}
        """,
    ),
    Check(
        "P7",
        "refund",
        "its parts are not its amount",
        """
        SELECT refund.id, 'amount ' || amount_minor || ', parts ' || coalesce(amount, 0) FROM refund LEFT JOIN (
            SELECT refund_id, sum(amount_minor) AS amount, sum(tax_minor) AS tax FROM refund_part GROUP BY refund_id
        ) AS parts ON parts.refund_id = refund.id
        WHERE (amount_minor <> coalesce(amount, 0) OR tax_minor <> coalesce(tax, 0))
            AND NOT (amount IS NULL AND state IN ('outside', 'cancelled'))
        """,
    ),
    Check(
        "P7",
        "refund",
        "its shares are not its amount, or are over payments of another order",
        """
        SELECT refund.id, 'amount ' || amount_minor || ', shares ' || coalesce(amount, 0) FROM refund LEFT JOIN (
            SELECT refund_id, sum(refund_share.amount_minor) AS amount,
                min(payment.order_id) AS first, max(payment.order_id) AS last
            FROM refund_share JOIN payment ON payment.id = payment_id WHERE refund_share.state <> 'replaced'
            GROUP BY refund_id
        ) AS shares ON shares.refund_id = refund.id
        WHERE amount_minor <> coalesce(amount, 0) OR first <> refund.order_id OR last <> refund.order_id
        """,
    ),
    Check(
        "P7",
        "refund",
        "it has succeeded, but not every share of it has",
        """
        SELECT DISTINCT refund.id, 'share ' || refund_share.state FROM refund JOIN refund_share ON refund_id = refund.id
        WHERE refund.state IN ('succeeded', 'converted_to_credit')
            AND refund_share.state NOT IN ('succeeded', 'replaced')
        """,
    ),
    Check(
        "P7",
        "refund",
        "it is said to be made outside, and no refund in the books of its payment is it",
        """
        SELECT refund.id, 'share ' || refund_share.reference FROM refund
        JOIN refund_share ON refund_share.refund_id = refund.id
        WHERE refund.state IN ('outside', 'succeeded') AND submitted_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM payment_transaction AS moved WHERE moved.payment_id = refund_share.payment_id
            AND moved.reference = refund_share.reference AND moved.amount_minor = refund_share.amount_minor
            AND moved.kind = 'refund' AND moved.state = 'succeeded' AND moved.call_key = ''
        )
        """,
    ),
    Check(
        "A4",
        "refund",
        "nobody else has agreed to exactly this before it went out",
        f"""
        SELECT refund.id, 'asked for by ' || requested_by FROM refund
        WHERE needs_approval AND state IN ({_SENT}) AND {_WENT_SINCE} AND NOT EXISTS (
            SELECT 1 FROM approval WHERE subject_kind = 'refund' AND subject_id = refund.id
            AND approval.content_hash = refund.content_hash AND approved_by <> refund.requested_by
            AND approved_at <= submitted_at
        )
        """,
    ),
    Check(
        "A4",
        "approval",
        "somebody has agreed to what they had asked for themselves",
        "SELECT id, subject_kind || ' ' || approved_by FROM approval WHERE approved_by = requested_by",
    ),
    Check(
        "A6",
        "refund",
        "within a day its clerk has refunded more than they may alone",
        _above_the_day("datetime(newest.requested_at, '-1 day')"),
        _above_the_day("newest.requested_at - interval '1 day'"),
    ),
    Check(
        "A2",
        "refund",
        "its state or its reason is none that there is",
        f"""
        SELECT id, state || ' ' || reason FROM refund
        WHERE state NOT IN ({words(RefundState)}) OR reason NOT IN ({words(RefundReason)})
        """,
    ),
    Check(
        "A2",
        "refund",
        "a part or a share of it is of a kind that there is not",
        f"""
        SELECT refund_id, 'part ' || kind FROM refund_part WHERE kind NOT IN ({words(PartKind)})
        UNION ALL
        SELECT refund_id, 'share ' || state FROM refund_share WHERE state NOT IN ({words(ShareState)})
        """,
    ),
)
