"""Customers pay the test gateway over sessions and links: once, in time, and without a card number anywhere."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from tests.conftest import StillClock
from tests.peers.gateway import Deed, GatewayPeer
from tests.peers.gateway_checkout import NotPayable
from tests.peers.gateway_errors import ApiError
from tests.peers.gateway_kit import SUCCESS, client_of, line, link, session

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def gateway(tmp_path: Path, clock: StillClock) -> Iterator[GatewayPeer]:
    with GatewayPeer(tmp_path / "journal.jsonl", clock=clock) as peer:
        yield peer


@pytest.fixture
def client(gateway: GatewayPeer) -> stripe.StripeClient:
    return client_of(gateway)


def test_a_session_is_paid_once(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    made = session(client, gateway, 4_500, "s1", client_reference_id="1042", customer_email="kim@example.org")
    assert (made.status, made.payment_status, made.amount_total, made.payment_intent) == ("open", "unpaid", 4_500, None)

    payment = gateway.pay(made.url)

    paid = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent", "line_items"]})
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert (paid.payment_intent.id, paid.payment_intent.status) == (payment, "succeeded")
    assert paid.line_items.data[0].description == "Order 1042"
    assert [it.id for it in client.v1.checkout.sessions.list({"payment_intent": payment}).data] == [made.id]
    with pytest.raises(NotPayable):
        gateway.pay(made.id)
    assert [(it.kind, it.amount, it.key) for it in gateway.journal()] == [
        ("create_link", 4_500, "s1"),
        ("sale", 4_500, ""),
    ]
    assert gateway.events()[-1]["type"] == "checkout.session.completed"


def test_an_authorised_session_is_paid_when_it_is_captured(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    made = session(client, gateway, 4_500, "s1", payment_intent_data={"capture_method": "manual"})

    payment = gateway.pay(made.id)
    before = client.v1.checkout.sessions.retrieve(made.id)
    client.v1.payment_intents.capture(payment)

    assert (before.status, before.payment_status) == ("complete", "unpaid")
    assert client.v1.checkout.sessions.retrieve(made.id).payment_status == "paid"


def test_a_declined_customer_may_try_again_on_the_same_payment(
    gateway: GatewayPeer, client: stripe.StripeClient
) -> None:
    made = session(client, gateway, 4_500, "s1")
    with pytest.raises(ApiError, match="insufficient funds"):
        gateway.pay(made.id, "pm_card_visa_chargeDeclinedInsufficientFunds")
    tried = client.v1.checkout.sessions.retrieve(made.id)

    assert tried.status == "open"
    assert gateway.pay(made.id) == tried.payment_intent
    assert [it.kind for it in gateway.journal()] == ["create_link", "sale"]


def test_a_session_ends_at_its_time_or_when_it_is_told_to(
    gateway: GatewayPeer, client: stripe.StripeClient, clock: StillClock
) -> None:
    told, forgotten = session(client, gateway, 4_500, "s1"), session(client, gateway, 4_500, "s2")
    ended = client.v1.checkout.sessions.expire(told.id, {}, {"idempotency_key": "x1"})
    clock.advance(hours=1)

    assert (ended.status, client.v1.checkout.sessions.retrieve(forgotten.id).status) == ("expired", "expired")
    for made in (told, forgotten):
        with pytest.raises(NotPayable):
            gateway.pay(made.id)
    with pytest.raises(stripe.InvalidRequestError, match='status in \\["open"\\]'):
        client.v1.checkout.sessions.expire(told.id)
    assert [(it.kind, it.reference, it.key) for it in gateway.journal()][2:] == [
        ("cancel_link", told.id, "x1"),
        ("expire_link", forgotten.id, ""),
    ]


def test_a_paid_session_cannot_be_expired(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    made = session(client, gateway, 4_500, "s1")
    gateway.pay(made.id)

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.expire(made.id)

    assert gateway.journal(Deed.CANCEL_LINK) == []


@pytest.mark.parametrize("seconds", [24 * 3600 + 1, 30 * 60 - 1, 3 * 24 * 3600])
def test_a_session_lasts_from_half_an_hour_to_a_day(
    gateway: GatewayPeer, client: stripe.StripeClient, seconds: int
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="expires_at"):
        session(client, gateway, 4_500, "s1", expires_at=gateway.clock.unix() + seconds)

    assert session(client, gateway, 4_500, "s1", expires_at=gateway.clock.unix() + 24 * 3600).status == "open"


@pytest.mark.parametrize(
    "wrong",
    [
        {"line_items": [line(20)]},
        {"line_items": [line(4_500), line(4_500, "usd")]},
        {"line_items": [line(4_550, "isk")]},
        {"line_items": [line(4_500, name=" ")]},
        {"line_items": [{"price_data": {"currency": "eur", "product_data": {"name": "Order"}}, "quantity": 1}]},
        {"line_items": [{**line(4_500), "quantity": 0}]},
        {"line_items": []},
        {"mode": "subscription"},
        {"success_url": ""},
        {"metadata": {"note": "x" * 501}},
        {"metadata": {str(number): "x" for number in range(51)}},
        {"client_reference_id": "x" * 201},
    ],
)
def test_a_page_that_stripe_would_not_make(gateway: GatewayPeer, client: stripe.StripeClient, wrong: Any) -> None:
    good: Any = {"mode": "payment", "success_url": SUCCESS, "line_items": [line(4_500)]}

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create({**good, **wrong})

    assert gateway.journal() == []


def test_a_link_takes_one_payment_and_is_off(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    made = link(client, 4_500, "l1", manual=True)

    payment = gateway.pay(made.url)

    found = client.v1.payment_links.retrieve(made.id)
    assert (found.active, found.restrictions.completed_sessions.count) == (False, 1)
    [paid] = client.v1.checkout.sessions.list({"payment_link": made.id}).data
    assert (paid.payment_intent, paid.metadata["opsdesk_key"]) == (payment, "l1")
    assert gateway.payment(payment)["metadata"] == {"order_number": "1042"}
    with pytest.raises(NotPayable):
        gateway.pay(made.id)


def test_a_page_left_open_outlives_its_link(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    off, used = link(client, 4_500, "l1"), link(client, 4_500, "l2")
    open_of_off, open_of_used = gateway.visit(off.url), gateway.visit(used.url)

    client.v1.payment_links.update(off.id, {"active": False}, {"idempotency_key": "x1"})
    gateway.pay(used.url)

    with pytest.raises(NotPayable):
        gateway.visit(off.id)
    [found] = client.v1.checkout.sessions.list({"payment_link": off.id, "status": "open"}).data
    assert found.id == open_of_off
    client.v1.checkout.sessions.expire(open_of_off)
    with pytest.raises(NotPayable):
        gateway.pay(open_of_off)
    assert gateway.pay(open_of_used)
    assert len(gateway.journal(Deed.SALE)) == 2
    assert [it.key for it in gateway.journal(Deed.CANCEL_LINK)] == ["x1"]
    assert [it.reference for it in gateway.journal(Deed.CLOSE_PAGE)] == [open_of_off]


def test_a_customer_can_pay_an_odd_sum_for_a_test(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.payment(gateway.pay(link(client, 4_500, "l1").url, amount=4_400, currency="GBP"))

    assert (payment["amount_received"], payment["currency"]) == (4_400, "gbp")


def test_the_page_shows_the_sum_and_takes_no_card_number(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    made = client.v1.payment_links.create({"line_items": [line(4_500)], "metadata": {"order_number": "<b>1042"}})

    shown = requests.get(made.url, timeout=5)

    assert shown.status_code == 200
    assert "45.00 EUR" in shown.text and "&lt;b&gt;1042" in shown.text
    assert not re.search(r"<input|<textarea|<script|https?://", shown.text)
    assert gateway.journal(Deed.SALE) == []


def test_the_page_is_paid_by_its_button_and_then_closed(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    made = session(client, gateway, 4_500, "s1")
    declined = requests.post(made.url, {"method": "pm_card_visa_chargeDeclined"}, timeout=5)
    paid = requests.post(made.url, timeout=5)
    again = requests.post(made.url, timeout=5)

    assert (declined.status_code, paid.status_code) == (402, 200)
    assert "takes no payment" in again.text
    assert requests.get(f"{gateway.url}/pay/cs_test_nobody", timeout=5).status_code == 404
    assert len(gateway.journal(Deed.SALE)) == 1


def test_it_runs_by_hand(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    run = [sys.executable, "-m", "tests.peers.gateway", "--port", "0", "--journal", str(journal)]
    with subprocess.Popen(run, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address, api_key = (process.stdout.readline().partition("=")[2].strip() for _ in range(2))
        client = stripe.StripeClient(api_key, base_addresses={"api": address}, max_network_retries=0)
        made = client.v1.payment_links.create({"line_items": [line(4_500)]})
        assert requests.post(made.url, timeout=5).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0

    assert [line_.split('"')[3] for line_ in journal.read_text().splitlines()] == ["create_link", "sale"]
