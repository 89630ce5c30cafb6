"""Files as shops export them, with invented people, written by the tests that import them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

_SHOPIFY_HEADER = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,"
    "Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,"
    "Lineitem price,Lineitem compare at price,Lineitem sku,Lineitem requires shipping,Lineitem taxable,"
    "Lineitem fulfillment status,Billing Name,Billing Street,Billing Address1,Billing Address2,Billing Company,"
    "Billing City,Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,Shipping Street,"
    "Shipping Address1,Shipping Address2,Shipping Company,Shipping City,Shipping Zip,Shipping Province,"
    "Shipping Country,Shipping Phone,Notes,Note Attributes,Cancelled at,Payment Method,Payment Reference,"
    "Refunded Amount,Vendor,Outstanding Balance,Employee,Location,Device ID,Id,Tags,Risk Level,Source,"
    "Lineitem discount,Tax 1 Name,Tax 1 Value,Tax 2 Name,Tax 2 Value,Tax 3 Name,Tax 3 Value,Tax 4 Name,Tax 4 Value,"
    "Tax 5 Name,Tax 5 Value,Phone,Receipt Number,Duties,Billing Province Name,Shipping Province Name,Payment ID,"
    "Payment Terms Name,Next Payment Due At,Payment References"
)
SHOPIFY_COLUMNS = _SHOPIFY_HEADER.split(",")

Cells = Mapping[str, str]


def shopify_order(number: int = 1001, *, lines: Sequence[Cells] = (), **cells: str) -> list[dict[str, str]]:
    """Return the rows of one order: the first tells all, the others only their line."""
    name = f"#{number}"
    lines = lines or ({"Lineitem quantity": "2", "Lineitem name": "Olive oil - 1 l", "Lineitem price": "9.95"},)
    whole = {
        "Name": name,
        "Email": f"ada{number}@example.com",
        "Financial Status": "paid",
        "Paid at": "2025-10-07 09:50:26 +0200",
        "Fulfillment Status": "unfulfilled",
        "Currency": "EUR",
        "Subtotal": "19.90",
        "Shipping": "4.90",
        "Taxes": "3.96",
        "Total": "24.80",
        "Shipping Method": "Standard",
        "Created at": "2025-10-07 09:50:25 +0200",
        "Billing Name": "Ada Example",
        "Billing Address1": "Example Road 1",
        "Billing City": "Exampleton",
        "Billing Zip": "'01067",
        "Billing Country": "DE",
        "Billing Phone": "'+49 30 5550199",
        "Shipping Name": "Ada Example",
        "Shipping Address1": "Example Road 1",
        "Shipping City": "Exampleton",
        "Shipping Zip": "'01067",
        "Shipping Country": "DE",
        "Payment Method": "Example Payments",
        "Payment Reference": f"ref-{number}",
        "Refunded Amount": "0.00",
        "Outstanding Balance": "0.00",
        "Id": f"55500000{number}",
        "Risk Level": "Low",
        "Source": "web",
    } | {name.replace("_", " "): cell for name, cell in cells.items()}
    of_line = {"Lineitem requires shipping": "true", "Lineitem fulfillment status": "pending"}
    rows = [{"Name": name, "Email": whole["Email"], **of_line, **line} for line in lines]
    return [rows[0] | whole, *rows[1:]]


def shopify_text(*orders: Sequence[Cells]) -> str:
    """Return the export of these orders."""
    text = io.StringIO()
    writer = csv.DictWriter(text, SHOPIFY_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for rows in orders:
        writer.writerows(rows)
    return text.getvalue()


def woo_order(number: int = 11, **fields: object) -> dict[str, object]:
    """Return an order as the shop's interface gives it."""
    address = {
        "first_name": "Ann",
        "last_name": "Example",
        "company": "",
        "address_1": "1 Example Street",
        "address_2": "",
        "city": "Exampleton",
        "state": "",
        "postcode": "SW1A 1AA",
        "country": "GB",
    }
    return {
        "id": number,
        "number": str(number),
        "created_via": "checkout",
        "status": "processing",
        "currency": "GBP",
        "date_created": "2026-03-29T01:30:00",
        "date_created_gmt": "2026-03-29T00:30:00",
        "date_modified": "2026-03-29T02:30:00",
        "date_modified_gmt": "2026-03-29T01:30:00",
        "discount_total": "0.00",
        "shipping_total": "4.00",
        "shipping_tax": "0.00",
        "total": "23.98",
        "total_tax": "0.00",
        "prices_include_tax": False,
        "customer_id": 0,
        "customer_note": "",
        "billing": {**address, "email": f"ann{number}@example.com", "phone": "+44 20 5550 0199"},
        "shipping": dict.fromkeys(address, ""),
        "payment_method": "stripe",
        "payment_method_title": "Card",
        "transaction_id": f"pi_{number}",
        "date_paid": "2026-03-29T01:30:10",
        "date_paid_gmt": "2026-03-29T00:30:10",
        "date_completed": None,
        "date_completed_gmt": None,
        "meta_data": [],
        "line_items": [
            {
                "id": 3,
                "name": "Cable",
                "quantity": 2,
                "subtotal": "19.98",
                "subtotal_tax": "0.00",
                "total": "19.98",
                "total_tax": "0.00",
                "sku": "CAB-1",
                "price": 9.99,
                "meta_data": [{"id": 30, "key": "_reduced_stock", "value": "2"}],
            }
        ],
        "shipping_lines": [{"id": 4, "method_title": "Flat", "total": "4.00", "total_tax": "0.00"}],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
    } | fields


def own_order(number: str = "5001", **fields: object) -> dict[str, object]:
    """Return OpsDesk's own record of an order."""
    return {
        "opsdesk": "order/1",
        "source": "desk",
        "external_id": number,
        "number": number,
        "placed_at": "2026-11-20T10:00:00+00:00",
        "currency": "EUR",
        "customer": {"name": "Bea Example", "email": f"bea{number}@example.com", "language": "de"},
        "total": "12.00",
        "lines": [{"sku": "TEA", "title": "Tea", "quantity": 3, "unit_price": "4.00"}],
        "payments": [
            {"kind": "capture", "amount": "12.00", "reference": f"r{number}", "at": "2026-11-20T10:01:00+00:00"}
        ],
    } | fields


def json_lines(*records: object) -> str:
    """Return the records one on each line."""
    return "".join(json.dumps(record) + "\n" for record in records)


def written(folder: Path, name: str, text: str | bytes) -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
