"""An order's axes, and the one headline word that is computed from them.

Lifecycle, money, fulfilment and holds are separate facts. Nothing stores "the status": the headline is a pure
function of the facts, so that releasing a hold simply uncovers what is true by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import CHECKED_BY_HAND, ActiveHold, Blocks, HoldType
from opsdesk.domain.payments.order_money import MoneyFacts, is_covered


class Lifecycle(StrEnum):
    """Whether the shop is bound to work on the order."""

    PLACED = "placed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class FulfilmentStatus(StrEnum):
    """How far the goods are, computed from the quantities per line."""

    UNFULFILLED = "unfulfilled"
    BEING_PACKED = "being_packed"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    PARTLY_DELIVERED = "partly_delivered"
    DELIVERED = "delivered"
    NOTHING_TO_SHIP = "nothing_to_ship"


class Headline(StrEnum):
    """The one word that the queue shows, first match wins (`headline`)."""

    CANCELLED = "cancelled"
    POTENTIAL_FRAUD = "potential_fraud"
    FRAUD_REVIEW = "fraud_review"
    DISPUTED = "disputed"
    ON_HOLD = "on_hold"
    SYNC_CONFLICT = "sync_conflict"
    AWAITING_PAYMENT = "awaiting_payment"
    BEING_AMENDED = "being_amended"
    AWAITING_APPOINTMENT = "awaiting_appointment"
    BACKORDERED = "backordered"
    READY = "ready"
    BEING_PACKED = "being_packed"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    COMPLETED = "completed"

    @property
    def word(self) -> str:
        """The internal word, at most twelve letters wide in the queue."""
        return _HEADLINES[self][0]

    @property
    def customer_label(self) -> str:
        """What the customer may read. A suspicion never shows."""
        return _HEADLINES[self][1]


_HEADLINES = {
    Headline.CANCELLED: ("CANCELLED", "Cancelled"),
    Headline.POTENTIAL_FRAUD: ("POT. FRAUD", "Awaiting confirmation"),
    Headline.FRAUD_REVIEW: ("FRAUD REVIEW", "Being prepared"),
    Headline.DISPUTED: ("DISPUTED", "Being prepared"),
    Headline.ON_HOLD: ("ON HOLD", "Being prepared"),
    Headline.SYNC_CONFLICT: ("CHECK SOURCE", "Being prepared"),
    Headline.AWAITING_PAYMENT: ("UNPAID", "Awaiting payment"),
    Headline.BEING_AMENDED: ("AMENDING", "Being changed"),
    Headline.AWAITING_APPOINTMENT: ("APPOINTMENT", "Awaiting confirmation of delivery"),
    Headline.BACKORDERED: ("BACKORDER", "Backordered"),
    Headline.READY: ("READY", "Being prepared"),
    Headline.BEING_PACKED: ("PACKING", "Being packed"),
    Headline.PARTLY_SHIPPED: ("PART SHIPPED", "Partly shipped"),
    Headline.SHIPPED: ("SHIPPED", "Shipped"),
    Headline.DELIVERED: ("DELIVERED", "Delivered"),
    Headline.COMPLETED: ("COMPLETED", "Completed"),
}


class Stage(StrEnum):
    """Which desk has the order now; each open order stands in exactly one stage."""

    TO_CHECK = "to_check"
    ON_HOLD = "on_hold"
    WAITING = "waiting"
    TO_SHIP = "to_ship"
    ON_ITS_WAY = "on_its_way"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class LineFacts:
    """The quantities of one line; they are the truth about the goods.

    Always 0 <= cancelled + shipped <= ordered and 0 <= delivered <= shipped, 0 <= returned <= shipped.
    """

    ordered: int
    cancelled: int = 0
    shipped: int = 0
    delivered: int = 0
    returned: int = 0
    needs_shipping: bool = True

    @property
    def open(self) -> int:
        """Units that still have to leave the house."""
        return self.ordered - self.cancelled - self.shipped if self.needs_shipping else 0


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """Everything the rules about one order look at."""

    number: str
    lifecycle: Lifecycle
    version: int
    lines: tuple[LineFacts, ...]
    money: MoneyFacts
    holds: tuple[ActiveHold, ...] = ()
    case: CaseState | None = None
    packing_since: datetime | None = None
    has_email: bool = True
    amendment: AmendmentState | None = None

    @property
    def open_units(self) -> int:
        """Units that still have to leave the house."""
        return sum(line.open for line in self.lines)

    @property
    def shipped_units(self) -> int:
        """Units that have left the house."""
        return sum(line.shipped for line in self.lines)

    def blocks(self, step: Blocks) -> ActiveHold | None:
        """Return the most urgent hold that stops this step, if one does."""
        stopping = [hold for hold in self.holds if step in hold.blocks]
        return min(stopping, key=lambda hold: hold.type.priority, default=None)


def fulfilment_status(facts: OrderFacts) -> FulfilmentStatus:
    """Compute the goods axis from the quantities per line."""
    wanted = [line for line in facts.lines if line.needs_shipping and line.ordered > line.cancelled]
    if not wanted:
        return FulfilmentStatus.NOTHING_TO_SHIP
    shipped = sum(line.shipped for line in wanted)
    delivered = sum(line.delivered for line in wanted)
    if any(line.open for line in wanted):
        if shipped:
            return FulfilmentStatus.PARTLY_SHIPPED
        return FulfilmentStatus.BEING_PACKED if facts.packing_since else FulfilmentStatus.UNFULFILLED
    if delivered == shipped:
        return FulfilmentStatus.DELIVERED
    return FulfilmentStatus.PARTLY_DELIVERED if delivered else FulfilmentStatus.SHIPPED


def top_hold(facts: OrderFacts) -> ActiveHold | None:
    """Return the most urgent active hold."""
    return min(facts.holds, key=lambda hold: hold.type.priority, default=None)


def headline(facts: OrderFacts) -> Headline:
    """Return the one word for the queue. First match wins; passing time does not change it."""
    if facts.lifecycle is Lifecycle.CANCELLED:
        return Headline.CANCELLED
    held = _held_headline(facts)
    if held is not None:
        return held
    goods = fulfilment_status(facts)
    if facts.lifecycle is Lifecycle.COMPLETED:
        return Headline.COMPLETED
    if goods is FulfilmentStatus.DELIVERED:
        return Headline.DELIVERED
    if goods in (FulfilmentStatus.SHIPPED, FulfilmentStatus.PARTLY_DELIVERED):
        return Headline.SHIPPED
    if goods is FulfilmentStatus.PARTLY_SHIPPED:
        return Headline.PARTLY_SHIPPED
    if not is_covered(facts.money):
        return Headline.AWAITING_PAYMENT
    if goods is FulfilmentStatus.NOTHING_TO_SHIP:
        return Headline.COMPLETED
    if facts.amendment is not None:
        return Headline.BEING_AMENDED
    return Headline.BEING_PACKED if goods is FulfilmentStatus.BEING_PACKED else Headline.READY


def _held_headline(facts: OrderFacts) -> Headline | None:
    if facts.case in (CaseState.AWAITING_CUSTOMER, CaseState.CALL_DUE, CaseState.RESPONDED):
        return Headline.POTENTIAL_FRAUD
    hold = top_hold(facts)
    if hold is None:
        return None
    special = {
        HoldType.FRAUD: Headline.FRAUD_REVIEW,
        HoldType.DISPUTE: Headline.DISPUTED,
        HoldType.SYNC_CONFLICT: Headline.SYNC_CONFLICT,
        HoldType.APPOINTMENT: Headline.AWAITING_APPOINTMENT,
        HoldType.STOCK: Headline.BACKORDERED,
    }
    return special.get(hold.type, Headline.ON_HOLD)


_WAITING = (
    Headline.BACKORDERED,
    Headline.AWAITING_APPOINTMENT,
    Headline.AWAITING_PAYMENT,
    Headline.BEING_AMENDED,
)


def stage(facts: OrderFacts) -> Stage:
    """Return the desk that has the order now."""
    word = headline(facts)
    if word in (Headline.CANCELLED, Headline.COMPLETED, Headline.DELIVERED):
        return Stage.DONE
    if word is Headline.POTENTIAL_FRAUD or any(hold.type in CHECKED_BY_HAND for hold in facts.holds):
        return Stage.TO_CHECK
    if word in _WAITING:
        return Stage.WAITING
    if facts.holds:
        return Stage.ON_HOLD
    return Stage.ON_ITS_WAY if word is Headline.SHIPPED else Stage.TO_SHIP
