"""Mails that come back and customers who answer: known by what nobody can guess, and nothing is released by them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlmodel import Session, col

from opsdesk.domain.errors import Denied, Refused
from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.mails.outgoing import MailState
from opsdesk.domain.mails.received import Bounce, BounceKind, Reply, Verdict
from opsdesk.domain.people.actors import WORKER
from opsdesk.integrations.mail.bounces import read_verdict
from opsdesk.integrations.mail.contexts import EXAMPLE_SHOP
from opsdesk.integrations.mail.rendering import TemplateWriter
from opsdesk.integrations.mail.shelf import TemplateShelf, read_forbidden_words
from opsdesk.integrations.ports import SendOutcome, SendResult
from opsdesk.operations.mails.outbox import send_now
from opsdesk.operations.mails.received import COMES_BACK_WITHIN, TRIED_AGAIN_AFTER, move_cursor, note_bounce, note_reply
from opsdesk.operations.orders.holds import release
from opsdesk.operations.statuses.previewing import Telling, preview
from opsdesk.operations.statuses.telling import tell
from opsdesk.store.engine import Store
from opsdesk.store.tables import CaseRow, ContactRow, HoldRow, MailboxCursorRow, MailRow, NoteRow, OrderRow
from opsdesk.store.verify.running import verify_store
from opsdesk.store.views.mails.letters import letter_facts
from opsdesk.store.work import Done, Performer
from tests.conftest import StillClock
from tests.operations.fraud_kit import with_files
from tests.operations.mail_kit import CLERK, STATUSES, asked, history, mails, sent, told
from tests.operations.orders_kit import rows, the_order
from tests.shop_orders import write_order

DATA = Path(__file__).parents[2] / "data"
HARD = Bounce(kind=BounceKind.HARD, status="5.1.1", said="550 5.1.1 User unknown")
SOFT = Bounce(kind=BounceKind.SOFT, status="4.2.2", said="452 4.2.2 over quota")
ANSWER = Reply(answers=(), sender="ada@berg.example", subject="Re: A quick question", text="I will call tomorrow.")


@pytest.fixture
def shop(store: Store) -> Store:
    return with_files(store)


@pytest.fixture
def order_id(shop: Store) -> int:
    return write_order(shop)


def noted(shop: Store, clock: StillClock, bounce: Bounce, mail: MailRow | None = None) -> Done:
    of_mail = replace(bounce, message_id=mail.message_id) if mail is not None else bounce
    return Performer(shop, WORKER, clock).perform(note_bounce, bounce=of_mail)


def answered(shop: Store, clock: StillClock, reply: Reply, mail: MailRow | None = None) -> Done:
    of_mail = replace(reply, answers=(mail.message_id,)) if mail is not None else reply
    return Performer(shop, WORKER, clock).perform(note_reply, reply=of_mail)


def state(shop: Store) -> str:
    (case,) = rows(shop, CaseRow)
    return case.fraud_state


def is_held(shop: Store) -> bool:
    return any(hold.type == "fraud" and hold.released_at is None for hold in rows(shop, HoldRow))


# Bounces.


def test_a_hard_bounce_makes_the_call_due_at_once(shop: Store, clock: StillClock, order_id: int) -> None:
    mail = asked(shop, clock, order_id)
    assert state(shop) == FraudState.AWAITING_CUSTOMER
    noted(shop, clock, HARD, mail)
    (back,) = mails(shop)
    assert (back.state, back.returned_at, back.last_error) == (
        MailState.BOUNCED,
        clock(),
        "550 5.1.1 User unknown",
    )
    assert state(shop) == FraudState.CALL_DUE
    assert [contact.outcome for contact in rows(shop, ContactRow)] == ["mail_hard_bounce"]
    assert "Mail came back: 550 5.1.1 User unknown" in history(shop, order_id)
    assert is_held(shop)
    assert verify_store(shop, now=clock(), with_seals=False).violations == ()


def test_a_server_that_dislikes_our_mails_makes_the_call_due_and_counts_against_nobody(
    shop: Store, clock: StillClock, order_id: int
) -> None:
    noted(shop, clock, replace(HARD, status="5.7.26"), asked(shop, clock, order_id))
    assert state(shop) == FraudState.CALL_DUE
    assert [contact.outcome for contact in rows(shop, ContactRow)] == ["mail_soft_bounce"]


def test_a_bounce_that_may_pass_is_tried_once_more_and_then_needs_somebody(
    shop: Store, clock: StillClock, order_id: int
) -> None:
    mail = asked(shop, clock, order_id)
    noted(shop, clock, SOFT, mail)
    (back,) = mails(shop)
    assert (back.state, back.not_before) == (MailState.RETRY, clock() + TRIED_AGAIN_AFTER)
    assert state(shop) == FraudState.AWAITING_CUSTOMER
    clock.moment += TRIED_AGAIN_AFTER
    sent(shop, clock)
    assert mails(shop)[0].state == MailState.ACCEPTED
    noted(shop, clock, SOFT, mail)
    assert mails(shop)[0].state == MailState.BOUNCED
    clock.advance(days=3)
    sent(shop, clock)
    assert mails(shop)[0].state == MailState.BOUNCED
    assert verify_store(shop, now=clock(), with_seals=False).violations == ()


@pytest.mark.parametrize("what", ["late", "cancelled", "overtaken"])
def test_a_mail_that_would_mislead_by_now_is_not_tried_again(
    shop: Store, clock: StillClock, order_id: int, what: str
) -> None:
    told(shop, clock, order_id, "received")
    sent(shop, clock)
    (mail,) = mails(shop)
    if what == "overtaken":
        told(shop, clock, order_id, "payment_received")
        sent(shop, clock)
    clock.advance(hours=25 if what == "late" else 1)
    if what == "cancelled":
        with Session(shop.writer) as session, session.begin():
            session.execute(update(OrderRow).values(lifecycle="cancelled"))
    noted(shop, clock, SOFT, mail)
    assert mails(shop)[0].state == MailState.BOUNCED


def test_a_mail_that_is_tried_again_does_not_tell_its_status_anew(
    shop: Store, clock: StillClock, order_id: int
) -> None:
    told(shop, clock, order_id, "received")
    sent(shop, clock)
    noted(shop, clock, SOFT, mails(shop)[0])
    told(shop, clock, order_id, "payment_received")
    sent(shop, clock)
    clock.moment += TRIED_AGAIN_AFTER
    sent(shop, clock)
    assert [mail.state for mail in mails(shop)] == [MailState.ACCEPTED, MailState.ACCEPTED]
    assert the_order(shop, order_id).told_status == "payment_received"


def test_a_delay_is_told_and_changes_nothing(shop: Store, clock: StillClock, order_id: int) -> None:
    mail = asked(shop, clock, order_id)
    noted(shop, clock, replace(SOFT, kind=BounceKind.DELAYED), mail)
    assert mails(shop)[0].state == MailState.ACCEPTED
    assert state(shop) == FraudState.AWAITING_CUSTOMER
    assert any("still tries" in line for line in history(shop, order_id))


def test_a_bounce_that_overtakes_the_mail_servers_answer_says_that_it_was_taken(
    shop: Store, clock: StillClock, order_id: int
) -> None:
    told(shop, clock, order_id)
    sent(shop, clock, SendOutcome(SendResult.IN_DOUBT, "cut off"))
    (mail,) = mails(shop)
    assert mail.state == MailState.HELD
    noted(shop, clock, HARD, mail)
    assert mails(shop)[0].state == MailState.BOUNCED
    assert state(shop) == FraudState.CALL_DUE
    assert verify_store(shop, now=clock(), with_seals=False).violations == ()


def test_a_second_report_of_the_same_bounce_changes_nothing(shop: Store, clock: StillClock, order_id: int) -> None:
    mail = asked(shop, clock, order_id)
    noted(shop, clock, HARD, mail)
    before = (mails(shop)[0].version, state(shop), history(shop, order_id))
    noted(shop, clock, HARD, mail)
    assert (mails(shop)[0].version, state(shop), history(shop, order_id)) == before


def test_a_report_that_names_no_mail_is_matched_by_its_recipient_while_mails_come_back(
    shop: Store, clock: StillClock, order_id: int
) -> None:
    asked(shop, clock, order_id)
    to_her = replace(HARD, recipient="Ada@Berg.example")
    clock.moment += COMES_BACK_WITHIN + timedelta(minutes=1)
    noted(shop, clock, to_her)
    assert mails(shop)[0].state == MailState.ACCEPTED
    clock.moment -= timedelta(hours=1)
    noted(shop, clock, to_her)
    assert mails(shop)[0].state == MailState.BOUNCED


def test_a_report_of_another_mail_is_not_matched_by_its_recipient(
    shop: Store, clock: StillClock, order_id: int
) -> None:
    asked(shop, clock, order_id)
    noted(shop, clock, replace(HARD, message_id=f"mail.{'f' * 32}", recipient="ada@berg.example"))
    assert mails(shop)[0].state == MailState.ACCEPTED


def test_a_bounce_from_an_address_that_was_corrected_since_leaves_the_case_alone(
    shop: Store, clock: StillClock, order_id: int
) -> None:
    first = asked(shop, clock, order_id)
    with Session(shop.writer) as session, session.begin():
        session.execute(update(OrderRow).values(email="ada@new.example"))
        session.execute(update(CaseRow).values(mail_sent_at=None, state="open", fraud_state="in_review"))
    asked(shop, clock, order_id)
    noted(shop, clock, HARD, first)
    assert [mail.state for mail in mails(shop)] == [MailState.BOUNCED, MailState.ACCEPTED]
    assert state(shop) == FraudState.AWAITING_CUSTOMER


def test_what_came_back_is_sent_to_the_corrected_address(shop: Store, clock: StillClock, order_id: int) -> None:
    noted(shop, clock, HARD, asked(shop, clock, order_id))
    with Session(shop.writer) as session, session.begin():
        session.execute(update(OrderRow).values(email="ada@new.example"))
    (mail,) = mails(shop)
    Performer(shop, CLERK, clock).perform(send_now, mail.id or 0, version=mail.version)
    sent(shop, clock)
    (mail,) = mails(shop)
    assert (mail.state, mail.recipient) == (MailState.ACCEPTED, "ada@new.example")
    assert verify_store(shop, now=clock(), with_seals=False).violations == ()


def test_a_bounce_of_nobodys_mail_is_nobodys_business(shop: Store, clock: StillClock) -> None:
    assert noted(shop, clock, HARD).message == "No mail of this shop came back."
    assert noted(shop, clock, replace(HARD, recipient="x@example.com")).message == "No mail of this shop came back."


# Answers.


def test_an_answer_is_kept_as_a_note_and_releases_nothing(shop: Store, clock: StillClock, order_id: int) -> None:
    mail = asked(shop, clock, order_id)
    answered(shop, clock, ANSWER, mail)
    assert state(shop) == FraudState.RESPONDED
    (note,) = rows(shop, NoteRow)
    assert note.text == (
        "Answer by e-mail from ada@berg.example.\nSubject: Re: A quick question\n\nI will call tomorrow."
    )
    assert the_order(shop, order_id).note_count == 1
    assert [contact.outcome for contact in rows(shop, ContactRow)] == ["mail_reply_only"]
    assert is_held(shop)
    assert the_order(shop, order_id).lifecycle == "placed"
    with pytest.raises((Denied, Refused)):
        Performer(shop, WORKER, clock).perform(release, order_id, version=the_order(shop, order_id).version)
    assert verify_store(shop, now=clock(), with_seals=False).violations == ()


def test_an_answer_from_elsewhere_says_so(shop: Store, clock: StillClock, order_id: int) -> None:
    answered(shop, clock, replace(ANSWER, sender="mallory@example.net"), asked(shop, clock, order_id))
    (note,) = rows(shop, NoteRow)
    assert note.text.startswith(
        "Answer by e-mail from mallory@example.net, which is not the address that was written to."
    )
    assert is_held(shop)


def test_an_answer_that_names_no_mail_is_known_by_its_sender_if_they_were_asked(
    shop: Store, clock: StillClock, order_id: int
) -> None:
    told(shop, clock, order_id, "received")
    sent(shop, clock)
    answered(shop, clock, ANSWER)
    assert rows(shop, NoteRow) == []
    asked(shop, clock, order_id)
    answered(shop, clock, replace(ANSWER, sender="mallory@example.net"))
    assert rows(shop, NoteRow) == []
    answered(shop, clock, ANSWER)
    assert len(rows(shop, NoteRow)) == 1
    assert state(shop) == FraudState.RESPONDED


def test_an_answer_about_an_order_that_nobody_suspects_is_left_in_the_mailbox(
    shop: Store, clock: StillClock, order_id: int
) -> None:
    told(shop, clock, order_id, "received")
    sent(shop, clock)
    answered(shop, clock, ANSWER, mails(shop)[0])
    assert rows(shop, NoteRow) == []


def test_card_numbers_and_tricks_of_an_answer_are_not_kept(shop: Store, clock: StillClock, order_id: int) -> None:
    text = "My card is 4242 4242 4242 4242, call me\x1b[2J\u202e" + "x" * 5_000
    answered(shop, clock, replace(ANSWER, subject="4242424242424242\x07", text=text), asked(shop, clock, order_id))
    (note,) = rows(shop, NoteRow)
    assert "4242 4242" not in note.text
    assert "4242424242424242" not in "".join(history(shop, order_id))
    assert not {"\x1b", "\u202e", "\x07"} & set(note.text + "".join(history(shop, order_id)))
    assert len(note.text) <= 1_300


# The subject.


class BySubject:
    """The control: a desk that finds the order by the number in the subject, as a person would at first sight."""

    def __init__(self, shop: Store) -> None:
        self.shop = shop

    def known(self, subject: str) -> MailRow | None:
        with self.shop.reading() as session:
            for number, order_id in session.execute(select(col(OrderRow.number), col(OrderRow.id))):
                if number in subject:
                    found = select(MailRow).where(col(MailRow.order_id) == order_id)
                    return session.execute(found).scalars().first()
        return None


def take(shop: Store, clock: StillClock, verdict: Verdict, mail: MailRow | None = None) -> None:
    if isinstance(verdict, Bounce):
        noted(shop, clock, verdict, mail)
    elif isinstance(verdict, Reply):
        answered(shop, clock, verdict, mail)


def test_a_mail_with_the_orders_number_in_its_subject_moves_no_case(
    shop: Store, clock: StillClock, order_id: int
) -> None:
    asked(shop, clock, order_id)
    raw = b"From: mallory@example.net\nSubject: Re: A quick question about order 104458\n\nYes, it is me.\n"
    verdict = read_verdict(raw)
    take(shop, clock, verdict)
    assert (state(shop), rows(shop, NoteRow)) == (FraudState.AWAITING_CUSTOMER, [])
    assert isinstance(verdict, Reply)
    take(shop, clock, verdict, BySubject(shop).known(verdict.subject))
    assert state(shop) == FraudState.RESPONDED, "the control is fooled, or it controls nothing"


def test_a_made_up_report_about_somebody_elses_order_moves_no_case(
    shop: Store, clock: StillClock, order_id: int
) -> None:
    asked(shop, clock, order_id)
    raw = (Path(__file__).parents[1] / "integrations" / "mail" / "received" / "postfix_unknown.eml").read_bytes()
    take(shop, clock, read_verdict(raw.replace(b"104501", b"104458")))
    assert state(shop) == FraudState.AWAITING_CUSTOMER


# The cursor.


def test_the_cursor_stays_where_it_was_while_a_mailbox_cannot_be_read(shop: Store, clock: StillClock) -> None:
    worker = Performer(shop, WORKER, clock)
    worker.perform(move_cursor, "imaps://desk@mail.example/INBOX", "7:42")
    worker.perform(move_cursor, "imaps://desk@mail.example/INBOX", "", problem="it refused the sign-in\x1b[31m")
    (row,) = rows(shop, MailboxCursorRow)
    assert (row.cursor, row.problem.startswith("it refused the sign-in")) == ("7:42", True)
    assert "\x1b" not in row.problem


# Reminding.


def test_a_reminder_names_the_deadline_that_the_customer_has_and_moves_nothing(
    shop: Store, clock: StillClock, order_id: int
) -> None:
    asked(shop, clock, order_id)
    (case,) = rows(shop, CaseRow)
    clock.advance(days=1)
    with shop.reading() as session:
        facts = letter_facts(session, order_id, agent="Mia")
    assert facts.deadline == case.respond_by
    writer = TemplateWriter(TemplateShelf(DATA / "templates"), read_forbidden_words(DATA / "forbidden_words.toml"))
    seen = preview(writer, EXAMPLE_SHOP, STATUSES.find("fraud_reminder"), facts, now=clock())
    writer.close()
    assert seen.deadline == case.respond_by
    assert case.respond_by is not None
    assert f"{case.respond_by:%B} {case.respond_by.day}" in seen.letter.text
    version = the_order(shop, order_id).version
    Performer(shop, CLERK, clock).perform(
        tell, order_id, version=version, telling=Telling(seen.status, seen.letter, seen.deadline)
    )
    sent(shop, clock)
    (after,) = rows(shop, CaseRow)
    assert (after.fraud_state, after.respond_by) == (FraudState.AWAITING_CUSTOMER, case.respond_by)
    noted(shop, clock, HARD, mails(shop)[-1])
    assert state(shop) == FraudState.CALL_DUE
