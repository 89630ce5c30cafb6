"""Concurrency: each accepted command moved an order by one version, no two from the same one (INV-C1)."""

from __future__ import annotations

from opsdesk.store.verify.checks import Check

_UNSETTLED = "('order.follow', 'order.unfollow')"
"""Commands that leave an order's version as it is."""

_COMMANDS = f"""
    SELECT DISTINCT command.id, name, result, subject_id FROM command
    JOIN activity ON activity.command_id = command.id
    WHERE subject_kind = 'order' AND outcome = 'done' AND name NOT IN {_UNSETTLED}
        AND (name LIKE 'order.%' OR name LIKE 'status.%' OR name LIKE 'payment.%')
"""

CHECKS = (
    Check(
        "C1",
        "order",
        "two accepted commands say that they made the same version of it",
        f"""
        SELECT number, 'version ' || made FROM (
            SELECT subject_id, json_extract(result, '$.version') AS made FROM ({_COMMANDS}) AS commands
        ) AS versions JOIN orders ON orders.id = subject_id
        WHERE made IS NOT NULL GROUP BY number, subject_id, made HAVING count(*) > 1
        """,
        f"""
        SELECT number, 'version ' || made FROM (
            SELECT subject_id, (result::json ->> 'version')::integer AS made FROM ({_COMMANDS}) AS commands
        ) AS versions JOIN orders ON orders.id = subject_id
        WHERE made IS NOT NULL GROUP BY number, subject_id, made HAVING count(*) > 1
        """,
    ),
    Check(
        "C1",
        "order",
        "it has a version that nothing in its history made",
        """
        SELECT number, 'version ' || version || ', history ' || coalesce(told.lines, 0)
        FROM orders LEFT JOIN (
            SELECT subject_id, count(*) AS lines FROM activity
            WHERE subject_kind = 'order' AND outcome = 'done' GROUP BY subject_id
        ) AS told ON told.subject_id = orders.id
        WHERE version < 1 OR version > coalesce(told.lines, 0)
        """,
    ),
)
