"""The steps of an amendment: it waits for money, is applied, conflicts with what moved meanwhile, or ends."""

from __future__ import annotations

from datetime import timedelta

from opsdesk.domain.amendments.arithmetic import OrderParts, fingerprint, moved, parts_from_json
from opsdesk.domain.amendments.edits import SetAddress, edits_from_json
from opsdesk.domain.amendments.letters import ORDER_CHANGED
from opsdesk.domain.amendments.planning import AmendedOrder, preview
from opsdesk.domain.amendments.rules import Settle
from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.mails.outgoing import GRACE
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.operations.amendments.parts import (
    LINES_FIELD,
    SHIPPING,
    amounts,
    belongs_to_staff,
    cover_of,
    id_of,
    letter_of,
    order_parts,
    write_parts,
)
from opsdesk.operations.fraud.scoring import score_change
from opsdesk.operations.mails.outbox import queue_mail
from opsdesk.operations.orders.contacts import SUSPICION, edit_address
from opsdesk.operations.payments.pay_links import ask_for_payment, void_outdated_links
from opsdesk.store.repositories.amendables import address_fields
from opsdesk.store.tables import AmendmentRow, OrderRow
from opsdesk.store.work import Done, Work

LASTS = timedelta(days=3)
"""How long a change waits for the customer's money."""
_MOST_TOLD = 5


def base_of(row: AmendmentRow) -> OrderParts:
    """Return the order as the amendment was computed from."""
    return parts_from_json(row.base)


def amended_of(row: AmendmentRow) -> AmendedOrder:
    """Work an amendment out again, from what it was computed from."""
    return preview(base_of(row), edits_from_json(row.edits), {})


def go_on(work: Work, order: OrderRow, row: AmendmentRow, *, ask: bool | None = None) -> str:
    """Take an open amendment as far as it goes now, and say in a sentence how far that is.

    An order that is paid or authorised waits for what it costs more; anything else is applied.
    """
    if problem := conflict_of(work, order, row):
        return conflict(work, order, row, problem)
    amended, cover = amended_of(row), cover_of(work, order)
    missing = amended.delta.minor - cover.balance
    must_wait = amended.delta.minor > 0 and cover.held > 0 and cover.balance >= 0 and missing > 0
    if must_wait and Settle(row.settle) is not Settle.OWE:
        return _wait_for_money(work, order, row, missing, ask=ask)
    return apply_now(work, order, row, ask=ask)


def apply_now(work: Work, order: OrderRow, row: AmendmentRow, *, ask: bool | None = None) -> str:
    """Change the order as the amendment says; whoever calls has made sure that nothing moved meanwhile."""
    amended, undo = amended_of(row), work.undo
    write_parts(work, order, amended.after)
    belongs_to_staff(order, LINES_FIELD)
    elsewhere = _write_address(work, order, row)
    end(work, row, AmendmentState.APPLIED)
    summary = f"Order changed: {amended.old_total} became {amended.new_total}. {row.reason}".strip()
    work.record("order.amended", "order", id_of(order), summary, after="\n".join(amended.changes))
    work.orders.settle(order)
    # Another address was scored when it was written, with the goods as they are now.
    suspicion = score_change(work, order) if elsewhere is None else elsewhere.details.get(SUSPICION, "")
    _renew_links(work, order, row, ask=ask)
    _tell(work, order, row)
    work.orders.settle(order)
    # How the larger command is taken back is for itself to say.
    work.undo = undo
    return f"{order.number} is changed: {amended.old_total} became {amended.new_total}.{suspicion}"


def conflict_of(work: Work, order: OrderRow, row: AmendmentRow) -> str | None:
    """Say what has moved since the amendment was worked out, or None if nothing has."""
    if order.lifecycle != Lifecycle.PLACED:
        return f"{order.number} is {order.lifecycle} meanwhile."
    now = order_parts(work, order, with_address=is_about_address(row))
    if fingerprint(now) == row.base_fingerprint:
        return None
    told = moved(base_of(row), now)
    more = f" and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    return f"{order.number} was changed meanwhile: {'; '.join(told[:_MOST_TOLD])}{more}."


def conflict(work: Work, order: OrderRow, row: AmendmentRow, problem: str) -> str:
    """End an amendment that no longer fits; what was typed stays in it."""
    row.problem = problem
    end(work, row, AmendmentState.CONFLICTED)
    work.record("amendment.conflicted", "order", id_of(order), f"Change not made. {problem}", before=edit_lines(row))
    let_go(work, order)
    return f"The change was not made: {problem} Look at the order, then change it again."


def end_without(work: Work, order: OrderRow, row: AmendmentRow, state: AmendmentState, summary: str) -> None:
    """End an amendment that is not applied; the order stays as it is and may go on."""
    end(work, row, state)
    work.record(f"amendment.{state.value}", "order", id_of(order), summary, before=edit_lines(row))
    let_go(work, order)


def paid(work: Work, amendment: AmendmentRow) -> str:
    """Apply an amendment whose money has come, and say so; nothing is said while some of it is missing."""
    order = work.orders.locked(amendment.order_id)
    if amendment.state != AmendmentState.AWAITING_PAYMENT:
        return ""
    if problem := conflict_of(work, order, amendment):
        return conflict(work, order, amendment, problem)
    if missing(work, order, amendment) > 0:
        return ""
    return apply_now(work, order, amendment)


def missing(work: Work, order: OrderRow, row: AmendmentRow) -> int:
    """Return what the money of an order lacks of what a change makes of it, in minor units."""
    return amended_of(row).delta.minor - cover_of(work, order).balance


def outrun(work: Work, order: OrderRow) -> str:
    """End an amendment that the packer was not reached with in time; for whoever has sent something."""
    row = work.settlements.open_amendment(id_of(order))
    if row is None or row.state != AmendmentState.AWAITING_PACKER:
        return ""
    problem = conflict_of(work, order, row)
    return conflict(work, order, row, problem) if problem else ""


def end_with_order(work: Work, order: OrderRow) -> None:
    """End the change that an order waits for; for whoever has cancelled it."""
    row = work.settlements.open_amendment(id_of(order))
    if row is not None:
        end_without(work, order, row, AmendmentState.CANCELLED, "Change ended: the order was cancelled")


def end(work: Work, row: AmendmentRow, state: AmendmentState) -> None:
    """Write down that an amendment is over, how, and by whom."""
    row.state, row.ended_by, row.ended_at = state.value, work.actor.name, work.now
    row.version += 1


def is_about_address(row: AmendmentRow) -> bool:
    """Say whether the amendment sends the order elsewhere."""
    return any(isinstance(edit, SetAddress) for edit in edits_from_json(row.edits))


def edit_lines(row: AmendmentRow) -> str:
    """Say what an amendment would change, old and new, a line each."""
    try:
        return "\n".join(amended_of(row).changes)
    except OpsDeskError as problem:
        return problem.message


def _wait_for_money(work: Work, order: OrderRow, row: AmendmentRow, missing: int, *, ask: bool | None) -> str:
    row.state, row.expires_at = AmendmentState.AWAITING_PAYMENT.value, work.now + LASTS
    row.version += 1
    owed = amounts(order, missing)
    work.record("amendment.waits", "order", id_of(order), f"Change waits for {owed}", after=edit_lines(row))
    work.orders.settle(order)
    if ask is False:
        return f"{order.number} is changed when {owed} has come. Record the transfer, or ask with a pay link."
    letter = letter_of(row, "link")
    ask_for_payment(work, id_of(order), version=order.version, expires_in=LASTS, tell=letter, amendment_id=row.id)
    return f"{order.number} is changed when {owed} has come. A pay link is being made."


def _renew_links(work: Work, order: OrderRow, row: AmendmentRow, *, ask: bool | None) -> None:
    """End links over what is no longer due; ask anew where one stood, or where somebody wants it."""
    voided = void_outdated_links(work, order)
    if ask is False or not (voided or ask) or cover_of(work, order).balance >= 0:
        return
    ask_for_payment(work, id_of(order), version=order.version, tell=letter_of(row, "link"))


def let_go(work: Work, order: OrderRow) -> None:
    """Settle an order of which something else is due now, and end the links that ask for what is not due any more."""
    work.orders.settle(order)
    void_outdated_links(work, order)
    work.orders.settle(order)


def _write_address(work: Work, order: OrderRow, row: AmendmentRow) -> Done | None:
    fields = address_fields(work.orders.address(id_of(order), SHIPPING))
    wanted = dict(fields)
    for edit in edits_from_json(row.edits):
        if isinstance(edit, SetAddress):
            wanted |= dict(edit.fields)
    if wanted == fields:
        return None
    return edit_address(work, id_of(order), version=order.version, kind=SHIPPING, **wanted)


def _tell(work: Work, order: OrderRow, row: AmendmentRow) -> None:
    if (letter := letter_of(row, "changed")) is not None:
        queue_mail(work, order, letter, event_key=event_key(row), status_code=ORDER_CHANGED, grace=GRACE)


def event_key(row: AmendmentRow) -> str:
    """Return the key of the one mail that tells of an amendment."""
    return f"amendment:{row.id}"
