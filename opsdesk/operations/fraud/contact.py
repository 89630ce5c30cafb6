"""The loop with the customer: calls that were made, calls and mails that came in, and mails that came back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.fraud.cases import contacting
from opsdesk.domain.fraud.cases.contact import Attempt, ContactOutcome, NextStep, why_not_say
from opsdesk.domain.fraud.cases.deadlines import next_call
from opsdesk.domain.fraud.cases.states import Effect, FraudState, Move, moved
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.operations.fraud.moves import OpenCase, carry_out, done, open_case
from opsdesk.operations.mails.outbox import ASKS_CASE
from opsdesk.operations.words import kept_line, kept_text
from opsdesk.store.tables import ContactRow, MailRow
from opsdesk.store.work import Done, Work, operation

KNOWN, INDEPENDENT, OWN_NUMBER = "known", "independent", "order"
NUMBER_KINDS = (KNOWN, INDEPENDENT, OWN_NUMBER)
"""Where a number came from: known before the order, found independently of it, or the order's own."""

CALLED_US = "called_us"
"""Outcome of a call that came in, where nothing else is said of it."""
REPLIED = "mail_reply_only"
BOUNCED = "mail_hard_bounce"
_BOUNCED_SOFTLY = "mail_soft_bounce"


@operation("case.log_attempt")
def log_attempt(
    work: Work,
    case_id: int,
    *,
    version: int | None = None,
    outcome: str,
    channel: str = "phone",
    number: str = "",
    number_kind: str = OWN_NUMBER,
    checks: tuple[str, ...] = (),
    call_back_at: datetime | None = None,
    note: str = "",
) -> Done:
    """Log how a call ended; it counts in the score, and says where the case goes. Nothing is released by it.

    `checks` are the steps of the script that were answered rightly.

    Raises:
        Refused: no call is allowed now or left, or it cannot have ended like this.
        Conflict: the case changed since `version` was read.
        Invalid: a value is none.
    """
    at = open_case(work, case_id, version=version)
    ended = at.desk.outcomes.find(outcome)
    passed = _passed(work, checks)
    _require_possible(ended, number_kind, passed)
    later = _call_back(work, ended, call_back_at)
    attempt = Attempt(at=work.now, outcome=outcome, by=work.actor.name, call_back_at=later)
    move = contacting.log_attempt(at.case, attempt, at.desk)
    row = _contact(work, at, channel, outcome, checks=checks, passed=passed, note=note)
    row.number, row.number_kind, row.call_back_at = kept_line(number, longest=40), number_kind, later
    work.add(row)
    offers = carry_out(work, at, move, "case.called", f"Called: {ended.words}")
    plan_next_call(at)
    return done(at, f"{at.order.number}: {ended.words}. Next: {_next(at, ended)}.", offers)


@operation("case.respond")
def respond(
    work: Work,
    case_id: int,
    *,
    version: int | None = None,
    channel: str = "phone",
    outcome: str = "",
    checks: tuple[str, ...] = (),
    note: str = "",
) -> Done:
    """Note that the customer got in touch by `phone`, `mail` or `chat`; it proves nothing yet, and releases nothing.

    Where somebody asked the questions of the script, `outcome` says how that ended.

    Raises:
        Refused: it cannot have ended like this.
        Conflict: the case changed since `version` was read.
        Invalid: a value is none.
    """
    at = open_case(work, case_id, version=version)
    passed = _passed(work, checks)
    ended = at.desk.outcomes.find(outcome) if outcome else None
    if ended is not None:
        _require_possible(ended, OWN_NUMBER, passed)
    return _responded(work, at, channel, ended, checks=checks, passed=passed, note=note)


@operation("case.choose_call")
def choose_call(work: Work, case_id: int, *, version: int | None = None) -> Done:
    """Call the customer instead of waiting for an answer.

    Raises:
        Refused: a call is due already, or there is nobody to call.
        Conflict: the case changed since `version` was read.
    """
    at = open_case(work, case_id, version=version)
    move = contacting.choose_call(at.case, at.desk)
    carry_out(work, at, move, "case.call_due", "Call instead of waiting")
    return done(at, f"Call the customer of {at.order.number}.")


def on_bounce(work: Work, mail: MailRow, *, is_hard: bool = True, is_of_address: bool = True) -> Done | None:
    """Let a case follow when its mail came back: after a hard bounce a call is due. None where no case asks by mail.

    What is not the address's fault (a full mailbox, a server that dislikes the shop's mails) does not count against it.
    """
    at = _case_of(work, mail)
    if at is None:
        return None
    code = BOUNCED if is_hard and is_of_address else _BOUNCED_SOFTLY
    work.add(_contact(work, at, "mail", code, note=mail.recipient))
    move = contacting.bounced(at.case) if is_hard else Move(at.case)
    words = "The mail came back for good: call the customer" if is_hard else "The mail came back, it may be tried again"
    carry_out(work, at, move, "case.bounced", words)
    return done(at, f"{at.order.number}: {words}.")


def on_reply(work: Work, mail: MailRow, text: str) -> Done | None:
    """Let a case follow when its customer answered by mail: they responded, and nothing is released by it."""
    at = _case_of(work, mail)
    if at is None:
        return None
    return _responded(work, at, "mail", None, note=text)


def plan_next_call(at: OpenCase) -> None:
    """Write down from when the next call is allowed, so that nobody is given the case before."""
    calls = at.case.state in (FraudState.CALL_DUE, FraudState.CALLING)
    at.row.next_call_at = next_call(at.case, at.desk) if calls else None


def _responded(
    work: Work,
    at: OpenCase,
    channel: str,
    ended: ContactOutcome | None,
    *,
    checks: tuple[str, ...] = (),
    passed: int = 0,
    note: str,
) -> Done:
    code = ended.code if ended else REPLIED if channel == "mail" else CALLED_US
    work.add(_contact(work, at, channel, code, is_inward=True, checks=checks, passed=passed, note=note))
    if at.case.state.is_closed:
        work.record("case.answered", "order", at.row.order_id, f"The customer got in touch ({channel}), case closed")
        return done(at, f"{at.order.number}: noted; its case is {at.case.state.words}.")
    move = contacting.respond(at.case, work.now)
    if ended is not None:
        move = _weighed(move, ended)
    offers = carry_out(work, at, move, "case.answered", f"The customer got in touch: {channel}")
    plan_next_call(at)
    return done(
        at, f"{at.order.number}: the customer got in touch. Decide, or call; an answer releases nothing.", offers
    )


def _weighed(move: Move, ended: ContactOutcome) -> Move:
    """Add what the answers to the script mean, where a customer who called was asked."""
    if move.case.state is not FraudState.RESPONDED:
        return move
    effects: tuple[Effect, ...] = (*move.effects, Effect.RESCORE)
    if ended.confirms_fraud:
        effects = (*effects, Effect.LABEL_FRAUD, Effect.LOOK_AT_LINKS)
    if ended.next is NextStep.CANCEL:
        verdict = Verdict.CANCEL_FRAUD
        return moved(move.case, FraudState.CANCEL_PROPOSED, *effects, Effect.OFFER_CANCEL, suggested=verdict)
    offers = (Effect.OFFER_RELEASE,) if ended.next is NextStep.RELEASE else ()
    return replace(move, effects=(*effects, *offers))


def _case_of(work: Work, mail: MailRow) -> OpenCase | None:
    """Return the open case that a mail belongs to: the one it asks about, else that of its order."""
    if mail.order_id is None:
        return None
    work.orders.locked(mail.order_id)
    if mail.event_key.startswith(ASKS_CASE):
        at = open_case(work, int(mail.event_key.removeprefix(ASKS_CASE).partition(":")[0]))
        return at if at.row.fraud_state else None
    row = work.cases.undecided(mail.order_id, "fraud")
    return open_case(work, row.id) if row is not None and row.id is not None else None


def _contact(
    work: Work,
    at: OpenCase,
    channel: str,
    outcome: str,
    *,
    is_inward: bool = False,
    checks: tuple[str, ...] = (),
    passed: int = 0,
    note: str = "",
) -> ContactRow:
    if channel not in ("phone", "mail", "chat"):
        raise Invalid("channel", "Say how: phone, mail or chat.")
    return ContactRow(
        case_id=at.case_id,
        order_id=at.row.order_id,
        channel=channel,
        direction="in" if is_inward else "out",
        outcome=outcome,
        checks=json.dumps(list(checks)) if checks else "",
        checks_passed=passed,
        by=work.actor.name,
        at=work.now,
        note=kept_text(note),
    )


def _passed(work: Work, checks: tuple[str, ...]) -> int:
    """Return how many steps of the script that are checks were ticked, each once.

    Raises:
        Invalid: the script has no such step.
    """
    if not checks:
        return 0
    book = work.fraud
    steps = {step.code: step for step in book.script.steps} if book is not None else {}
    for code in checks:
        if code not in steps:
            raise Invalid("checks", f"The script has no step {code[:40]!r}. Known are: {', '.join(steps)}.")
    return sum(steps[code].is_check for code in set(checks))


def _require_possible(ended: ContactOutcome, number_kind: str, passed: int) -> None:
    if number_kind not in NUMBER_KINDS:
        raise Invalid("number_kind", f"Say where the number came from: {', '.join(NUMBER_KINDS)}.")
    if problem := why_not_say(ended, passed):
        raise Refused(problem)
    if ended.code == "verified" and number_kind == OWN_NUMBER:
        raise Refused("The order's own number proves less: say that it was verified at the order's own number.")


def _call_back(work: Work, ended: ContactOutcome, wanted: datetime | None) -> datetime | None:
    if ended.next is not NextStep.CALL_BACK:
        return None
    if wanted is None or wanted <= work.now:
        raise Invalid("call_back_at", "Say when they want to be called.")
    return wanted


def _next(at: OpenCase, ended: ContactOutcome) -> str:
    if at.case.state is FraudState.CANCEL_PROPOSED:
        return "one key cancels it"
    return ended.next.words
