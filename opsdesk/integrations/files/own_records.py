"""OpsDesk's own record of an order: one JSON object that leaves out what is empty and loses nothing.

The version stands in the mark `opsdesk`. Amounts are texts in whole units with the currency's decimals, moments are
ISO 8601 with their offset; line numbers in parcels and cancellations count from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum

from opsdesk.domain.errors import Invalid
from opsdesk.domain.incoming.arrivals import (
    IncomingAddress,
    IncomingCancellation,
    IncomingCase,
    IncomingHold,
    IncomingLine,
    IncomingNote,
    IncomingOrder,
    IncomingParcel,
    IncomingPayment,
)
from opsdesk.domain.incoming.rules import checked
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import Blocks, HoldType, OnReview
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.domain.payments.transactions import TransactionKind, TransactionState
from opsdesk.integrations.files.values import (
    Fields,
    country_of,
    currency_of,
    flag_of,
    minor_of,
    moment_of,
    quantity_of,
    record_of,
    required_moment,
    text_of,
)

MARK = "opsdesk"
ORDER_MARK = "order/1"

Reader = Callable[[object, str, str], object]
"""Reads a value: it gets the value, the name of the field, and the currency of the order."""

Readers = Mapping[str, tuple[str, Reader]]
"""By the name in the record: the name that our value has for it, and its reader."""


def order_from(record: Fields, *, line: int, payload: str) -> IncomingOrder:
    """Read one order.

    Raises:
        Invalid: the field that cannot be read.
    """
    if record.get(MARK) != ORDER_MARK:
        raise Invalid(MARK, f"The record must say {ORDER_MARK} under {MARK!r}; this one says {record.get(MARK)!r}.")
    currency = currency_of(text_of(record, "currency"))
    values = _values(record, _ORDER, currency)
    values |= _values(record_of(record, "customer"), _CUSTOMER, currency)
    values.setdefault("source", "file")
    values.setdefault("external_id", values.get("number", ""))
    values.setdefault("lines", ())
    for name in ("number", "placed_at", "total"):
        if name not in record:
            raise Invalid(name, f"{name} is missing.")
    return checked(IncomingOrder(is_own=True, line=line, payload=payload, **values))  # type: ignore[arg-type]


def _values(record: Fields, readers: Readers, currency: str) -> dict[str, object]:
    """Read what is there, each under the name that our value has for it; what we do not know is left out."""
    found: dict[str, object] = {}
    for name, value in record.items():
        reader = readers.get(name)
        if reader is not None and value is not None:
            found[reader[0]] = reader[1](value, name, currency)
    return found


def _text(value: object, field: str, _currency: str) -> str:
    return value if type(value) is str else text_of({field: value}, field)


def _amount(value: object, field: str, currency: str) -> int:
    return minor_of(value, currency, field)


def _quantity(value: object, field: str, _currency: str) -> int:
    return quantity_of(value, field)


def _flag(value: object, field: str, _currency: str) -> bool:
    return flag_of(value, field, default=True)


def _moment(value: object, field: str, _currency: str) -> datetime | None:
    return moment_of(value, field, None)


def _required(value: object, field: str, _currency: str) -> datetime:
    return required_moment(value, field, None)


def _country(value: object, field: str, currency: str) -> str:
    return country_of(_text(value, field, currency))


def _word(words: type[StrEnum]) -> Reader:
    """Make a reader of a closed list of words."""
    known = {word.value: word for word in words}

    def read(value: object, field: str, _currency: str) -> object:
        word = known.get(value) if isinstance(value, str) else None
        if word is None:
            raise Invalid(field, f"{str(value)[:40]!r} is none of: {', '.join(known)}.")
        return word

    return read


def _plain_word(*words: str) -> Reader:
    """Make a reader of words that are kept as plain text."""

    def read(value: object, field: str, _currency: str) -> object:
        if value not in words:
            raise Invalid(field, f"{str(value)[:40]!r} is none of: {', '.join(words)}.")
        return value

    return read


def _blocks(value: object, field: str, currency: str) -> str:
    text = _text(value, field, currency)
    if not {step for step in text.split(",") if step} <= set(Blocks):
        raise Invalid(field, f"{text[:40]!r} are not steps: {', '.join(Blocks)}.")
    return text


def _paid(value: object, field: str, currency: str) -> int:
    amount = minor_of(value, currency, field)
    if amount < 0:
        raise Invalid(field, "A payment is never negative; money that went back is of the kind refund.")
    return amount


def _pairs(value: object, field: str, _currency: str) -> tuple[tuple[int, int], ...]:
    """Read pairs of line number and units."""
    sentence = f"{field} must be a list of pairs of line number and units, each line once."
    if not isinstance(value, list):
        raise Invalid(field, sentence)
    pairs = []
    for pair in value:
        if type(pair) is not list or len(pair) != 2 or type(pair[0]) is not int or type(pair[1]) is not int:
            raise Invalid(field, sentence)
        pairs.append((pair[0], pair[1]))
    if len(dict(pairs)) != len(pairs) or any(position < 1 or units < 1 for position, units in pairs):
        raise Invalid(field, sentence)
    return tuple(pairs)


def _one(made: Callable[..., object], readers: Readers, needed: tuple[str, ...] = (), **unset: str) -> Reader:
    """Make a reader of a record; what is not in it is as in `unset`."""

    def read(value: object, field: str, currency: str) -> object:
        if not isinstance(value, dict):
            raise Invalid(field, f"{field} must be a record.")
        for name in needed:
            if value.get(name) is None:
                raise Invalid(name, f"{name} is missing in {field}.")
        return made(**(unset | _values(value, readers, currency))) if value else None

    return read


def _several(made: Callable[..., object], readers: Readers, needed: tuple[str, ...], **unset: str) -> Reader:
    """Make a reader of a list of records."""
    one = _one(made, readers, needed, **unset)

    def read(value: object, field: str, currency: str) -> object:
        if not isinstance(value, list):
            raise Invalid(field, f"{field} must be a list of records.")
        return tuple(one(entry or "empty", field, currency) for entry in value)

    return read


def _same(reader: Reader, *names: str) -> dict[str, tuple[str, Reader]]:
    return {name: (name, reader) for name in names}


_TEMPERATURE = _plain_word("ambient", "chilled", "frozen")
_ADDRESS: Readers = _same(_text, "name", "company", "line1", "line2", "city", "region", "postcode", "phone") | _same(
    _country, "country"
)
_LINE: Readers = {
    **_same(_text, "sku", "title", "variant", "external_id"),
    **_same(_quantity, "quantity", "cancelled", "shipped", "delivered", "returned"),
    "unit_price": ("unit_price_minor", _amount),
    "discount": ("discount_minor", _amount),
    "tax": ("tax_minor", _amount),
    "temperature": ("temperature", _TEMPERATURE),
    "needs_shipping": ("needs_shipping", _flag),
}
_PAYMENT: Readers = {
    "kind": ("kind", _plain_word(*(kind.value for kind in TransactionKind))),
    "state": ("state", _plain_word(*(state.value for state in TransactionState))),
    "amount": ("amount_minor", _paid),
    "at": ("happened_at", _required),
    **_same(_text, "gateway", "reference"),
}
_PARCEL: Readers = {
    **_same(_text, "carrier", "tracking_number", "tracking_url", "shipped_by"),
    **_same(_moment, "delivered_at", "recalled_at"),
    **_same(_required, "shipped_at"),
    **_same(_pairs, "contents"),
}
_HOLD: Readers = {
    **_same(_word(HoldType), "type"),
    **_same(_plain_word(*(review.value for review in OnReview)), "on_review"),
    **_same(_blocks, "blocks"),
    **_same(_text, "reason", "placed_by", "released_by", "release_note"),
    **_same(_moment, "placed_at", "review_at", "reviewed_at", "released_at"),
}
_CASE: Readers = {
    **_same(_text, "kind", "opened_by", "decided_by"),
    **_same(_plain_word(*(state.value for state in CaseState)), "state"),
    **_same(_quantity, "answer_days"),
    **_same(_moment, "opened_at", "respond_by", "decided_at"),
}
_NOTE: Readers = {**_same(_text, "text", "author"), **_same(_required, "written_at")}
_CANCELLATION: Readers = {
    **_same(_plain_word(*(reason.value for reason in CancelReason)), "reason"),
    **_same(_required, "cancelled_at"),
    **_same(_text, "note", "cancelled_by", "reopened_by"),
    **_same(_moment, "reopened_at"),
    **_same(_pairs, "lines"),
}
_CUSTOMER: Readers = {
    "id": ("customer_id", _text),
    "name": ("customer_name", _text),
    **_same(_text, "email", "phone", "language"),
}
_ORDER: Readers = {
    **_same(_text, "source", "external_id", "number", "currency", "channel", "shipping_method", "risk_level", "tags"),
    **_same(_text, "staff_fields", "told_status"),
    **_same(_required, "placed_at"),
    **_same(_moment, "told_at", "promised_at", "received_at", "touched_at", "packing_since"),
    "total": ("total_minor", _amount),
    "discount": ("discount_minor", _amount),
    "shipping_cost": ("shipping_minor", _amount),
    "tax": ("tax_minor", _amount),
    "tax_included": ("tax_included", _flag),
    "lifecycle": ("lifecycle", _word(Lifecycle)),
    "temperature": ("temperature", _TEMPERATURE),
    "lines": ("lines", _several(IncomingLine, _LINE, ("quantity", "unit_price"), sku="", title="")),
    "shipping": ("shipping", _one(IncomingAddress, _ADDRESS)),
    "billing": ("billing", _one(IncomingAddress, _ADDRESS)),
    "payments": (
        "payments",
        _several(IncomingPayment, _PAYMENT, ("kind", "amount", "at"), state="succeeded", gateway="", reference=""),
    ),
    "parcels": (
        "parcels",
        _several(IncomingParcel, _PARCEL, ("shipped_at", "contents"), carrier="", tracking_number=""),
    ),
    "holds": ("holds", _several(IncomingHold, _HOLD, ("type",), reason="")),
    "cases": ("cases", _several(IncomingCase, _CASE, ("kind", "state", "opened_by", "opened_at"))),
    "notes": ("notes", _several(IncomingNote, _NOTE, ("text", "written_at"))),
    "cancellations": ("cancellations", _several(IncomingCancellation, _CANCELLATION, ("reason", "cancelled_at"))),
}
