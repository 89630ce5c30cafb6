"""A payment as Stripe has it, out of its payment intent, charge, refunds and disputes. Pure: nothing is asked here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import (
    AnswerKind,
    DisputeSnapshot,
    DisputeState,
    GatewayOperation,
    OperationKind,
    PaymentSnapshot,
)
from opsdesk.integrations.payments.stripe_amounts import from_stripe
from opsdesk.integrations.payments.stripe_charges import checks_of, instrument_of, risk_of
from opsdesk.integrations.payments.stripe_fields import (
    KEY,
    ORDER,
    Raw,
    field,
    moment,
    number,
    objects,
    reference,
    text,
)
from opsdesk.integrations.payments.stripe_refusals import refusal

_REFUND_STATES = {
    "succeeded": AnswerKind.SUCCEEDED,
    "pending": AnswerKind.PENDING,
    "requires_action": AnswerKind.PENDING,
    "failed": AnswerKind.FAILED,
    "canceled": AnswerKind.FAILED,
}
_CHARGE_STATES = {"succeeded": AnswerKind.SUCCEEDED, "pending": AnswerKind.PENDING, "failed": AnswerKind.FAILED}
_DISPUTE_STATES = {
    "warning_needs_response": DisputeState.INQUIRY_NEEDS_RESPONSE,
    "warning_under_review": DisputeState.INQUIRY_UNDER_REVIEW,
    "warning_closed": DisputeState.INQUIRY_CLOSED,
    "needs_response": DisputeState.NEEDS_RESPONSE,
    "under_review": DisputeState.UNDER_REVIEW,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
    "prevented": DisputeState.PREVENTED,
}
_BACK = {
    "lost_or_stolen_card": "The card was lost or stolen, so the money came back.",
    "expired_or_canceled_card": "The card has expired or was cancelled, so the money came back.",
    "charge_for_pending_refund_disputed": "The customer disputed the payment first.",
    "insufficient_funds": "The shop's balance at Stripe did not cover it.",
    "declined": "The customer's bank declined it.",
    "merchant_request": "The shop called it off.",
}


def snapshot(
    intent: Raw, *, refunds: Sequence[Raw] = (), disputes: Iterable[Raw] = (), link: str = ""
) -> PaymentSnapshot:
    """Put a payment together; `intent` with its latest charge inside.

    Raises:
        ValueError: an amount that cannot be.
    """
    charge = field(intent, "latest_charge")
    charge = charge if isinstance(charge, dict) else {}
    status, payment = text(intent, "status"), text(intent, "id")
    return PaymentSnapshot(
        reference=payment,
        currency=text(intent, "currency").upper(),
        operations=tuple(operations(intent, charge, refunds)),
        capture_before=moment(charge, "payment_method_details", "card", "capture_before")
        if status == "requires_capture"
        else None,
        link_reference=link,
        order_number=text(intent, "metadata", ORDER),
        has_ended=status in ("succeeded", "canceled"),
        instrument=instrument_of(charge),
        checks=checks_of(charge),
        risk=risk_of(charge),
        disputes=tuple(dispute(one, payment) for one in disputes),
    )


def operations(intent: Raw, charge: Raw, refunds: Sequence[Raw]) -> Iterator[GatewayOperation]:
    """Return what was done to a payment, in its order."""
    if charge:
        yield from _charged(intent, charge)
        yield from _released(intent, charge)
    for one in _real_refunds(charge, refunds):
        yield refund(one)


def refund(found: Raw) -> GatewayOperation:
    """Return a refund; until Stripe says how it is, it is under way."""
    state = _REFUND_STATES.get(text(found, "status"), AnswerKind.PENDING)
    return GatewayOperation(
        reference=text(found, "id"),
        kind=OperationKind.REFUND,
        amount=_money(found, "amount"),
        state=state,
        at=_at(found),
        key=text(found, "metadata", KEY),
        problem=refund_problem(found) if state is AnswerKind.FAILED else "",
        settled=settled(found),
    )


def refund_problem(found: Raw) -> str:
    """Say why a refund failed."""
    reason = text(found, "failure_reason")
    return f"{_BACK[reason]} ({reason})" if reason in _BACK else refusal(reason or "refund failed")


def settled(found: Raw) -> Money | None:
    """Return what was booked in the shop's own currency, where the payment is in another one."""
    booked = field(found, "balance_transaction")
    currency = text(booked, "currency").upper()
    if not currency or currency == text(found, "currency").upper():
        return None
    return from_stripe(abs(number(booked, "amount")), currency)


def dispute(found: Raw, payment: str = "") -> DisputeSnapshot:
    """Return a dispute; an unknown state of it waits for an answer, so that somebody looks."""
    moved = sum(number(one, "amount") for one in objects(found, "balance_transactions"))
    return DisputeSnapshot(
        reference=text(found, "id"),
        payment_reference=payment or reference(found, "payment_intent") or reference(found, "charge"),
        amount=_money(found, "amount"),
        state=_DISPUTE_STATES.get(text(found, "status"), DisputeState.NEEDS_RESPONSE),
        reason=text(found, "reason"),
        opened_at=_at(found),
        due_at=moment(found, "evidence_details", "due_by"),
        network_reason=text(found, "payment_method_details", "card", "network_reason_code")
        or text(found, "network_reason_code"),
        is_withdrawn=moved < 0,
    )


def _charged(intent: Raw, charge: Raw) -> Iterator[GatewayOperation]:
    state = _CHARGE_STATES.get(text(charge, "status"), AnswerKind.PENDING)
    failure = refusal(text(charge, "failure_code") or "declined", text(charge, "outcome", "reason"))
    problem = failure if state is AnswerKind.FAILED else ""
    whole, done = _money(charge, "amount"), AnswerKind.SUCCEEDED
    if _is_two_steps(intent):
        yield GatewayOperation(text(charge, "id"), OperationKind.AUTHORISE, whole, state, _at(charge), problem=problem)
        if (taken := captured(intent, charge)) and state is done:
            at = moment(charge, "balance_transaction", "created") or _at(charge)
            key = text(intent, "metadata", KEY)
            booked = settled(charge)
            yield GatewayOperation(text(charge, "id"), OperationKind.CAPTURE, taken, done, at, key=key, settled=booked)
        return
    yield GatewayOperation(
        text(charge, "id"), OperationKind.CAPTURE, whole, state, _at(charge), problem=problem, settled=settled(charge)
    )


def captured(intent: Raw, charge: Raw) -> Money:
    """Return how much of a charge was captured."""
    nothing = Money.zero(text(charge, "currency").upper())
    if not field(charge, "captured"):
        return nothing
    if "amount_captured" in charge:
        return _money(charge, "amount_captured")
    received = number(intent, "amount_received")
    return from_stripe(received, nothing.currency) if received else _money(charge, "amount")


def _released(intent: Raw, charge: Raw) -> Iterator[GatewayOperation]:
    """Return what Stripe has given back of an authorisation: all of it when cancelled, the rest beyond a capture."""
    is_over = text(intent, "status") in ("canceled", "succeeded")
    if not is_over or not _is_two_steps(intent) or text(charge, "status") != "succeeded":
        return
    rest = _money(charge, "amount") - captured(intent, charge)
    if rest:
        at = moment(intent, "canceled_at") or moment(charge, "balance_transaction", "created") or _at(charge)
        yield GatewayOperation(text(charge, "id"), OperationKind.VOID, rest, AnswerKind.SUCCEEDED, at)


def _real_refunds(charge: Raw, refunds: Sequence[Raw]) -> Iterator[Raw]:
    """Leave out the refund as which Stripe also lists the release of an authorisation: no money moves with it."""
    is_taken = bool(field(charge, "captured")) if charge else True
    left = number(charge, "amount") - number(charge, "amount_captured") if "amount_captured" in charge else 0
    for one in sorted(refunds, key=lambda found: number(found, "created")):
        is_release = left and number(one, "amount") == left and _moves_nothing(one)
        if not is_taken or is_release:
            left = 0
            continue
        yield one


def _moves_nothing(found: Raw) -> bool:
    is_ours = bool(text(found, "metadata", KEY))
    return not is_ours and field(found, "balance_transaction") is None and text(found, "status") == "succeeded"


def _is_two_steps(intent: Raw) -> bool:
    return text(intent, "capture_method") == "manual"


def _money(found: Raw, name: str) -> Money:
    return from_stripe(number(found, name), text(found, "currency"))


def _at(found: Raw) -> datetime:
    return moment(found, "created") or datetime.fromtimestamp(0, UTC)
