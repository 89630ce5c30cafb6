"""What waits for money and goes on when some has come, whichever way it came."""

from __future__ import annotations

from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.money import Money
from opsdesk.store.tables import AmendmentRow, OrderRow
from opsdesk.store.work import Work


def money_has_come(work: Work, order: OrderRow) -> str:
    """Make the change of an order that its money has now come for; return the sentence that says so, or nothing."""
    # A change asks for money, which is recorded by whoever calls this: each knows the other only when it happens.
    from opsdesk.operations.amendments.steps import paid

    row = _waiting(work, order)
    if row is None:
        return ""
    work.orders.settle(order)
    return paid(work, row)


def missing_for_change(work: Work, order: OrderRow) -> Money | None:
    """Return what has still to come before the change of an order is made; None if none waits for money."""
    from opsdesk.operations.amendments.steps import missing

    row = _waiting(work, order)
    return Money(max(0, missing(work, order, row)), order.currency) if row is not None else None


def _waiting(work: Work, order: OrderRow) -> AmendmentRow | None:
    row = work.settlements.open_amendment(order.id) if order.id is not None else None
    return row if row is not None and row.state == AmendmentState.AWAITING_PAYMENT else None
