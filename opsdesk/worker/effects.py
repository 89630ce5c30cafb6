"""Send what waits in the outbox: claim in one transaction, call outside any, record the outcome in another."""

from __future__ import annotations

from opsdesk.integrations.ports import Mailer, SendResult
from opsdesk.operations.mails.outbox import hold_abandoned, record_outcome
from opsdesk.store.desk.leases import Lease
from opsdesk.store.outboxes.mails import abandoned_mails, claim_next
from opsdesk.store.work import Performer


def send_due(performer: Performer, mailer: Mailer, lease: Lease, *, limit: int = 20) -> int:
    """Hand over at most `limit` mails that are due; return how many were tried.

    A server that cannot be used now ends the round: the next mail would fare no better.
    """
    for sent in range(limit):
        claimed = claim_next(performer.store, lease, clock=performer.clock)
        if claimed is None:
            return sent
        outcome = mailer.send(claimed.mail)
        performer.perform(record_outcome, claimed.mail_id, claim=claimed.claim, outcome=outcome)
        if outcome.result is SendResult.TRY_LATER and mailer.check() is not None:
            return sent + 1
    return limit


def hold_what_was_abandoned(performer: Performer, lease: Lease) -> int:
    """Hold the mails that an earlier worker was sending when it stopped; return how many."""
    with performer.store.reading() as session:
        stuck = abandoned_mails(session, lease)
    for mail_id in stuck:
        performer.perform(hold_abandoned, mail_id, claim=lease.claim)
    return len(stuck)
