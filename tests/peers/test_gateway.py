"""The test gateway moves money as Stripe's documentation says, refuses what Stripe refuses, and writes down what it did."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import StillClock
from tests.peers.gateway import Deed, GatewayPeer
from tests.peers.gateway_kit import client_of, code_of, key, refund


@pytest.fixture
def gateway(tmp_path: Path, clock: StillClock) -> Iterator[GatewayPeer]:
    with GatewayPeer(tmp_path / "journal.jsonl", clock=clock) as peer:
        yield peer


@pytest.fixture
def client(gateway: GatewayPeer) -> stripe.StripeClient:
    return client_of(gateway)


def intent(client: stripe.StripeClient, amount: int = 10_000, **more: Any) -> Any:
    wanted: Any = {"amount": amount, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True, **more}
    return client.v1.payment_intents.create(wanted)


def test_a_part_is_captured_once_and_the_rest_is_released(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    authorised = intent(client, capture_method="manual", metadata={"order_number": "1042"})
    assert (authorised.status, authorised.amount_capturable, authorised.amount_received) == (
        "requires_capture",
        10_000,
        0,
    )

    taken = client.v1.payment_intents.capture(
        authorised.id,
        {"amount_to_capture": 6_000, "metadata": {"opsdesk_key": "k1"}, "expand": ["latest_charge.refunds"]},
        key("k1"),
    )

    assert (taken.status, taken.amount_capturable, taken.amount_received) == ("succeeded", 0, 6_000)
    assert (taken.latest_charge.amount, taken.latest_charge.amount_captured) == (10_000, 6_000)
    # Since 2025 the release is no refund any more.
    assert (taken.latest_charge.amount_refunded, taken.latest_charge.refunds.data) == (0, [])
    assert taken.metadata.to_dict() == {"order_number": "1042", "opsdesk_key": "k1"}
    with pytest.raises(stripe.InvalidRequestError) as error:
        client.v1.payment_intents.capture(authorised.id, {"amount_to_capture": 4_000})
    assert code_of(error) == "payment_intent_unexpected_state"
    assert [(it.kind, it.amount, it.key) for it in gateway.journal(payment=authorised.id)][1:] == [
        ("capture", 6_000, "k1")
    ]


def test_no_more_is_captured_than_was_authorised(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.authorised(10_000)

    with pytest.raises(stripe.InvalidRequestError) as error:
        client.v1.payment_intents.capture(payment, {"amount_to_capture": 10_001})

    assert code_of(error) == "amount_too_large"
    assert gateway.journal(Deed.CAPTURE) == []
    assert gateway.payment(payment)["status"] == "requires_capture"


def test_what_was_cancelled_cannot_be_captured_and_the_reverse(
    gateway: GatewayPeer, client: stripe.StripeClient
) -> None:
    cancelled, captured = gateway.authorised(5_000), gateway.authorised(5_000)
    gone = client.v1.payment_intents.cancel(cancelled, {"expand": ["latest_charge"]}, key("v1"))
    client.v1.payment_intents.capture(captured)

    assert (gone.status, gone.latest_charge.amount_captured, gone.latest_charge.refunded) == ("canceled", 0, False)
    for act in (
        lambda: client.v1.payment_intents.capture(cancelled),
        lambda: client.v1.payment_intents.cancel(captured),
    ):
        with pytest.raises(stripe.InvalidRequestError) as error:
            act()
        assert code_of(error) == "payment_intent_unexpected_state"
    assert [(it.amount, it.key) for it in gateway.journal(Deed.VOID)] == [(5_000, "v1")]


def test_an_authorisation_ends_at_the_time_that_it_told(
    gateway: GatewayPeer, client: stripe.StripeClient, clock: StillClock
) -> None:
    week = gateway.authorised(5_000)
    short = gateway.authorised(5_000, capture_before=clock() + timedelta(hours=2))
    card = gateway.payment(week)["latest_charge"]["payment_method_details"]["card"]
    assert card["capture_before"] == int((clock() + timedelta(days=7)).timestamp())

    clock.advance(hours=2)

    with pytest.raises(stripe.InvalidRequestError, match="status of canceled"):
        client.v1.payment_intents.capture(short)
    assert gateway.payment(short)["cancellation_reason"] == "expired"
    assert [it.payment for it in gateway.journal(Deed.EXPIRE)] == [short]
    assert len(gateway.events("charge.expired")) == 1
    assert client.v1.payment_intents.capture(week).status == "succeeded"


@pytest.mark.parametrize(
    ("method", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_riskLevelHighest", "card_declined", "fraudulent"),
    ],
)
def test_a_declined_card_moves_nothing(
    gateway: GatewayPeer, client: stripe.StripeClient, method: str, code: str, decline_code: str | None
) -> None:
    with pytest.raises(stripe.CardError) as error:
        intent(client, payment_method=method)

    assert (code_of(error), error.value.error.decline_code) == (code, decline_code)
    assert gateway.journal() == []
    [charge] = gateway.things("charge")
    assert (charge["status"], charge["paid"], charge["failure_code"]) == ("failed", False, code)
    assert [event["type"] for event in gateway.events()][-2:] == ["charge.failed", "payment_intent.payment_failed"]


def test_a_card_that_asks_for_its_owner_is_not_charged_by_the_shop_alone(
    gateway: GatewayPeer, client: stripe.StripeClient
) -> None:
    assert intent(client, payment_method="pm_card_threeDSecure2Required").status == "requires_action"
    assert gateway.journal() == []


def test_a_charge_tells_of_card_checks_proof_and_risk(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    def charge(method: str) -> Any:
        found = client.v1.payment_intents.retrieve(
            gateway.authorised(900, method=method), {"expand": ["latest_charge"]}
        )
        return found.latest_charge

    card = charge("pm_card_gb").payment_method_details.card
    assert (card.brand, card.last4, card.funding, card.country) == ("visa", "0000", "credit", "GB")
    assert (
        card.fingerprint
        == charge("pm_card_gb").payment_method_details.card.fingerprint
        != charge("pm_card_amex").payment_method_details.card.fingerprint
    )
    checks = charge("pm_card_avsZipFail").payment_method_details.card.checks
    assert (checks.address_line1_check, checks.address_postal_code_check, checks.cvc_check) == ("pass", "fail", "pass")
    proof = charge("pm_card_threeDSecure2Required").payment_method_details.card.three_d_secure
    assert (proof.result, proof.electronic_commerce_indicator) == ("authenticated", "05")
    outcome = charge("pm_card_riskLevelElevated").outcome
    assert (outcome.risk_level, outcome.risk_score, outcome.reason, outcome.type) == (
        "elevated",
        68,
        "elevated_risk_level",
        "manual_review",
    )


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "eur", "amount_too_small"),
        (100_000_000, "eur", "amount_too_large"),
        (12_345, "isk", "invalid_charge_amount_no_decimal_compatible"),
        (5_124, "kwd", "parameter_invalid_integer"),
    ],
)
def test_amounts_that_stripe_does_not_take(client: stripe.StripeClient, amount: int, currency: str, code: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        intent(client, amount, currency=currency)

    assert code_of(error) == code


def test_what_is_done_outside_the_shop_has_no_key_and_is_told_by_events(gateway: GatewayPeer) -> None:
    captured, cancelled = gateway.authorised(5_000, order_number="1042"), gateway.authorised(700)
    last = gateway.events()[-1]["id"]

    gateway.capture_outside(captured, 4_000)
    gateway.refund_outside(captured, 1_500)
    gateway.cancel_outside(cancelled)

    assert [(it.kind, it.amount, it.key, it.order_number) for it in gateway.journal()][2:] == [
        ("capture", 4_000, "", "1042"),
        ("refund", 1_500, "", "1042"),
        ("void", 700, "", ""),
    ]
    assert [event["type"] for event in gateway.events(after=last)] == [
        "charge.captured",
        "payment_intent.succeeded",
        "refund.created",
        "charge.refunded",
        "payment_intent.canceled",
    ]


def test_the_journal_is_lines_in_a_file_that_anybody_can_read(gateway: GatewayPeer, tmp_path: Path) -> None:
    payment = gateway.authorised(5_000, "GBP", "1042")

    [written] = (tmp_path / "journal.jsonl").read_text().splitlines()

    found = json.loads(written)
    assert (found["kind"], found["payment"], found["amount"], found["currency"]) == ("authorise", payment, 5_000, "gbp")
    assert found["at"] == gateway.clock.unix()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["capture", "cancel", "refund", "fail", "dispute", "win", "late"]), st.integers(1, 1_500)
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, authorised=st.integers(100, 1_000))
def test_whatever_is_asked_the_sums_hold_and_the_journal_agrees(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]], authorised: int
) -> None:
    with GatewayPeer(tmp_path_factory.mktemp("peer") / "journal.jsonl", clock=StillClock()) as gateway:
        client, payment = client_of(gateway), gateway.authorised(authorised)
        for step, amount in steps:
            try_step(gateway, client, payment, step, amount)
            found = gateway.payment(payment)
            charge = found["latest_charge"]
            taken, back = gateway.total(Deed.CAPTURE), gateway.total(Deed.REFUND)
            assert taken == charge["amount_captured"] == found["amount_received"] <= authorised
            assert back == charge["amount_refunded"] <= taken
            assert len(gateway.journal(Deed.CAPTURE, Deed.VOID, Deed.EXPIRE)) <= 1
            assert gateway.total(Deed.DISPUTE_REVERSAL) <= gateway.total(Deed.DISPUTE_DEBIT)


def try_step(gateway: GatewayPeer, client: stripe.StripeClient, payment: str, step: str, amount: int) -> None:
    refunds, disputes = gateway.things("refund"), gateway.things("dispute")
    try:
        if step == "capture":
            client.v1.payment_intents.capture(payment, {"amount_to_capture": amount})
        elif step == "cancel":
            client.v1.payment_intents.cancel(payment)
        elif step == "refund":
            refund(client, payment, amount)
        elif step == "late":
            gateway.clock.advance(days=8)
        elif step == "fail" and refunds:
            gateway.settle_refund(refunds[amount % len(refunds)]["id"], is_ok=False)
        elif step == "dispute":
            gateway.open_dispute(payment, 1)
        elif step == "win" and disputes:
            gateway.decide_dispute(disputes[-1]["id"], "won")
    except (stripe.InvalidRequestError, ValueError):
        return
