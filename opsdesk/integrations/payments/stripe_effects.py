"""Captures, voids and refunds at Stripe, and what became of them. Errors of the library pass through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from opsdesk.domain.payments.gateways import Answer, AnswerKind, CallKind, GatewayCall
from opsdesk.integrations.payments.stripe_amounts import to_stripe
from opsdesk.integrations.payments.stripe_fields import KEY, Raw, field, reference, text
from opsdesk.integrations.payments.stripe_reading import captured, refund, settled

if TYPE_CHECKING:
    from stripe import StripeClient
    from stripe.params import RefundCreateParams, RefundListParams

_REASONS = frozenset({"requested_by_customer", "duplicate", "fraudulent"})
_WITH_CHARGE = ["latest_charge.balance_transaction"]
_OLD = "The payment is of an old kind that has no payment intent. Do this in Stripe's own pages."
_UNREADABLE = "Stripe answered, but not what became of it."
CHARGES = ("ch_", "py_")
"""How references of charges begin; shops' own systems often note those instead of the payment intent."""


def capture(client: StripeClient, call: GatewayCall) -> Answer:
    """Capture once; what is not captured Stripe releases by itself."""
    if (intent := intent_of(client, call.reference)) is None:
        return Answer(AnswerKind.FAILED, problem=_OLD)
    found = client.v1.payment_intents.capture(
        intent,
        {"amount_to_capture": to_stripe(call.amount), "metadata": {KEY: call.key}, "expand": _WITH_CHARGE},
        {"idempotency_key": call.key},
    ).to_dict()
    return _of_capture(found)


def void(client: StripeClient, call: GatewayCall) -> Answer:
    """Give back an authorisation that was not captured."""
    if (intent := intent_of(client, call.reference)) is None:
        return Answer(AnswerKind.FAILED, problem=_OLD)
    options: Any = {"idempotency_key": call.key}
    found = client.v1.payment_intents.cancel(intent, {"expand": ["latest_charge"]}, options).to_dict()
    return _of_void(found)


def give_back(client: StripeClient, call: GatewayCall) -> Answer:
    """Refund; money may arrive days later, and may come back even then."""
    wanted: RefundCreateParams = {
        "amount": to_stripe(call.amount),
        "metadata": {KEY: call.key},
        "expand": ["balance_transaction"],
    }
    if call.reference.startswith(CHARGES):
        wanted["charge"] = call.reference
    else:
        wanted["payment_intent"] = call.reference
    if call.reason in _REASONS:
        wanted["reason"] = call.reason
    return _of_refund(client.v1.refunds.create(wanted, {"idempotency_key": call.key}).to_dict())


def look_up_effect(client: StripeClient, call: GatewayCall) -> Answer:
    """Say what became of a capture, void or refund, by our key where Stripe keeps it, else by how the payment is."""
    if call.kind is CallKind.REFUND:
        ours = [one for one in refunds_of(client, call.reference) if text(one, "metadata", KEY) == call.key]
        return _of_refund(ours[0]) if ours else Answer(AnswerKind.NOT_FOUND)
    if (intent := intent_of(client, call.reference)) is None:
        return Answer(AnswerKind.FAILED, problem=_OLD)
    found = client.v1.payment_intents.retrieve(intent, {"expand": _WITH_CHARGE}).to_dict()
    status = text(found, "status")
    if status == "processing":
        return Answer(AnswerKind.PENDING, reference(found, "latest_charge"))
    if status not in ("succeeded", "canceled"):
        return Answer(AnswerKind.NOT_FOUND)
    if call.kind is CallKind.VOID:
        return _of_void(found)
    return _taken_elsewhere(found, call) or _of_capture(found)


def refunds_of(client: StripeClient, payment: str) -> list[Raw]:
    """Return every refund of a payment, newest first."""
    wanted: RefundListParams = {"limit": 100, "expand": ["data.balance_transaction"]}
    if payment.startswith(CHARGES):
        wanted["charge"] = payment
    else:
        wanted["payment_intent"] = payment
    return [one.to_dict() for one in client.v1.refunds.list(wanted).auto_paging_iter()]


def intent_of(client: StripeClient, payment: str) -> str | None:
    """Return the payment intent behind a reference; None for a charge of the old kind that has none."""
    if not payment.startswith(CHARGES):
        return payment
    return reference(client.v1.charges.retrieve(payment).to_dict(), "payment_intent") or None


def _of_capture(found: Mapping[str, Any]) -> Answer:
    charge, status = field(found, "latest_charge"), text(found, "status")
    if status == "canceled":
        return Answer(AnswerKind.FAILED, problem="The authorisation has ended at Stripe. Ask for the money anew.")
    if status != "succeeded" or not isinstance(charge, dict):
        return Answer(AnswerKind.PENDING if status == "processing" else AnswerKind.UNKNOWN, problem=_UNREADABLE)
    return Answer(AnswerKind.SUCCEEDED, text(charge, "id"), settled=settled(charge))


def _taken_elsewhere(found: Mapping[str, Any], call: GatewayCall) -> Answer | None:
    """Say so if a payment was captured, but not by this call: it is captured once."""
    charge, key = field(found, "latest_charge"), text(found, "metadata", KEY)
    if text(found, "status") != "succeeded" or not isinstance(charge, dict) or key == call.key:
        return None
    taken = captured(found, charge)
    # Without a key it was taken in Stripe's own pages. If it is the same sum, what was wanted has happened.
    if not key and taken == call.amount:
        return None
    return Answer(AnswerKind.FAILED, problem=f"The payment was captured meanwhile, and not by this: {taken}.")


def _of_void(found: Mapping[str, Any]) -> Answer:
    if text(found, "status") == "canceled":
        return Answer(AnswerKind.SUCCEEDED, reference(found, "latest_charge") or text(found, "id"))
    if text(found, "status") == "succeeded":
        return Answer(AnswerKind.FAILED, problem="The payment was captured meanwhile. Refund it instead.")
    return Answer(AnswerKind.UNKNOWN, problem=_UNREADABLE)


def _of_refund(found: Mapping[str, Any]) -> Answer:
    done = refund(found)
    return Answer(done.state, done.reference, problem=done.problem, settled=done.settled)
