"""The loop with the customer: the mail, its bounce, the deadline, calls, and the customer's own answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from opsdesk.domain.errors import Refused
from opsdesk.domain.fraud.cases.contact import Attempt, ContactOutcome, NextStep
from opsdesk.domain.fraud.cases.deadlines import is_exhausted, why_not_call
from opsdesk.domain.fraud.cases.states import CaseFacts, Desk, Effect, FraudState, Move, moved
from opsdesk.domain.fraud.cases.working import insist
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.fraud.thresholds import OnLapse

_BEFORE_CONTACT = frozenset({FraudState.FLAGGED, FraudState.IN_REVIEW})
_CALLABLE = frozenset(
    {
        FraudState.IN_REVIEW,
        FraudState.AWAITING_CUSTOMER,
        FraudState.RESPONDED,
        FraudState.CALL_DUE,
        FraudState.CALLING,
        FraudState.CANCEL_PROPOSED,
        FraudState.PAYMENT_LAPSED,
    }
)


def why_not_ask(case: CaseFacts, desk: Desk) -> str | None:
    """Say why the customer cannot be sent the mail that asks them to call, or None if they can."""
    if case.state.is_closed:
        return f"The case of {case.number} is {case.state.words}."
    if case.state is FraudState.PENDING_SECOND:
        return f"A decision on {case.number} waits for a second person."
    if case.state is FraudState.PAYMENT_LAPSED:
        return f"No money is held for {case.number} any more. Ask for the payment anew by pay link instead."
    again = desk.settings.deadline.mail_again
    if case.mail_sent_at is not None and desk.now < case.mail_sent_at + again:
        free_at = (case.mail_sent_at + again).astimezone(desk.zone)
        return f"The customer of {case.number} got a mail already. Send another from {free_at:%a %H:%M}, or call."
    return None


def mail_accepted(case: CaseFacts, respond_by: datetime, at: datetime) -> Move:
    """Note that a mail server has taken the mail: from now on the customer is waited for."""
    told = replace(case, mail_sent_at=at, worked_at=at)
    if case.state in _BEFORE_CONTACT:
        return moved(told, FraudState.AWAITING_CUSTOMER, respond_by=respond_by)
    return Move(told)


def mail_refused(case: CaseFacts) -> Move:
    """Note that the mail server took no mail: nothing moves, and the desk is warned."""
    return Move(case, (Effect.WARN_REFUSED_MAIL,))


def bounced(case: CaseFacts) -> Move:
    """Note that the mail came back for good: waiting is in vain, a call is due."""
    if case.state is FraudState.AWAITING_CUSTOMER:
        effects = (Effect.RESCORE, Effect.STOP_REMINDERS, Effect.CALL_TASK)
        return moved(case, FraudState.CALL_DUE, *effects)
    return Move(case, () if case.state.is_closed else (Effect.RESCORE,))


def lapse(case: CaseFacts, desk: Desk) -> Move:
    """Let the customer's deadline pass. What comes next is a setting; nothing ever releases the order.

    Raises:
        Refused: nobody is waited for, or there is time left.
    """
    if case.state is not FraudState.AWAITING_CUSTOMER or case.respond_by is None:
        raise Refused(f"Nobody waits for the customer of {case.number}.")
    if desk.now < case.respond_by:
        raise Refused(f"The customer of {case.number} has time left.")
    effects = (Effect.STOP_REMINDERS, Effect.CALL_TASK)
    match desk.settings.deadline.on_lapse:
        case OnLapse.PROPOSE_CANCEL:
            return moved(
                case,
                FraudState.CANCEL_PROPOSED,
                Effect.STOP_REMINDERS,
                Effect.OFFER_CANCEL,
                suggested=Verdict.CANCEL_UNVERIFIED,
            )
        case OnLapse.ESCALATE:
            return moved(case, FraudState.CALL_DUE, *effects, Effect.ALERT_LEAD, is_escalated=True)
        case _:
            return moved(case, FraudState.CALL_DUE, *effects)


def why_not_choose_call(case: CaseFacts) -> str | None:
    """Say why no call can be asked for now, or None if one can."""
    if case.state in (FraudState.IN_REVIEW, FraudState.AWAITING_CUSTOMER, FraudState.RESPONDED):
        return None
    if case.state in (FraudState.CALL_DUE, FraudState.CALLING):
        return f"A call to the customer of {case.number} is due already."
    if case.state is FraudState.FLAGGED:
        return f"Nobody has looked at {case.number} yet. Claim it first."
    return f"The case of {case.number} is {case.state.words}."


def choose_call(case: CaseFacts, desk: Desk) -> Move:
    """Call instead of waiting for an answer.

    Raises:
        Refused: a call is due already, or there is nobody to call.
    """
    insist(why_not_choose_call(case))
    return moved(case, FraudState.CALL_DUE, Effect.STOP_REMINDERS, Effect.CALL_TASK, worked_at=desk.now)


def respond(case: CaseFacts, at: datetime) -> Move:
    """Note that the customer got in touch. That proves nothing yet, and releases nothing."""
    if case.state.is_closed or case.state is FraudState.PENDING_SECOND:
        return Move(case)
    if case.state in (FraudState.FLAGGED, FraudState.PAYMENT_LAPSED):
        return Move(replace(case, worked_at=at))
    return moved(case, FraudState.RESPONDED, Effect.STOP_REMINDERS, worked_at=at, suggested=None)


def why_not_log(case: CaseFacts, outcome: ContactOutcome, desk: Desk) -> str | None:
    """Say why the outcome of a call cannot be logged, or None if it can."""
    if case.state not in _CALLABLE:
        return f"The case of {case.number} is {case.state.words}. Claim it first, or reopen it."
    if not outcome.is_attempt:
        return f"{outcome.words.capitalize()} is not how a call ends."
    return why_not_call(case, desk)


def log_attempt(case: CaseFacts, attempt: Attempt, desk: Desk) -> Move:
    """Log how a call ended; the outcome counts in the score and says where the case goes.

    Raises:
        Refused: no call was allowed now, or it cannot end like this.
    """
    outcome = desk.outcomes.find(attempt.outcome)
    insist(why_not_log(case, outcome, replace(desk, now=attempt.at)))
    called = replace(case, attempts=(*case.attempts, attempt), worked_at=attempt.at, suggested=None)
    effects: tuple[Effect, ...] = (Effect.RESCORE, Effect.STOP_REMINDERS)
    if outcome.confirms_fraud:
        effects = (*effects, Effect.LABEL_FRAUD, Effect.LOOK_AT_LINKS)
    if case.state is FraudState.PAYMENT_LAPSED:
        return _called_about_money(called, case.suggested, outcome, effects)
    match outcome.next:
        case NextStep.RELEASE:
            return moved(called, FraudState.RESPONDED, *effects, Effect.OFFER_RELEASE)
        case NextStep.DECIDE:
            return moved(called, FraudState.RESPONDED, *effects)
        case NextStep.CANCEL:
            return _proposed(called, Verdict.CANCEL_FRAUD, effects)
        case _ if is_exhausted(called, desk.settings.calls, desk.outcomes):
            return _proposed(called, Verdict.CANCEL_UNVERIFIED, effects)
        case NextStep.LEAD:
            return moved(called, FraudState.CALLING, *effects, Effect.ALERT_LEAD, is_escalated=True)
        case _:
            return moved(called, FraudState.CALLING, *effects)


def _called_about_money(
    case: CaseFacts, suggested: Verdict | None, outcome: ContactOutcome, effects: tuple[Effect, ...]
) -> Move:
    """Stay where only money or a decision leads out of, however the call ended."""
    is_wrong = outcome.next is NextStep.CANCEL
    offers = (Effect.OFFER_RELEASE,) if outcome.next is NextStep.RELEASE else ()
    return Move(replace(case, suggested=Verdict.CANCEL_FRAUD if is_wrong else suggested), (*effects, *offers))


def _proposed(case: CaseFacts, verdict: Verdict, effects: tuple[Effect, ...]) -> Move:
    return moved(case, FraudState.CANCEL_PROPOSED, *effects, Effect.OFFER_CANCEL, suggested=verdict)
