"""What happened at Stripe, read since a moment, oldest first; and an event as the shop understands it.

Stripe lists events newest first and may list one late, so each reading begins two minutes before the last event that
was read. The cursor names what was read of those minutes, so that nothing is told twice for that alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from opsdesk.domain.payments.gateways import EarlyWarning, EventKind, GatewayEvent, PaymentSnapshot
from opsdesk.integrations.payments.stripe_fields import (
    AUTHORISE_ONLY,
    Raw,
    field,
    moment,
    number,
    reference,
    second_of,
    text,
)

KINDS = (
    "charge.captured",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.expired",
    "charge.succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.succeeded",
    "payment_link.updated",
    "radar.early_fraud_warning.created",
    "radar.early_fraud_warning.updated",
    "refund.created",
    "refund.failed",
    "refund.updated",
)
"""What is asked for; Stripe takes at most twenty.

An authorisation comes with `charge.succeeded`, and a refund with `refund.created`, so what says the same is left out.
"""
_WARNING = "radar.early_fraud_warning"
OVERLAP_S = 120
FIRST_LOOK_BACK = timedelta(days=1)
_FIRST_WINDOW_S = 3_600
_CLOCKS_APART_S = 3_600
"""How far this machine's clock may be off before events could be passed over."""

Reading = Callable[[int, int | None], Sequence[Raw]]
"""Lists the events since a second (included) and before another one, newest first."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The second of the newest event that was read, and the ids of those read shortly before it."""

    second: int
    read: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, written: str, now: datetime) -> Cursor:
        """Read a cursor; the empty one, and one that is none, stand for a day ago."""
        second, _, ids = written.partition("|")
        if not (second.isascii() and second.isdigit() and len(second) <= 12):
            return cls(int((now - FIRST_LOOK_BACK).timestamp()))
        return cls(int(second), frozenset(ids.split(",")) - {""})

    def __str__(self) -> str:
        return f"{self.second}|{','.join(sorted(self.read))}"

    def after(self, events: Iterable[Raw]) -> Cursor:
        """Return the cursor after these events, of which those read before are part."""
        seconds = {text(one, "id"): second_of(one, "created") for one in events}
        newest = max((self.second, *seconds.values()))
        return Cursor(newest, frozenset(known for known, second in seconds.items() if second >= newest - OVERLAP_S))


@dataclass(frozen=True, slots=True)
class News:
    """What one reading brought.

    Attributes:
        fresh: the events that were not read before, oldest first.
        again: those that were.
        cursor: where the reading began.
    """

    fresh: Sequence[Raw]
    again: Sequence[Raw]
    cursor: Cursor


def news(reading: Reading, cursor: Cursor, now: datetime) -> News:
    """Read the first stretch of time in which something new happened, or else up to now."""
    window = _FIRST_WINDOW_S
    while True:
        # The last stretch has no end: an end by this machine's clock could lie ahead of Stripe's.
        end: int | None = cursor.second + window
        if end is not None and end >= now.timestamp() - _CLOCKS_APART_S:
            end = None
        found = reading(cursor.second - OVERLAP_S, end)
        oldest_first = list(reversed(found))
        oldest_first.sort(key=lambda one: second_of(one, "created"))
        fresh = [one for one in oldest_first if text(one, "id") not in cursor.read]
        if fresh or end is None:
            return News(fresh, [one for one in oldest_first if text(one, "id") in cursor.read], cursor)
        cursor, window = Cursor(end), window * 2


def payment_of(event: Raw) -> str:
    """Return which payment an event is about: its intent, or its charge where it has none."""
    about = field(event, "data", "object")
    if text(about, "object") == "payment_intent":
        return text(about, "id")
    intent = reference(about, "payment_intent")
    if intent or text(about, "object") == "checkout.session":
        return intent
    return text(about, "id") if text(about, "object") == "charge" else reference(about, "charge")


def kind_of(name: str) -> EventKind:
    """Say what an event is about."""
    if name.startswith("charge.dispute."):
        return EventKind.DISPUTE
    if name.startswith(f"{_WARNING}."):
        return EventKind.WARNING
    if name.startswith(("payment_intent.", "charge.", "refund.")):
        return EventKind.PAYMENT
    return EventKind.LINK if name.startswith(("checkout.session.", "payment_link.")) else EventKind.OTHER


def event_of(event: Raw, payment: PaymentSnapshot | None) -> GatewayEvent:
    """Return an event with what is known of its payment."""
    name, about = text(event, "type"), field(event, "data", "object")
    kind = kind_of(name)
    link, state = _link(name, about) if kind is EventKind.LINK else ("", "")
    if kind is EventKind.LINK and not link:
        kind = EventKind.OTHER
    return GatewayEvent(
        id=text(event, "id"),
        kind=kind,
        name=name,
        happened_at=moment(event, "created") or datetime.fromtimestamp(0, UTC),
        payment=payment,
        link_reference=link,
        link_state=state,
        warning=_warning(about) if kind is EventKind.WARNING else None,
    )


def _warning(about: Any) -> EarlyWarning:
    return EarlyWarning(
        reference=text(about, "id"),
        payment_reference=reference(about, "payment_intent") or reference(about, "charge"),
        kind=text(about, "fraud_type"),
        is_actionable=bool(field(about, "actionable")),
        told_at=moment(about, "created") or datetime.fromtimestamp(0, UTC),
    )


def _link(name: str, about: Any) -> tuple[str, str]:
    """Return the pay link and its state: `paid`, `pending`, `failed` or `cancelled`; nothing for what is no news of it.

    That one page of a link has expired says nothing: the customer opens the link again.
    """
    if name == "payment_link.updated":
        is_full = number(about, "restrictions", "completed_sessions", "count") > 0
        is_off = field(about, "active") is False and not is_full
        return (text(about, "id"), "cancelled") if is_off else ("", "")
    link = reference(about, "payment_link")
    if not link or name == "checkout.session.expired":
        return "", ""
    if name == "checkout.session.async_payment_failed":
        return link, "failed"
    is_paid = text(about, "payment_status") in ("paid", "no_payment_required")
    is_authorised = bool(text(about, "metadata", AUTHORISE_ONLY))
    return link, "paid" if is_paid or is_authorised else "pending"
