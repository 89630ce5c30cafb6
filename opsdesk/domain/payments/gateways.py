"""What is asked of a payment gateway and what it answers, in words that belong to none of them (integrations.md 3.4).

A call has its idempotency key before it is sent. What became of a call that was not answered is `UNKNOWN`: it is looked
up under the same key and never sent again under another one (trust.md 7, E1 and E4).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from opsdesk.domain.money import Money
from opsdesk.domain.payments.instruments import Checks, Instrument, Risk

LIVE_GATEWAYS = frozenset({"stripe"})
"""Gateways that OpsDesk talks to. What came in over another one is captured and refunded there."""
GRACE = timedelta(seconds=60)
"""How long money waits before it moves, so that a slip can be taken back (ergonomics.md 3.6)."""
KEY_LASTS = timedelta(hours=23)
"""How long a key may be sent again. Stripe forgets keys after 24 hours; from then on the same key would pay twice."""


class CallKind(StrEnum):
    """What a gateway is asked to do."""

    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    CREATE_LINK = "create_link"
    CANCEL_LINK = "cancel_link"


class CallState(StrEnum):
    """How far a call is."""

    REQUESTED = "requested"
    SENDING = "sending"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        """True while the money that it moves is set aside for it."""
        return self in _OPEN

    @property
    def word(self) -> str:
        """What staff read."""
        return _CALL_WORDS[self]


_OPEN = frozenset({CallState.REQUESTED, CallState.SENDING, CallState.PENDING, CallState.UNKNOWN})
_CALL_WORDS = {
    CallState.REQUESTED: "waits",
    CallState.SENDING: "under way",
    CallState.PENDING: "at the gateway",
    CallState.SUCCEEDED: "done",
    CallState.FAILED: "failed",
    CallState.UNKNOWN: "unknown",
    CallState.CANCELLED: "taken back",
}


class AnswerKind(StrEnum):
    """What is known after a gateway was asked."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    FAILED = "failed"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class GatewayCall:
    """One effect that a gateway is asked for.

    Attributes:
        key: the idempotency key; the gateway keeps it with what it did.
        reference: the payment at the gateway, or for `CANCEL_LINK` the link.
        amount: nothing for `VOID` and `CANCEL_LINK`, which concern the whole.
        order_number: what the customer and the gateway's own screens call the order.
        reason: why money goes back, in the gateway's neutral words: `requested_by_customer`, `duplicate`, `fraudulent`.
        expires_at: until when a link can be paid.
        authorise_only: the link's payment is to be authorised, not captured.
    """

    kind: CallKind
    key: str
    reference: str
    amount: Money
    order_number: str = ""
    reason: str = ""
    expires_at: datetime | None = None
    authorise_only: bool = False
    first_sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a gateway said of a call.

    Attributes:
        reference: what the gateway calls the effect: its capture, refund or link.
        problem: for everything but success a sentence that staff understand.
        url: where the customer pays, of a link.
        settled: what the gateway booked in the shop's own currency, where that is another one.
    """

    kind: AnswerKind
    reference: str = ""
    problem: str = ""
    url: str = ""
    settled: Money | None = None
    at: datetime | None = None


class OperationKind(StrEnum):
    """What a gateway says was done to a payment."""

    AUTHORISE = "authorise"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class GatewayOperation:
    """One effect in the gateway's own book; `key` is ours where we asked for it."""

    reference: str
    kind: OperationKind
    amount: Money
    state: AnswerKind
    at: datetime
    key: str = ""
    problem: str = ""
    settled: Money | None = None


class DisputeState(StrEnum):
    """How far a dispute is (commerce.md 2.3)."""

    INQUIRY_NEEDS_RESPONSE = "inquiry_needs_response"
    INQUIRY_UNDER_REVIEW = "inquiry_under_review"
    INQUIRY_CLOSED = "inquiry_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    ACCEPTED = "accepted"
    PREVENTED = "prevented"

    @property
    def is_open(self) -> bool:
        """True while the money may still go either way."""
        return self in _OPEN_DISPUTES


_OPEN_DISPUTES = frozenset(
    {
        DisputeState.INQUIRY_NEEDS_RESPONSE,
        DisputeState.INQUIRY_UNDER_REVIEW,
        DisputeState.NEEDS_RESPONSE,
        DisputeState.UNDER_REVIEW,
    }
)


@dataclass(frozen=True, slots=True)
class DisputeSnapshot:
    """A dispute as the gateway has it.

    Attributes:
        network_reason: the code of the card network, e.g. `10.4`.
        is_withdrawn: the gateway has taken the money back until the dispute is decided.
    """

    reference: str
    payment_reference: str
    amount: Money
    state: DisputeState
    reason: str
    opened_at: datetime
    due_at: datetime | None = None
    network_reason: str = ""
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class EarlyWarning:
    """A bank tells the card network that a payment was fraud, days before it may dispute it (fraud.md 7.7).

    Attributes:
        kind: the network's reason, e.g. `made_with_stolen_card`.
        is_actionable: giving the money back now can still spare the dispute.
    """

    reference: str
    payment_reference: str
    kind: str
    is_actionable: bool
    told_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentSnapshot:
    """A payment as the gateway has it at one moment; its operations are complete up to then.

    Attributes:
        capture_before: when the authorisation ends. It is the gateway's word, never a constant (integrations.md 3.1).
        link_reference: the pay link that it was paid over, if one.
        has_ended: nothing more can be captured: cancelled or expired at the gateway.
    """

    reference: str
    currency: str
    operations: tuple[GatewayOperation, ...] = ()
    capture_before: datetime | None = None
    link_reference: str = ""
    order_number: str = ""
    has_ended: bool = False
    instrument: Instrument = field(default_factory=Instrument)
    checks: Checks = field(default_factory=Checks)
    risk: Risk = field(default_factory=Risk)
    disputes: tuple[DisputeSnapshot, ...] = ()

    def total(self, kind: OperationKind) -> int:
        """Sum up what succeeded of one kind, in minor units."""
        return sum(
            done.amount.minor for done in self.operations if done.kind is kind and done.state is AnswerKind.SUCCEEDED
        )


class EventKind(StrEnum):
    """What an event is about."""

    PAYMENT = "payment"
    LINK = "link"
    DISPUTE = "dispute"
    WARNING = "warning"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class GatewayEvent:
    """What happened at a gateway, with the payment as it was then; it may come late, twice or out of order."""

    id: str
    kind: EventKind
    name: str
    happened_at: datetime
    payment: PaymentSnapshot | None = None
    link_reference: str = ""
    link_state: str = ""
    warning: EarlyWarning | None = None


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events after a cursor, oldest first; `problem` says why there are none when the gateway did not answer."""

    events: tuple[GatewayEvent, ...]
    cursor: str
    problem: str = ""
