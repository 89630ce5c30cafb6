"""Deadlines: found by looking at the store, never by a timer in memory, so a restart neither loses nor repeats one."""

from __future__ import annotations

from opsdesk.operations.deadlines import lapse_case, review_hold
from opsdesk.store.cases import lapsed_cases, reviewable_holds
from opsdesk.store.work import Performer


def pass_deadlines(performer: Performer, *, limit: int = 100) -> int:
    """Act on at most `limit` lapsed cases and as many holds whose review time has come; return how many.

    A lapsed case becomes due for a call. No hold is released because time passed, unless whoever placed it said so and
    its type allows it.
    """
    now = performer.clock()
    with performer.store.reading() as session:
        cases, holds = lapsed_cases(session, now, limit), reviewable_holds(session, now, limit)
    for case_id in cases:
        performer.perform(lapse_case, case_id)
    for hold_id in holds:
        performer.perform(review_hold, hold_id)
    return len(cases) + len(holds)
