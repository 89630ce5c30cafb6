"""Messages that Stripe sends by itself: who they are from is proved before a byte of them is read.

The signature covers the moment and the raw body: `HMAC-SHA256(secret, "<t>.<body>")`. Several secrets are good at once
while one is replaced by the next (trust.md 7, I8).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from opsdesk.domain.errors import Refused
from opsdesk.domain.secrets import Secret

LONGEST_BODY = 256 * 1024
TOLERANCE = timedelta(minutes=5)
_HEADER = "stripe-signature"
_MOST_SIGNATURES = 10
_LONGEST_HEADER = 2_048


def read_signed(body: bytes, headers: Mapping[str, str], secrets: Sequence[Secret], *, now: datetime) -> dict[str, Any]:
    """Return the event that a message holds.

    Raises:
        Refused: it is not signed with one of the secrets, is older or newer than five minutes, or is no event.
    """
    if not secrets:
        raise Refused("No signing secret is set (OPSDESK_STRIPE_WEBHOOK_SECRETS), so no message can be believed.")
    if len(body) > LONGEST_BODY:
        raise Refused("The message is too long to be one of Stripe's.")
    known = {name.lower(): value for name, value in headers.items()}
    kind = known.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused("The message is not JSON, as Stripe's are.")
    moment, signatures = _parts(known.get(_HEADER, ""))
    if not _is_signed(body, moment, signatures, secrets):
        raise Refused("The signature does not fit: the message is not Stripe's, or the signing secret is another one.")
    # Only now: what an unsigned message says of its time is worth nothing.
    if abs(now.timestamp() - int(moment)) > TOLERANCE.total_seconds():
        raise Refused("The message is older or newer than five minutes. Look at this machine's clock.")
    return _event(body)


def signature(secret: Secret, body: bytes, moment: int) -> str:
    """Sign as Stripe does; returns the header's value."""
    return f"t={moment},v1={_mac(secret, body, str(moment))}"


def _parts(header: str) -> tuple[str, list[str]]:
    if not header or len(header) > _LONGEST_HEADER:
        raise Refused("The message has no signature.")
    pairs = [part.strip().partition("=") for part in header.split(",")]
    moments = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == "v1"]
    is_moment = len(moments) == 1 and moments[0].isascii() and moments[0].isdigit() and len(moments[0]) <= 12
    if not is_moment or not signatures or len(signatures) > _MOST_SIGNATURES:
        raise Refused("The message has no signature that can be read.")
    return moments[0], signatures


def _is_signed(body: bytes, moment: str, signatures: Iterable[str], secrets: Sequence[Secret]) -> bool:
    """Compare all with all, so that the time it takes tells nothing about which was nearly right."""
    found = [value.encode("utf-8", "replace") for value in signatures]
    expected = [_mac(secret, body, moment).encode() for secret in secrets]
    return any([hmac.compare_digest(one, other) for one in expected for other in found])  # noqa: C419  all are compared


def _mac(secret: Secret, body: bytes, moment: str) -> str:
    return hmac.new(secret.reveal().encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()


def _event(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict) or event.get("object") != "event":
        raise Refused("The message is signed, but it is no event.")
    return event
