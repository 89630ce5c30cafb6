"""How far an amendment of an order is (commerce.md 2.6)."""

from __future__ import annotations

from enum import StrEnum


class AmendmentState(StrEnum):
    """The state of an amendment; one that is open keeps others away."""

    PROPOSED = "proposed"
    AWAITING_PAYMENT = "awaiting_payment"
    AWAITING_PACKER = "awaiting_packer"
    APPLIED = "applied"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    CONFLICTED = "conflicted"

    @property
    def is_open(self) -> bool:
        """True while it may still be applied."""
        return self in OPEN_AMENDMENTS

    @property
    def word(self) -> str:
        """What staff read."""
        return self.value.replace("_", " ")


OPEN_AMENDMENTS = (AmendmentState.PROPOSED, AmendmentState.AWAITING_PAYMENT, AmendmentState.AWAITING_PACKER)
