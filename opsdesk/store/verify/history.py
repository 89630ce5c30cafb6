"""History: what happened to an order gives what it is now, and a command stands behind it (INV-A1 to A3)."""

from __future__ import annotations

from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.domain.people.actors import Role
from opsdesk.store.verify.checks import Check, words

_LIFECYCLE = "('order.cancelled', 'order.reopened')"
_DONE = "subject_kind = 'order' AND outcome = 'done'"
_OF_IMPORTS = "('order.imported', 'order.changed_at_source')"
_BY_STAFF = "(SELECT name FROM users)"

CHECKS = (
    Check(
        "A1",
        "order",
        "its history ends in another state than it is in",
        f"""
        SELECT number, 'history ' || activity.after || ', order ' || lifecycle
        FROM activity JOIN (
            SELECT max(id) AS id FROM activity WHERE {_DONE} AND action IN {_LIFECYCLE} GROUP BY subject_id
        ) AS newest ON newest.id = activity.id JOIN orders ON orders.id = subject_id
        WHERE activity.after <> lifecycle AND NOT (lifecycle = 'completed' AND EXISTS (
            SELECT 1 FROM activity AS later WHERE later.subject_kind = 'order' AND later.subject_id = orders.id
            AND later.action = 'order.changed_at_source' AND later.id > activity.id
        ))
        """,
    ),
    Check(
        "A1",
        "order",
        "nothing in its history says how it came to be",
        """
        SELECT number, '' FROM orders WHERE NOT EXISTS (
            SELECT 1 FROM activity WHERE subject_kind = 'order' AND subject_id = orders.id AND outcome = 'done'
        )
        """,
    ),
    Check(
        "A1",
        "order",
        "a hold stands that nothing in its history placed",
        f"""
        SELECT number, type FROM hold JOIN orders ON orders.id = order_id
        WHERE released_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM activity WHERE {_DONE} AND subject_id = orders.id
            AND (action = 'hold.placed' AND after = type OR action IN {_OF_IMPORTS} AND activity.at >= hold.placed_at)
        )
        """,
    ),
    Check(
        "A1",
        "order",
        "somebody has it whom nothing in its history gave it to",
        f"""
        SELECT number, 'owner ' || owner_id FROM orders
        WHERE owner_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM activity WHERE {_DONE} AND subject_id = orders.id AND action = 'order.owner'
        )
        """,
    ),
    Check(
        "A1",
        "order",
        "there are parcels of it that nothing in its history sent",
        f"""
        SELECT number, 'parcels ' || sent.parcels || ', history ' || coalesce(told.parcels, 0)
        FROM (
            SELECT order_id, count(*) AS parcels FROM parcel WHERE shipped_by IN {_BY_STAFF} AND NOT EXISTS (
                SELECT 1 FROM activity WHERE {_DONE} AND subject_id = order_id
                AND action IN {_OF_IMPORTS} AND activity.at >= shipped_at
            ) GROUP BY order_id
        ) AS sent JOIN orders ON orders.id = sent.order_id LEFT JOIN (
            SELECT subject_id, count(*) AS parcels FROM activity
            WHERE {_DONE} AND action = 'order.shipped' GROUP BY subject_id
        ) AS told ON told.subject_id = orders.id
        WHERE sent.parcels > coalesce(told.parcels, 0)
        """,
    ),
    Check(
        "A1",
        "order",
        "its history tells of other mails that were accepted than there are",
        f"""
        SELECT number, 'mails ' || sent.mails || ', history ' || coalesce(told.mails, 0)
        FROM (
            SELECT order_id, count(*) AS mails FROM mail WHERE state = 'accepted' AND order_id IS NOT NULL
            GROUP BY order_id
        ) AS sent JOIN orders ON orders.id = sent.order_id LEFT JOIN (
            SELECT subject_id, sum(CASE action WHEN 'mail.accepted' THEN 1 ELSE -1 END) AS mails FROM activity
            WHERE {_DONE} AND action IN ('mail.accepted', 'mail.bounced') GROUP BY subject_id
        ) AS told ON told.subject_id = orders.id
        WHERE sent.mails <> coalesce(told.mails, 0)
        """,
    ),
    Check(
        "A1",
        "history row",
        "no accepted command stands behind it",
        f"""
        SELECT activity.id, action FROM activity LEFT JOIN command ON command.id = command_id
        WHERE {_DONE} AND command.id IS NULL
        """,
    ),
    Check(
        "A2",
        "order",
        "its history takes a step that there is not",
        f"""
        SELECT number, activity.before || ' to ' || activity.after
        FROM activity JOIN orders ON orders.id = subject_id
        WHERE {_DONE} AND action IN {_LIFECYCLE} AND NOT (
            activity.before = 'placed' AND activity.after = 'cancelled'
            OR activity.before IN ('cancelled', 'completed') AND activity.after = 'placed'
        )
        """,
    ),
    Check(
        "A2",
        "order",
        "its lifecycle is none that there is",
        f"SELECT number, lifecycle FROM orders WHERE lifecycle NOT IN ({words(Lifecycle)})",
    ),
    Check(
        "A2",
        "cancellation",
        "its reason is none that there is",
        f"SELECT id, reason FROM cancellation WHERE reason NOT IN ({words(CancelReason)})",
    ),
    Check(
        "A2",
        "user",
        "their role is none that there is",
        f"SELECT name, role FROM users WHERE role NOT IN ({words(Role)})",
    ),
    Check(
        "A3",
        "history",
        "its rows are not numbered without gaps",
        """
        SELECT 'rows', 'from ' || min(id) || ' to ' || max(id) || ', ' || count(*) || ' rows' FROM activity
        HAVING count(*) > 0 AND (min(id) <> 1 OR max(id) <> count(*))
        """,
    ),
)
