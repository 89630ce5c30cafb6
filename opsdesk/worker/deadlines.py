"""Deadlines: found by looking at the store, never by a timer in memory, so a restart neither loses nor repeats one."""

from __future__ import annotations

from datetime import datetime

from opsdesk.domain.fraud.cases.states import Desk
from opsdesk.operations.deadlines import escalate, lapse_case, lose_payment, regain_payment, review_hold
from opsdesk.store.fraud.due import cases_for_the_lead, lapsed_payments, regained_payments
from opsdesk.store.repositories.cases import lapsed_cases, reviewable_holds
from opsdesk.store.work import Performer


def pass_deadlines(performer: Performer, *, limit: int = 100) -> int:
    """Act on at most `limit` lapsed cases and as many holds whose review time has come; return how many.

    A lapsed case becomes due for a call; one whose money is lost or whose time runs out is shown to a lead; one that is
    paid anew is reviewed again.
    No hold is released because time passed, unless whoever placed it said so and its type allows it.
    """
    now = performer.clock()
    with performer.store.reading() as session:
        cases, holds = lapsed_cases(session, now, limit), reviewable_holds(session, now, limit)
        lost, led = lapsed_payments(session, now, limit), cases_for_the_lead(session, _desk(performer, now), limit)
        back = regained_payments(session, limit)
    for case_id in cases:
        performer.perform(lapse_case, case_id)
    for hold_id in holds:
        performer.perform(review_hold, hold_id)
    for case_id in lost:
        performer.perform(lose_payment, case_id)
    for case_id in back:
        performer.perform(regain_payment, case_id)
    for case_id in led:
        performer.perform(escalate, case_id)
    return len({*cases, *lost, *back, *led}) + len(holds)


def _desk(performer: Performer, now: datetime) -> Desk:
    store = performer.store
    book = store.fraud() if store.fraud is not None else None
    return Desk(now, store.zone, book.thresholds) if book is not None else Desk(now, store.zone)
