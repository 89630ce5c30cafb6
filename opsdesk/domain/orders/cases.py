"""Verification cases: a question about an order that ends with a person's decision."""

from __future__ import annotations

from enum import StrEnum


class CaseState(StrEnum):
    """A verification case: from suspicion to a decision."""

    OPEN = "open"
    AWAITING_CUSTOMER = "awaiting_customer"
    CALL_DUE = "call_due"
    RESPONDED = "responded"
    RELEASED = "released"
    CANCELLED = "cancelled"

    @property
    def is_decided(self) -> bool:
        """True when nobody has to do anything about it any more."""
        return self in (CaseState.RELEASED, CaseState.CANCELLED)
