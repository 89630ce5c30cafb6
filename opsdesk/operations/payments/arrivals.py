"""What waits for money and goes on when some has come, whichever way it came."""

from __future__ import annotations

from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.store.tables import OrderRow
from opsdesk.store.work import Work


def money_has_come(work: Work, order: OrderRow) -> str:
    """Make the change of an order that its money has now come for; return the sentence that says so, or nothing."""
    # A change asks for money, which is recorded by whoever calls this: each knows the other only when it happens.
    from opsdesk.operations.amendments.steps import paid

    row = work.settlements.open_amendment(order.id) if order.id is not None else None
    if row is None or row.state != AmendmentState.AWAITING_PAYMENT:
        return ""
    work.orders.settle(order)
    return paid(work, row)
