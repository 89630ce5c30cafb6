"""Decisions about a case: by a person, by two where it takes two, never by a clock; and the way back from them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from opsdesk.domain.errors import Denied, Invalid, Refused
from opsdesk.domain.fraud.cases import deciding
from opsdesk.domain.fraud.cases.states import Decision, Move
from opsdesk.domain.fraud.cases.working import insist, why_not_claim
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.operations.fraud.moves import OpenCase, carry_out, done, open_case, take_back_end
from opsdesk.operations.orders.cancelling import reopen as reopen_order
from opsdesk.operations.refunds.approvals import is_same_person
from opsdesk.operations.words import kept_text
from opsdesk.store.fraud.cases import kept_besides, write_proposal
from opsdesk.store.tables import ApprovalRow
from opsdesk.store.work import Done, Work, operation


@operation("case.decide")
def decide(
    work: Work,
    case_id: int,
    *,
    version: int,
    verdict: Verdict | str,
    reason_code: str,
    gut: int | None,
    worth_a_look: bool | None = None,
    note: str = "",
    letter: Letter | None = None,
) -> Done:
    """Release or cancel the order; above a score or a value it waits for a second person first.

    `letter` is what the customer is told when it is carried out, if they are told by mail.

    Raises:
        Refused: it is decided, somebody else's, or the reason does not fit.
        Conflict: the case changed since `version` was read.
        Denied: the order is above what this person may cancel.
    """
    at = open_case(work, case_id, version=version)
    decision = Decision(
        verdict=_verdict(verdict),
        reason=reason_code,
        gut=gut,
        was_worth_a_look=worth_a_look,
        note=kept_text(note),
    )
    move = deciding.decide(at.case, work.actor.name, decision, at.desk)
    if move.case.proposal is not None:
        return _proposed(work, at, move, letter)
    return _ended(work, at, move, decision, letter=letter)


@operation("case.approve")
def approve(work: Work, case_id: int, *, content: str) -> Done:
    """Agree as the second person to exactly what was proposed; it is carried out.

    Raises:
        Denied: the same person, or one who may not.
        Refused: nothing is proposed, or the case or its order has changed since.
    """
    at = open_case(work, case_id)
    proposal = at.case.proposal
    if proposal is not None:
        _require_second(work, proposal.by)
        _require_unchanged(at)
    move = deciding.approve(at.case, work.actor.name, content, at.desk)
    assert proposal is not None, "What was agreed to was proposed."
    _write_approval(work, at)
    letter = kept_besides(at.row).get("letter")
    at.row.second_by = work.actor.name
    told = Letter(**letter) if letter else None
    return _ended(work, at, move, proposal.decision, by=proposal.by, letter=told)


@operation("case.reject")
def reject(work: Work, case_id: int, *, note: str = "") -> Done:
    """Give a case back to whoever proposed its decision; the proposer takes it back so, too.

    Raises:
        Refused: nothing is proposed, or nobody says why.
    """
    at = open_case(work, case_id)
    why = kept_text(note)
    move = deciding.reject(at.case, work.actor.name, why, at.desk)
    proposer = at.row.proposed_by
    carry_out(work, at, move, "case.rejected", f"Decision not agreed to. {why}".strip())
    at.row.proposed_by, at.row.proposed_at = None, None
    return done(at, f"{at.order.number} is {proposer}'s again.")


@operation("case.confirm_cancel")
def confirm_cancel(work: Work, case_id: int, *, version: int, letter: Letter | None = None) -> Done:
    """Cancel as it was proposed; a person presses the key.

    Raises:
        Refused: no cancellation is proposed, somebody else works on it, or the goods have left.
        Conflict: the case changed since `version` was read.
        Denied: the order is above what this person may cancel.
    """
    at = open_case(work, case_id, version=version)
    insist(why_not_claim(at.case, work.actor.name, at.desk))
    move = deciding.confirm_cancel(at.case, at.desk)
    return _ended(work, at, move, deciding.confirmed(at.case, at.desk), letter=letter)


@operation("case.extend")
def extend(work: Work, case_id: int, *, version: int, until: datetime) -> Done:
    """Give the customer more time, once, instead of cancelling.

    Raises:
        Refused: no cancellation is proposed, more time was given already, somebody else works on it, or the money
            would not wait.
        Conflict: the case changed since `version` was read.
    """
    at = open_case(work, case_id, version=version)
    insist(why_not_claim(at.case, work.actor.name, at.desk))
    move = deciding.extend(at.case, until, at.desk)
    local = until.astimezone(work.zone)
    carry_out(work, at, move, "case.extended", f"More time for the customer, until {local:%a %d %b %H:%M}")
    return done(at, f"The customer of {at.order.number} has until {local:%a %d %b %H:%M}. Call once more.")


@operation("case.reopen")
def reopen(work: Work, case_id: int, *, reason: str) -> Done:
    """Open a closed case again: an appeal, a second thought, money that was held anew. The order is held again.

    Raises:
        Refused: it is open, shipped, was released too long ago, or nobody says why.
    """
    at = open_case(work, case_id)
    why = kept_text(reason)
    move = deciding.reopen(at.case, work.actor.name, why, at.desk)
    if work.cases.undecided(at.row.order_id, at.row.kind) is not None:
        raise Refused(f"{at.order.number} has an open case already.")
    if at.order.lifecycle == Lifecycle.CANCELLED:
        at.told.append(reopen_order(work, at.row.order_id, note=why).message)
    at.row.decided_by, at.row.decided_at, at.row.verdict, at.row.reason_code = None, None, "", ""
    at.row.proposed_by, at.row.proposed_at, at.row.second_by = None, None, None
    at.row.reason = f"Opened again: {why}"[:200]
    take_back_end(work, at)
    carry_out(work, at, move, "case.reopened", f"Case opened again. {why}")
    work.undo = None
    return done(at, f"The case of {at.order.number} is open again, and yours.")


def _verdict(said: Verdict | str) -> Verdict:
    try:
        return Verdict(said)
    except ValueError as error:
        raise Invalid("verdict", f"Decide one of: {', '.join(Verdict)}.") from error


def _proposed(work: Work, at: OpenCase, move: Move, letter: Letter | None) -> Done:
    assert move.case.proposal is not None, "Only a proposal waits for a second person."
    bound = {"ship_digest": at.order.ship_digest, "email": at.order.email, "phone": at.order.phone}
    write_proposal(at.row, move.case.proposal, {**bound, "letter": asdict(letter) if letter else None})
    why = move.case.proposal.why
    verdict = move.case.proposal.decision.verdict.value.replace("_", " ")
    offers = carry_out(work, at, move, "case.proposed", f"Proposed to {verdict}. {why}")
    return done(at, f"{at.order.number} waits for a second person. {why}", offers)


def _ended(
    work: Work, at: OpenCase, move: Move, decision: Decision, *, by: str = "", letter: Letter | None = None
) -> Done:
    """Write down who decided what, and carry it out."""
    row = at.row
    row.decided_by, row.decided_at = by or work.actor.name, work.now
    row.verdict, row.reason_code, row.gut = decision.verdict.value, decision.reason, decision.gut
    row.was_worth_a_look, row.decision_note = decision.was_worth_a_look, decision.note
    at.decision, at.letter = decision, letter
    offers = carry_out(
        work, at, move, "case.decided", f"Case decided: {move.case.state.words}. {decision.note}".strip()
    )
    if decision.verdict is Verdict.RELEASE:
        work.undo_with("case.reopen", case_id=at.case_id, reason="Taken back at once")
    return done(at, f"{at.order.number}: {move.case.state.words}.", offers)


def _require_second(work: Work, proposer: str) -> None:
    """Make sure that the actor is another person who may.

    Raises:
        Denied: they are not.
    """
    me = work.users.locked(work.actor.user_id) if work.actor.user_id is not None else None
    if proposer == work.actor.name:
        raise Denied("You proposed it yourself. Somebody else has to agree.")
    if me is not None and (not me.is_active or me.role != work.actor.role):
        raise Denied(f"{work.actor.name} may not agree any more. Ask somebody else.")
    if is_same_person(me, work.users.named(proposer)):
        raise Denied(f"{work.actor.name} and {proposer} are one person at this machine. Somebody else has to agree.")


def _require_unchanged(at: OpenCase) -> None:
    kept = kept_besides(at.row)
    now = {"ship_digest": at.order.ship_digest, "email": at.order.email, "phone": at.order.phone}
    if any(kept[name] != value for name, value in now.items()):
        raise Refused(f"{at.order.number} has changed since it was proposed. Look at it again.")


def _write_approval(work: Work, at: OpenCase) -> None:
    work.add(
        ApprovalRow(
            subject_kind="case",
            subject_id=at.case_id,
            content_hash=at.row.proposal_content,
            amount_minor=at.order.total_minor,
            currency=at.order.currency,
            requested_by=at.row.proposed_by or "",
            approved_by=work.actor.name,
            approver_role=work.actor.role.value,
            approved_at=work.now,
            command_id=work.command_id,
        )
    )
