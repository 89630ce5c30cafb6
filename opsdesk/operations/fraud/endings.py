"""A case that ends with its order: a hold that is released, an order that is cancelled, and both taken back.

There is one story: whoever releases a fraud hold decides its case, and what takes two people takes two this way too.
"""

from __future__ import annotations

from opsdesk.domain.errors import Refused
from opsdesk.domain.fraud.cases import deciding, working
from opsdesk.domain.fraud.cases.states import CaseFacts, Decision, Effect, FraudState, moved
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.money import Money
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.operations.fraud.moves import OpenCase, at_work, carry_out, desk_of
from opsdesk.store.repositories.cases import move_case
from opsdesk.store.tables import CaseRow, OrderRow
from opsdesk.store.work import Work

FRAUD_CASE = "fraud"
"""Kind of the verification case that a fraud hold is decided with."""


def release_case(work: Work, order: OrderRow, note: str) -> tuple[CaseRow, str] | None:
    """Decide the case of a fraud hold that is being released; return it with the state that it had, None without one.

    Raises:
        Refused: it takes two people, waits for the second one, or somebody else works on it.
    """
    assert order.id is not None, "An order that is held has been saved."
    row = work.cases.undecided(order.id, FRAUD_CASE)
    if row is None:
        _require_one_is_enough(work, order, work.cases.newest(order.id, FRAUD_CASE))
        return None
    at, before, who = at_work(work, order, row), row.fraud_state or row.state, work.actor.name
    if at.case.state is FraudState.PENDING_SECOND:
        raise Refused(f"A decision on {order.number} waits for a second person. It is released by agreeing to it.")
    working.insist(working.why_not_claim(at.case, who, at.desk))
    if why := deciding.why_two(at.case, _RELEASE, at.desk):
        raise Refused(f"{why} Decide its case on the fraud desk.")
    claimed = working.claim(at.case, who, at.desk).case
    _write_end(work, at, _RELEASE, note)
    effects = (Effect.STOP_REMINDERS, Effect.RESTORE_STATUS)
    move = moved(claimed, FraudState.RELEASED, *effects, closed_at=work.now)
    carry_out(work, at, move, "case.decided", "Case decided: released")
    return row, before


def cancel_case(work: Work, order: OrderRow, reason: CancelReason) -> tuple[CaseRow, str] | None:
    """End the open case of an order that is being cancelled; return it with the state that it had."""
    assert order.id is not None, "An order that is cancelled has been saved."
    row = work.cases.undecided(order.id, FRAUD_CASE)
    if row is None:
        return None
    at, before = at_work(work, order, row), row.fraud_state or row.state
    is_fraud = reason is CancelReason.FRAUD
    to = FraudState.CANCELLED_FRAUD if is_fraud else FraudState.CANCELLED_UNVERIFIED
    verdict = {CancelReason.FRAUD: Verdict.CANCEL_FRAUD, CancelReason.UNVERIFIED: Verdict.CANCEL_UNVERIFIED}
    decision = Decision(verdict=verdict.get(reason, Verdict.OTHER), reason="", gut=None)
    _write_end(work, at, decision, f"The order was cancelled: {reason.value}.")
    move = moved(at.case, to, Effect.STOP_REMINDERS, proposal=None, closed_at=work.now)
    carry_out(work, at, move, "case.decided", f"Case decided: {to.words}")
    return row, before


def undecide_case(work: Work, case_id: int, state: str) -> None:
    """Put a case back to where it was before its order was released or cancelled; a proposal has to be made anew."""
    case = work.cases.locked(case_id)
    if case.fraud_state:
        # What was decided before cases had states of their own names the plain one.
        was = FraudState(state) if state in set(FraudState) else None
        move_case(case, FraudState.IN_REVIEW if was is FraudState.PENDING_SECOND else was or CaseState(state))
    else:
        move_case(case, CaseState(state))
    case.decided_by, case.decided_at, case.verdict, case.reason_code, case.decision_note = None, None, "", "", ""
    case.second_content = None
    case.version += 1


_RELEASE = Decision(verdict=Verdict.RELEASE, reason="", gut=None)


def _write_end(work: Work, at: OpenCase, decision: Decision, note: str) -> None:
    row = at.row
    row.decided_by, row.decided_at = work.actor.name, work.now
    row.verdict, row.reason_code, row.decision_note = decision.verdict.value, decision.reason, note
    at.decision = decision


def _require_one_is_enough(work: Work, order: OrderRow, newest: CaseRow | None) -> None:
    """Let nobody release alone what takes two, because there is no open case or its case was closed by the clock."""
    case = CaseFacts(
        number=order.number,
        state=FraudState.IN_REVIEW,
        score=newest.score if newest is not None else 0,
        total=Money(order.total_minor, order.currency),
        opened_at=work.now,
    )
    if why := deciding.why_two(case, _RELEASE, desk_of(work)):
        raise Refused(f"{why} Open its case on the fraud desk, and decide it there.")
