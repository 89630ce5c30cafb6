"""OpsDesk's own record of an order: one JSON object that leaves out what is empty and loses nothing.

The version stands in the mark `opsdesk`. Amounts are texts in whole units with the currency's decimals, moments are
ISO 8601 with their offset; line numbers in parcels and cancellations count from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from opsdesk.domain.errors import Invalid
from opsdesk.domain.holds import Blocks, HoldType, OnReview
from opsdesk.domain.incoming import (
    IncomingAddress,
    IncomingCancellation,
    IncomingCase,
    IncomingHold,
    IncomingLine,
    IncomingNote,
    IncomingOrder,
    IncomingParcel,
    IncomingPayment,
    checked,
)
from opsdesk.domain.orders import CancelReason, CaseState, Lifecycle
from opsdesk.domain.payments import TransactionKind, TransactionState
from opsdesk.integrations.files.values import (
    Fields,
    country_of,
    currency_of,
    flag_of,
    list_of,
    minor_of,
    moment_of,
    quantity_of,
    record_of,
    required_moment,
    text_of,
)

MARK = "opsdesk"
ORDER_MARK = "order/1"

_ADDRESS = ("name", "company", "line1", "line2", "city", "region", "postcode", "country", "phone")
_TEXTS = ("channel", "shipping_method", "risk_level", "tags", "staff_fields")
_MOMENTS = ("told_at", "promised_at", "received_at", "touched_at", "packing_since")
TEMPERATURES = ("ambient", "chilled", "frozen")

Word = TypeVar("Word", bound=str)


def order_from(record: Fields, *, line: int, payload: str) -> IncomingOrder:
    """Read one order.

    Raises:
        Invalid: the field that cannot be read.
    """
    if record.get(MARK) != ORDER_MARK:
        raise Invalid(MARK, f"The record must say {ORDER_MARK} under {MARK!r}; this one says {record.get(MARK)!r}.")
    currency = currency_of(text_of(record, "currency"))
    customer = record_of(record, "customer")
    lines = tuple(_line_from(entry, currency) for entry in list_of(record, "lines"))
    order = IncomingOrder(
        source=text_of(record, "source", "file") or "file",
        external_id=text_of(record, "external_id") or text_of(record, "number"),
        number=text_of(record, "number"),
        placed_at=required_moment(record.get("placed_at"), "placed_at", None),
        currency=currency,
        lines=lines,
        total_minor=minor_of(record.get("total"), currency, "total"),
        customer_id=text_of(customer, "id"),
        customer_name=text_of(customer, "name"),
        email=text_of(customer, "email"),
        phone=text_of(customer, "phone"),
        language=text_of(customer, "language", "en") or "en",
        discount_minor=minor_of(record.get("discount"), currency, "discount"),
        shipping_minor=minor_of(record.get("shipping_cost"), currency, "shipping_cost"),
        tax_minor=minor_of(record.get("tax"), currency, "tax"),
        tax_included=flag_of(record.get("tax_included"), "tax_included", default=True),
        lifecycle=word_of(record, "lifecycle", Lifecycle, Lifecycle.PLACED),
        temperature=temperature_of(record),
        told_status=text_of(record, "told_status") or None,
        shipping=_address_from(record, "shipping"),
        billing=_address_from(record, "billing"),
        is_own=True,
        line=line,
        payload=payload,
    )
    return checked(_with_parts(order, record))


def _with_parts(order: IncomingOrder, record: Fields) -> IncomingOrder:
    """Add what most orders do not have, so that those cost nothing."""
    found: dict[str, object] = {name: text_of(record, name) for name in _TEXTS if name in record}
    found |= {name: moment_of(record[name], name, None) for name in _MOMENTS if name in record}
    for name, read in _PARTS.items():
        if record.get(name):
            found[name] = tuple(read(entry, order.currency) for entry in list_of(record, name))
    return replace(order, **found) if found else order  # type: ignore[arg-type]  # each is of its field's type


def word_of(record: Fields, field: str, words: type[Word], default: Word | None = None) -> Word:
    """Return one of a closed list of words.

    Raises:
        Invalid: it is none of them.
    """
    text = text_of(record, field)
    if not text and default is not None:
        return default
    try:
        return words(text)
    except ValueError as error:
        raise Invalid(field, f"{text[:40]!r} is none of: {', '.join(words)}.") from error  # type: ignore[arg-type]


def temperature_of(record: Fields) -> str:
    """Return how cold it travels.

    Raises:
        Invalid: it is none of the known ones.
    """
    text = text_of(record, "temperature") or "ambient"
    if text not in TEMPERATURES:
        raise Invalid("temperature", f"{text[:40]!r} is none of: {', '.join(TEMPERATURES)}.")
    return text


def _line_from(record: Fields, currency: str) -> IncomingLine:
    return IncomingLine(
        sku=text_of(record, "sku"),
        title=text_of(record, "title"),
        quantity=quantity_of(record.get("quantity", 1), "quantity"),
        unit_price_minor=minor_of(record.get("unit_price"), currency, "unit_price"),
        variant=text_of(record, "variant"),
        external_id=text_of(record, "external_id"),
        discount_minor=minor_of(record.get("discount"), currency, "discount"),
        tax_minor=minor_of(record.get("tax"), currency, "tax"),
        temperature=temperature_of(record),
        needs_shipping=flag_of(record.get("needs_shipping"), "needs_shipping", default=True),
        cancelled=quantity_of(record.get("cancelled", 0), "cancelled"),
        shipped=quantity_of(record.get("shipped", 0), "shipped"),
        delivered=quantity_of(record.get("delivered", 0), "delivered"),
        returned=quantity_of(record.get("returned", 0), "returned"),
    )


def _address_from(record: Fields, kind: str) -> IncomingAddress | None:
    if not record.get(kind):
        return None
    address = record_of(record, kind)
    texts = {name: text_of(address, name) for name in _ADDRESS if name in address}
    if "country" in texts:
        texts["country"] = country_of(texts["country"])
    return IncomingAddress(**texts)


def _payment_from(record: Fields, currency: str) -> IncomingPayment:
    return IncomingPayment(
        kind=word_of(record, "kind", TransactionKind, TransactionKind.CAPTURE).value,
        state=word_of(record, "state", TransactionState, TransactionState.SUCCEEDED).value,
        amount_minor=_amount_not_negative(record, currency),
        gateway=text_of(record, "gateway"),
        reference=text_of(record, "reference"),
        happened_at=required_moment(record.get("at"), "at", None),
    )


def _amount_not_negative(record: Fields, currency: str) -> int:
    amount = minor_of(record.get("amount"), currency, "amount")
    if amount < 0:
        raise Invalid("amount", "A payment is never negative; money that went back is of the kind refund.")
    return amount


def _parcel_from(record: Fields, _currency: str) -> IncomingParcel:
    return IncomingParcel(
        carrier=text_of(record, "carrier"),
        tracking_number=text_of(record, "tracking_number"),
        shipped_at=required_moment(record.get("shipped_at"), "shipped_at", None),
        contents=_pairs(record, "contents"),
        tracking_url=text_of(record, "tracking_url"),
        shipped_by=text_of(record, "shipped_by"),
        delivered_at=moment_of(record.get("delivered_at"), "delivered_at", None),
        recalled_at=moment_of(record.get("recalled_at"), "recalled_at", None),
    )


def _hold_from(record: Fields, _currency: str) -> IncomingHold:
    blocks = text_of(record, "blocks") if "blocks" in record else None
    if blocks is not None and not {step for step in blocks.split(",") if step} <= set(Blocks):
        raise Invalid("blocks", f"{blocks[:40]!r} are not steps: {', '.join(Blocks)}.")
    return IncomingHold(
        type=word_of(record, "type", HoldType),
        reason=text_of(record, "reason"),
        blocks=blocks,
        placed_by=text_of(record, "placed_by"),
        placed_at=moment_of(record.get("placed_at"), "placed_at", None),
        review_at=moment_of(record.get("review_at"), "review_at", None),
        on_review=word_of(record, "on_review", OnReview, OnReview.TASK).value,
        reviewed_at=moment_of(record.get("reviewed_at"), "reviewed_at", None),
        released_by=text_of(record, "released_by") or None,
        released_at=moment_of(record.get("released_at"), "released_at", None),
        release_note=text_of(record, "release_note"),
    )


def _case_from(record: Fields, _currency: str) -> IncomingCase:
    return IncomingCase(
        kind=text_of(record, "kind"),
        state=word_of(record, "state", CaseState).value,
        opened_by=text_of(record, "opened_by"),
        opened_at=required_moment(record.get("opened_at"), "opened_at", None),
        answer_days=quantity_of(record.get("answer_days", 0), "answer_days"),
        respond_by=moment_of(record.get("respond_by"), "respond_by", None),
        decided_by=text_of(record, "decided_by") or None,
        decided_at=moment_of(record.get("decided_at"), "decided_at", None),
    )


def _note_from(record: Fields, _currency: str) -> IncomingNote:
    written_at = required_moment(record.get("written_at"), "written_at", None)
    return IncomingNote(text_of(record, "text"), written_at, text_of(record, "author"))


def _cancellation_from(record: Fields, _currency: str) -> IncomingCancellation:
    return IncomingCancellation(
        reason=word_of(record, "reason", CancelReason, CancelReason.OTHER).value,
        cancelled_at=required_moment(record.get("cancelled_at"), "cancelled_at", None),
        note=text_of(record, "note"),
        cancelled_by=text_of(record, "cancelled_by"),
        reopened_by=text_of(record, "reopened_by") or None,
        reopened_at=moment_of(record.get("reopened_at"), "reopened_at", None),
        lines=_pairs(record, "lines"),
    )


def _pairs(record: Fields, field: str) -> tuple[tuple[int, int], ...]:
    """Read pairs of line number and units."""
    found = record.get(field) or []
    if not isinstance(found, list):
        raise Invalid(field, f"{field} must be a list of pairs of line number and units.")
    pairs = []
    for pair in found:
        if not isinstance(pair, list) or [type(part) for part in pair] != [int, int] or min(pair) < 1:
            raise Invalid(field, f"{field} must be a list of pairs of line number and units.")
        pairs.append((pair[0], pair[1]))
    if len({position for position, _ in pairs}) != len(pairs):
        raise Invalid(field, f"{field} names a line twice.")
    return tuple(pairs)


_PARTS: Mapping[str, Callable[[Fields, str], object]] = {
    "payments": _payment_from,
    "parcels": _parcel_from,
    "holds": _hold_from,
    "cases": _case_from,
    "notes": _note_from,
    "cancellations": _cancellation_from,
}
