"""Writing orders as OpsDesk's own record, so that reading it back gives the very same order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from opsdesk.domain.incoming.arrivals import IncomingLine, IncomingOrder, IncomingPayment
from opsdesk.domain.money import exponent
from opsdesk.integrations.files.own_records import MARK, ORDER_MARK

Record = dict[str, object]


def order_record(order: IncomingOrder) -> Record:
    """Return the record of an order, without what is empty."""
    return _filled(order_fields(order)) | {
        "lines": [_filled(line_fields(line, order.currency)) for line in order.lines],
        **_filled(order_parts(order)),
    }


def order_text(order: IncomingOrder) -> str:
    """Return the record of an order as one line of JSON."""
    return json.dumps(order_record(order), ensure_ascii=False, separators=(",", ":"))


def order_fields(order: IncomingOrder) -> Record:
    """Return the values that an order has once."""
    currency = order.currency
    return {
        MARK: ORDER_MARK,
        "source": order.source,
        "external_id": order.external_id,
        "number": order.number,
        "channel": order.channel,
        "placed_at": _moment(order.placed_at),
        "received_at": _moment(order.received_at),
        "currency": currency,
        "customer": _filled(
            {
                "id": order.customer_id,
                "name": order.customer_name,
                "email": order.email,
                "phone": order.phone,
                "language": order.language,
            }
        ),
        "total": amount(order.total_minor, currency),
        "discount": amount(order.discount_minor, currency) if order.discount_minor else "",
        "shipping_cost": amount(order.shipping_minor, currency) if order.shipping_minor else "",
        "tax": amount(order.tax_minor, currency) if order.tax_minor else "",
        "tax_included": None if order.tax_included else False,
        "lifecycle": order.lifecycle.value,
        "shipping_method": order.shipping_method,
        "temperature": "" if order.temperature == "ambient" else order.temperature,
        "risk_level": order.risk_level,
        "tags": order.tags,
        "staff_fields": order.staff_fields,
        "told_status": order.told_status,
        "told_at": _moment(order.told_at),
        "promised_at": _moment(order.promised_at),
        "touched_at": _moment(order.touched_at),
        "packing_since": _moment(order.packing_since),
        "shipping": _plain(order.shipping) if order.shipping else None,
        "billing": _plain(order.billing) if order.billing else None,
    }


def line_fields(line: IncomingLine, currency: str) -> Record:
    """Return the values of a line."""
    return {
        "sku": line.sku,
        "title": line.title,
        "variant": line.variant,
        "quantity": line.quantity,
        "unit_price": amount(line.unit_price_minor, currency),
        "discount": amount(line.discount_minor, currency) if line.discount_minor else "",
        "tax": amount(line.tax_minor, currency) if line.tax_minor else "",
        "temperature": "" if line.temperature == "ambient" else line.temperature,
        "needs_shipping": None if line.needs_shipping else False,
        "cancelled": line.cancelled or None,
        "shipped": line.shipped or None,
        "delivered": line.delivered or None,
        "returned": line.returned or None,
        "external_id": line.external_id,
    }


def order_parts(order: IncomingOrder) -> Record:
    """Return what an order may have several of, besides lines."""
    return {
        "payments": [_filled(_payment(paid, order.currency)) for paid in order.payments],
        "parcels": [_plain(parcel) for parcel in order.parcels],
        "holds": [_plain(hold) for hold in order.holds],
        "cases": [_plain(case) for case in order.cases],
        "notes": [_plain(note) for note in order.notes],
        "cancellations": [_plain(record) for record in order.cancellations],
    }


def amount(minor: int, currency: str) -> str:
    """Return an amount in whole units, with all the decimals of its currency and without grouping."""
    places = exponent(currency)
    digits = f"{abs(minor):0{places + 1}d}"
    number = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{number}" if minor < 0 else number


def _payment(paid: IncomingPayment, currency: str) -> Record:
    return {
        "kind": paid.kind,
        "state": paid.state,
        "amount": amount(paid.amount_minor, currency),
        "gateway": paid.gateway,
        "reference": paid.reference,
        "at": _moment(paid.happened_at),
    }


def _plain(value: object) -> Record:
    """Return a frozen value as a record without what is empty."""
    names: tuple[str, ...] = value.__slots__  # type: ignore[attr-defined]  # all values of incoming have slots
    return _filled({name: _json(getattr(value, name)) for name in names}, keep=("blocks",))


def _json(value: object) -> object:
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, StrEnum):
        return value.value
    return [list(pair) for pair in value] if isinstance(value, tuple) else value


def _moment(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _filled(record: Mapping[str, object], *, keep: tuple[str, ...] = ()) -> Record:
    return {
        name: value
        for name, value in record.items()
        if value is not None and (name in keep or value not in ("", [], {}))
    }
