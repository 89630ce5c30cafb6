"""Decisions: by a person, sometimes by two, never by a clock; and the way back from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from opsdesk.domain.errors import Refused
from opsdesk.domain.fraud.cases.contact import NextStep
from opsdesk.domain.fraud.cases.states import CaseFacts, Decision, Desk, Effect, FraudState, Move, Proposal, moved
from opsdesk.domain.fraud.cases.working import insist
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.fraud.thresholds import is_at_least

_NEEDS_CALL = frozenset({"verified_call"})
_CONFIRMS = frozenset({"cardholder_denied", "issuer_warning"})
_ONE_KEY_CANCELS = frozenset({FraudState.CANCEL_PROPOSED, FraudState.PAYMENT_LAPSED})
_VERIFYING = frozenset({NextStep.RELEASE, NextStep.DECIDE})


def why_not_decide(case: CaseFacts, who: str, decision: Decision, desk: Desk) -> str | None:
    """Say why somebody cannot decide the case like this, or None if they can."""
    if case.state.is_closed:
        return f"The case of {case.number} is {case.state.words}. Reopen it first."
    if case.state is FraudState.PENDING_SECOND:
        return f"A decision on {case.number} waits for a second person already."
    claimant = case.claimant(desk.now)
    if claimant and claimant != who:
        return f"{claimant} works on {case.number}."
    if decision.gut is None or not 1 <= decision.gut <= 5:
        return "Say what your gut says: 1 sure genuine, 5 sure fraud."
    if problem := _why_not_reason(decision, desk):
        return problem
    if decision.verdict is Verdict.RELEASE:
        return _why_not_release(case, decision, desk)
    return None


def _why_not_reason(decision: Decision, desk: Desk) -> str | None:
    known = desk.reasons.get(decision.reason)
    if known is not None and known[0] is decision.verdict:
        return None
    fitting = [code for code, (verdict, _) in desk.reasons.items() if verdict is decision.verdict]
    return f"{decision.reason[:40]!r} is no reason for this. Choose one of: {', '.join(fitting)}."


def _why_not_release(case: CaseFacts, decision: Decision, desk: Desk) -> str | None:
    if case.state is FraudState.FLAGGED or (case.state is FraudState.PAYMENT_LAPSED and not case.claimant(desk.now)):
        return f"Nobody has looked at {case.number} yet. Claim it first."
    if decision.reason in _NEEDS_CALL:
        steps = {desk.outcomes.find(attempt.outcome).next for attempt in case.attempts}
        if not steps & _VERIFYING:
            return "No call has verified it. Log the call first; a reply by mail verifies nobody."
    return None


def why_two(case: CaseFacts, decision: Decision, desk: Desk) -> str | None:
    """Say why a second person has to agree, or None if one decides alone."""
    people, bands = desk.settings.people, desk.settings.bands
    if decision.verdict is Verdict.RELEASE:
        if is_at_least(case.total, people.two_person_amount):
            return f"Releasing {case.total} takes two people."
        if case.score >= bands.two_person_from:
            return f"Releasing a score of {case.score} takes two people."
    if decision.blocks_orders >= people.block_orders:
        return f"Blocking what {decision.blocks_orders} earlier orders share takes two people."
    return None


def decide(case: CaseFacts, who: str, decision: Decision, desk: Desk) -> Move:
    """Decide the case, or propose the decision where it takes two people.

    Raises:
        Refused: it is closed, somebody else's, or the reason does not fit.
    """
    insist(why_not_decide(case, who, decision, desk))
    if why := why_two(case, decision, desk):
        proposal = Proposal(decision=decision, by=who, at=desk.now, content=case.content(decision, desk.now), why=why)
        return moved(
            case, FraudState.PENDING_SECOND, Effect.STOP_REMINDERS, Effect.ALERT_LEAD, proposal=proposal,
            worked_at=desk.now,
        )  # fmt: skip
    return _ended(case, decision, desk.now)


def why_not_approve(case: CaseFacts, who: str, content: str) -> str | None:
    """Say why somebody cannot agree to the proposed decision, or None if they can."""
    if case.state is not FraudState.PENDING_SECOND or case.proposal is None:
        return f"No decision on {case.number} waits for a second person."
    if who == case.proposal.by:
        return "You proposed it yourself. Somebody else has to agree."
    proposal = case.proposal
    if content != proposal.content or content != case.content(proposal.decision, proposal.at):
        return f"{case.number} has changed since it was proposed. Look at it again."
    return None


def approve(case: CaseFacts, who: str, content: str, desk: Desk) -> Move:
    """Agree as the second person: the decision is carried out as it was proposed.

    Raises:
        Refused: the same person, nothing proposed, or the case has changed since.
    """
    insist(why_not_approve(case, who, content))
    if case.proposal is None:
        raise Refused(f"No decision on {case.number} waits for a second person.")
    return _ended(case, case.proposal.decision, desk.now)


def reject(case: CaseFacts, who: str, note: str, desk: Desk) -> Move:
    """Give the case back to who proposed the decision. The proposer may take it back so, too.

    Raises:
        Refused: nothing is proposed, or nobody says why.
    """
    if case.state is not FraudState.PENDING_SECOND or case.proposal is None:
        raise Refused(f"No decision on {case.number} waits for a second person.")
    if who != case.proposal.by and not note.strip():
        raise Refused("Say why; the proposer must know what is missing.")
    until = desk.now + desk.settings.people.claim
    return moved(
        case, FraudState.IN_REVIEW, proposal=None, claimed_by=case.proposal.by, claimed_until=until, worked_at=desk.now
    )


def why_not_confirm(case: CaseFacts) -> str | None:
    """Say why the proposed cancellation cannot be confirmed, or None if one key does it."""
    if case.state not in _ONE_KEY_CANCELS:
        return f"No cancellation of {case.number} is proposed."
    return None


def confirm_cancel(case: CaseFacts, desk: Desk) -> Move:
    """Cancel as proposed; a person presses the key.

    Raises:
        Refused: no cancellation is proposed.
    """
    insist(why_not_confirm(case))
    return _ended(case, confirmed(case, desk), desk.now)


def confirmed(case: CaseFacts, desk: Desk) -> Decision:
    """Return the decision that one key confirms, with its reason."""
    verdict = case.suggested or Verdict.CANCEL_UNVERIFIED
    unproven = "auth_lapsed" if case.state is FraudState.PAYMENT_LAPSED else "no_contact"
    reason = "failed_challenge" if verdict is Verdict.CANCEL_FRAUD else unproven
    if any(desk.outcomes.find(attempt.outcome).confirms_fraud for attempt in case.attempts):
        verdict, reason = Verdict.CANCEL_FRAUD, "cardholder_denied"
    return Decision(verdict=verdict, reason=reason, gut=None)


def why_not_extend(case: CaseFacts) -> str | None:
    """Say why the customer cannot be given more time, or None if they can."""
    if case.state is FraudState.PAYMENT_LAPSED:
        return f"No money is held for {case.number} any more. Ask for the payment anew, or cancel."
    if problem := why_not_confirm(case):
        return problem
    return f"The customer of {case.number} got more time already." if case.was_extended else None


def extend(case: CaseFacts, until: datetime, desk: Desk) -> Move:
    """Give the customer more time, once: one more call is due.

    Raises:
        Refused: no cancellation is proposed, more time was given already, or the money would not wait.
    """
    insist(why_not_extend(case))
    if until <= desk.now:
        raise Refused("That moment is past.")
    ends = case.authorisation_ends
    if ends is not None and not case.is_captured and until > ends - desk.settings.deadline.margin:
        raise Refused(f"The authorisation ends {ends.astimezone(desk.zone):%a %d %b %H:%M}. Choose an earlier moment.")
    return moved(
        case, FraudState.CALL_DUE, Effect.CALL_TASK, was_extended=True, respond_by=until, suggested=None,
        worked_at=desk.now,
    )  # fmt: skip


def lose_payment(case: CaseFacts, desk: Desk) -> Move:
    """Say that the authorisation ended before anybody decided: a person asks for the money anew, or cancels.

    Raises:
        Refused: it has not ended, the money was captured, or that is known already.
    """
    if case.state.is_closed or case.state is FraudState.PAYMENT_LAPSED:
        raise Refused(f"The case of {case.number} is {case.state.words}.")
    if case.is_captured or case.authorisation_ends is None or desk.now < case.authorisation_ends:
        raise Refused(f"The payment of {case.number} has not lapsed.")
    effects = (Effect.STOP_REMINDERS, Effect.ALERT_LEAD, Effect.OFFER_CANCEL)
    suggested = case.suggested or Verdict.CANCEL_UNVERIFIED
    return moved(
        case, FraudState.PAYMENT_LAPSED, *effects, proposal=None, suggested=suggested, is_escalated=True
    )  # fmt: skip


def regain_payment(case: CaseFacts, desk: Desk) -> Move:
    """Review the case again because its order is paid, or money is held for it, once more.

    Raises:
        Refused: its payment has not lapsed, or no money has come.
    """
    if case.state is not FraudState.PAYMENT_LAPSED:
        raise Refused(f"The payment of {case.number} has not lapsed.")
    if not case.is_captured and (case.authorisation_ends is None or case.authorisation_ends <= desk.now):
        raise Refused(f"No money has come for {case.number} since its payment lapsed.")
    ends = None if case.is_captured else case.authorisation_ends
    return moved(case, FraudState.IN_REVIEW, suggested=None, authorisation_ends=ends)


def why_not_reopen(case: CaseFacts, reason: str, desk: Desk) -> str | None:
    """Say why the case cannot be opened again, or None if it can."""
    if not case.state.is_closed:
        return f"The case of {case.number} is open."
    if not reason.strip():
        return "Say why it is opened again."
    if case.state is FraudState.RELEASED:
        if case.has_shipped:
            return f"{case.number} has left the house. Recall the parcel, or wait for what comes."
        if case.closed_at is None or desk.now > case.closed_at + desk.settings.people.reopen:
            return f"{case.number} was released too long ago. Hold the order by hand."
    return None


def reopen(case: CaseFacts, who: str, reason: str, desk: Desk, *, authorisation_ends: datetime | None = None) -> Move:
    """Open a closed case again: an appeal, a second thought, or a payment that was authorised anew.

    Raises:
        Refused: it is open, shipped, or nobody says why.
    """
    insist(why_not_reopen(case, reason, desk))
    ends = case.authorisation_ends if authorisation_ends is None else authorisation_ends
    until = desk.now + desk.settings.people.claim
    fresh = replace(case, closed_at=None, suggested=None, proposal=None, respond_by=None)
    return moved(
        fresh, FraudState.IN_REVIEW, Effect.PLACE_HOLD, claimed_by=who, claimed_until=until, authorisation_ends=ends,
        worked_at=desk.now,
    )  # fmt: skip


def _ended(case: CaseFacts, decision: Decision, at: datetime) -> Move:
    if decision.verdict is Verdict.RELEASE:
        released = (Effect.STOP_REMINDERS, Effect.RELEASE_HOLD, Effect.RESTORE_STATUS, Effect.OFFER_LISTS)
        told = () if case.mail_sent_at is None else (Effect.TELL_RELEASED,)
        return moved(case, FraudState.RELEASED, *released, *told, proposal=None, closed_at=at)
    is_fraud = decision.verdict is Verdict.CANCEL_FRAUD
    effects: tuple[Effect, ...] = (
        Effect.STOP_REMINDERS,
        Effect.CANCEL_ORDER,
        Effect.REFUND if case.is_captured else Effect.VOID,
        Effect.RESTOCK,
        Effect.TELL_CANCELLED,
    )
    if is_fraud:
        effects = (*effects, Effect.OFFER_LISTS, Effect.LOOK_AT_LINKS)
    if decision.reason in _CONFIRMS:
        effects = (*effects, Effect.LABEL_FRAUD)
    to = FraudState.CANCELLED_FRAUD if is_fraud else FraudState.CANCELLED_UNVERIFIED
    return moved(case, to, *effects, proposal=None, closed_at=at)
