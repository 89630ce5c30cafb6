"""What each key would decide, and why not: the shop's rules, asked before the key is pressed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from opsdesk.domain.fraud.cases.contact import NextStep
from opsdesk.domain.fraud.cases.contacting import why_not_ask
from opsdesk.domain.fraud.cases.deadlines import next_call, why_not_call
from opsdesk.domain.fraud.cases.deciding import (
    why_not_approve,
    why_not_confirm,
    why_not_decide,
    why_not_extend,
    why_not_reopen,
    why_two,
)
from opsdesk.domain.fraud.cases.states import Decision, FraudState
from opsdesk.domain.fraud.cases.working import why_not_claim
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.fraud.scoring import Action
from opsdesk.screens.fraud.seen import CaseSheet, Seen

LOOKS_GENUINE, LOOKS_FRAUD = 2, 4
"""What one key records of the gut: genuine or fraud, without swearing to it. The long way asks."""
_RELEASED = ("verified_call", "3ds_liability_issuer", "repeat_good_customer", "rule_false_alarm")
_LAPSED_KEYS = "m asks for it anew by pay link, F9 cancels, y releases it unpaid."
_CALLABLE = frozenset(FraudState) - {FraudState.FLAGGED, FraudState.PENDING_SECOND}


def reasons_for(seen: Seen, verdict: Verdict) -> tuple[tuple[str, str], ...]:
    """Return code and words of every reason that fits a verdict, in the order of the shop's file."""
    return tuple((code, words.words) for code, (fits, words) in seen.desk.reasons.items() if fits is verdict)


def decline_reasons(seen: Seen) -> tuple[tuple[str, str, Verdict], ...]:
    """Return what an order can be declined for: what accuses nobody comes first."""
    verdicts = (Verdict.CANCEL_UNVERIFIED, Verdict.CANCEL_FRAUD)
    return tuple((code, words, verdict) for verdict in verdicts for code, words in reasons_for(seen, verdict))


def reason_to_release(seen: Seen) -> str:
    """Return the reason that one key gives: the best one that the case supports."""
    sheet = seen.sheet
    steps = {_next_of(seen, attempt.outcome) for attempt in sheet.facts.attempts}
    supported = {
        "verified_call": bool(steps & {NextStep.RELEASE, NextStep.DECIDE}),
        "3ds_liability_issuer": sheet.score is not None and sheet.score.liability == "issuer",
        "repeat_good_customer": _is_good_of_old(sheet),
        "rule_false_alarm": True,
    }
    known = [code for code, _ in reasons_for(seen, Verdict.RELEASE)]
    wanted = [code for code in _RELEASED if supported[code] and code in known]
    return next(iter(wanted), known[0] if known else "")


def _next_of(seen: Seen, outcome: str) -> NextStep | None:
    found = seen.desk.outcomes.outcomes.get(outcome)
    return found.next if found is not None else None


def _is_good_of_old(sheet: CaseSheet) -> bool:
    own = [row for row in sheet.identity if row.what in ("customer", "e-mail")]
    return any(row.good for row in own) and not any(row.bad for row in sheet.identity)


def release(seen: Seen, reason: str = "", gut: int = LOOKS_GENUINE) -> Decision:
    """Return the decision of the key that releases."""
    return Decision(verdict=Verdict.RELEASE, reason=reason or reason_to_release(seen), gut=gut)


def reason_words(seen: Seen, code: str) -> str:
    """Return the words of a reason."""
    found = seen.desk.reasons.get(code)
    return found[1].words if found is not None else code.replace("_", " ")


def why_not_yes(seen: Seen) -> str | None:
    """Say why `y` does nothing now: agreeing as the second person, or releasing."""
    if seen.facts.state is FraudState.PENDING_SECOND and seen.facts.proposal is not None:
        return why_not_approve(seen.facts, seen.who, seen.facts.proposal.content)
    return why_not_decide(seen.facts, seen.who, release(seen), seen.desk)


def why_not_decline(seen: Seen) -> str | None:
    """Say why `x` does nothing now: declining, or turning a proposal down."""
    if seen.facts.state is FraudState.PENDING_SECOND:
        return None
    offered = decline_reasons(seen)
    if not offered:
        return "The shop has no reason to decline an order with."
    code, _, verdict = offered[0]
    return why_not_decide(seen.facts, seen.who, Decision(verdict=verdict, reason=code, gut=LOOKS_FRAUD), seen.desk)


def why_not_verify(seen: Seen) -> str | None:
    """Say why the customer cannot be called now."""
    facts = seen.facts
    if facts.state.is_closed:
        return f"The case of {facts.number} is {facts.state.words}."
    if facts.state is FraudState.PENDING_SECOND:
        return f"A decision on {facts.number} waits for a second person."
    claimant = facts.claimant(seen.now)
    if claimant and claimant != seen.who:
        return f"{claimant} works on {facts.number}."
    if facts.state not in _CALLABLE:
        return f"Nobody has looked at {facts.number} yet. Claim it first (a)."
    return why_not_call(facts, seen.desk)


def is_mine(seen: Seen) -> bool:
    """Say whether whoever looks at the case works on it."""
    return seen.facts.claimant(seen.now) == seen.who


def _why_not_claim(seen: Seen) -> str | None:
    return None if is_mine(seen) else why_not_claim(seen.facts, seen.who, seen.desk)


def _why_not_choices(seen: Seen) -> str | None:
    is_second = seen.facts.state is FraudState.PENDING_SECOND
    return "A decision waits: y agrees, x gives it back." if is_second else why_not_decline(seen)


def _why_not_tell(seen: Seen) -> str | None:
    return None if seen.facts.state.is_closed else why_not_ask(seen.facts, seen.desk)


def _why_not_answered(seen: Seen) -> str | None:
    return f"The case of {seen.facts.number} is {seen.facts.state.words}." if seen.facts.state.is_closed else None


def _why_not_more_time(seen: Seen) -> str | None:
    return why_not_extend(seen.facts) or _why_not_claim(seen)


def _why_not_reopen(seen: Seen) -> str | None:
    # The reason is asked for when the key is pressed.
    return why_not_reopen(seen.facts, "asked for", seen.desk)


def why_not_commit(seen: Seen) -> str | None:
    """Say why F9 does nothing now: it confirms a cancellation that is proposed, and nothing else."""
    return why_not_confirm(seen.facts) or _why_not_claim(seen)


def next_step(seen: Seen) -> str:
    """Return one sentence about what to do next."""
    facts, sheet = seen.facts, seen.sheet
    match facts.state:
        case FraudState.PENDING_SECOND if facts.proposal is not None:
            verdict = "release it" if facts.proposal.decision.verdict is Verdict.RELEASE else "cancel it"
            if facts.proposal.by == seen.who:
                return f"You propose to {verdict}. Somebody else has to agree; x takes it back."
            return f"{facts.proposal.by} proposes to {verdict}. Look for yourself, then y agrees or x gives it back."
        case FraudState.CANCEL_PROPOSED:
            return "A cancellation is proposed. F9 cancels; y releases after all."
        case FraudState.PAYMENT_LAPSED:
            when = seen.at(facts.authorisation_ends) if facts.authorisation_ends is not None else ""
            return f"{lapsed_words(when)} {_LAPSED_KEYS}"
        case FraudState.AWAITING_CUSTOMER if facts.respond_by is not None:
            return f"The customer was asked to call by {seen.at(facts.respond_by)}. Call now with v, or go on (F8)."
        case FraudState.CALL_DUE | FraudState.CALLING:
            return _call_words(seen)
        case FraudState.RESPONDED:
            return "The customer was in touch. A reply releases nothing by itself: decide, or call back with v."
        case _ if facts.state.is_closed:
            again = "" if _why_not_reopen(seen) else " O opens it again, with a reason."
            return f"The case is {facts.state.words}.{again}"
    if sheet.score is not None and sheet.score.action is Action.PROPOSE_CANCEL:
        return "A hard rule fired. Read it (w), then decline with x, or ask the customer with t."
    if sheet.score is not None and sheet.score.is_thin:
        return "Little could be checked, so a low score says nothing. Ask the customer: t mails, v calls."
    if why_not_ask(facts, seen.desk) is None:
        return "Read what raises it. Sure: y or x. Not sure: t asks the customer by mail, v calls."
    return "Decide with y or x, or call with v."


def lapsed_words(when: str) -> str:
    """Say that the money of a case is gone, as the case and its row in the queue say it."""
    return f"The authorisation ended{f' {when}' if when else ''}: no money is held any more."


def _call_words(seen: Seen) -> str:
    if why_not_call(seen.facts, seen.desk) is None:
        return "A call is due: v opens the script."
    when = next_call(seen.facts, seen.desk)
    if when is None:
        return "No call is left. Decline with x, or release with y."
    return f"The next call may be made {seen.at(when)}. F8 goes on to the next case."


def two_people(seen: Seen) -> str | None:
    """Say why releasing takes a second person, or None where one decides alone."""
    return why_two(seen.facts, release(seen), seen.desk)


WHY_NOT: Mapping[str, Callable[[Seen], str | None]] = {
    "claim": _why_not_claim,
    "yes": why_not_yes,
    "decline": why_not_decline,
    "choices": _why_not_choices,
    "verify": why_not_verify,
    "tell": _why_not_tell,
    "commit": why_not_commit,
    "answered": _why_not_answered,
    "more_time": _why_not_more_time,
    "reopen": _why_not_reopen,
}
"""What the rules of the case say against each of its keys."""
