"""`opsdesk refund assign`: say what a refund was for that was made in the gateway's own dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import acting
from opsdesk.cli.options import AsOption, JsonOption, StoreOption
from opsdesk.cli.output import say_done
from opsdesk.cli.refunds import AllOption, Amount, LineOption, RefundArgument, app, content_of, grounds_of

if TYPE_CHECKING:
    from opsdesk.store.views.orders.detail import OrderDetail
    from opsdesk.store.work import Performer


@app.command("assign")
def assign_refund(
    refund: RefundArgument,
    line: LineOption = None,
    everything: AllOption = False,
    shipping: Amount = "",
    goodwill: Amount = "",
    overpayment: Amount = "",
    restocking: Amount = "",
    return_label: Amount = "",
    reason: Annotated[str, typer.Option("--reason", help="damaged, changed_mind, goodwill, ...")] = "other",
    note: Annotated[str, typer.Option("--note", help="For the history.")] = "",
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say what a refund was for that was made at the gateway itself; no money moves."""
    from opsdesk.operations.refunds.outside import assign

    with acting(store, as_name) as performer:
        order = _order_of(performer, refund)
        amounts = {
            "shipping": shipping, "goodwill": goodwill, "overpayment": overpayment, "restocking": restocking,
            "return_label": return_label,
        }  # fmt: skip
        grounds = grounds_of(performer, order)
        content = content_of(order, grounds, line or [], amounts, everything=everything, reason=reason, note=note)
        done = performer.perform(assign, refund, version=order.version, content=content)
        say_done(done, as_json=as_json)


@app.command("unassign")
def unassign_refund(
    refund: RefundArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """Take back what was said about a refund that was made at the gateway itself."""
    from opsdesk.operations.refunds.outside import unassign

    with acting(store, as_name) as performer:
        say_done(performer.perform(unassign, refund), as_json=as_json)


def _order_of(performer: Performer, refund_id: int) -> OrderDetail:
    from opsdesk.store.views.money.retelling import standing_refund
    from opsdesk.store.views.orders.detail import order_detail

    with performer.store.reading() as session:
        order_id = standing_refund(session, refund_id).sheet.order_id
        detail = order_detail(session, order_id, user_id=performer.actor.user_id, now=performer.clock())
    assert detail is not None, "The order was there a moment ago, in the same snapshot."
    return detail
