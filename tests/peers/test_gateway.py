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
from tests.peers.gateway_kit import client_of, key


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


def refund(client: stripe.StripeClient, payment: str, amount: int | None, name: str = "") -> Any:
    wanted: Any = {"payment_intent": payment} | ({"amount": amount} if amount is not None else {})
    return client.v1.refunds.create(wanted, key(name) if name else None)


def code_of(error: pytest.ExceptionInfo[stripe.StripeError]) -> str | None:
    return error.value.code


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


def test_no_more_is_refunded_than_was_captured(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.authorised(10_000)
    gateway.capture_outside(payment, 6_000)

    assert refund(client, payment, 2_000).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        refund(client, payment, 4_001)
    assert refund(client, payment, None).amount == 4_000
    with pytest.raises(stripe.InvalidRequestError) as error:
        refund(client, payment, 1)

    assert code_of(error) == "charge_already_refunded"
    assert gateway.total(Deed.REFUND, payment=payment) == 6_000
    assert gateway.charge(payment)["refunded"] is True


def test_a_refund_needs_a_capture_and_a_sum_above_nothing(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    authorised, captured = gateway.authorised(10_000), gateway.authorised(10_000, is_captured=True)

    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        refund(client, authorised, 100)
    for amount in (0, -5):
        with pytest.raises(stripe.InvalidRequestError):
            refund(client, captured, amount)
    with pytest.raises(stripe.InvalidRequestError) as error:
        refund(client, "pi_nobody", 100)

    assert code_of(error) == "resource_missing"
    assert gateway.journal(Deed.REFUND) == []


def test_a_pending_refund_counts_until_it_fails(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.authorised(10_000, method="pm_card_pendingRefund", is_captured=True)
    first = refund(client, payment, 6_000, "r1")

    assert (first.status, gateway.journal(Deed.REFUND)) == ("pending", [])
    with pytest.raises(stripe.InvalidRequestError):
        refund(client, payment, 4_001)
    gateway.settle_refund(first.id, is_ok=False)
    second = refund(client, payment, 10_000, "r2")
    gateway.settle_refund(second.id, is_ok=True)

    assert [client.v1.refunds.retrieve(it).status for it in (first.id, second.id)] == ["failed", "succeeded"]
    assert client.v1.refunds.retrieve(first.id).failure_reason == "lost_or_stolen_card"
    assert [(it.kind, it.key) for it in gateway.journal()][1:] == [
        ("refund_pending", "r1"),
        ("refund_failed", "r1"),
        ("refund_pending", "r2"),
        ("refund", "r2"),
    ]
    assert len(gateway.events("refund.failed")) == 1


def test_a_refund_may_fail_after_it_had_gone_out(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.authorised(10_000, is_captured=True)
    gone = refund(client, payment, 3_000)

    gateway.settle_refund(gone.id, is_ok=False, reason="expired_or_canceled_card")

    assert gateway.total(Deed.REFUND, payment=payment) == 0
    assert gateway.charge(payment)["amount_refunded"] == 0
    assert client.v1.balance.retrieve().available[0].amount == 10_000 - 165


def test_money_in_another_currency_is_settled_at_the_rate(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    gateway.settle_in("EUR", usd="0.9205")
    payment = gateway.authorised(9_999, "USD", is_captured=True)

    back = client.v1.refunds.create({"payment_intent": payment, "amount": 1_001, "expand": ["balance_transaction"]})

    expand: Any = {"expand": ["latest_charge.balance_transaction"]}
    booked = client.v1.payment_intents.retrieve(payment, expand).latest_charge.balance_transaction
    assert (booked.amount, booked.currency, booked.exchange_rate) == (9_204, "eur", 0.9205)
    assert booked.net == booked.amount - booked.fee
    assert (back.balance_transaction.amount, back.balance_transaction.currency) == (-921, "eur")


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


def test_a_dispute_takes_the_money_and_stops_refunds_until_it_is_won(
    gateway: GatewayPeer, client: stripe.StripeClient
) -> None:
    payment = gateway.authorised(10_000, is_captured=True)
    found = client.v1.disputes.retrieve(gateway.open_dispute(payment, 8_000, "product_not_received", days=9))

    assert (found.status, found.amount, found.payment_intent) == ("needs_response", 8_000, payment)
    assert found.evidence_details.due_by - found.created == 9 * 86_400
    assert (found.network_reason_code, sum(it.amount for it in found.balance_transactions)) == ("13.1", -8_000)
    with pytest.raises(stripe.InvalidRequestError) as error:
        refund(client, payment, 100)
    assert code_of(error) == "charge_disputed"
    answered = client.v1.disputes.update(found.id, {"evidence": {"uncategorized_text": "signed for"}, "submit": True})
    assert answered.status == "under_review"

    gateway.decide_dispute(found.id, "won")

    assert [event["type"].removeprefix("charge.dispute.") for event in gateway.events() if "dispute" in event["type"]] == [
        "created", "funds_withdrawn", "updated", "funds_reinstated", "closed",
    ]  # fmt: skip
    assert gateway.total(Deed.DISPUTE_DEBIT) - gateway.total(Deed.DISPUTE_REVERSAL) == 0


def test_an_inquiry_takes_nothing_and_giving_in_loses(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    asked, lost = gateway.authorised(5_000, is_captured=True), gateway.authorised(5_000, is_captured=True)
    inquiry = gateway.open_dispute(asked, is_inquiry=True)
    assert gateway.journal(Deed.DISPUTE_DEBIT) == []
    assert refund(client, asked, 1_000).status == "succeeded"

    gateway.decide_dispute(inquiry, "warning_closed")
    closed = client.v1.disputes.close(gateway.open_dispute(lost))

    assert (client.v1.disputes.retrieve(inquiry).status, closed.status) == ("warning_closed", "lost")
    assert [(it.payment, it.amount) for it in gateway.journal(Deed.DISPUTE_DEBIT)] == [(lost, 5_000)]
    assert gateway.journal(Deed.DISPUTE_REVERSAL) == []


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
