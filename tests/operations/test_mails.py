"""Mails in the outbox: tried again with growing waits, held when in doubt, changed only while they still can be."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from opsdesk.domain.errors import Conflict, Invalid, Refused
from opsdesk.domain.mails.outgoing import BACK_OFF, Letter, MailState
from opsdesk.domain.people.actors import WORKER, Actor
from opsdesk.integrations.ports import SendOutcome, SendResult
from opsdesk.operations.mails.outbox import edit, hold_abandoned, record_outcome, send_now, settle_doubt, take_back
from opsdesk.store.desk.leases import Lease, give_back, take_lease
from opsdesk.store.engine import Store
from opsdesk.store.outboxes.mails import ClaimedMail, claim_next
from opsdesk.store.tables import MailRow
from opsdesk.store.views.mails.listing import mail_text, outbox
from opsdesk.store.work import Performer
from opsdesk.worker.effects import hold_what_was_abandoned
from opsdesk.worker.loop import LEASE
from tests.conftest import StillClock
from tests.worker.test_mails_survive import write_mails

LETTER = Letter("New words", "Dear Ada\n", "<p>Dear Ada</p>", "en")


@pytest.fixture
def clerk(store: Store, actor: Actor, clock: StillClock) -> Performer:
    write_mails(store, 1)
    return Performer(store, actor, clock)


@pytest.fixture
def worker(store: Store, clock: StillClock) -> Performer:
    return Performer(store, WORKER, clock)


def lease_of(worker: Performer, holder: str = "one") -> Lease:
    taken = take_lease(worker.store, LEASE, holder, lasts=timedelta(days=30), clock=worker.clock)
    assert taken is not None
    return taken


def claim(worker: Performer) -> ClaimedMail:
    claimed = claim_next(worker.store, lease_of(worker), clock=worker.clock)
    assert claimed is not None
    return claimed


def answered(worker: Performer, result: SendResult, reply: str = "451 later") -> None:
    claimed = claim(worker)
    worker.perform(record_outcome, claimed.mail_id, claim=claimed.claim, outcome=SendOutcome(result, reply))


def the_mail(store: Store) -> MailRow:
    with store.reading() as session:
        return session.execute(select(MailRow).order_by(col(MailRow.id))).scalars().one()


def test_waits_grow_until_a_person_has_to_look(
    clerk: Performer, worker: Performer, store: Store, clock: StillClock
) -> None:
    for wait in BACK_OFF:
        answered(worker, SendResult.TRY_LATER)
        mail = the_mail(store)
        assert (mail.state, mail.not_before) == (MailState.RETRY, clock() + wait)
        assert claim_next(store, lease_of(worker), clock=clock) is None
        clock.moment += wait
    answered(worker, SendResult.TRY_LATER)
    assert the_mail(store).state == MailState.FAILED
    clerk.perform(send_now, the_mail(store).id, version=the_mail(store).version)
    answered(worker, SendResult.ACCEPTED, "250 OK")
    assert the_mail(store).state == MailState.ACCEPTED


def test_a_mail_in_doubt_goes_nowhere_by_itself_and_a_person_decides(
    clerk: Performer, worker: Performer, store: Store, clock: StillClock
) -> None:
    answered(worker, SendResult.IN_DOUBT, "cut off")
    clock.advance(days=20)
    assert claim_next(store, lease_of(worker), clock=clock) is None
    mail = the_mail(store)
    with pytest.raises(Refused, match="in doubt"):
        clerk.perform(send_now, mail.id, version=mail.version)
    with pytest.raises(Refused, match="in doubt"):
        clerk.perform(take_back, mail.id)
    clerk.perform(settle_doubt, mail.id, version=mail.version, arrived=False)
    answered(worker, SendResult.ACCEPTED, "250 OK")
    with pytest.raises(Refused, match="nothing to decide"):
        clerk.perform(settle_doubt, mail.id, version=the_mail(store).version, arrived=True)


def test_a_mail_that_arrived_after_all_is_marked_so(clerk: Performer, worker: Performer, store: Store) -> None:
    answered(worker, SendResult.IN_DOUBT, "cut off")
    clerk.perform(settle_doubt, the_mail(store).id, version=the_mail(store).version, arrived=True)
    assert the_mail(store).state == MailState.ACCEPTED


def test_a_stopped_senders_mail_is_held_and_its_late_answer_still_counts(
    clerk: Performer, worker: Performer, store: Store, clock: StillClock
) -> None:
    claimed = claim(worker)
    give_back(store, lease_of(worker), clock=clock)
    successor = lease_of(worker, "two")
    assert hold_what_was_abandoned(worker, successor) == 1
    assert the_mail(store).state == MailState.HELD
    worker.perform(
        record_outcome, claimed.mail_id, claim=claimed.claim, outcome=SendOutcome(SendResult.ACCEPTED, "250 OK")
    )
    assert the_mail(store).state == MailState.ACCEPTED


def test_an_answer_that_comes_after_a_person_decided_changes_nothing(
    clerk: Performer, worker: Performer, store: Store, clock: StillClock
) -> None:
    claimed = claim(worker)
    give_back(store, lease_of(worker), clock=clock)
    worker.perform(hold_abandoned, claimed.mail_id, claim=lease_of(worker, "two").claim)
    clerk.perform(settle_doubt, claimed.mail_id, version=the_mail(store).version, arrived=False)
    worker.perform(
        record_outcome, claimed.mail_id, claim=claimed.claim, outcome=SendOutcome(SendResult.REJECTED, "550 no")
    )
    assert the_mail(store).state == MailState.QUEUED


def test_words_change_only_before_sending_and_never_over_somebody_else(
    clerk: Performer, worker: Performer, store: Store
) -> None:
    mail = the_mail(store)
    clerk.perform(edit, mail.id, version=mail.version, letter=LETTER)
    assert the_mail(store).subject == "New words"
    with pytest.raises(Conflict):
        clerk.perform(edit, mail.id, version=mail.version, letter=LETTER)
    with pytest.raises(Invalid, match="line break"):
        clerk.perform(
            edit, mail.id, version=mail.version + 1, letter=Letter("a\r\nBcc: x@attacker.example", "x", "x", "en")
        )
    assert claim(worker).mail.letter == LETTER
    with pytest.raises(Refused, match="being sent"):
        clerk.perform(edit, mail.id, version=the_mail(store).version, letter=LETTER)


def test_the_outbox_shows_what_waits_and_what_needs_somebody(clerk: Performer, worker: Performer, store: Store) -> None:
    answered(worker, SendResult.REJECTED, "550 no such mailbox")
    with store.reading() as session:
        (line,) = outbox(session)
        words = mail_text(session, line.id)
    assert (line.state, line.last_error) == (MailState.FAILED, "550 no such mailbox")
    assert words is not None
    assert words.text == "Hello\n"
