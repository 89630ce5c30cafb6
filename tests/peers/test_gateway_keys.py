"""The test gateway remembers a key for a day: the same request under it has one effect, however often and at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.conftest import StillClock
from tests.peers.gateway import Call, Deed, GatewayPeer
from tests.peers.gateway_keys import Keys
from tests.peers.gateway_kit import client_of, key, refund
from tests.peers.gateway_refunds import Refunds


@pytest.fixture
def gateway(tmp_path: Path, clock: StillClock) -> Iterator[GatewayPeer]:
    with GatewayPeer(tmp_path / "journal.jsonl", clock=clock) as peer:
        yield peer


@pytest.fixture
def client(gateway: GatewayPeer) -> stripe.StripeClient:
    return client_of(gateway)


def test_the_same_key_does_it_once_and_has_the_first_answer(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.authorised(10_000, is_captured=True)

    first, again = refund(client, payment, 4_000, "r1"), refund(client, payment, 4_000, "r1")

    assert first.id == again.id
    assert [it.key for it in gateway.journal(Deed.REFUND)] == ["r1"]
    assert [seen.is_replayed for seen in gateway.requests(Call.REFUND)] == [False, True]
    assert again.last_response.headers["Idempotent-Replayed"] == "true"


def test_a_replay_tells_of_then_not_of_now(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.authorised(10_000, method="pm_card_pendingRefund", is_captured=True)
    first = refund(client, payment, 4_000, "r1")
    gateway.settle_refund(first.id, is_ok=True)

    assert refund(client, payment, 4_000, "r1").status == "pending"
    assert client.v1.refunds.retrieve(first.id).status == "succeeded"


def test_a_key_with_other_parameters_is_refused(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment, other = gateway.authorised(10_000, is_captured=True), gateway.authorised(10_000)
    refund(client, payment, 4_000, "r1")

    acts: list[Callable[[], Any]] = [
        lambda: refund(client, payment, 4_001, "r1"),
        lambda: client.v1.payment_intents.capture(other, {}, key("r1")),
    ]
    for act in acts:
        with pytest.raises(stripe.IdempotencyError) as error:
            act()
        assert error.value.http_status == 400

    assert [it.amount for it in gateway.journal(Deed.REFUND, Deed.CAPTURE)] == [4_000]


def test_the_order_of_parameters_is_no_difference(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.authorised(10_000, is_captured=True)

    one = client.v1.refunds.create({"payment_intent": payment, "amount": 500}, key("r1"))
    other = client.v1.refunds.create({"amount": 500, "payment_intent": payment}, key("r1"))

    assert one.id == other.id


def test_a_key_is_forgotten_after_a_day_and_then_pays_twice(
    gateway: GatewayPeer, client: stripe.StripeClient, clock: StillClock
) -> None:
    payment = gateway.authorised(10_000, is_captured=True)
    first = refund(client, payment, 4_000, "r1")

    clock.advance(hours=23, minutes=59)
    assert refund(client, payment, 4_000, "r1").id == first.id
    gateway.clock.advance(hours=1)
    assert refund(client, payment, 4_000, "r1").id != first.id

    assert gateway.total(Deed.REFUND, payment=payment) == 8_000


def test_what_could_not_be_understood_leaves_the_key_free(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.authorised(10_000, is_captured=True)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": payment, "amount": 500, "reason": "because"}, key("r1"))

    assert refund(client, payment, 500, "r1").status == "succeeded"


def test_a_refusal_for_the_state_of_things_is_remembered(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.authorised(10_000)
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError):
            refund(client, payment, 500, "r1")
        if not gateway.journal(Deed.CAPTURE):
            gateway.capture_outside(payment)

    assert [seen.is_replayed for seen in gateway.requests(Call.REFUND)] == [False, True]


def test_a_second_request_meets_the_first_under_way(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.authorised(10_000, is_captured=True)
    hold = gateway.faults.hold(Call.REFUND, is_done=True)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(refund, client_of(gateway), payment, 500, "r1")
        assert hold.arrived()

        with pytest.raises(stripe.APIError) as error:
            refund(client, payment, 500, "r1")

        assert (error.value.http_status, error.value.error.code) == (409, "idempotency_key_in_use")
        hold.release()
        assert first.result().id == refund(client, payment, 500, "r1").id
    assert len(gateway.journal(Deed.REFUND)) == 1


def rush(gateway: GatewayPeer, payment: str) -> None:
    start = threading.Barrier(10)

    def one(number: int) -> None:
        client = client_of(gateway)
        start.wait()
        with contextlib.suppress(stripe.APIError):  # 409, while the first one is under way
            refund(client, payment, 600, "r1")

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(one, range(10)))


def test_ten_requests_at_once_under_one_key_have_one_effect(gateway: GatewayPeer) -> None:
    payment = gateway.authorised(10_000, is_captured=True)

    rush(gateway, payment)

    assert [(it.amount, it.key) for it in gateway.journal(Deed.REFUND)] == [(600, "r1")]


def test_without_the_memory_of_keys_they_would_have_ten(gateway: GatewayPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = gateway.authorised(10_000, is_captured=True)
    monkeypatch.setattr(Keys, "enter", lambda *_: None)
    monkeypatch.setattr(Keys, "keep", lambda *_: None)

    rush(gateway, payment)

    assert len(gateway.journal(Deed.REFUND)) == 10


def refund_under_ten_keys(gateway: GatewayPeer, payment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    look = Refunds._check

    def look_and_linger(*given: Any) -> None:
        look(*given)
        threading.Event().wait(0.02)

    monkeypatch.setattr(Refunds, "_check", look_and_linger)
    start = threading.Barrier(10)

    def one(number: int) -> None:
        client = client_of(gateway)
        start.wait()
        with contextlib.suppress(stripe.InvalidRequestError):
            refund(client, payment, 300, f"r{number}")

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(one, range(10)))


def test_ten_refunds_at_once_stop_at_what_was_captured(gateway: GatewayPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = gateway.authorised(1_000, is_captured=True)

    refund_under_ten_keys(gateway, payment, monkeypatch)

    assert gateway.total(Deed.REFUND, payment=payment) == 900


def test_without_the_lock_they_would_not(gateway: GatewayPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = gateway.authorised(1_000, is_captured=True)
    monkeypatch.setattr(gateway.bank.book, "lock", contextlib.nullcontext())

    refund_under_ten_keys(gateway, payment, monkeypatch)

    assert gateway.total(Deed.REFUND, payment=payment) > 1_000
