"""The columns of an order that repeat what its facts say, so that the queue can be read through an index.

They are computed here and nowhere else: by the repository after each command, by imports and by the demo.
"""

from __future__ import annotations

from dataclasses import dataclass

from opsdesk.domain.orders.states import OrderFacts, Stage, fulfilment_status, headline, stage, top_hold
from opsdesk.domain.payments.order_money import payment_status


@dataclass(frozen=True, slots=True)
class SettledColumns:
    """What `orders` keeps of the facts, under the names of its columns."""

    lifecycle: str
    payment_status: str
    fulfilment_status: str
    headline: str
    stage: str
    is_open: bool
    hold_type: str | None
    paid_minor: int
    line_count: int
    unit_count: int


def settled_columns(facts: OrderFacts) -> SettledColumns:
    """Compute every repeated column from the facts."""
    desk = stage(facts)
    hold = top_hold(facts)
    return SettledColumns(
        lifecycle=facts.lifecycle.value,
        payment_status=payment_status(facts.money).value,
        fulfilment_status=fulfilment_status(facts).value,
        headline=headline(facts).value,
        stage=desk.value,
        is_open=desk is not Stage.DONE,
        hold_type=hold.type.value if hold else None,
        paid_minor=facts.money.paid,
        line_count=len(facts.lines),
        unit_count=sum(line.ordered - line.cancelled for line in facts.lines),
    )
