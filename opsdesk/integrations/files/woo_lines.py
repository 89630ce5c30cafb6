"""Lines, fees, discounts and movements of money of a WooCommerce order.

The shop gives every amount without tax and the tax beside it, whether or not its prices include tax; where they do, the
two are added here, so that a line costs what the customer saw.
"""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from opsdesk.domain.incoming.arrivals import IncomingLine, IncomingOrder, IncomingPayment
from opsdesk.domain.payments.transactions import TransactionKind, TransactionState
from opsdesk.integrations.files.shops import countable, fee_line
from opsdesk.integrations.files.values import Fields, list_of, quantity_of, rounded_minor_of, text_of
from opsdesk.integrations.files.woo_times import woo_moment


def lines(record: Fields, currency: str, *, included: bool) -> tuple[IncomingLine, ...]:
    """Return goods and fees. A line of no units that costs nothing is left out."""
    goods = [_goods(entry, currency, included=included) for entry in list_of(record, "line_items")]
    fees = [_fee(entry, currency, included=included) for entry in list_of(record, "fee_lines")]
    return tuple(line for line in [*goods, *fees] if line.quantity)


def payments(record: Fields, order: IncomingOrder, status: str, zone: ZoneInfo) -> tuple[IncomingPayment, ...]:
    """Return what was paid, failed and went back."""
    method = text_of(record, "payment_method_title") or text_of(record, "payment_method")
    reference = text_of(record, "transaction_id") or "shop"
    paid_at = woo_moment(record, "date_paid", zone)
    found = []
    # Processing and completed mean that it is paid, except where the money comes with the parcel.
    trusted = status in ("processing", "completed", "refunded") and text_of(record, "payment_method") != "cod"
    if paid_at or trusted:
        at = paid_at or order.placed_at
        found.append(_payment(TransactionKind.CAPTURE, order.total_minor, method, reference, at))
    elif status == "failed":
        failed = _payment(TransactionKind.CAPTURE, order.total_minor, method, reference, order.placed_at)
        found.append(replace(failed, state=TransactionState.FAILED.value))
    at = order.modified_at or order.placed_at
    for refund in list_of(record, "refunds"):
        amount = abs(rounded_minor_of(refund.get("total"), order.currency, "refunds"))
        found.append(_payment(TransactionKind.REFUND, amount, method, f"refund {text_of(refund, 'id')}", at))
    if status == "refunded" and not list_of(record, "refunds"):
        found.append(_payment(TransactionKind.REFUND, order.total_minor, method, reference, at))
    return tuple(payment for payment in found if payment.amount_minor)


def _goods(entry: Fields, currency: str, *, included: bool) -> IncomingLine:
    quantity = quantity_of(entry.get("quantity"), "quantity")
    before, after = _amount(entry, "subtotal", currency, included), _amount(entry, "total", currency, included)
    units = abs(quantity) or 1
    # The price of a unit may not come out even: it is rounded up, and what that is too much is part of the discount.
    price = -(-abs(max(before, after)) // units)
    line = IncomingLine(
        sku=text_of(entry, "sku"),
        title=text_of(entry, "name"),
        quantity=quantity,
        unit_price_minor=price,
        variant=_variant(entry),
        external_id=text_of(entry, "id"),
        discount_minor=price * units - abs(after) if quantity >= 0 else abs(after) - price * units,
        tax_minor=rounded_minor_of(entry.get("total_tax"), currency, "total_tax"),
    )
    if quantity == 0 and after:
        return fee_line(line.title, after, external_id=line.external_id, tax_minor=line.tax_minor)
    return countable(line)


def _fee(entry: Fields, currency: str, *, included: bool) -> IncomingLine:
    return fee_line(
        text_of(entry, "name") or "Fee",
        _amount(entry, "total", currency, included),
        external_id=text_of(entry, "id"),
        tax_minor=rounded_minor_of(entry.get("total_tax"), currency, "total_tax"),
    )


def _amount(entry: Fields, name: str, currency: str, included: bool) -> int:
    amount = rounded_minor_of(entry.get(name), currency, name)
    return amount + rounded_minor_of(entry.get(f"{name}_tax"), currency, f"{name}_tax") if included else amount


def _variant(entry: Fields) -> str:
    """Return what the customer chose, such as size and colour; names that begin with a line are the shop's own."""
    chosen = []
    for meta in list_of(entry, "meta_data"):
        key, value = text_of(meta, "display_key") or text_of(meta, "key"), meta.get("display_value", meta.get("value"))
        if key and not text_of(meta, "key").startswith("_") and isinstance(value, str):
            chosen.append(f"{key}: {value}")
    return ", ".join(chosen)


def _payment(kind: TransactionKind, amount: int, gateway: str, reference: str, at: object) -> IncomingPayment:
    return IncomingPayment(kind.value, TransactionState.SUCCEEDED.value, amount, gateway, reference, at)  # type: ignore[arg-type]
