"""Asking the customer: the mail server's yes starts the clock, no clock releases, and the money is never waited past."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session

from opsdesk.domain.errors import Refused
from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.people.actors import WORKER
from opsdesk.integrations.mail.rendering import TemplateWriter
from opsdesk.integrations.ports import SendOutcome, SendResult
from opsdesk.operations.fraud.cases import claim
from opsdesk.operations.fraud.contact import on_bounce, on_reply
from opsdesk.operations.fraud.deciding import decide
from opsdesk.operations.statuses.telling import tell
from opsdesk.store.engine import Store
from opsdesk.store.tables import ActivityRow, CaseRow, MailRow
from opsdesk.store.work import Done, Operation, Performer, Work
from opsdesk.worker.deadlines import pass_deadlines
from opsdesk.worker.letters import remind
from tests.conftest import START, StillClock
from tests.operations.fraud_kit import AMY, BOOK, fraud_hold, state_of, suspected, the_case, with_files
from tests.operations.orders_kit import rows, the_order
from tests.operations.test_statuses import ACCEPTED, answer_next, previewed, telling_of, writer
from tests.operations.test_statuses import BOOK as STATUSES

__all__ = ["writer"]


@pytest.fixture
def shop(store: Store) -> Store:
    return with_files(store)


@pytest.fixture
def amy(shop: Store, clock: StillClock) -> Performer:
    return Performer(shop, AMY, clock)


@pytest.fixture
def worker(shop: Store, clock: StillClock) -> Performer:
    return Performer(shop, WORKER, clock)


def ask(amy: Performer, writer: TemplateWriter, case_id: int) -> MailRow:
    """Send the mail of the Order Status menu for an order."""
    shop, order_id = amy.store, the_case(amy.store, case_id).order_id
    seen = previewed(shop, writer, "potential_fraud", order_id, amy.clock())
    amy.perform(tell, order_id, version=the_order(shop, order_id).version, telling=telling_of(seen))
    return rows(shop, MailRow)[-1]


def heard(worker: Performer, what: str, mail: MailRow) -> None:
    """Let a mail come back or be answered."""

    def run(work: Work) -> Done:
        locked = work.mails.locked(mail.id or 0)
        return (on_bounce(work, locked) if what == "bounce" else on_reply(work, locked, "It was me.")) or Done("")

    worker.perform(Operation("mail.record_outcome", run))


def asked(amy: Performer, worker: Performer, clock: StillClock, writer: TemplateWriter) -> tuple[int, MailRow]:
    """Return a case whose customer is waited for, and the mail that asks."""
    case_id = suspected(amy.store)
    amy.perform(claim, case_id)
    mail = ask(amy, writer, case_id)
    assert state_of(amy.store, case_id) is FraudState.IN_REVIEW
    clock.advance(seconds=21)
    answer_next(worker, clock, ACCEPTED)
    return case_id, mail


def test_the_case_waits_from_the_moment_that_the_server_took_the_mail(
    shop: Store, amy: Performer, worker: Performer, clock: StillClock, writer: TemplateWriter
) -> None:
    case_id, _ = asked(amy, worker, clock, writer)
    case = the_case(shop, case_id)
    assert (case.fraud_state, case.mail_sent_at) == ("awaiting_customer", clock())
    assert the_order(shop, case.order_id).headline == "potential_fraud"
    assert case.remind_at is not None
    assert case.respond_by is not None
    assert clock() < case.remind_at < case.respond_by
    assert case.decide_by == case.respond_by
    with pytest.raises(Refused, match="has been asked already"):
        ask(amy, writer, case_id)


def test_the_letter_never_promises_more_time_than_the_money_has(
    shop: Store, amy: Performer, clock: StillClock, writer: TemplateWriter
) -> None:
    case_id = suspected(shop)
    order_id = the_case(shop, case_id).order_id
    clock.advance(days=4)
    seen = previewed(shop, writer, "potential_fraud", order_id, clock())
    assert seen.deadline == START + timedelta(days=6)
    clock.advance(days=2)
    with pytest.raises(Refused, match="Call the customer now"):
        previewed(shop, writer, "potential_fraud", order_id, clock())


def test_the_letter_keeps_the_margin_that_the_shop_has_set(
    shop: Store, amy: Performer, worker: Performer, clock: StillClock, writer: TemplateWriter
) -> None:
    """The moment that the letter names is the one that the case waits for, whatever the margin is."""
    book = BOOK()
    deadline = replace(book.thresholds.deadline, margin=timedelta(hours=60))
    careful = replace(book, thresholds=replace(book.thresholds, deadline=deadline))
    shop = replace(shop, fraud=lambda: careful)
    amy, worker = replace(amy, store=shop), replace(worker, store=shop)
    case_id = suspected(shop)
    clock.advance(days=3)
    mail = ask(amy, writer, case_id)
    clock.advance(seconds=21)
    answer_next(worker, clock, ACCEPTED)
    by = START + timedelta(days=7) - timedelta(hours=60)
    assert the_case(shop, case_id).respond_by == by
    assert "November 29" in mail.text


def test_a_reminder_names_the_day_by_which_the_case_is_decided(
    shop: Store, amy: Performer, worker: Performer, clock: StillClock, writer: TemplateWriter
) -> None:
    """The money may end sooner than it was known when the customer was asked."""
    case_id, _ = asked(amy, worker, clock, writer)
    sooner = clock() + timedelta(hours=30)
    with Session(shop.writer) as session, session.begin():
        case = session.get_one(CaseRow, case_id)
        case.decide_by, case.remind_at = sooner, clock()
    remind(worker, writer)
    mail = rows(shop, MailRow)[-1]
    assert (mail.status_code, f"November {sooner.day}" in mail.text) == ("fraud_reminder", True)


def test_what_tells_the_end_of_a_case_is_called_as_in_the_menu(
    shop: Store, amy: Performer, worker: Performer, clock: StillClock, writer: TemplateWriter
) -> None:
    case_id, _ = asked(amy, worker, clock, writer)
    case = the_case(shop, case_id)
    seen = previewed(shop, writer, "cancelled", case.order_id, clock())
    amy.perform(
        decide, case_id, version=case.version, verdict="cancel_fraud", reason_code="issuer_warning", gut=5,
        letter=seen.letter,
    )  # fmt: skip
    clock.advance(seconds=21)
    answer_next(worker, clock, ACCEPTED)
    mail = rows(shop, MailRow)[-1]
    assert STATUSES.find(mail.status_code).customer_label == "Cancelled"
    assert the_order(shop, case.order_id).told_status == mail.status_code == "cancelled_neutral"


def test_a_refused_mail_warns_and_moves_nothing(
    shop: Store, amy: Performer, worker: Performer, clock: StillClock, writer: TemplateWriter
) -> None:
    case_id = suspected(shop)
    ask(amy, writer, case_id)
    clock.advance(seconds=21)
    answer_next(worker, clock, SendOutcome(SendResult.REJECTED, "550 no such mailbox"))
    assert state_of(shop, case_id) is FraudState.FLAGGED
    assert "case.mail_refused" in {row.action for row in rows(shop, ActivityRow)}


@pytest.mark.parametrize(("what", "state"), [("bounce", FraudState.CALL_DUE), ("reply", FraudState.RESPONDED)])
def test_what_comes_back_moves_the_case_and_releases_nothing(
    shop: Store,
    amy: Performer,
    worker: Performer,
    clock: StillClock,
    writer: TemplateWriter,
    what: str,
    state: FraudState,
) -> None:
    case_id, mail = asked(amy, worker, clock, writer)
    heard(worker, what, mail)
    assert state_of(shop, case_id) is state
    assert (the_case(shop, case_id).remind_at, fraud_hold(shop).released_at) == (None, None)


def test_no_answer_makes_a_call_due_once(
    shop: Store, amy: Performer, worker: Performer, clock: StillClock, writer: TemplateWriter
) -> None:
    case_id, _ = asked(amy, worker, clock, writer)
    clock.moment = the_case(shop, case_id).respond_by or START
    assert pass_deadlines(worker) >= 1
    pass_deadlines(worker)
    case = the_case(shop, case_id)
    assert (case.fraud_state, fraud_hold(shop).released_at) == ("call_due", None)
    assert case.next_call_at is not None
    assert pass_deadlines(worker) == 0


def test_a_release_puts_back_what_the_customer_was_told_before(
    shop: Store, amy: Performer, worker: Performer, clock: StillClock, writer: TemplateWriter
) -> None:
    case_id, _ = asked(amy, worker, clock, writer)
    case = the_case(shop, case_id)
    assert the_order(shop, case.order_id).told_status == "potential_fraud"
    amy.perform(decide, case_id, version=case.version, verdict="release", reason_code="explained_mismatch", gut=1)
    assert the_order(shop, case.order_id).told_status is None


def test_a_customer_who_is_silent_is_reminded_twice_and_who_answers_no_more(
    shop: Store, amy: Performer, worker: Performer, clock: StillClock, writer: TemplateWriter
) -> None:
    case_id, _ = asked(amy, worker, clock, writer)
    for turn in (1, 2):
        clock.moment = the_case(shop, case_id).remind_at or START
        assert remind(worker, writer) == 1
        assert remind(worker, writer) == 0
        mail = rows(shop, MailRow)[-1]
        status = ("fraud_reminder", "fraud_final_notice")[turn - 1]
        assert (len(rows(shop, MailRow)), mail.status_code) == (1 + turn, status)
        assert "104458" in mail.subject + mail.text
    assert the_case(shop, case_id).remind_at is None
    heard(worker, "reply", mail)
    assert [mail.state for mail in rows(shop, MailRow)] == ["accepted", "cancelled", "cancelled"]
