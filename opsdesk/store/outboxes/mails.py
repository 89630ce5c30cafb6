"""Taking mails out of the outbox: each claim is a transaction of its own, and nothing is sent inside one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.mails.outgoing import Letter, MailState, OutgoingMail
from opsdesk.domain.moments import Clock
from opsdesk.store.desk.leases import Lease, is_held
from opsdesk.store.engine import Store
from opsdesk.store.tables import MailRow

_WAITING = (MailState.QUEUED.value, MailState.RETRY.value)


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail that this worker, and nobody else, may now hand to the mail server."""

    mail_id: int
    claim: str
    mail: OutgoingMail


def claim_next(store: Store, lease: Lease, *, clock: Clock) -> ClaimedMail | None:
    """Mark the mail that has been due longest as being sent; None when nothing is due or the lease is lost."""
    with Session(store.writer) as session, session.begin():
        if not is_held(session, lease, clock=clock):
            return None
        now = clock()
        due = (
            select(MailRow)
            .where(col(MailRow.state).in_(_WAITING), col(MailRow.not_before) <= now)
            .order_by(col(MailRow.not_before), col(MailRow.id))
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = session.execute(due).scalar_one_or_none()
        if row is None or row.id is None:
            return None
        row.state = MailState.SENDING.value
        row.claimed_by, row.claimed_at = lease.claim, now
        row.attempts += 1
        session.flush()
        letter = Letter(row.subject, row.text, row.html, row.language)
        mail = OutgoingMail(row.message_id, row.recipient, letter, row.queued_at)
        return ClaimedMail(row.id, lease.claim, mail)


def abandoned_mails(session: Session, lease: Lease) -> list[int]:
    """Return the mails that an earlier holder of the lease was sending when it stopped."""
    stuck = select(col(MailRow.id)).where(
        col(MailRow.state) == MailState.SENDING.value, col(MailRow.claimed_by) != lease.claim
    )
    return [mail_id for mail_id in session.execute(stuck.order_by(col(MailRow.id))).scalars() if mail_id is not None]


def next_due(session: Session) -> datetime | None:
    """Return when the next mail is due, or None when none waits."""
    waiting = select(col(MailRow.not_before)).where(col(MailRow.state).in_(_WAITING))
    return session.execute(waiting.order_by(col(MailRow.not_before)).limit(1)).scalar_one_or_none()
