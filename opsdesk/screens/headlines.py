"""How the computed words look: a symbol and a tone beside each, never the tone alone."""

from __future__ import annotations

from collections.abc import Mapping

from opsdesk.domain.orders.states import Headline
from opsdesk.domain.payments.order_money import PaymentStatus
from opsdesk.theme import Tone

HEADLINE_LOOKS: Mapping[Headline, tuple[str, Tone]] = {
    Headline.CANCELLED: ("gone", Tone.DIM),
    Headline.POTENTIAL_FRAUD: ("suspect", Tone.DOUBT),
    Headline.FRAUD_REVIEW: ("suspect", Tone.DOUBT),
    Headline.DISPUTED: ("wrong", Tone.ALARM),
    Headline.ON_HOLD: ("held", Tone.DOUBT),
    Headline.SYNC_CONFLICT: ("look", Tone.LOOK),
    Headline.AWAITING_PAYMENT: ("unpaid", Tone.MONEY),
    Headline.BEING_AMENDED: ("held", Tone.LOOK),
    Headline.AWAITING_APPOINTMENT: ("held", Tone.LOOK),
    Headline.BACKORDERED: ("short", Tone.SHORT),
    Headline.READY: ("ready", Tone.GOOD),
    Headline.BEING_PACKED: ("packing", Tone.NOW),
    Headline.PARTLY_SHIPPED: ("away", Tone.LOOK),
    Headline.SHIPPED: ("away", Tone.NOW),
    Headline.DELIVERED: ("arrived", Tone.GOOD),
    Headline.COMPLETED: ("arrived", Tone.DIM),
}
"""Symbol and tone of each headline word."""

PAYMENT_TONES: Mapping[PaymentStatus, Tone] = {
    PaymentStatus.UNPAID: Tone.MONEY,
    PaymentStatus.PENDING: Tone.MONEY,
    PaymentStatus.PARTLY_AUTHORISED: Tone.MONEY,
    PaymentStatus.AUTHORISED: Tone.NOW,
    PaymentStatus.PARTLY_PAID: Tone.MONEY,
    PaymentStatus.PAID: Tone.GOOD,
    PaymentStatus.OVERPAID: Tone.LOOK,
    PaymentStatus.PARTLY_REFUNDED: Tone.LOOK,
    PaymentStatus.REFUNDED: Tone.DIM,
    PaymentStatus.VOIDED: Tone.DIM,
    PaymentStatus.DISPUTED: Tone.ALARM,
}
"""Tone of each payment word."""
