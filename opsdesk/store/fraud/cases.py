"""A case as the rules of the fraud desk see it, read from its row and written back to it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opsdesk.domain.fraud.cases.contact import Attempt
from opsdesk.domain.fraud.cases.deadlines import decide_by
from opsdesk.domain.fraud.cases.states import CaseFacts, Decision, Desk, FraudState, Proposal
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.money import Money
from opsdesk.domain.orders.cases import CaseState
from opsdesk.store.repositories.cases import fraud_state_of, move_case
from opsdesk.store.tables import CaseRow, ContactRow, OrderRow

_SHIPPED = frozenset({"partly_shipped", "shipped", "partly_delivered", "delivered"})


@dataclass(frozen=True, slots=True)
class CaseMoney:
    """What of an order's money a case is about: what is held until when, whether it was taken."""

    ends: datetime | None = None
    is_captured: bool = False


def case_facts(
    row: CaseRow, order: OrderRow, contacts: Iterable[ContactRow], money: CaseMoney, outcomes: Iterable[str]
) -> CaseFacts:
    """Return the case as the rules see it; contacts of which the shop knows no outcome any more are left out."""
    known = frozenset(outcomes)
    return CaseFacts(
        number=order.number,
        state=FraudState(row.fraud_state or fraud_state_of("fraud", CaseState(row.state))),
        score=row.score,
        total=Money(order.total_minor, order.currency),
        opened_at=row.opened_at,
        respond_by=row.respond_by,
        authorisation_ends=money.ends,
        is_captured=money.is_captured,
        has_shipped=order.fulfilment_status in _SHIPPED,
        claimed_by=row.claimed_by or "",
        claimed_until=row.claimed_until,
        mail_sent_at=row.mail_sent_at,
        attempts=tuple(_attempt(contact) for contact in contacts if contact.outcome in known and is_call(contact)),
        was_extended=row.was_extended,
        is_escalated=row.is_escalated,
        suggested=Verdict(row.suggested) if row.suggested else None,
        proposal=_proposal(row),
        worked_at=row.worked_at,
        closed_at=row.decided_at,
    )


def is_call(contact: ContactRow) -> bool:
    """Say whether somebody was called, or called and was asked the questions of the script."""
    return contact.channel == "phone" and (contact.direction == "out" or contact.checks_passed > 0)


def write_case(row: CaseRow, case: CaseFacts, desk: Desk) -> None:
    """Write down where a case is after a move; what decided it is written by whoever decides."""
    move_case(row, case.state)
    row.score, row.respond_by, row.mail_sent_at = case.score, case.respond_by, case.mail_sent_at
    row.authorisation_ends = case.authorisation_ends
    row.claimed_by, row.claimed_until = case.claimed_by or None, case.claimed_until
    row.was_extended, row.is_escalated, row.worked_at = case.was_extended, case.is_escalated, case.worked_at
    row.suggested = case.suggested.value if case.suggested else ""
    row.decide_by = decide_by(case, desk.settings.deadline)
    if case.proposal is None:
        row.proposal, row.proposal_content, row.proposal_why = "", "", ""
    if case.state.is_closed:
        row.claimed_by, row.claimed_until, row.remind_at, row.next_call_at = None, None, None, None


def write_proposal(row: CaseRow, proposal: Proposal, besides: Mapping[str, Any]) -> None:
    """Keep a decision that waits for a second person, with what else it is bound to."""
    decision = proposal.decision
    row.proposal = json.dumps(
        {
            "verdict": decision.verdict.value,
            "reason": decision.reason,
            "gut": decision.gut,
            "was_worth_a_look": decision.was_worth_a_look,
            "note": decision.note,
            "blocks_orders": decision.blocks_orders,
            **besides,
        }
    )
    row.proposed_by, row.proposed_at = proposal.by, proposal.at
    row.proposal_content, row.proposal_why = proposal.content, proposal.why


def kept_besides(row: CaseRow) -> dict[str, Any]:
    """Return everything that was kept with a proposal."""
    return dict(json.loads(row.proposal)) if row.proposal else {}


def _proposal(row: CaseRow) -> Proposal | None:
    if not row.proposal or row.proposed_by is None or row.proposed_at is None:
        return None
    kept = kept_besides(row)
    decision = Decision(
        verdict=Verdict(kept["verdict"]),
        reason=kept["reason"],
        gut=kept["gut"],
        was_worth_a_look=kept["was_worth_a_look"],
        note=kept["note"],
        blocks_orders=kept["blocks_orders"],
    )
    return Proposal(
        decision=decision, by=row.proposed_by, at=row.proposed_at, content=row.proposal_content, why=row.proposal_why
    )


def _attempt(contact: ContactRow) -> Attempt:
    return Attempt(at=contact.at, outcome=contact.outcome, by=contact.by, call_back_at=contact.call_back_at)
