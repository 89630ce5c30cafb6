"""Who works on a case, when a lead sees it, and what a new score changes."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from opsdesk.domain.errors import Refused
from opsdesk.domain.fraud.cases.deadlines import decide_by, working_hours
from opsdesk.domain.fraud.cases.states import CaseFacts, Desk, Effect, FraudState, Move, moved
from opsdesk.domain.fraud.scoring import Action
from opsdesk.domain.fraud.thresholds import is_at_least


def insist(problem: str | None) -> None:
    """Refuse what a rule has something against.

    Raises:
        Refused: there is a problem; the message is its sentence.
    """
    if problem is not None:
        raise Refused(problem)


def why_not_claim(case: CaseFacts, who: str, desk: Desk, *, takes_over: bool = False) -> str | None:
    """Say why somebody cannot take the case, or None if they can."""
    if case.state.is_closed:
        return f"The case of {case.number} is {case.state.words}."
    claimant = case.claimant(desk.now)
    if claimant and claimant != who and not takes_over and case.claimed_until is not None:
        return f"{claimant} works on {case.number} until {case.claimed_until.astimezone(desk.zone):%H:%M}."
    return None


def claim(case: CaseFacts, who: str, desk: Desk, *, takes_over: bool = False) -> Move:
    """Take the case for some time; taking it again gives as much time anew.

    Raises:
        Refused: it is closed, or somebody else works on it.
    """
    insist(why_not_claim(case, who, desk, takes_over=takes_over))
    to = FraudState.IN_REVIEW if case.state is FraudState.FLAGGED else case.state
    until = desk.now + desk.settings.people.claim
    return moved(case, to, claimed_by=who, claimed_until=until, worked_at=desk.now)


def let_go(case: CaseFacts, who: str, desk: Desk) -> Move:
    """Give the case back to the queue.

    Raises:
        Refused: somebody else works on it.
    """
    claimant = case.claimant(desk.now)
    if claimant and claimant != who:
        raise Refused(f"{claimant} works on {case.number}; only they can give it back.")
    is_untouched = case.state is FraudState.IN_REVIEW and case.mail_sent_at is None and not case.attempts
    to = FraudState.FLAGGED if is_untouched else case.state
    return moved(case, to, claimed_by="", claimed_until=None)


def queue_rank(case: CaseFacts, desk: Desk) -> tuple[float, int]:
    """Return what the queue is sorted by, the smallest first: time left, then what is at stake times the score."""
    due = decide_by(case, desk.settings.deadline)
    return (due.timestamp() if due is not None else inf, -case.total.minor * case.score)


def why_escalate(case: CaseFacts, desk: Desk) -> str | None:
    """Say why a lead should see the case now, or None. What a lead has seen is not shown to one again."""
    if case.state.is_closed or case.is_escalated:
        return None
    people = desk.settings.people
    if is_at_least(case.total, people.lead_amount):
        return f"{case.total} is a matter for the lead."
    claimant = case.claimed_by
    if claimant and case.worked_at is not None:
        idle = working_hours(case.worked_at, desk.now, desk.zone, desk.settings.calls)
        if idle > people.idle_hours:
            return f"{claimant} has had it for {idle:.0f} working hours."
    due = decide_by(case, desk.settings.deadline)
    if due is not None and not case.claimant(desk.now):
        window = due - case.opened_at
        if window.total_seconds() <= 0 or (desk.now - case.opened_at) * 100 >= window * people.escalate_percent:
            return "Time runs out, and nobody works on it."
    return None


def escalate(case: CaseFacts) -> Move:
    """Let a lead see the case; it stays with the lead until it is closed."""
    return Move(replace(case, is_escalated=True), (Effect.ALERT_LEAD,))


def rescored(case: CaseFacts, score: int, action: Action) -> Move:
    """Note a new score. It moves nothing by itself: a lower one offers the release, which takes one key of a person."""
    known = replace(case, score=score)
    if case.state.is_closed:
        return Move(known)
    if action is Action.PROPOSE_CANCEL:
        return Move(known, (Effect.OFFER_CANCEL,))
    if action is Action.RELEASE and score < case.score:
        return Move(known, (Effect.OFFER_RELEASE,))
    return Move(known)
