"""Shopify's export of orders: 79 columns, a row for each line, the order's own cells on its first row alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from opsdesk.domain.incoming.arrivals import IncomingOrder, Rejection
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.integrations.files.formats import open_orders
from opsdesk.integrations.files.shops import Reading
from tests.integrations.files.samples import SHOPIFY_COLUMNS, Cells, shopify_order, shopify_text, written

READING = Reading("", ZoneInfo("Europe/Berlin"), datetime(2025, 10, 20, tzinfo=UTC))


def read(folder: Path, text: str) -> list[IncomingOrder | Rejection]:
    with open_orders(written(folder, "orders.csv", text), READING) as file:
        assert file.format == "shopify-csv"
        return list(file.orders())


def one(folder: Path, *, lines: tuple[Cells, ...] = (), **cells: str) -> IncomingOrder:
    (order,) = read(folder, shopify_text(shopify_order(lines=lines, **cells)))
    assert isinstance(order, IncomingOrder), order
    return order


def test_the_header_has_the_columns_of_a_real_export() -> None:
    assert len(SHOPIFY_COLUMNS) == 79


def test_an_order_is_its_first_row_and_the_lines_of_the_rows_below(tmp_path: Path) -> None:
    lines = (
        {"Lineitem quantity": "2", "Lineitem name": "Oil", "Lineitem price": "5.00", "Lineitem sku": "OIL"},
        {
            "Lineitem quantity": "1",
            "Lineitem name": "Card",
            "Lineitem price": "9.90",
            "Lineitem requires shipping": "false",
        },
    )
    text = shopify_text(shopify_order(1001, lines=lines), shopify_order(1002))
    first, second = read(tmp_path, text)
    assert isinstance(first, IncomingOrder) and isinstance(second, IncomingOrder)
    assert (first.number, first.external_id, first.line, second.line) == ("1001", "555000001001", 2, 4)
    assert [(line.sku, line.quantity, line.needs_shipping) for line in first.lines] == [
        ("OIL", 2, True),
        ("", 1, False),
    ]
    assert (first.total_minor, first.tax_minor, first.tax_included, first.discount_minor) == (2_480, 396, True, 0)
    assert first.placed_at == datetime(2025, 10, 7, 7, 50, 25, tzinfo=UTC)
    assert first.shipping is not None
    assert (first.shipping.postcode, first.language) == ("01067", "de")
    assert first.holds == ()


def test_tax_on_top_is_told_from_tax_in_the_price(tmp_path: Path) -> None:
    order = one(tmp_path, Total="28.76")
    assert (order.tax_included, order.total_minor, len(order.lines)) == (False, 2_876, 1)


@pytest.mark.parametrize(
    ("status", "more", "moved"),
    [
        ("pending", {}, []),
        ("authorized", {}, [("authorise", 2_480)]),
        ("paid", {}, [("capture", 2_480)]),
        ("partially_paid", {"Outstanding Balance": "4.80"}, [("capture", 2_000)]),
        ("partially_refunded", {"Refunded Amount": "9.95"}, [("capture", 2_480), ("refund", 995)]),
        ("refunded", {"Refunded Amount": "24.80"}, [("capture", 2_480), ("refund", 2_480)]),
        ("voided", {}, [("authorise", 2_480), ("void", 2_480)]),
        ("expired", {}, [("authorise", 2_480), ("void", 2_480)]),
    ],
)
def test_the_financial_status_becomes_movements_of_money(
    tmp_path: Path, status: str, more: dict[str, str], moved: list[tuple[str, int]]
) -> None:
    order = one(tmp_path, **{"Financial Status": status}, **more)
    assert [(payment.kind, payment.amount_minor) for payment in order.payments] == moved


def test_what_was_sent_is_a_parcel_and_an_old_one_is_done(tmp_path: Path) -> None:
    fresh = one(tmp_path, **{"Fulfillment Status": "fulfilled", "Fulfilled at": "2025-10-10 12:00:00 +0200"})
    assert (fresh.lifecycle, fresh.lines[0].shipped, fresh.parcels[0].contents) == (Lifecycle.PLACED, 2, ((1, 2),))
    old = one(
        tmp_path,
        **{
            "Fulfillment Status": "fulfilled",
            "Fulfilled at": "2025-08-10 12:00:00 +0200",
            "Created at": "2025-08-01 10:00:00 +0200",
        },
    )
    assert old.lifecycle is Lifecycle.COMPLETED


def test_a_part_that_was_sent_is_told_line_by_line(tmp_path: Path) -> None:
    lines = (
        {
            "Lineitem quantity": "1",
            "Lineitem name": "Oil",
            "Lineitem price": "5.00",
            "Lineitem fulfillment status": "fulfilled",
        },
        {"Lineitem quantity": "1", "Lineitem name": "Tea", "Lineitem price": "14.90"},
    )
    order = one(tmp_path, lines=lines, **{"Fulfillment Status": "partial"})
    assert [line.shipped for line in order.lines] == [1, 0]
    assert order.holds == ()


def test_a_cancelled_order_is_cancelled_with_its_moment(tmp_path: Path) -> None:
    order = one(tmp_path, **{"Cancelled at": "2025-10-08 09:00:00 +0200"})
    assert (order.lifecycle, order.lines[0].cancelled) == (Lifecycle.CANCELLED, 2)
    assert order.cancellations[0].cancelled_at == datetime(2025, 10, 8, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "cells",
    [
        {"Financial Status": "in_dispute"},
        {"Fulfillment Status": "scheduled"},
        {"Fulfillment Status": "partial"},
        {"Total": "99.80", "Subtotal": "19.90"},
        {"Currency": "XQQ"},
    ],
    ids=["money", "goods", "which part", "sum", "currency"],
)
def test_what_means_nothing_here_comes_in_and_is_held_for_somebody(tmp_path: Path, cells: dict[str, str]) -> None:
    order = one(tmp_path, **cells)
    assert [hold.type for hold in order.holds] == [HoldType.SYNC_CONFLICT]


def test_tips_duties_and_lines_that_take_off_come_in_with_the_right_total(tmp_path: Path) -> None:
    lines = (
        {"Lineitem quantity": "1", "Lineitem name": "Oil", "Lineitem price": "20.00"},
        {
            "Lineitem quantity": "1",
            "Lineitem name": "Tip",
            "Lineitem price": "2.00",
            "Lineitem requires shipping": "false",
        },
        {"Lineitem quantity": "-1", "Lineitem name": "Exchange", "Lineitem price": "5.00"},
        {"Lineitem quantity": "0", "Lineitem name": "Nothing", "Lineitem price": "5.00"},
    )
    order = one(tmp_path, lines=lines, Subtotal="17.00", Duties="3.00", Total="24.90", Taxes="0.00")
    assert order.goods_minor + order.shipping_minor == order.total_minor == 2_490
    assert order.holds == ()


def test_a_zero_decimal_and_a_three_decimal_currency(tmp_path: Path) -> None:
    line = {"Lineitem quantity": "1", "Lineitem name": "Tea", "Lineitem price": "1200"}
    yen = one(tmp_path, lines=(line,), Currency="JPY", Subtotal="1200", Shipping="0", Taxes="0", Total="1200")
    assert (yen.total_minor, yen.lines[0].unit_price_minor) == (1_200, 1_200)
    line = {"Lineitem quantity": "3", "Lineitem name": "Tea", "Lineitem price": "1.125"}
    dinar = one(tmp_path, lines=(line,), Currency="KWD", Subtotal="3.375", Shipping="0", Taxes="0", Total="3.375")
    assert (dinar.total_minor, dinar.lines[0].unit_price_minor) == (3_375, 1_125)


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"Total": "1.234,50"}, "Total"),
        ({"Total": "24.805"}, "Total"),
        ({"Created at": "yesterday"}, "Created at"),
        ({"Created at": ""}, "Created at"),
        ({"Currency": "euro"}, "Currency"),
        ({"Lineitem quantity": "two"}, "Lineitem quantity"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_field_and_all_its_rows(
    tmp_path: Path, cells: dict[str, str], field: str
) -> None:
    rows = shopify_order(lines=({"Lineitem quantity": "1", "Lineitem name": "A", "Lineitem price": "1"},) * 2)
    rows[0] |= cells
    refused, good = read(tmp_path, shopify_text(rows, shopify_order(1002)))
    assert isinstance(refused, Rejection) and isinstance(good, IncomingOrder)
    assert (refused.line, refused.field) == (2, field)
    assert refused.raw.count("Lineitem name") == 2
