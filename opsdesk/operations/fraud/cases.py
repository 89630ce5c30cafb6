"""Who works on which case: opened, taken, given back, and the next one, each by one person at a time."""

from __future__ import annotations

from opsdesk.domain.errors import Refused
from opsdesk.domain.fraud.cases import working
from opsdesk.domain.fraud.cases.deadlines import decide_by
from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import why_not_hold
from opsdesk.operations.fraud.endings import FRAUD_CASE
from opsdesk.operations.fraud.moves import OpenCase, at_work, carry_out, done, open_case, place_fraud_hold
from opsdesk.operations.words import required_line
from opsdesk.store.tables import CaseRow, OrderRow
from opsdesk.store.work import Done, Work, operation

_CANDIDATES = 20


@operation("case.open")
def open_by_hand(work: Work, order_id: int, *, reason: str, version: int | None = None) -> Done:
    """Suspect an order by hand: it is held, and its case waits in the queue.

    Raises:
        Refused: it has a case already, or the goods have left.
        Conflict: the order changed since `version` was read.
        Invalid: nobody says why.
    """
    order = work.orders.locked(order_id, version=version)
    why = required_line(reason, "reason", "Say what is suspicious; whoever decides needs to know.")
    if work.cases.undecided(order_id, FRAUD_CASE) is not None:
        raise Refused(f"{order.number} has a case already.")
    if work.cases.active_hold(order_id, HoldType.FRAUD.value) is None:
        if problem := why_not_hold(work.orders.facts(order), HoldType.FRAUD):
            raise Refused(problem)
        place_fraud_hold(work, order_id, why)
    at = begin_case(work, order, reason=why)
    work.orders.settle(order)
    return done(at, f"{order.number} has a case now.")


def begin_case(work: Work, order: OrderRow, *, reason: str, score: int = 0) -> OpenCase:
    """Open the case of an order that is held; whoever calls has locked the order, and settles it."""
    assert order.id is not None, "An order that is suspected has been saved."
    row = CaseRow(
        order_id=order.id,
        kind=FRAUD_CASE,
        state=CaseState.OPEN.value,
        fraud_state=FraudState.FLAGGED.value,
        opened_by=work.actor.name,
        opened_at=work.now,
        score=score,
        reason=reason,
        previous_status=order.told_status,
    )
    work.add(row)
    work.record("case.opened", "order", order.id, f"Case opened: {reason}", after=row.fraud_state)
    at = at_work(work, order, row)
    refresh_clock(at)
    return at


def refresh_clock(at: OpenCase) -> None:
    """Write down until when the case must be decided as things are."""
    at.row.authorisation_ends = at.case.authorisation_ends
    at.row.decide_by = decide_by(at.case, at.desk.settings.deadline)


@operation("case.claim")
def claim(work: Work, case_id: int, *, takes_over: bool = False) -> Done:
    """Take a case for an hour; taking it again gives an hour anew.

    Raises:
        Refused: it is decided, or somebody else works on it and `takes_over` is not said.
    """
    return _claimed(work, open_case(work, case_id), takes_over=takes_over)


@operation("case.next")
def next_case(work: Work) -> Done:
    """Take the most urgent case that nobody works on: by when it must be decided, then by what is at stake.

    Raises:
        Refused: there is nothing to do now.
    """
    for case_id in work.cases.waiting_for_somebody(work.now, _CANDIDATES):
        at = open_case(work, case_id)
        # Somebody may have taken or decided it while its order was waited for.
        if not at.case.state.is_closed and not at.case.claimant(work.now):
            return _claimed(work, at)
    raise Refused("No case waits for anybody now.")


@operation("case.let_go")
def let_go(work: Work, case_id: int) -> Done:
    """Give a case back to the queue.

    Raises:
        Refused: somebody else works on it.
    """
    at = open_case(work, case_id)
    move = working.let_go(at.case, work.actor.name, at.desk)
    carry_out(work, at, move, "case.let_go", "Case given back")
    return done(at, f"{at.order.number} is back in the queue.")


def _claimed(work: Work, at: OpenCase, *, takes_over: bool = False) -> Done:
    before = at.case.claimant(work.now)
    move = working.claim(at.case, work.actor.name, at.desk, takes_over=takes_over)
    from_whom = f" from {before}" if before and before != work.actor.name else ""
    carry_out(work, at, move, "case.claimed", f"Case taken{from_whom}")
    return done(at, f"{at.order.number} is yours until {_until(work, at)}.")


def _until(work: Work, at: OpenCase) -> str:
    assert at.case.claimed_until is not None, "A case that was taken is taken until some time."
    return f"{at.case.claimed_until.astimezone(work.zone):%H:%M}"
