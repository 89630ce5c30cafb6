"""Signed messages of the test gateway, true and false ones, and orders of delivery."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.peers.gateway_clock import PeerClock
from tests.peers.gateway_state import Thing

Message = tuple[bytes, dict[str, str]]
OLD, AHEAD = 6 * 60, 10 * 60


@dataclass(frozen=True)
class Case:
    """A message and whether a receiver must take it."""

    name: str
    message: Message
    is_good: bool


class Webhooks:
    """Signs as the documentation says: `t=<unix>,v1=<hex>` over `<t>.<body>`, HMAC-SHA256 with the endpoint's secret."""

    def __init__(self, clock: PeerClock, secret: str) -> None:
        self.clock = clock
        self.secret = secret
        self.retired_secret = ""

    def rotate(self, secret: str) -> None:
        """Change the secret; for a while every message is signed with the old one too."""
        self.retired_secret, self.secret = self.secret, secret

    def sign(self, event: Thing) -> Message:
        """Return the message that tells of an event, as it is sent now."""
        secrets = [secret for secret in (self.secret, self.retired_secret) if secret]
        return self.signed(body_of(event), secrets=secrets)

    def signed(self, body: bytes, *, secrets: Sequence[str] = (), age: int = 0) -> Message:
        """Sign any body with any secrets, as if that many seconds ago."""
        at = self.clock.unix() - age
        codes = [_code(secret, at, body) for secret in (secrets or [self.secret])]
        return body, _headers(",".join([f"t={at}", *(f"v1={code}" for code in codes)]))

    def cases(self, event: Thing) -> list[Case]:
        """Return good and bad messages about an event, which a receiver must tell apart."""
        body, headers = self.sign(event)
        signature = headers["Stripe-Signature"]
        stamp, code = signature.split(",")[:2]
        altered = body.replace(b'"livemode": false', b'"livemode": true ', 1)
        other = body.replace(event["id"].encode(), b"evt_" + b"0" * (len(event["id"]) - 4))
        huge = body_of({**event, "padding": "x" * 10_000_000})
        at = int(stamp.removeprefix("t="))
        v0 = _headers(f"{stamp},{code.replace('v1=', 'v0=')}")
        return [
            Case("as it is sent", (body, headers), is_good=True),
            Case("at the edge of the five minutes", self.signed(body, age=299), is_good=True),
            Case("a second signature that is wrong", (body, _headers(f"{signature},v1={'0' * 64}")), is_good=True),
            Case(
                "a wrong signature before the right one",
                (body, _headers(f"{stamp},v1={'0' * 64},{code}")),
                is_good=True,
            ),
            Case("another secret", self.signed(body, secrets=["whsec_somebody_else"]), is_good=False),
            Case("no signature", (body, {"Content-Type": "application/json"}), is_good=False),
            Case("an empty signature", (body, _headers("")), is_good=False),
            Case("no time", (body, _headers(code)), is_good=False),
            Case("only an older scheme", (body, v0), is_good=False),
            Case("old", self.signed(body, age=OLD), is_good=False),
            Case("from the future", self.signed(body, age=-AHEAD), is_good=False),
            Case("a time of its own", (body, _headers(f"t={at + 1},{code}")), is_good=False),
            Case("an altered body", (altered, headers), is_good=False),
            Case("another id", (other, headers), is_good=False),
            Case("letters in the time", (body, _headers(f"t=now,{code}")), is_good=False),
            Case("another content type", (body, {**headers, "Content-Type": "text/plain"}), is_good=False),
            Case("not JSON", self.signed(b"order=1&paid=yes"), is_good=False),
            Case("no event", self.signed(b'{"object": "charge"}'), is_good=False),
            Case("a list", self.signed(b"[]"), is_good=False),
            Case("no text", self.signed(b"\xff\xfe\x00"), is_good=False),
            Case("ten megabytes", self.signed(huge), is_good=False),
        ]


def body_of(event: Thing) -> bytes:
    """Return the bytes that are sent for an event."""
    return json.dumps(event, indent=2).encode()


def deliveries(events: Sequence[Thing], seed: int, *, most: int = 5) -> list[Thing]:
    """Return each event one to five times, in no order."""
    dice = random.Random(seed)
    sent = [event for event in events for _ in range(dice.randint(1, most))]
    dice.shuffle(sent)
    return sent


def _code(secret: str, at: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def _headers(signature: str) -> dict[str, str]:
    return {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature}
