"""Orders of WooCommerce as its REST interface (v3) gives them: an array, a wrapped array, or one on each line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from opsdesk.domain.errors import Invalid
from opsdesk.domain.incoming.arrivals import IncomingAddress, IncomingHold, IncomingNote, IncomingOrder, Rejection
from opsdesk.domain.incoming.rules import all_shipped, cancelled, checked, with_conflict
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.integrations.files.json_records import RawRecord
from opsdesk.integrations.files.own_jsonl import rejection
from opsdesk.integrations.files.shops import Reading, closed_by_refund, known_currency, promised, sent_by_shop
from opsdesk.integrations.files.values import (
    Fields,
    country_of,
    currency_of,
    flag_of,
    language_of,
    list_of,
    record_of,
    rounded_minor_of,
    text_of,
)
from opsdesk.integrations.files.woo_lines import lines, payments
from opsdesk.integrations.files.woo_times import woo_moment

WRAPPERS = ("orders", "data", "items", "results")
"""Under one of these names stands the array, where it is wrapped."""

KEYS = frozenset({"line_items", "billing"})
"""What no such order lacks."""

_BY_BANK = frozenset({"bacs", "cheque", "cod", "invoice"})
_DRAFTS = frozenset({"checkout-draft", "draft", "auto-draft"})


def orders(records: Iterator[RawRecord], reading: Reading) -> Iterator[IncomingOrder | Rejection]:
    """Read the orders; each that cannot be read becomes a rejection."""
    for record in records:
        try:
            if record.problem:
                raise Invalid("", record.problem)
            if not isinstance(record.value, dict):
                raise Invalid("", "An order must be a JSON object.")
            yield order_from(record.value, reading, line=record.line, payload=record.text)
        except Invalid as problem:
            yield rejection(record, problem)


def order_from(record: Fields, reading: Reading, *, line: int = 0, payload: str = "") -> IncomingOrder:
    """Read one order.

    Raises:
        Invalid: the field that cannot be read.
    """
    status = text_of(record, "status").removeprefix("wc-")
    if status in _DRAFTS:
        raise Invalid("status", "The customer has not placed the order yet; it comes in when that is done.")
    currency = currency_of(text_of(record, "currency"))
    placed_at = woo_moment(record, "date_created", reading.zone)
    if placed_at is None:
        raise Invalid("date_created", "The order does not say when it was placed.")
    included = flag_of(record.get("prices_include_tax"), "prices_include_tax")
    shipping, billing = _address(record, "shipping"), _address(record, "billing")
    contact = record_of(record, "billing")
    order = IncomingOrder(
        source=reading.shop,
        external_id=text_of(record, "id"),
        number=text_of(record, "number") or text_of(record, "id"),
        placed_at=placed_at,
        currency=currency,
        lines=lines(record, currency, included=included),
        total_minor=rounded_minor_of(record.get("total"), currency, "total"),
        channel=text_of(record, "created_via"),
        customer_id=text_of(record, "customer_id").strip("0") and text_of(record, "customer_id"),
        customer_name=_name(contact) or _name(record_of(record, "shipping")),
        email=text_of(contact, "email"),
        phone=text_of(contact, "phone") or text_of(record_of(record, "shipping"), "phone"),
        language=language_of((shipping or billing or IncomingAddress()).country),
        shipping_minor=_shipping(record, currency, included=included),
        tax_minor=rounded_minor_of(record.get("total_tax"), currency, "total_tax"),
        tax_included=included,
        shipping_method=", ".join(text_of(method, "method_title") for method in list_of(record, "shipping_lines")),
        modified_at=woo_moment(record, "date_modified", reading.zone),
        # The shop leaves the shipping address empty when it is the billing address.
        shipping=shipping or billing,
        billing=billing,
        notes=_notes(record, placed_at),
        line=line,
        payload=payload,
    )
    order = replace(order, payments=payments(record, order, status, reading.zone))
    return checked(promised(known_currency(_with_status(order, status, record, reading)), reading.zone))


def _with_status(order: IncomingOrder, status: str, record: Fields, reading: Reading) -> IncomingOrder:
    """Add what the shop's one status says of goods, money and holds."""
    changed_at = order.modified_at or order.placed_at
    match status:
        case "processing" | "pending":
            return order
        case "completed":
            done_at = woo_moment(record, "date_completed", reading.zone) or changed_at
            sent = replace(order, lines=all_shipped(order.lines))
            return replace(sent_by_shop(sent, done_at, tracking=_tracking(record)), lifecycle=Lifecycle.COMPLETED)
        case "on-hold":
            # For ways to pay that take days it only means that the money has not come.
            if text_of(record, "payment_method") in _BY_BANK:
                return order
            return replace(order, holds=(IncomingHold(HoldType.MANUAL, "Its status is on-hold at the shop."),))
        case "failed":
            return replace(order, holds=(IncomingHold(HoldType.PAYMENT, "The payment failed at the shop."),))
        case "cancelled" | "trash":
            return cancelled(order, changed_at)
        case "refunded":
            return closed_by_refund(order)
        case _:
            return with_conflict(order, f"Nothing here is like its status {status!r} at the shop.")


def _address(record: Fields, kind: str) -> IncomingAddress | None:
    found = record_of(record, kind)
    address = IncomingAddress(
        name=_name(found),
        company=text_of(found, "company"),
        line1=text_of(found, "address_1"),
        line2=text_of(found, "address_2"),
        city=text_of(found, "city"),
        region=text_of(found, "state"),
        postcode=text_of(found, "postcode"),
        country=country_of(text_of(found, "country")),
        phone=text_of(found, "phone"),
    )
    return None if address == IncomingAddress(phone=address.phone) else address


def _name(record: Fields) -> str:
    return f"{text_of(record, 'first_name')} {text_of(record, 'last_name')}".strip()


def _shipping(record: Fields, currency: str, *, included: bool) -> int:
    cost = rounded_minor_of(record.get("shipping_total"), currency, "shipping_total")
    tax = rounded_minor_of(record.get("shipping_tax"), currency, "shipping_tax")
    return cost + tax if included else cost


def _notes(record: Fields, at: datetime) -> tuple[IncomingNote, ...]:
    text = text_of(record, "customer_note")
    return (IncomingNote(text, at),) if text.strip() else ()


def _tracking(record: Fields) -> str:
    """Return the tracking number that an extension may have left; the shop itself has no place for it."""
    for entry in list_of(record, "meta_data"):
        value = entry.get("value")
        if text_of(entry, "key").strip("_").startswith("tracking") and isinstance(value, str):
            return value
    return ""
