"""Goods: quantities of lines and what is in parcels agree (INV-S4, and what an ended order may still hold)."""

from __future__ import annotations

from opsdesk.store.verify.checks import Check

CHECKS = (
    Check(
        "S4",
        "line",
        "its quantities cannot be",
        """
        SELECT id, 'ordered ' || ordered || ', cancelled ' || cancelled || ', shipped ' || shipped
            || ', delivered ' || delivered || ', returned ' || returned
        FROM order_line
        WHERE cancelled < 0 OR shipped < 0 OR delivered < 0 OR returned < 0
            OR cancelled + shipped > ordered OR delivered > shipped OR returned > shipped
        """,
    ),
    Check(
        "S4",
        "line",
        "more of it is in parcels than was shipped",
        """
        SELECT order_line.id, 'in parcels ' || packed.units || ', shipped ' || shipped
        FROM (
            SELECT line_id, sum(quantity) AS units FROM parcel_line JOIN parcel ON parcel.id = parcel_id
            WHERE recalled_at IS NULL GROUP BY line_id
        ) AS packed JOIN order_line ON order_line.id = line_id
        WHERE packed.units > shipped
        """,
    ),
    Check(
        "S4",
        "parcel",
        "something of another order is in it, or nothing at all of a line",
        """
        SELECT parcel_id, 'line ' || line_id
        FROM parcel_line JOIN parcel ON parcel.id = parcel_id JOIN order_line ON order_line.id = line_id
        WHERE order_line.order_id <> parcel.order_id OR quantity <= 0
        """,
    ),
    Check(
        "S4",
        "parcel",
        "it was delivered or recalled before it was shipped",
        "SELECT id, tracking_number FROM parcel WHERE delivered_at < shipped_at OR recalled_at < shipped_at",
    ),
    Check(
        "S4",
        "order",
        "it is cancelled, and yet something of it still has to leave the house",
        """
        SELECT DISTINCT number, 'open units' FROM orders JOIN order_line ON order_line.order_id = orders.id
        WHERE lifecycle = 'cancelled' AND needs_shipping AND ordered > cancelled + shipped
        """,
    ),
)
