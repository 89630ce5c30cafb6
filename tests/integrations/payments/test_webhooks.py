"""Only Stripe's own messages are believed, and only fresh ones (trust.md 7, I8)."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from opsdesk.domain.errors import Refused
from opsdesk.domain.payments.gateways import EventKind
from opsdesk.domain.secrets import Secret
from opsdesk.integrations.payments import stripe_webhooks
from opsdesk.integrations.payments.stripe import StripeGateway
from opsdesk.integrations.payments.stripe_webhooks import read_signed, signature
from tests.conftest import START, StillClock
from tests.integrations.payments.stripe_kit import Calls
from tests.peers.gateway import GatewayPeer

SECRET, NEXT = Secret("whsec_opsdesk"), Secret("whsec_next")
NOW = int(START.timestamp())
EVENT = {"id": "evt_1", "object": "event", "type": "charge.captured", "created": NOW, "data": {"object": {}}}
JSON = {"Content-Type": "application/json"}


def believed(body: bytes, header: str, secrets: Sequence[Secret] = (SECRET,), **headers: str) -> bool:
    try:
        read_signed(body, JSON | {"Stripe-Signature": header} | headers, secrets, now=START)
    except Refused as refused:
        return "whsec" in refused.message
    return True


def test_every_case_is_told_apart(gateway: StripeGateway, peer: GatewayPeer, clock: StillClock) -> None:
    peer.authorised(5000)
    event = peer.events()[-1]
    cases = peer.webhook_cases(event)
    assert len(cases) >= 12

    for case in cases:
        try:
            taken = gateway.read_webhook(*case.message, now=clock()).id == event["id"]
        except Refused:
            taken = False
        assert taken is case.is_good, case.name


def test_a_message_asks_and_changes_nothing(
    gateway: StripeGateway, peer: GatewayPeer, clock: StillClock, tmp_path: Path
) -> None:
    payment = peer.authorised(5000, "EUR", "1042", is_captured=True)
    peer.refund_outside(payment, 2000)
    peer.open_dispute(payment, 1000)
    messages = [(event, peer.webhook(event)) for event in peer.events()]
    asked, written = len(peer.seen), (tmp_path / "gateway.jsonl").read_bytes()

    told = [gateway.read_webhook(*message, now=clock()) for _, message in messages]

    assert [one.id for one in told] == [event["id"] for event, _ in messages]
    assert len(peer.seen) == asked
    assert (tmp_path / "gateway.jsonl").read_bytes() == written
    assert {one.kind for one in told} == {EventKind.PAYMENT, EventKind.DISPUTE}
    assert {one.payment.reference for one in told if one.payment} == {payment}
    assert [one.amount.minor for event in told if event.payment for one in event.payment.operations]


def test_a_message_that_comes_again_is_the_same_event(
    gateway: StripeGateway, peer: GatewayPeer, clock: StillClock
) -> None:
    """Whoever applies events does so once for each id."""
    peer.authorised(5000)
    message = peer.webhook(peer.events()[0])

    assert gateway.read_webhook(*message, now=clock()) == gateway.read_webhook(*message, now=clock())


@pytest.mark.parametrize("secrets", [(SECRET, NEXT), (NEXT, SECRET)])
def test_while_the_secret_is_changed_both_are_good(secrets: tuple[Secret, ...]) -> None:
    body = json.dumps(EVENT).encode()

    assert believed(body, signature(SECRET, body, NOW), secrets)
    assert believed(body, signature(NEXT, body, NOW), secrets)
    assert not believed(body, signature(Secret("whsec_old"), body, NOW), secrets)
    assert not believed(body, signature(SECRET, body, NOW), (NEXT,))


@pytest.mark.parametrize(
    ("age", "good"), [(0, True), (300, True), (301, False), (-300, True), (-301, False), (86_400, False)]
)
def test_five_minutes_in_both_directions(age: int, good: bool) -> None:
    body = json.dumps(EVENT).encode()

    assert believed(body, signature(SECRET, body, NOW - age)) is good


@pytest.mark.parametrize(
    "header",
    ["", "t=", "v1=abc", "t=1", f"t={NOW}", f"t={NOW},v1=", f"t={NOW},t={NOW},v1=aa", f"t=-{NOW},v1=aa", "t=１２,v1=aa",
     f"t={NOW}," + ",".join(["v1=aa"] * 11), "x" * 3000, f"t={NOW},v1=ü"],
)  # fmt: skip
def test_a_header_that_is_none_is_refused(header: str) -> None:
    assert not believed(json.dumps(EVENT).encode(), header)


def test_without_a_secret_nothing_is_believed() -> None:
    body = json.dumps(EVENT).encode()

    assert not believed(body, signature(Secret(""), body, NOW), ())


@pytest.mark.parametrize("kind", ["text/plain", "", "application/x-www-form-urlencoded", "application/jsonp"])
def test_only_json_is_read(kind: str) -> None:
    body = json.dumps(EVENT).encode()

    assert not believed(body, signature(SECRET, body, NOW), **{"Content-Type": kind})
    assert believed(body, signature(SECRET, body, NOW), **{"Content-Type": "Application/JSON; charset=utf-8"})


def test_a_long_message_is_refused_before_it_is_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[int] = []
    real = hmac.new
    monkeypatch.setattr(hmac, "new", lambda key, text, kind: hashed.append(len(text)) or real(key, text, kind))
    body = json.dumps(EVENT | {"padding": "x" * 10_000_000}).encode()

    assert not believed(body, "t=1,v1=aa")
    assert not hashed


@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b'{"object":"event","type":' + b'{"a":' * 20_000, b"\xff", b"null", b'"event"']
)
def test_a_signed_message_that_is_no_event_is_refused(body: bytes) -> None:
    assert not believed(body, signature(SECRET, body, NOW))


@pytest.mark.parametrize(
    "about",
    [
        {"object": "refund", "amount": "many", "currency": "eur", "payment_intent": "pi_1"},
        {"object": "refund", "amount": 5, "currency": "no currency", "payment_intent": "pi_1"},
        {"object": "dispute", "amount": 4010, "currency": "isk", "payment_intent": "pi_1"},
        [],
        "text",
    ],
)
def test_a_signed_message_with_nonsense_inside_is_refused_or_told_without_a_payment(
    gateway: StripeGateway, clock: StillClock, about: Any
) -> None:
    body = json.dumps(EVENT | {"type": "refund.updated", "data": {"object": about}}).encode()
    headers = JSON | {"Stripe-Signature": signature(SECRET, body, NOW)}

    try:
        payment = gateway.read_webhook(body, headers, now=clock()).payment
    except Refused:
        return
    assert payment is None or not payment.operations[0].amount


def test_every_signature_is_compared_in_constant_time_with_every_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest
    monkeypatch.setattr(stripe_webhooks.hmac, "compare_digest", lambda a, b: compared.append((a, b)) or real(a, b))
    body = json.dumps(EVENT).encode()
    good = signature(SECRET, body, NOW)

    assert believed(body, good + ",v1=" + "0" * 64, (SECRET, NEXT))
    assert len(compared) == 4


def test_a_message_about_what_we_did_carries_our_key(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls, clock: StillClock
) -> None:
    payment = peer.authorised(5000, is_captured=True)
    call = calls.refund(payment, 1000)
    gateway.carry_out(call)
    [event] = peer.events("refund.created")

    told = gateway.read_webhook(*peer.webhook(event), now=clock())

    assert told.payment is not None
    assert [one.key for one in told.payment.operations] == [call.key]
