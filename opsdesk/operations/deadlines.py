"""What happens when a deadline passes: a call becomes due, somebody is asked to look. Never a decision."""

from __future__ import annotations

from opsdesk.domain.cases import CaseState
from opsdesk.domain.holds import NEVER_AUTOMATIC, HoldType, OnReview
from opsdesk.store.cases import move_case
from opsdesk.store.work import Done, Work, operation


@operation("case.lapse")
def lapse_case(work: Work, case_id: int) -> Done:
    """Make the call due of a case whose customer did not answer in time."""
    case = work.cases.locked(case_id)
    is_late = case.respond_by is not None and case.respond_by <= work.now
    if case.state != CaseState.AWAITING_CUSTOMER or not is_late:
        return Done("The case has moved on.", case_id)
    order = work.orders.locked(case.order_id)
    move_case(case, CaseState.CALL_DUE)
    summary = "No answer in time: call the customer"
    work.record("case.call_due", "order", case.order_id, summary, before="awaiting_customer", after="call_due")
    work.orders.settle(order)
    return Done(f"{order.number}: {summary}.", case_id)


@operation("hold.review_due")
def review_hold(work: Work, hold_id: int) -> Done:
    """Ask somebody to look at a hold again, or release it where its type and whoever placed it allow that."""
    hold = work.cases.locked_hold(hold_id)
    if hold.released_at is not None or hold.reviewed_at is not None:
        return Done("The hold has been looked at.", hold_id)
    order = work.orders.locked(hold.order_id)
    kind = HoldType(hold.type)
    hold.reviewed_at = work.now
    if hold.on_review == OnReview.RELEASE and kind not in NEVER_AUTOMATIC:
        hold.released_by, hold.released_at, hold.release_note = work.actor.name, work.now, "Its time was up."
        summary = f"Hold released, its time was up: {kind.label}"
        work.record("hold.released", "order", hold.order_id, summary, before=kind.value)
    else:
        summary = f"Look at the hold again: {kind.label}"
        work.record("hold.review_due", "order", hold.order_id, summary)
    work.orders.settle(order)
    return Done(f"{order.number}: {summary}.", hold_id)
