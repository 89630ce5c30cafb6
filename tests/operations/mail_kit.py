"""Mails about a suspected order for tests: the customer was asked, and what came of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlmodel import col

from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.people.actors import WORKER, Actor, Role
from opsdesk.domain.statuses.entries import read_statuses
from opsdesk.integrations.ports import SendOutcome, SendResult
from opsdesk.operations.mails.outbox import record_outcome
from opsdesk.operations.statuses.previewing import Telling
from opsdesk.operations.statuses.telling import tell
from opsdesk.store.desk.leases import take_lease
from opsdesk.store.engine import Store
from opsdesk.store.outboxes.mails import claim_next
from opsdesk.store.tables import ActivityRow, MailRow
from opsdesk.store.work import Performer
from opsdesk.worker.loop import LEASE
from tests.conftest import StillClock
from tests.operations.orders_kit import rows, the_order

STATUSES = read_statuses((Path(__file__).parents[2] / "data" / "statuses.toml").read_text("utf-8"))
CLERK = Actor(None, "mia", Role.AGENT, "test")
YES = SendOutcome(SendResult.ACCEPTED, "250 OK")


def told(store: Store, clock: StillClock, order_id: int, status: str = "potential_fraud") -> MailRow:
    """Tell an order's customer a status; the mail waits in the outbox."""
    found = STATUSES.find(status)
    letter = Letter(f"{found.name} {order_id}", "Please call us.\n", "<p>Please call us.</p>", "en")
    asked = Telling(found, letter, clock() + timedelta(days=3) if found.has_deadline else None)
    Performer(store, CLERK, clock).perform(tell, order_id, version=the_order(store, order_id).version, telling=asked)
    return mails(store)[-1]


def sent(store: Store, clock: StillClock, outcome: SendOutcome = YES) -> None:
    """Hand every waiting mail to a mail server that answers like this."""
    clock.advance(minutes=1)
    lease = take_lease(store, LEASE, "relay", lasts=timedelta(days=60), clock=clock)
    assert lease is not None
    while claimed := claim_next(store, lease, clock=clock):
        Performer(store, WORKER, clock).perform(record_outcome, claimed.mail_id, claim=claimed.claim, outcome=outcome)


def asked(store: Store, clock: StillClock, order_id: int) -> MailRow:
    """Ask an order's customer to call, by a mail that the mail server took."""
    told(store, clock, order_id)
    sent(store, clock)
    return mails(store)[-1]


def mails(store: Store) -> list[MailRow]:
    """Return every mail."""
    return rows(store, MailRow)


def history(store: Store, order_id: int) -> list[str]:
    """Return what the history says of an order, oldest first."""
    with store.reading() as session:
        lines = select(col(ActivityRow.summary)).where(
            col(ActivityRow.subject_kind) == "order", col(ActivityRow.subject_id) == order_id
        )
        return list(session.execute(lines.order_by(col(ActivityRow.id))).scalars())
