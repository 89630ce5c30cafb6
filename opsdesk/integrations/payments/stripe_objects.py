"""Payments out of what one object alone says: an old charge without an intent, or the object inside a message."""

from __future__ import annotations

from opsdesk.domain.payments.gateways import PaymentSnapshot
from opsdesk.integrations.payments.stripe_events import payment_of
from opsdesk.integrations.payments.stripe_fields import Raw, field, number, text
from opsdesk.integrations.payments.stripe_reading import dispute, refund, snapshot


def legacy_intent(charge: Raw) -> Raw:
    """Dress a charge that has no payment intent as one."""
    is_captured, is_released = bool(field(charge, "captured")), bool(field(charge, "refunded"))
    status = "succeeded" if is_captured else "canceled" if is_released else "requires_capture"
    if text(charge, "status") == "failed":
        status = "requires_payment_method"
    return {
        "id": text(charge, "id"),
        "currency": text(charge, "currency"),
        "status": status,
        "capture_method": "automatic" if is_captured else "manual",
        "amount_received": number(charge, "amount_captured"),
        "metadata": field(charge, "metadata") or {},
        "latest_charge": charge,
    }


def partial_snapshot(event: Raw) -> PaymentSnapshot | None:
    """Return what a message says of a payment: nothing it says is wrong, and more may have happened.

    Raises:
        ValueError: an amount that cannot be.
    """
    about, payment = field(event, "data", "object"), payment_of(event)
    kind, currency = text(about, "object"), text(about, "currency").upper()
    if not payment or not currency:
        return None
    if kind == "payment_intent":
        return snapshot(about)
    if kind == "refund":
        return PaymentSnapshot(payment, currency, operations=(refund(about),))
    if kind == "dispute":
        return PaymentSnapshot(payment, currency, disputes=(dispute(about, payment),))
    return PaymentSnapshot(payment, currency)
