"""Packing: begun, and put back."""

from __future__ import annotations

from opsdesk.domain.errors import Refused
from opsdesk.domain.orders.rules import why_not_pack
from opsdesk.store.work import Done, Work, operation


@operation("order.start_packing")
def start_packing(work: Work, order_id: int, *, version: int | None = None) -> Done:
    """Mark an order as being packed.

    Raises:
        Refused: the rules do not allow it now, or it is being packed already.
        Conflict: the order changed since `version` was read.
    """
    order = work.orders.locked(order_id, version=version)
    if problem := why_not_pack(work.orders.facts(order)):
        raise Refused(problem)
    if order.packing_since is not None:
        raise Refused(f"{order.number} is being packed already.")
    order.packing_since = work.now
    work.record("order.packing", "order", order_id, "Packing begun")
    work.orders.settle(order)
    work.undo_with("order.stop_packing", order_id=order_id)
    return Done(f"{order.number} is being packed.", order_id, order.version)


@operation("order.stop_packing")
def stop_packing(work: Work, order_id: int) -> Done:
    """Put an order back that is being packed.

    Raises:
        Refused: nobody is packing it.
    """
    order = work.orders.locked(order_id)
    if order.packing_since is None:
        raise Refused(f"Nobody is packing {order.number}.")
    order.packing_since = None
    work.record("order.packing_stopped", "order", order_id, "Packing stopped")
    work.orders.settle(order)
    return Done(f"{order.number} is not being packed any more.", order_id, order.version)
