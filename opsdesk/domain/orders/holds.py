"""Holds: several at once, each with a reason, what it blocks, and when somebody looks again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Blocks(StrEnum):
    """A step that a hold can stop."""

    PACK = "pack"
    SHIP = "ship"
    CAPTURE = "capture"
    AMEND = "amend"


class HoldType(StrEnum):
    """Why an order is held, in the order of what staff must see first."""

    FRAUD = "fraud"
    DISPUTE = "dispute"
    UNVERIFIED_CONTACT = "unverified_contact"
    ADDRESS = "address"
    DUPLICATE = "duplicate"
    SYNC_CONFLICT = "sync_conflict"
    PAYMENT = "payment"
    HIGH_VALUE = "high_value"
    EXPORT_COMPLIANCE = "export_compliance"
    PRICING = "pricing"
    STOCK = "stock"
    APPOINTMENT = "appointment"
    CUSTOMER_REQUEST = "customer_request"
    MANUAL = "manual"

    @property
    def label(self) -> str:
        """The word staff see."""
        return _LABELS[self]

    @property
    def priority(self) -> int:
        """0 is the most urgent; the headline names the most urgent active hold."""
        return _PRIORITY[self]


_LABELS = {
    HoldType.FRAUD: "fraud review",
    HoldType.DISPUTE: "dispute",
    HoldType.UNVERIFIED_CONTACT: "contact not verified",
    HoldType.ADDRESS: "address",
    HoldType.DUPLICATE: "duplicate?",
    HoldType.SYNC_CONFLICT: "differs at the shop",
    HoldType.PAYMENT: "payment",
    HoldType.HIGH_VALUE: "high value",
    HoldType.EXPORT_COMPLIANCE: "export check",
    HoldType.PRICING: "price check",
    HoldType.STOCK: "stock",
    HoldType.APPOINTMENT: "delivery appointment",
    HoldType.CUSTOMER_REQUEST: "customer asked",
    HoldType.MANUAL: "set aside",
}
_PRIORITY = {kind: rank for rank, kind in enumerate(HoldType)}

CHECKED_BY_HAND = frozenset(
    {
        HoldType.FRAUD,
        HoldType.DISPUTE,
        HoldType.UNVERIFIED_CONTACT,
        HoldType.ADDRESS,
        HoldType.DUPLICATE,
        HoldType.SYNC_CONFLICT,
        HoldType.HIGH_VALUE,
    }
)
"""Holds that end with somebody's judgement; they stand in the view "to check"."""

NEVER_AUTOMATIC = frozenset({HoldType.FRAUD, HoldType.DISPUTE, HoldType.ADDRESS, HoldType.DUPLICATE})
"""Holds that no clock may release: passing time proves nothing about them."""

ALL_STEPS = frozenset({Blocks.PACK, Blocks.SHIP, Blocks.CAPTURE})

DEFAULT_BLOCKS: dict[HoldType, frozenset[Blocks]] = {
    **{kind: frozenset({Blocks.PACK, Blocks.SHIP}) for kind in HoldType},
    HoldType.FRAUD: ALL_STEPS,
    HoldType.DISPUTE: ALL_STEPS,
    HoldType.UNVERIFIED_CONTACT: ALL_STEPS,
    HoldType.STOCK: frozenset({Blocks.SHIP}),
}


class OnReview(StrEnum):
    """What happens when a hold's review time comes."""

    TASK = "task"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class ActiveHold:
    """One hold that still stands."""

    id: int
    type: HoldType
    blocks: frozenset[Blocks]
    reason: str
    placed_by: str
    placed_at: datetime
    review_at: datetime | None
