"""Shopify's export of orders: a row for each line, of which only the first tells about the order as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from opsdesk.domain.errors import Invalid
from opsdesk.domain.incoming.arrivals import IncomingAddress, IncomingLine, IncomingNote, IncomingOrder, Rejection
from opsdesk.domain.incoming.rules import cancelled, checked, with_conflict
from opsdesk.integrations.files.csv_rows import TableRow, rows
from opsdesk.integrations.files.opening import Source
from opsdesk.integrations.files.shopify_money import payments, with_sums
from opsdesk.integrations.files.shops import (
    Reading,
    closed_by_refund,
    countable,
    first,
    known_currency,
    payload_of,
    promised,
    sent_by_shop,
    settled_long_ago,
)
from opsdesk.integrations.files.values import (
    country_of,
    currency_of,
    flag_of,
    language_of,
    minor_of,
    moment_of,
    quantity_of,
    required_moment,
)

COLUMNS = frozenset({"Name", "Financial Status", "Lineitem quantity", "Lineitem name", "Created at", "Total"})
"""What no such export lacks."""

_LONGEST_SHOWN = 20_000
_WHOLE_ORDER = ("Financial Status", "Total", "Created at", "Currency")
_SENT = frozenset({"fulfilled"})
_NOT_SENT = frozenset({"", "unfulfilled", "pending", "restocked"})
_PARTLY = "partial"


def orders(source: Source, reading: Reading) -> Iterator[IncomingOrder | Rejection]:
    """Read the orders of the file; each that cannot be read becomes a rejection with all its rows."""
    for group in _groups(source):
        try:
            yield _order(group, reading)
        except Invalid as problem:
            raw = _payload(group)
            yield Rejection(group[0].line, problem.field, problem.message, raw[:_LONGEST_SHOWN])


def _groups(source: Source) -> Iterator[list[TableRow]]:
    """Gather the rows of one order: the first one says what it costs, the others only what is in it."""
    group: list[TableRow] = []
    for row in rows(source):
        is_first = any(row.cells.get(name) for name in _WHOLE_ORDER)
        if group and (is_first or row.cells.get("Name") != group[0].cells.get("Name")):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _order(group: list[TableRow], reading: Reading) -> IncomingOrder:
    for row in group:
        if row.problem:
            raise Invalid("", f"Line {row.line}: {row.problem}")
    cells = group[0].cells
    currency = currency_of(cells.get("Currency", ""), "Currency")
    shipping, billing = _address(cells, "Shipping"), _address(cells, "Billing")
    placed_at = required_moment(cells.get("Created at"), "Created at", reading.zone)
    country = shipping.country if shipping else billing.country if billing else ""
    order = IncomingOrder(
        source=reading.shop,
        external_id=cells.get("Id") or cells["Name"],
        number=cells["Name"].removeprefix("#"),
        placed_at=placed_at,
        currency=currency,
        lines=_lines(group, currency),
        total_minor=minor_of(cells.get("Total"), currency, "Total"),
        channel=cells.get("Source", ""),
        customer_name=first(cells, "Billing Name", "Shipping Name"),
        email=cells.get("Email", ""),
        phone=first(cells, "Phone", "Billing Phone", "Shipping Phone").removeprefix("'"),
        language=language_of(country),
        shipping_minor=minor_of(cells.get("Shipping"), currency, "Shipping"),
        tax_minor=minor_of(cells.get("Taxes"), currency, "Taxes"),
        shipping_method=cells.get("Shipping Method", ""),
        risk_level=cells.get("Risk Level", "").lower(),
        tags=cells.get("Tags", ""),
        shipping=shipping,
        billing=billing,
        notes=_notes(cells, placed_at),
        line=group[0].line,
        payload=_payload(group),
    )
    order = payments(with_sums(order, cells), cells, reading)
    return checked(promised(known_currency(_with_progress(order, cells, reading)), reading.zone))


def _payload(group: list[TableRow]) -> str:
    return payload_of([{name: cell for name, cell in row.cells.items() if cell} for row in group])


def _lines(group: list[TableRow], currency: str) -> tuple[IncomingLine, ...]:
    found = []
    for row in group:
        cells = row.cells
        if not cells.get("Lineitem name") and not cells.get("Lineitem quantity"):
            continue
        quantity = quantity_of(cells.get("Lineitem quantity"), "Lineitem quantity")
        if quantity == 0:
            continue
        status = cells.get("Lineitem fulfillment status", "")
        line = IncomingLine(
            sku=cells.get("Lineitem sku", ""),
            title=cells.get("Lineitem name", ""),
            quantity=quantity,
            unit_price_minor=minor_of(cells.get("Lineitem price"), currency, "Lineitem price"),
            discount_minor=minor_of(cells.get("Lineitem discount"), currency, "Lineitem discount"),
            needs_shipping=flag_of(cells.get("Lineitem requires shipping"), "Lineitem requires shipping", default=True),
        )
        found.append(countable(_all_sent(line) if status.lower() in _SENT else line))
    return tuple(found)


def _address(cells: Mapping[str, str], kind: str) -> IncomingAddress | None:
    address = IncomingAddress(
        name=cells.get(f"{kind} Name", ""),
        company=cells.get(f"{kind} Company", ""),
        line1=first(cells, f"{kind} Address1", f"{kind} Street"),
        line2=cells.get(f"{kind} Address2", ""),
        city=cells.get(f"{kind} City", ""),
        region=cells.get(f"{kind} Province", ""),
        # The export puts an apostrophe before post codes, so that spreadsheets keep their zeros.
        postcode=cells.get(f"{kind} Zip", "").removeprefix("'"),
        country=country_of(cells.get(f"{kind} Country", "")),
        phone=cells.get(f"{kind} Phone", "").removeprefix("'"),
    )
    return None if address == IncomingAddress() else address


def _notes(cells: Mapping[str, str], at: datetime) -> tuple[IncomingNote, ...]:
    texts = (cells.get("Notes", ""), cells.get("Note Attributes", ""))
    return tuple(IncomingNote(text, at) for text in texts if text.strip())


def _with_progress(order: IncomingOrder, cells: Mapping[str, str], reading: Reading) -> IncomingOrder:
    """Add what became of the goods, and whether the order was cancelled."""
    status = cells.get("Fulfillment Status", "").lower()
    if status in _SENT:
        order = replace(order, lines=tuple(_all_sent(line) for line in order.lines))
    sent_at = moment_of(cells.get("Fulfilled at"), "Fulfilled at", reading.zone) or order.placed_at
    order = sent_by_shop(order, sent_at)
    if at := moment_of(cells.get("Cancelled at"), "Cancelled at", reading.zone):
        return cancelled(order, at)
    statuses = {status, *_line_statuses(cells)}
    if unknown := sorted(statuses - _SENT - _NOT_SENT - {_PARTLY}):
        return with_conflict(order, f"The shop says {', '.join(unknown)!r} of the goods; nothing here means that.")
    if status == _PARTLY and not order.parcels:
        return with_conflict(order, "The shop says that a part was sent; its export does not say which.")
    return settled_long_ago(closed_by_refund(order), reading.now)


def _line_statuses(cells: Mapping[str, str]) -> set[str]:
    return {cells.get("Lineitem fulfillment status", "").lower()}


def _all_sent(line: IncomingLine) -> IncomingLine:
    return replace(line, shipped=line.quantity) if line.needs_shipping else line
