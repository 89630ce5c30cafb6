"""Orders of WooCommerce's interface: amounts without tax, moments twice, one status for everything."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from opsdesk.domain.incoming.arrivals import IncomingOrder, Rejection
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.integrations.files.formats import open_orders
from opsdesk.integrations.files.shops import Reading
from tests.integrations.files.samples import woo_order, written

READING = Reading("", ZoneInfo("Europe/Berlin"), datetime(2026, 11, 24, tzinfo=UTC))


def read(folder: Path, text: str) -> list[IncomingOrder | Rejection]:
    with open_orders(written(folder, "orders.json", text), READING) as file:
        assert file.format == "woocommerce-json"
        return list(file.orders())


def one(folder: Path, **fields: object) -> IncomingOrder:
    (order,) = read(folder, json.dumps([woo_order(**fields)]))
    assert isinstance(order, IncomingOrder), order
    return order


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([woo_order(1), woo_order(2)]),
        json.dumps([woo_order(1), woo_order(2)], indent=2),
        json.dumps({"orders": [woo_order(1), woo_order(2)]}),
        json.dumps({"meta": {"page": 1}, "data": [woo_order(1), woo_order(2)], "total": 2}, indent=1),
        "\n".join(json.dumps(woo_order(number)) for number in (1, 2)),
        "\ufeff" + json.dumps([woo_order(1), woo_order(2)]),
    ],
    ids=["array", "pretty", "wrapped", "wrapped, more around it", "lines", "byte order mark"],
)
def test_orders_are_found_however_they_are_wrapped(tmp_path: Path, text: str) -> None:
    assert [order.number for order in read(tmp_path, text) if isinstance(order, IncomingOrder)] == ["1", "2"]


def test_one_order_alone_is_read_too(tmp_path: Path) -> None:
    (order,) = read(tmp_path, json.dumps(woo_order(7), indent=1))
    assert isinstance(order, IncomingOrder) and order.number == "7"


def test_an_order_is_read_with_everything(tmp_path: Path) -> None:
    order = one(tmp_path)
    assert (order.source, order.external_id, order.total_minor, order.shipping_minor) == (
        "woocommerce",
        "11",
        2_398,
        400,
    )
    assert (order.customer_name, order.email) == ("Ann Example", "ann11@example.com")
    assert order.shipping == order.billing, "An empty shipping address means the billing address."
    assert [(line.sku, line.quantity, line.unit_price_minor) for line in order.lines] == [("CAB-1", 2, 999)]
    assert order.placed_at == datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


def test_wall_time_is_read_in_the_shops_zone_through_the_nights_when_clocks_change(tmp_path: Path) -> None:
    """29 March 2026: 02:30 does not exist in Berlin. 25 October 2026: 02:30 comes twice, the first is meant."""
    for wall, moment in [
        ("2026-03-29T01:59:59", datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)),
        ("2026-03-29T02:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("2026-03-29T03:00:00", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("2026-10-25T02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25T03:00:00", datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
    ]:
        assert one(tmp_path, date_created=wall, date_created_gmt=None).placed_at == moment, wall


@pytest.mark.parametrize("included", [True, False])
def test_tax_is_added_to_lines_only_where_prices_include_it(tmp_path: Path, included: bool) -> None:
    line = {
        **woo_order()["line_items"][0],  # type: ignore[index]
        "subtotal": "16.81",
        "subtotal_tax": "3.19",
        "total": "15.13",
        "total_tax": "2.87",
    }
    order = one(
        tmp_path, line_items=[line], prices_include_tax=included, total="22.76", total_tax="3.63",
        shipping_total="4.00", shipping_tax="0.76",
    )  # fmt: skip
    tax = 0 if included else order.tax_minor
    assert order.goods_minor + order.shipping_minor + tax - order.discount_minor == order.total_minor == 2_276
    assert order.lines[0].amount_minor == (1_800 if included else 1_513)
    assert order.holds == ()


def test_a_price_that_does_not_come_out_even_still_adds_up(tmp_path: Path) -> None:
    line = {**woo_order()["line_items"][0], "quantity": 3, "subtotal": "10.00", "total": "10.00", "price": 3.3333333333}  # type: ignore[index]
    order = one(tmp_path, line_items=[line], total="14.00")
    assert (order.goods_minor, len(order.lines), order.holds) == (1_000, 1, ())


def test_fees_and_fees_that_take_off_are_lines(tmp_path: Path) -> None:
    fees = [{"id": 8, "name": "Gift wrap", "total": "3.00"}, {"id": 9, "name": "Voucher", "total": "-5.00"}]
    order = one(tmp_path, fee_lines=fees, total="21.98")
    assert [(line.title, line.amount_minor, line.needs_shipping) for line in order.lines[1:]] == [
        ("Gift wrap", 300, False),
        ("Voucher", -500, False),
    ]


def test_refunds_are_negative_texts_and_become_movements(tmp_path: Path) -> None:
    order = one(tmp_path, refunds=[{"id": 18, "reason": "damaged", "total": "-9.99"}])
    assert [(payment.kind, payment.amount_minor) for payment in order.payments] == [("capture", 2_398), ("refund", 999)]


@pytest.mark.parametrize(
    ("status", "method", "lifecycle", "hold"),
    [
        ("pending", "stripe", Lifecycle.PLACED, None),
        ("processing", "stripe", Lifecycle.PLACED, None),
        ("on-hold", "bacs", Lifecycle.PLACED, None),
        ("on-hold", "stripe", Lifecycle.PLACED, HoldType.MANUAL),
        ("completed", "stripe", Lifecycle.COMPLETED, None),
        ("cancelled", "stripe", Lifecycle.CANCELLED, None),
        ("refunded", "stripe", Lifecycle.COMPLETED, None),
        ("failed", "stripe", Lifecycle.PLACED, HoldType.PAYMENT),
        ("trash", "stripe", Lifecycle.CANCELLED, None),
        ("wc-lead-time", "stripe", Lifecycle.PLACED, HoldType.SYNC_CONFLICT),
        ("", "stripe", Lifecycle.PLACED, HoldType.SYNC_CONFLICT),
    ],
)
def test_the_one_status_of_the_shop_becomes_facts(
    tmp_path: Path, status: str, method: str, lifecycle: Lifecycle, hold: HoldType | None
) -> None:
    order = one(tmp_path, status=status, payment_method=method)
    assert order.lifecycle is lifecycle
    assert [held.type for held in order.holds] == ([hold] if hold else [])


def test_a_draft_is_not_an_order_yet(tmp_path: Path) -> None:
    (refused,) = read(tmp_path, json.dumps([woo_order(status="checkout-draft")]))
    assert isinstance(refused, Rejection) and refused.field == "status"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"total": "NaN"}, "total"),
        ({"total": float("nan")}, "total"),
        ({"total": float("inf")}, "total"),
        ({"total": "1e400"}, "total"),
        ({"total": "9" * 4_300}, "total"),
        ({"total": int("9" * 4_000)}, "total"),
        ({"total": True}, "total"),
        ({"total": ["1"]}, "total"),
        ({"currency": "bitcoin"}, "currency"),
        ({"date_created": "0000-00-00T00:00:00", "date_created_gmt": None}, "date_created"),
        ({"date_created": None, "date_created_gmt": None}, "date_created"),
        ({"line_items": {"a": 1}}, "line_items"),
        ({"line_items": [1]}, "line_items"),
        ({"billing": "none"}, "billing"),
        ({"id": None, "number": None}, "external_id"),
        ({"id": "x" * 500}, "external_id"),
        ({"total": "-1.00"}, "total"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_field_and_the_good_ones_go_in(
    tmp_path: Path, fields: dict[str, object], field: str
) -> None:
    refused, good = read(tmp_path, json.dumps([{**woo_order(), **fields}, woo_order(12)]))
    assert isinstance(refused, Rejection) and isinstance(good, IncomingOrder)
    assert (refused.line, refused.field) == (1, field)
    assert len(refused.reason) < 200
