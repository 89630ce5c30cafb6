"""What may be done with an order now: each rule answers with the sentence that says why not, or with None.

The operation raises the sentence, the screen greys its key with it, the command line prints it.
"""

from __future__ import annotations

from enum import StrEnum

from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.orders.holds import Blocks, HoldType
from opsdesk.domain.orders.states import Lifecycle, OrderFacts
from opsdesk.domain.payments.order_money import is_covered


class CancelReason(StrEnum):
    """Why an order was cancelled."""

    CUSTOMER = "customer"
    FRAUD = "fraud"
    UNVERIFIED = "unverified"
    DECLINED = "declined"
    INVENTORY = "inventory"
    DUPLICATE = "duplicate"
    PRICING_ERROR = "pricing_error"
    UNDELIVERABLE = "undeliverable"
    STAFF = "staff"
    EXPIRED = "expired"
    OTHER = "other"


def why_not_hold(facts: OrderFacts, kind: HoldType) -> str | None:
    """Say why the order cannot be held, or None if it can."""
    if facts.lifecycle is not Lifecycle.PLACED:
        return f"{facts.number} is {facts.lifecycle}; there is nothing left to hold."
    if facts.open_units == 0:
        return f"Everything of {facts.number} has already left the house."
    if any(hold.type is kind for hold in facts.holds):
        return f"{facts.number} is already on hold: {kind.label}."
    return None


def why_not_release(facts: OrderFacts) -> str | None:
    """Say why no hold can be released, or None if one can."""
    return None if facts.holds else f"{facts.number} is not on hold."


def why_not_cancel(facts: OrderFacts) -> str | None:
    """Say why the order cannot be cancelled, or None if it can."""
    if facts.lifecycle is Lifecycle.CANCELLED:
        return f"{facts.number} is already cancelled."
    kept = sum(line.shipped - line.returned for line in facts.lines)
    if kept > 0:
        return f"{kept} of {facts.number} already left the house. Take them back with a return first."
    return None


def why_not_reopen(facts: OrderFacts) -> str | None:
    """Say why the order cannot be reopened, or None if it can."""
    if facts.lifecycle is Lifecycle.PLACED:
        return f"{facts.number} is open already."
    return None


def why_not_ship(facts: OrderFacts) -> str | None:
    """Say why nothing of the order can be shipped, or None if something can."""
    if facts.lifecycle is not Lifecycle.PLACED:
        return f"{facts.number} is {facts.lifecycle}."
    if hold := facts.blocks(Blocks.SHIP):
        return f"{facts.number} is on hold: {hold.type.label}. Release it first (h)."
    if facts.open_units == 0:
        return f"Everything of {facts.number} has already left the house."
    # A packer who holds the parcel says what is true, also where a change came too late.
    if facts.amendment is AmendmentState.AWAITING_PAYMENT:
        return _being_changed(facts)
    if not is_covered(facts.money):
        return f"{facts.number} is not paid. Record the payment or ask for it first (t, awaiting payment)."
    return None


def why_not_deliver(facts: OrderFacts) -> str | None:
    """Say why the order cannot be marked delivered, or None if it can."""
    if facts.shipped_units == 0:
        return f"Nothing of {facts.number} has been shipped yet."
    if sum(line.delivered for line in facts.lines) == facts.shipped_units:
        return f"{facts.number} is delivered already."
    return None


def why_not_pack(facts: OrderFacts) -> str | None:
    """Say why packing cannot begin, or None if it can."""
    if facts.lifecycle is not Lifecycle.PLACED:
        return f"{facts.number} is {facts.lifecycle}."
    if hold := facts.blocks(Blocks.PACK):
        return f"{facts.number} is on hold: {hold.type.label}. Release it first (h)."
    if facts.open_units == 0:
        return f"Nothing of {facts.number} is left to pack."
    return _being_changed(facts) if facts.amendment is not None else None


def why_not_edit(facts: OrderFacts) -> str | None:
    """Say why contact and address cannot be edited, or None if they can."""
    if facts.lifecycle is Lifecycle.CANCELLED:
        return f"{facts.number} is cancelled. Reopen it first."
    if facts.open_units == 0 and facts.shipped_units > 0:
        return f"{facts.number} has left the house; a new address would reach nobody."
    return None


def _being_changed(facts: OrderFacts) -> str:
    waits = {
        AmendmentState.AWAITING_PAYMENT: "waits for the customer's money",
        AmendmentState.AWAITING_PACKER: "waits for the packer",
    }
    what = waits.get(facts.amendment or AmendmentState.PROPOSED, "is not decided")
    return f"{facts.number} is being changed, and the change {what}. Wait for it, or withdraw it."
