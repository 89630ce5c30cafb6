"""What Stripe says of a payment, as the shop reads it (integrations.md 3.1)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import AnswerKind, DisputeState, OperationKind, PaymentSnapshot
from opsdesk.domain.payments.instruments import Check, Checks, Instrument, Risk
from opsdesk.integrations.payments.stripe_objects import legacy_intent
from opsdesk.integrations.payments.stripe_reading import dispute, refund, snapshot

CAPTURE_BEFORE = 1_732_800_000


def charge(**changes: Any) -> dict[str, Any]:
    return {
        "id": "ch_1", "object": "charge", "amount": 5000, "amount_captured": 0, "amount_refunded": 0, "captured": False,
        "created": 1_732_200_000, "currency": "eur", "disputed": False, "paid": True, "refunded": False,
        "status": "succeeded", "balance_transaction": None, "payment_intent": "pi_1",
        "outcome": {
            "network_status": "approved_by_network", "reason": "elevated_risk_level", "risk_level": "elevated",
            "risk_score": 68, "rule": {"id": "ssr_1", "predicate": "Review if :risk_level: = 'elevated'"},
            "seller_message": "Stripe evaluated this payment as having elevated risk.", "type": "manual_review",
        },
        "payment_method_details": {
            "type": "card",
            "card": {
                "brand": "visa", "capture_before": CAPTURE_BEFORE, "country": "GB", "exp_month": 8, "exp_year": 2027,
                "fingerprint": "Xt5EWLLDS7FJjR1c", "funding": "credit", "last4": "4242", "network": "visa",
                "wallet": {"type": "apple_pay"},
                "checks": {
                    "address_line1_check": "fail", "address_postal_code_check": "pass", "cvc_check": "unavailable",
                },
                "three_d_secure": {
                    "authentication_flow": "frictionless", "electronic_commerce_indicator": "05",
                    "result": "authenticated", "result_reason": None, "version": "2.2.0",
                },
            },
        },
    } | changes  # fmt: skip


def intent(found: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "id": "pi_1", "object": "payment_intent", "amount": 5000, "amount_capturable": 5000, "amount_received": 0,
        "canceled_at": None, "capture_method": "manual", "created": 1_732_200_000, "currency": "eur",
        "metadata": {"opsdesk_order": "1042"}, "status": "requires_capture", "latest_charge": found or charge(),
    } | changes  # fmt: skip


def operations(found: PaymentSnapshot) -> list[tuple[OperationKind, int, AnswerKind]]:
    return [(one.kind, one.amount.minor, one.state) for one in found.operations]


def test_an_authorisation_tells_all_that_a_fraud_desk_needs() -> None:
    found = snapshot(intent())

    assert operations(found) == [(OperationKind.AUTHORISE, 5000, AnswerKind.SUCCEEDED)]
    assert found.capture_before == datetime.fromtimestamp(CAPTURE_BEFORE, UTC)
    assert found.instrument == Instrument("card", "visa", "4242", "credit", "GB", "Xt5EWLLDS7FJjR1c", "apple_pay")
    assert found.checks == Checks(Check.FAIL, Check.PASS, Check.UNAVAILABLE, "authenticated", "05", True)
    assert found.risk == Risk("elevated", 68, "elevated_risk_level", "Review if :risk_level: = 'elevated'")
    assert (found.order_number, found.has_ended, found.currency) == ("1042", False, "EUR")


def test_a_partial_capture_releases_the_rest() -> None:
    """Stripe lists the release as a refund too; it moves no money and is none."""
    taken = charge(
        captured=True,
        amount_captured=3000,
        amount_refunded=2000,
        balance_transaction={"id": "txn_1", "currency": "eur", "amount": 3000, "created": 1_732_300_000},
    )
    release = {
        "id": "re_1",
        "amount": 2000,
        "currency": "eur",
        "status": "succeeded",
        "created": 1_732_300_000,
        "balance_transaction": None,
        "metadata": {},
    }
    real = release | {
        "id": "re_2",
        "created": 1_732_400_000,
        "balance_transaction": {"currency": "eur", "amount": -2000},
        "metadata": {"opsdesk_key": "k"},
    }

    found = snapshot(intent(taken, status="succeeded", metadata={"opsdesk_key": "c"}), refunds=[real, release])

    assert operations(found) == [
        (OperationKind.AUTHORISE, 5000, AnswerKind.SUCCEEDED),
        (OperationKind.CAPTURE, 3000, AnswerKind.SUCCEEDED),
        (OperationKind.VOID, 2000, AnswerKind.SUCCEEDED),
        (OperationKind.REFUND, 2000, AnswerKind.SUCCEEDED),
    ]
    assert [one.reference for one in found.operations] == ["ch_1", "ch_1", "ch_1", "re_2"]
    assert [one.key for one in found.operations] == ["", "c", "", "k"]
    assert found.has_ended
    assert found.capture_before is None


def test_a_cancelled_authorisation_is_a_void_and_no_refund() -> None:
    release = {
        "id": "re_1",
        "amount": 5000,
        "currency": "eur",
        "status": "succeeded",
        "created": 1,
        "balance_transaction": None,
    }

    found = snapshot(
        intent(charge(refunded=True, amount_refunded=5000), status="canceled", canceled_at=1_732_300_000),
        refunds=[release],
    )

    assert operations(found) == [
        (OperationKind.AUTHORISE, 5000, AnswerKind.SUCCEEDED), (OperationKind.VOID, 5000, AnswerKind.SUCCEEDED),
    ]  # fmt: skip
    assert found.operations[1].at == datetime.fromtimestamp(1_732_300_000, UTC)
    assert found.has_ended


def test_a_payment_in_one_step_is_a_capture_alone() -> None:
    found = snapshot(
        intent(charge(captured=True, amount_captured=5000), status="succeeded", capture_method="automatic_async")
    )

    assert operations(found) == [(OperationKind.CAPTURE, 5000, AnswerKind.SUCCEEDED)]


def test_a_declined_card_is_a_failed_authorisation_with_its_reason() -> None:
    declined = charge(
        status="failed",
        paid=False,
        failure_code="card_declined",
        outcome={"reason": "generic_decline", "type": "issuer_declined"},
    )

    [one] = snapshot(intent(declined, status="requires_payment_method")).operations

    assert (one.kind, one.state) == (OperationKind.AUTHORISE, AnswerKind.FAILED)
    assert one.problem == "The customer's bank declined it. (card_declined, generic_decline)"


def test_a_payment_that_nobody_tried_has_no_operations() -> None:
    assert snapshot(intent(latest_charge=None, status="requires_payment_method")).operations == ()
    assert snapshot(intent(latest_charge="ch_1")).operations == ()


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("succeeded", AnswerKind.SUCCEEDED), ("pending", AnswerKind.PENDING), ("requires_action", AnswerKind.PENDING),
        ("failed", AnswerKind.FAILED), ("canceled", AnswerKind.FAILED), ("", AnswerKind.PENDING),
        ("something_new", AnswerKind.PENDING),
    ],
)  # fmt: skip
def test_how_a_refund_is(status: str, state: AnswerKind) -> None:
    found = refund({"id": "re_1", "amount": 100, "currency": "eur", "status": status, "created": 1})

    assert found.state is state
    assert bool(found.problem) is (state is AnswerKind.FAILED)


@pytest.mark.parametrize(
    ("eci", "result", "network", "shifted"),
    [
        ("05", "authenticated", "visa", True), ("06", "attempt_acknowledged", "visa", True), ("07", "failed", "visa", False),
        ("02", "authenticated", "mastercard", True), ("06", "exempted", "mastercard", None),
        ("07", "authenticated", "mastercard", None), ("00", "not_supported", "mastercard", False), ("", "authenticated", "visa", None),
        ("05", "failed", "visa", False), ("04", "data_share_only", "mastercard", False),
    ],
)  # fmt: skip
def test_whether_the_bank_is_liable(eci: str, result: str, network: str, shifted: bool | None) -> None:
    card = {"network": network, "three_d_secure": {"electronic_commerce_indicator": eci, "result": result}}

    found = snapshot(intent(charge(payment_method_details={"type": "card", "card": card})))

    assert found.checks.liability_shifted is shifted


def test_nothing_that_is_missing_is_made_up() -> None:
    bare = {"id": "ch_1", "amount": 100, "currency": "eur", "status": "succeeded", "captured": False}

    found = snapshot(intent(bare))

    assert (found.instrument, found.checks, found.risk) == (Instrument(), Checks(), Risk())
    assert found.capture_before is None


def test_more_of_a_card_number_than_four_digits_is_cut() -> None:
    details = {"type": "card", "card": {"last4": "4242424242424242"}}

    assert len(snapshot(intent(charge(payment_method_details=details))).instrument.last4) <= 4


def test_texts_from_outside_are_one_clean_line() -> None:
    hostile = "visa\x1b[2J\n" + "x" * 1000
    details = {"type": "card", "card": {"brand": hostile}}

    brand = snapshot(intent(charge(payment_method_details=details))).instrument.brand

    assert "\x1b" not in brand and "\n" not in brand and len(brand) <= 200


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("warning_needs_response", DisputeState.INQUIRY_NEEDS_RESPONSE), ("warning_under_review", DisputeState.INQUIRY_UNDER_REVIEW),
        ("warning_closed", DisputeState.INQUIRY_CLOSED), ("needs_response", DisputeState.NEEDS_RESPONSE),
        ("under_review", DisputeState.UNDER_REVIEW), ("won", DisputeState.WON), ("lost", DisputeState.LOST),
        ("prevented", DisputeState.PREVENTED), ("something_new", DisputeState.NEEDS_RESPONSE),
    ],
)  # fmt: skip
def test_how_far_a_dispute_is(status: str, state: DisputeState) -> None:
    raw = {
        "id": "dp_1", "amount": 5000, "currency": "eur", "created": 1_732_200_000, "status": status, "reason": "fraudulent",
        "payment_intent": "pi_1", "evidence_details": {"due_by": 1_733_000_000},
        "payment_method_details": {"card": {"network_reason_code": "10.4"}, "type": "card"},
        "balance_transactions": [{"amount": -5000, "currency": "eur"}],
    }  # fmt: skip

    found = dispute(raw)

    assert (found.state, found.network_reason, found.payment_reference) == (state, "10.4", "pi_1")
    assert found.amount == Money(5000, "EUR")
    assert found.is_withdrawn
    assert not dispute(raw | {"balance_transactions": [{"amount": -5000}, {"amount": 5000}]}).is_withdrawn


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [OperationKind.AUTHORISE]),
        ({"captured": True, "amount_captured": 5000}, [OperationKind.CAPTURE]),
        ({"refunded": True}, [OperationKind.AUTHORISE, OperationKind.VOID]),
    ],
)
def test_a_charge_without_a_payment_intent_is_read_too(changes: dict[str, Any], expected: list[OperationKind]) -> None:
    found = snapshot(legacy_intent(charge(payment_intent=None, **changes)))

    assert [one.kind for one in found.operations] == expected
    assert found.reference == "ch_1"
