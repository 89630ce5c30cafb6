"""The test gateway signs as Stripe does, and its bad messages are bad in the ways that they say."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe

from tests.conftest import StillClock
from tests.peers.gateway import GatewayPeer, deliveries
from tests.peers.gateway_webhooks import Case, Message

SECRET, NEXT = "whsec_opsdesk", "whsec_next"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayPeer]:
    with GatewayPeer(tmp_path / "journal.jsonl", webhook_secret=SECRET) as peer:
        peer.capture_outside(peer.authorised(5_000))
        yield peer


def accepts(message: Message, now: int, *, without: str = "", secret: str = SECRET) -> bool:
    """Receive a message as the documentation says; `without` leaves one of the checks out."""
    body, headers = message
    parts = [part.partition("=") for part in headers.get("Stripe-Signature", "").split(",")]
    stamps = [value for name, _, value in parts if name == "t"]
    codes = [value for name, _, value in parts if name == "v1" or (without == "scheme" and name == "v0")]
    if headers.get("Content-Type", "").split(";")[0] != "application/json" and without != "content type":
        return False
    if len(body) > 1_000_000 and without != "length":
        return False
    if without != "signature":
        stamp = stamps[0] if stamps else ""
        code = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        codes = codes[:1] if without == "other signatures" else codes
        if not any(hmac.compare_digest(code, other) for other in codes):
            return False
    age = now - int(stamps[0]) if stamps and stamps[0].isdigit() else 0
    if (age > 300 and without != "age") or (age < -300 and without != "future"):
        return False
    try:
        found = json.loads(body)
    except ValueError:
        return without == "JSON"
    return (isinstance(found, dict) and found.get("object") == "event") or without == "event"


def wrongly_judged(cases: list[Case], now: int, without: str = "") -> set[str]:
    return {case.name for case in cases if accepts(case.message, now, without=without) != case.is_good}


def test_the_library_takes_a_message_and_finds_the_event_in_it(gateway: GatewayPeer) -> None:
    event = gateway.events("charge.captured")[0]
    body, headers = gateway.webhook(event)

    told = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], SECRET)

    assert (told.id, told.type, told.data.object.amount_captured) == (event["id"], "charge.captured", 5_000)


def test_the_library_and_the_cases_agree_about_signatures(gateway: GatewayPeer) -> None:
    unseen = {"from the future", "another content type", "no event", "a list", "ten megabytes"}
    for case in gateway.webhook_cases(gateway.events()[-1]):
        if case.name in unseen:
            continue
        body, headers = case.message
        try:
            stripe.Webhook.construct_event(body, headers.get("Stripe-Signature"), SECRET)
            is_taken = True
        except (stripe.SignatureVerificationError, ValueError):
            is_taken = False
        assert is_taken == case.is_good, case.name


def test_a_careful_receiver_judges_every_case_rightly(gateway: GatewayPeer) -> None:
    cases = gateway.webhook_cases(gateway.events()[-1])

    assert wrongly_judged(cases, gateway.clock.unix()) == set()
    assert Counter(case.is_good for case in cases)[True] == 4


@pytest.mark.parametrize(
    "without",
    ["signature", "scheme", "other signatures", "age", "future", "JSON", "event", "content type", "length"],
)
def test_a_receiver_that_leaves_out_a_check_is_caught(gateway: GatewayPeer, without: str) -> None:
    assert wrongly_judged(gateway.webhook_cases(gateway.events()[-1]), gateway.clock.unix(), without)


def test_while_the_secret_changes_both_are_good(gateway: GatewayPeer) -> None:
    event, now = gateway.events()[-1], gateway.clock.unix()
    gateway.webhooks.rotate(NEXT)

    during = gateway.webhook(event)
    gateway.webhooks.retired_secret = ""
    after = gateway.webhook(event)

    assert [accepts(during, now, secret=secret) for secret in (SECRET, NEXT)] == [True, True]
    assert [accepts(after, now, secret=secret) for secret in (SECRET, NEXT)] == [False, True]


def test_messages_are_signed_by_the_clock_of_the_gateway(tmp_path: Path, clock: StillClock) -> None:
    with GatewayPeer(tmp_path / "still.jsonl", clock=clock) as gateway:
        gateway.authorised(5_000)
        _, headers = gateway.webhook(gateway.events()[-1])

    assert headers["Stripe-Signature"].startswith(f"t={int(clock().timestamp())},v1=")


def test_each_event_is_delivered_one_to_five_times_in_no_order(gateway: GatewayPeer) -> None:
    for _ in range(20):
        gateway.capture_outside(gateway.authorised(900))
    events = gateway.events()

    sent = deliveries(events, seed=7)

    counts = Counter(event["id"] for event in sent)
    assert set(counts) == {event["id"] for event in events}
    assert set(counts.values()) == {1, 2, 3, 4, 5}
    assert [event["id"] for event in sent] == [event["id"] for event in deliveries(events, seed=7)]
    assert [event["id"] for event in sent] != [event["id"] for event in deliveries(events, seed=8)]
    places = [next(place for place, one in enumerate(sent) if one["id"] == event["id"]) for event in events]
    assert places != sorted(places)
