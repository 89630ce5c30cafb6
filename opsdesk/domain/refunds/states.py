"""How far a refund and each of its shares are, why money goes back, and what it goes back for (commerce.md 2.3)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class RefundState(StrEnum):
    """How far a refund is. It has succeeded only when every share of it has.

    `outside` was made at the gateway itself, and nobody has said yet what it was for.
    """

    PENDING_APPROVAL = "pending_approval"
    SUBMITTED = "submitted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    CONVERTED_TO_CREDIT = "converted_to_credit"
    OUTSIDE = "outside"

    @property
    def word(self) -> str:
        """What staff read."""
        return _STATE_WORDS[self]

    @property
    def counts(self) -> bool:
        """True while its units and amounts are taken: they cannot be refunded a second time."""
        return self not in (RefundState.CANCELLED, RefundState.DECLINED)


_STATE_WORDS = {
    RefundState.PENDING_APPROVAL: "waiting for a second person",
    RefundState.SUBMITTED: "on its way",
    RefundState.SUCCEEDED: "refunded",
    RefundState.FAILED: "failed",
    RefundState.UNKNOWN: "in doubt",
    RefundState.CANCELLED: "taken back",
    RefundState.DECLINED: "declined",
    RefundState.CONVERTED_TO_CREDIT: "turned into store credit",
    RefundState.OUTSIDE: "made outside, nobody said what for",
}
NOT_COUNTED = tuple(state.value for state in RefundState if not state.counts)


class ShareState(StrEnum):
    """How far one share is; `replaced` is one that failed and goes back in another way now."""

    WAITING = "waiting"
    SUBMITTED = "submitted"
    PENDING = "pending"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REPLACED = "replaced"


NOT_SET_ASIDE = frozenset({ShareState.WAITING, ShareState.FAILED, ShareState.CANCELLED})
"""Shares whose money is neither gone nor set aside for a call."""


def refund_state(shares: Iterable[ShareState]) -> RefundState:
    """Compute how far a submitted refund is from its shares. What failed or is in doubt shows first."""
    states = set(shares) - {ShareState.REPLACED}
    if ShareState.FAILED in states or ShareState.CANCELLED in states:
        return RefundState.FAILED
    if ShareState.UNKNOWN in states:
        return RefundState.UNKNOWN
    return RefundState.SUCCEEDED if states == {ShareState.SUCCEEDED} else RefundState.SUBMITTED


class ShareWay(StrEnum):
    """How a share goes back: a call to a gateway, a payment by hand, or into the customer's store credit."""

    GATEWAY = "gateway"
    BY_HAND = "by_hand"
    CREDIT = "credit"


class PartKind(StrEnum):
    """What an amount goes back for. A fee is below zero; a discount that is no longer earned may go either way."""

    LINE = "line"
    SHIPPING = "shipping"
    FEE = "fee"
    GOODWILL = "goodwill"
    OVERPAYMENT = "overpayment"
    CLAW_BACK = "claw_back"


class FeeKind(StrEnum):
    """What is kept of a refund."""

    RESTOCKING = "restocking"
    RETURN_LABEL = "return_label"
    EARLIER_GOODWILL = "earlier_goodwill"
    OTHER = "other"

    @property
    def label(self) -> str:
        """What staff and customers read."""
        return _FEE_LABELS[self]


_FEE_LABELS = {
    FeeKind.RESTOCKING: "Restocking fee",
    FeeKind.RETURN_LABEL: "Return label",
    FeeKind.EARLIER_GOODWILL: "Goodwill that was given before",
    FeeKind.OTHER: "Deduction",
}


class RefundReason(StrEnum):
    """Why money goes back."""

    CHANGED_MIND = "changed_mind"
    DAMAGED = "damaged"
    WRONG_ITEM = "wrong_item"
    NOT_ARRIVED = "not_arrived"
    LATE = "late"
    PRICE = "price"
    CANCELLED = "cancelled"
    AMENDED = "amended"
    OVERPAID = "overpaid"
    DUPLICATE = "duplicate"
    FRAUD = "fraud"
    GOODWILL = "goodwill"
    OTHER = "other"

    @property
    def label(self) -> str:
        """What staff read."""
        return self.value.replace("_", " ")

    @property
    def gateway_word(self) -> str:
        """The neutral word that gateways know."""
        return {RefundReason.DUPLICATE: "duplicate", RefundReason.FRAUD: "fraudulent"}.get(
            self, "requested_by_customer"
        )
