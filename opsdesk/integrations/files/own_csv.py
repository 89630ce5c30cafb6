"""OpsDesk's own table of orders: a row for each line, what the order has once on its first row.

What an order may have several of, besides lines, stands as JSON in one cell. Text that a spreadsheet would run as a
formula has a single quote before it; reading takes it away again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from opsdesk.domain.errors import Invalid
from opsdesk.domain.incoming.arrivals import IncomingOrder, Rejection
from opsdesk.integrations.files.csv_rows import TableRow, rows
from opsdesk.integrations.files.guarding import guarded, unguarded
from opsdesk.integrations.files.json_records import parse
from opsdesk.integrations.files.opening import Source
from opsdesk.integrations.files.own_records import MARK, ORDER_MARK, order_from
from opsdesk.integrations.files.own_writing import line_fields, order_fields, order_parts
from opsdesk.integrations.files.shops import payload_of

COLUMNS = frozenset({"number", "placed_at", "currency", "total", "line_quantity", "line_unit_price"})
"""What no such table lacks."""

_KEY = ("source", "external_id", "number")
_CUSTOMER = ("id", "name", "email", "phone", "language")
_ADDRESS = ("name", "company", "line1", "line2", "city", "region", "postcode", "country", "phone")
_ONCE = (
    MARK, *_KEY, "channel", "placed_at", "received_at", "currency", "total", "discount", "shipping_cost", "tax",
    "tax_included", "lifecycle", "shipping_method", "temperature", "risk_level", "tags", "staff_fields", "told_status",
    "told_at", "promised_at", "touched_at", "packing_since",
)  # fmt: skip
_LINE = (
    "sku", "title", "variant", "quantity", "unit_price", "discount", "tax", "temperature", "needs_shipping",
    "cancelled", "shipped", "delivered", "returned", "external_id",
)  # fmt: skip
_PARTS = ("payments", "parcels", "holds", "cases", "notes", "cancellations")
HEADER = (
    *_ONCE,
    *(f"customer_{name}" for name in _CUSTOMER),
    *(f"shipping_{name}" for name in _ADDRESS),
    *(f"billing_{name}" for name in _ADDRESS),
    *(f"line_{name}" for name in _LINE),
    *_PARTS,
)
# Numbers stay numbers: nothing else can stand in these cells.
_NUMBERS = frozenset(
    {
        "total", "discount", "shipping_cost", "tax", "line_quantity", "line_unit_price", "line_discount", "line_tax",
        "line_cancelled", "line_shipped", "line_delivered", "line_returned",
    }
)  # fmt: skip
_LONGEST_SHOWN = 20_000


def orders(source: Source) -> Iterator[IncomingOrder | Rejection]:
    """Read the orders of the table; each that cannot be read becomes a rejection with all its rows."""
    for group in _groups(source):
        cells = [{name: unguarded(cell) for name, cell in row.cells.items() if cell} for row in group]
        payload = payload_of(cells)
        try:
            for row in group:
                if row.problem:
                    raise Invalid("", f"Line {row.line}: {row.problem}")
            yield order_from(_record(cells), line=group[0].line, payload=payload)
        except Invalid as problem:
            yield Rejection(group[0].line, problem.field, problem.message, payload[:_LONGEST_SHOWN])


def header_text() -> str:
    """Return the first line of the table."""
    return _csv_line(HEADER)


def order_text(order: IncomingOrder) -> str:
    """Return the rows of an order."""
    once = order_fields(order)
    cells = {name: once[name] for name in _ONCE}
    for kind, names in (("customer", _CUSTOMER), ("shipping", _ADDRESS), ("billing", _ADDRESS)):
        record = once[kind]
        if isinstance(record, dict):
            cells |= {f"{kind}_{name}": record.get(name) for name in names}
    cells |= {name: payload_of(part) for name, part in order_parts(order).items() if part}
    lines = [
        {f"line_{name}": value for name, value in line_fields(line, order.currency).items()} for line in order.lines
    ]
    rows_of_order = [cells | (lines[0] if lines else {})]
    rows_of_order += [{name: once[name] for name in _KEY} | line for line in lines[1:]]
    return "".join(_csv_line([_cell(row.get(name), name) for name in HEADER]) for row in rows_of_order)


def _groups(source: Source) -> Iterator[list[TableRow]]:
    group: list[TableRow] = []
    for row in rows(source):
        is_same = group and all(row.cells.get(name, "") == group[0].cells.get(name, "") for name in _KEY)
        if group and (row.cells.get("placed_at") or not is_same):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _record(rows_of_order: list[dict[str, str]]) -> dict[str, object]:
    """Make the record of an order from the cells of its rows."""
    cells = rows_of_order[0]
    record: dict[str, object] = {name: cells[name] for name in _ONCE if name in cells}
    record.setdefault(MARK, ORDER_MARK)
    for kind, names in (("customer", _CUSTOMER), ("shipping", _ADDRESS), ("billing", _ADDRESS)):
        record[kind] = {name: cells[f"{kind}_{name}"] for name in names if f"{kind}_{name}" in cells}
    for name in _PARTS:
        if name in cells:
            try:
                record[name] = parse(cells[name])
            except ValueError as error:
                raise Invalid(name, f"The cell {name} holds no JSON.") from error
    lines = [
        {name: row[f"line_{name}"] for name in _LINE if f"line_{name}" in row}
        for row in rows_of_order
        if "line_quantity" in row
    ]
    return record | {"lines": lines}


def _cell(value: object, name: str) -> str:
    if value is None:
        return ""
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
    return text if name in _NUMBERS else guarded(text)


def _csv_line(cells: list[str] | tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()
