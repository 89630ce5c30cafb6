"""Order totals: the parts add up to the total, exactly, in one currency (INV-M1 to M3)."""

from __future__ import annotations

from opsdesk.store.verify.checks import Check

CHECKS = (
    Check(
        "M1",
        "order",
        "its lines do not add up to its goods",
        """
        SELECT orders.number, 'goods ' || goods_minor || ', lines ' || coalesce(parts.goods, 0)
        FROM orders LEFT JOIN (
            SELECT order_id, sum(ordered * unit_price_minor - discount_minor) AS goods FROM order_line GROUP BY order_id
        ) AS parts ON parts.order_id = orders.id
        WHERE goods_minor <> coalesce(parts.goods, 0)
        """,
    ),
    Check(
        "M1",
        "order",
        "its parts do not add up to its total",
        """
        SELECT number, 'total ' || total_minor FROM orders
        WHERE total_minor <> goods_minor - discount_minor + shipping_minor
              + CASE WHEN tax_included THEN 0 ELSE tax_minor END
        """,
    ),
    # Shops round the tax of each line by itself, so the sum may be off by one for each.
    Check(
        "M2",
        "order",
        "the tax of its lines is more than its tax",
        """
        SELECT orders.number, 'tax ' || tax_minor || ', lines ' || parts.tax
        FROM orders JOIN (
            SELECT order_id, sum(tax_minor) AS tax, count(*) AS lines FROM order_line GROUP BY order_id
        ) AS parts ON parts.order_id = orders.id
        WHERE parts.tax > tax_minor + parts.lines
        """,
    ),
    Check(
        "M3",
        "order",
        "its total is less than nothing, or its currency is none",
        "SELECT number, total_minor || ' ' || currency FROM orders "
        "WHERE total_minor < 0 OR length(currency) <> 3 OR currency <> upper(currency)",
    ),
    Check(
        "M3",
        "line",
        "nothing or less than nothing was ordered",
        """
        SELECT id, 'ordered ' || ordered FROM order_line WHERE ordered < 0 OR ordered = 0 AND NOT EXISTS (
            SELECT 1 FROM amendment WHERE amendment.order_id = order_line.order_id AND ended_at IS NOT NULL
        )
        """,
    ),
    Check(
        "M3",
        "transaction",
        "its currency is not that of its order",
        """
        SELECT payment_transaction.id, payment_transaction.currency || ' of an order in ' || orders.currency
        FROM payment_transaction JOIN orders ON orders.id = order_id
        WHERE payment_transaction.currency <> orders.currency
        """,
    ),
)
