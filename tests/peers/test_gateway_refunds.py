"""The test gateway gives back no more than it took: refunds that wait and fail, other currencies, disputes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.conftest import StillClock
from tests.peers.gateway import Deed, GatewayPeer
from tests.peers.gateway_kit import client_of, code_of, refund


@pytest.fixture
def gateway(tmp_path: Path, clock: StillClock) -> Iterator[GatewayPeer]:
    with GatewayPeer(tmp_path / "journal.jsonl", clock=clock) as peer:
        yield peer


@pytest.fixture
def client(gateway: GatewayPeer) -> stripe.StripeClient:
    return client_of(gateway)


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
