"""Credit notes: numbers without a gap, one for each refund that has succeeded, and exactly what went back.

What had succeeded before the first document was issued has none.
"""

from __future__ import annotations

from opsdesk.store.verify.checks import Check

_STANDING = "SUM(CASE WHEN cancels_id IS NULL THEN 1 ELSE -1 END)"

CHECKS = (
    Check(
        "P7",
        "series",
        "a number of a document is missing, or there is one that was never given out",
        """
        SELECT series, 'last ' || coalesce(max(last_number), 0) || ', documents ' || sum(documents) FROM (
            SELECT series, last_number, 0 AS documents FROM document_series
            UNION ALL SELECT series, NULL, 1 FROM credit_note
        ) AS given GROUP BY series HAVING coalesce(max(last_number), 0) <> sum(documents)
        """,
    ),
    Check(
        "P7",
        "refund",
        "it has no credit note, or one too many",
        f"""
        SELECT refund.id, refund.state || ', credit notes ' || coalesce(notes.standing, 0) FROM refund
        LEFT JOIN (
            SELECT refund_id, {_STANDING} AS standing FROM credit_note GROUP BY refund_id
        ) AS notes ON notes.refund_id = refund.id
        WHERE coalesce(notes.standing, 0) <> CASE
            WHEN state NOT IN ('succeeded', 'converted_to_credit') THEN 0
            WHEN NOT EXISTS (
                SELECT 1 FROM refund_part WHERE refund_part.refund_id = refund.id AND kind <> 'overpayment'
            ) THEN 0
            WHEN notes.standing IS NULL AND NOT EXISTS (
                SELECT 1 FROM credit_note WHERE issued_at < refund.settled_at
            ) THEN 0
            ELSE 1 END
        """,
    ),
    Check(
        "P7",
        "credit note",
        "it is not what went back, or not the opposite of what it cancels",
        """
        SELECT note.number, 'tax ' || note.tax_minor || ', gross ' || note.gross_minor FROM credit_note AS note
        LEFT JOIN credit_note AS cancelled ON cancelled.id = note.cancels_id
        WHERE (note.cancels_id IS NOT NULL
            AND (cancelled.gross_minor <> -note.gross_minor OR cancelled.tax_minor <> -note.tax_minor))
        OR (note.cancels_id IS NULL AND NOT EXISTS (SELECT 1 FROM credit_note AS other WHERE other.cancels_id = note.id)
            AND (note.gross_minor, note.tax_minor) <> (
                SELECT coalesce(sum(amount_minor), 0), coalesce(sum(tax_minor), 0) FROM refund_part
                WHERE refund_part.refund_id = note.refund_id AND kind <> 'overpayment'
            ))
        """,
    ),
)
