"""Ask gateways what waits: claim in one transaction, ask outside any, record the answer in another."""

from __future__ import annotations

from collections.abc import Mapping

from opsdesk.domain.errors import Conflict, Refused
from opsdesk.domain.payments.gateways import Answer, AnswerKind
from opsdesk.integrations.ports import Gateway
from opsdesk.operations.payments.gateway_calls import doubt_abandoned, record_answer
from opsdesk.store.desk.leases import Lease
from opsdesk.store.outboxes.gateway_calls import ClaimedCall, abandoned_calls, claim_next_call, explain_waiting
from opsdesk.store.work import Performer


def ask_gateways(performer: Performer, gateways: Mapping[str, Gateway], lease: Lease, *, limit: int = 10) -> int:
    """Send or look up at most `limit` calls that are due; return how many.

    A gateway that does not answer is left alone for the rest of the round: mails wait behind it.
    """
    explain_waiting(performer.store, gateways.keys(), clock=performer.clock)
    answering = dict(gateways)
    for asked in range(limit):
        claimed = claim_next_call(performer.store, lease, answering.keys(), clock=performer.clock)
        if claimed is None:
            return asked
        gateway = answering[claimed.gateway]
        answer = gateway.look_up(claimed.call) if claimed.is_look_up else gateway.carry_out(claimed.call)
        _record(performer, claimed, answer)
        if answer.kind is AnswerKind.UNKNOWN:
            del answering[claimed.gateway]
    return limit


def _record(performer: Performer, claimed: ClaimedCall, answer: Answer) -> None:
    """Record an answer; one that the books do not allow becomes a doubt for a person, so that no call stops others."""
    try:
        performer.perform(record_answer, claimed.call_id, claim=claimed.claim, answer=answer)
    except (Conflict, Refused) as error:
        problem = f"The gateway said {answer.kind.value}, which cannot be booked. {error.message}"
        doubt = Answer(AnswerKind.UNKNOWN, answer.reference, problem=problem)
        performer.perform(record_answer, claimed.call_id, claim=claimed.claim, answer=doubt)


def doubt_what_was_abandoned(performer: Performer) -> int:
    """Doubt the calls that were being sent when a round stopped, so that they are looked up; return how many."""
    with performer.store.reading() as session:
        stuck = abandoned_calls(session)
    for call_id, claim in stuck:
        performer.perform(doubt_abandoned, call_id, claim=claim)
    return len(stuck)
