"""What happens when a deadline passes: a call becomes due, somebody is asked to look. Never a decision."""

from __future__ import annotations

from opsdesk.domain.fraud.cases import contacting, deciding, working
from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import NEVER_AUTOMATIC, HoldType, OnReview
from opsdesk.operations.fraud.moves import OpenCase, carry_out, is_money_held, open_case
from opsdesk.store.repositories.cases import move_case
from opsdesk.store.work import Done, Work, operation


@operation("case.lapse")
def lapse_case(work: Work, case_id: int) -> Done:
    """Make the call due of a case whose customer did not answer in time, or what else the shop has set."""
    at = open_case(work, case_id)
    is_late = at.row.respond_by is not None and at.row.respond_by <= work.now
    if at.row.state != CaseState.AWAITING_CUSTOMER or not is_late:
        return Done("The case has moved on.", case_id)
    if not at.row.fraud_state:
        return _lapse_plainly(work, at)
    move = contacting.lapse(at.case, at.desk)
    summary = "No answer in time: call the customer"
    if move.case.state is FraudState.CANCEL_PROPOSED:
        summary = "No answer in time: one key cancels"
    carry_out(work, at, move, f"case.{move.case.state.value}", summary)
    return Done(f"{at.order.number}: {summary}.", case_id)


@operation("case.lose_payment")
def lose_payment(work: Work, case_id: int) -> Done:
    """Tell the lead that a case's money was lost before anybody decided; its order stays held, no clock releases."""
    at = open_case(work, case_id)
    ends = at.case.authorisation_ends
    is_lost = ends is not None and ends <= work.now and not at.case.is_captured and not is_money_held(work, at)
    if at.case.state.is_closed or at.case.state is FraudState.PAYMENT_LAPSED or not is_lost:
        return Done("The case has moved on.", case_id)
    move = deciding.lose_payment(at.case, at.desk)
    summary = "The authorisation ended before anybody decided: ask for the payment anew, or cancel"
    carry_out(work, at, move, "case.payment_lapsed", summary)
    at.row.next_call_at = None
    return Done(f"{at.order.number}: {summary}.", case_id)


@operation("case.regain_payment")
def regain_payment(work: Work, case_id: int) -> Done:
    """Let a case whose money was lost be reviewed again, because the customer has paid, or money is held, anew."""
    at = open_case(work, case_id)
    has_come = at.case.is_captured or is_money_held(work, at)
    if at.case.state is not FraudState.PAYMENT_LAPSED or not has_come:
        return Done("The case has moved on.", case_id)
    summary = "Money came anew: decide about the order"
    carry_out(work, at, deciding.regain_payment(at.case, at.desk), "case.payment_regained", summary)
    return Done(f"{at.order.number}: {summary}.", case_id)


@operation("case.escalate")
def escalate(work: Work, case_id: int) -> Done:
    """Show a case to the lead that nobody works on while its time runs out, or that is large."""
    at = open_case(work, case_id)
    why = working.why_escalate(at.case, at.desk)
    if why is None:
        return Done("The case has moved on.", case_id)
    carry_out(work, at, working.escalate(at.case), "case.escalated", f"For the lead: {why}")
    return Done(f"{at.order.number} is for the lead. {why}", case_id)


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


def _lapse_plainly(work: Work, at: OpenCase) -> Done:
    move_case(at.row, CaseState.CALL_DUE)
    summary = "No answer in time: call the customer"
    work.record("case.call_due", "order", at.row.order_id, summary, before="awaiting_customer", after="call_due")
    work.orders.settle(at.order)
    return Done(f"{at.order.number}: {summary}.", at.case_id)
