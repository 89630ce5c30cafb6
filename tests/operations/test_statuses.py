"""Telling the customer: the mail and the change of the order are one step, and the clock starts with the server's yes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlmodel import Session

from opsdesk.domain.errors import Conflict, Invalid, Refused
from opsdesk.domain.mails.letters import ShopFacts
from opsdesk.domain.mails.outgoing import Letter, MailState
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.states import Lifecycle, LineFacts, OrderFacts
from opsdesk.domain.payments.order_money import MoneyFacts
from opsdesk.domain.people.actors import WORKER, Actor
from opsdesk.domain.statuses.entries import read_statuses
from opsdesk.integrations.mail.rendering import TemplateWriter
from opsdesk.integrations.mail.shelf import TemplateShelf, read_forbidden_words
from opsdesk.integrations.ports import SendOutcome, SendResult
from opsdesk.operations.mails.outbox import record_outcome, take_back
from opsdesk.operations.statuses.previewing import Preview, Telling, preview, require_neutral, telling
from opsdesk.operations.statuses.telling import take_back_telling, tell
from opsdesk.store.desk.leases import take_lease
from opsdesk.store.engine import Store
from opsdesk.store.outboxes.mails import claim_next
from opsdesk.store.tables import (
    ActivityRow,
    AddressRow,
    CaseRow,
    CommandRow,
    CustomerRow,
    HoldRow,
    MailRow,
    OrderLineRow,
    OrderRow,
    PaymentRow,
    TransactionRow,
)
from opsdesk.store.views.mails.letters import letter_facts
from opsdesk.store.work import Performer
from opsdesk.worker.deadlines import pass_deadlines
from opsdesk.worker.loop import LEASE
from tests.conftest import START, StillClock

DATA = Path(__file__).parents[2] / "data"
BOOK = read_statuses((DATA / "statuses.toml").read_text("utf-8"))
SHOP = ShopFacts(
    "Example Shop",
    "+44 20 7946 0000",
    "Mon-Fri 9-17",
    "https://shop.example",
    "2 Example Road",
    ZoneInfo("Europe/Berlin"),
)
ACCEPTED = SendOutcome(SendResult.ACCEPTED, "250 OK")


def an_order(store: Store, *, email: str = "ada@example.com", title: str = "Olive oil") -> int:
    """Write one paid order of two units, open and unshipped."""
    with Session(store.writer) as session, session.begin():
        customer = CustomerRow(
            identity=email or "shop:1",
            name="Ada Example",
            email=email,
            phone="",
            phone_reversed="",
            language="en",
            country="GB",
            created_at=START,
        )
        session.add(customer)
        session.flush()
        order = OrderRow(
            number="104501",
            number_reversed="105401",
            source="own",
            external_id="104501",
            channel="web",
            placed_at=START - timedelta(days=1),
            received_at=START,
            currency="EUR",
            customer_id=customer.id,
            customer_name="Ada Example",
            email=email,
            phone="",
            phone_reversed="",
            language="en",
            lifecycle="placed",
            payment_status="paid",
            fulfilment_status="unfulfilled",
            headline="ready",
            stage="to_ship",
            is_open=True,
            goods_minor=2_000,
            total_minor=2_000,
            paid_minor=2_000,
            line_count=1,
            unit_count=2,
            search_text="",
            changed_at=START,
        )
        session.add(order)
        session.flush()
        line = OrderLineRow(order_id=order.id, position=1, sku="OIL", title=title, ordered=2, unit_price_minor=1_000)
        session.add(line)
        session.add(AddressRow(order_id=order.id, kind="shipping", name="Ada Example", city="Exampleton"))
        payment = PaymentRow(
            order_id=order.id, gateway="card", currency="EUR", captured_minor=2_000, state="captured", created_at=START
        )
        session.add(payment)
        session.flush()
        paid = TransactionRow(
            order_id=order.id,
            payment_id=payment.id,
            kind="capture",
            state="succeeded",
            amount_minor=2_000,
            currency="EUR",
            gateway="card",
            reference="r1",
            happened_at=START,
        )
        session.add(paid)
        return order.id or 0


@pytest.fixture
def writer() -> Iterator[TemplateWriter]:
    made = TemplateWriter(TemplateShelf(DATA / "templates"), read_forbidden_words(DATA / "forbidden_words.toml"), SHOP)
    yield made
    made.close()


@pytest.fixture
def clerk(store: Store, actor: Actor, clock: StillClock) -> Performer:
    return Performer(store, actor, clock)


@pytest.fixture
def worker(store: Store, clock: StillClock) -> Performer:
    return Performer(store, WORKER, clock)


def previewed(store: Store, writer: TemplateWriter, code: str, order_id: int, now: datetime) -> Preview:
    with store.reading() as session:
        facts = letter_facts(session, order_id, agent="Mia")
    return preview(writer, SHOP, BOOK.find(code), facts, now=now, fraud=store.fraud)


def telling_of(seen: Preview) -> Telling:
    return Telling(seen.status, seen.letter, seen.deadline)


def rows(store: Store, kind: type) -> list:
    with store.reading() as session:
        return list(session.execute(select(kind)).scalars())


def headline_of(store: Store) -> str:
    return str(rows(store, OrderRow)[0].headline)


def answer_next(worker: Performer, clock: StillClock, outcome: SendOutcome) -> None:
    """Play the worker for one mail."""
    lease = take_lease(worker.store, LEASE, "test", lasts=timedelta(hours=1), clock=clock)
    assert lease is not None
    claimed = claim_next(worker.store, lease, clock=clock)
    assert claimed is not None
    worker.perform(record_outcome, claimed.mail_id, claim=claimed.claim, outcome=outcome)


def test_potential_fraud_holds_at_once_and_shows_when_the_mail_server_has_accepted(
    store: Store, writer: TemplateWriter, clerk: Performer, worker: Performer, clock: StillClock
) -> None:
    order_id = an_order(store)
    seen = previewed(store, writer, "potential_fraud", order_id, clock())
    assert "by Friday, November 27, 2026, 3:00" in seen.letter.text.replace("\u202f", " ")
    clerk.perform(tell, order_id, version=1, telling=telling_of(seen))

    (hold,), (case,), (mail,) = rows(store, HoldRow), rows(store, CaseRow), rows(store, MailRow)
    assert (hold.type, hold.blocks) == ("fraud", "capture,pack,ship")
    assert (case.state, case.answer_days, case.respond_by) == (
        CaseState.OPEN,
        3,
        datetime(2026, 11, 27, 14, tzinfo=UTC),
    )
    assert (mail.subject, mail.text, mail.html) == (seen.letter.subject, seen.letter.text, seen.letter.html)
    assert headline_of(store) == "fraud_review"

    clock.advance(seconds=21)
    answer_next(worker, clock, ACCEPTED)
    assert headline_of(store) == "potential_fraud"
    assert rows(store, CaseRow)[0].state == CaseState.AWAITING_CUSTOMER
    assert rows(store, OrderRow)[0].told_status == "potential_fraud"


def test_the_deadline_makes_a_call_due_and_releases_nothing(
    store: Store, writer: TemplateWriter, clerk: Performer, worker: Performer, clock: StillClock
) -> None:
    order_id = an_order(store)
    clerk.perform(
        tell, order_id, version=1, telling=telling_of(previewed(store, writer, "potential_fraud", order_id, clock()))
    )
    clock.advance(seconds=21)
    answer_next(worker, clock, ACCEPTED)
    clock.advance(days=2)
    assert pass_deadlines(worker) == 0
    clock.advance(days=2)
    assert pass_deadlines(worker) == 1
    assert pass_deadlines(worker) == 0
    assert rows(store, CaseRow)[0].state == CaseState.CALL_DUE
    assert rows(store, HoldRow)[0].released_at is None


def test_a_refused_mail_changes_nothing_but_is_seen(
    store: Store, writer: TemplateWriter, clerk: Performer, worker: Performer, clock: StillClock
) -> None:
    order_id = an_order(store)
    clerk.perform(
        tell, order_id, version=1, telling=telling_of(previewed(store, writer, "potential_fraud", order_id, clock()))
    )
    clock.advance(seconds=21)
    answer_next(worker, clock, SendOutcome(SendResult.REJECTED, "550 no such mailbox"))
    (mail,) = rows(store, MailRow)
    assert (mail.state, mail.last_error) == (MailState.FAILED, "550 no such mailbox")
    assert headline_of(store) == "fraud_review"
    assert any("550" in line.summary for line in rows(store, ActivityRow))


def test_a_mail_waits_for_its_grace_time_and_can_be_taken_back_in_it(
    store: Store, writer: TemplateWriter, clerk: Performer, clock: StillClock
) -> None:
    order_id = an_order(store)
    done = clerk.perform(
        tell, order_id, version=1, telling=telling_of(previewed(store, writer, "received", order_id, clock()))
    )
    assert done.can_undo
    lease = take_lease(store, LEASE, "test", lasts=timedelta(hours=1), clock=clock)
    assert lease is not None
    assert claim_next(store, lease, clock=clock) is None
    (mail,) = rows(store, MailRow)
    clerk.perform(take_back, mail.id, version=mail.version)
    clock.advance(minutes=1)
    assert claim_next(store, lease, clock=clock) is None
    assert rows(store, MailRow)[0].state == MailState.CANCELLED


def test_taking_back_within_the_grace_time_takes_hold_and_case_back_too(
    store: Store, writer: TemplateWriter, clerk: Performer, clock: StillClock
) -> None:
    order_id = an_order(store)
    seen = previewed(store, writer, "potential_fraud", order_id, clock())
    done = clerk.perform(tell, order_id, version=1, telling=telling_of(seen))
    assert done.can_undo
    with store.reading() as session:
        name, arguments = json.loads(session.get_one(CommandRow, done.command_id).undo)
    assert name == "status.take_back"
    clerk.perform(take_back_telling, **arguments)
    assert rows(store, MailRow)[0].state == MailState.CANCELLED
    assert rows(store, HoldRow)[0].released_at is not None
    assert rows(store, CaseRow)[0].decided_at is not None
    assert headline_of(store) == "ready"
    with pytest.raises(Refused, match="taken back"):
        clerk.perform(take_back_telling, **arguments)


def test_staffs_words_are_checked_before_they_are_told(store: Store, writer: TemplateWriter, clock: StillClock) -> None:
    seen = previewed(store, writer, "potential_fraud", an_order(store), clock())
    assert telling(writer, seen, subject=seen.letter.subject, text=seen.letter.text).letter is seen.letter
    with pytest.raises(Invalid, match="suspicio"):
        telling(writer, seen, subject="A question", text="Your order looks suspicious.")


def test_a_repeated_command_writes_one_mail(
    store: Store, writer: TemplateWriter, clerk: Performer, clock: StillClock
) -> None:
    order_id = an_order(store)
    told = telling_of(previewed(store, writer, "received", order_id, clock()))
    first = clerk.perform_as("c1", tell, order_id, version=1, telling=told)
    second = clerk.perform_as("c1", tell, order_id, version=1, telling=told)
    assert first == second
    assert len(rows(store, MailRow)) == 1


def test_two_clerks_telling_the_same_send_one_mail(
    store: Store, writer: TemplateWriter, clerk: Performer, clock: StillClock
) -> None:
    order_id = an_order(store)
    told = telling_of(previewed(store, writer, "received", order_id, clock()))
    clerk.perform(tell, order_id, version=1, telling=told)
    with pytest.raises(Conflict):
        clerk.perform(tell, order_id, version=1, telling=told)
    assert len(rows(store, MailRow)) == 1


def test_a_refusal_leaves_neither_mail_nor_hold(
    store: Store, writer: TemplateWriter, clerk: Performer, clock: StillClock
) -> None:
    order_id = an_order(store)
    seen = previewed(store, writer, "potential_fraud", order_id, clock())
    for wrong in (
        replace(telling_of(seen), letter=replace(seen.letter, subject="a\nBcc: evil@attacker.example")),
        replace(telling_of(seen), letter=replace(seen.letter, text=" ")),
        replace(telling_of(seen), deadline=None),
        replace(telling_of(seen), letter=None),
    ):
        with pytest.raises((Invalid, Refused)):
            clerk.perform(tell, order_id, version=1, telling=wrong)
    with pytest.raises(Refused, match="has left the house"):
        clerk.perform(tell, order_id, version=1, telling=Telling(BOOK.find("shipped"), seen.letter))
    assert (rows(store, MailRow), rows(store, HoldRow), rows(store, CaseRow)) == ([], [], [])
    assert rows(store, OrderRow)[0].version == 1


def test_without_an_address_the_customer_must_be_called(
    store: Store, writer: TemplateWriter, clerk: Performer, clock: StillClock
) -> None:
    order_id = an_order(store, email="")
    seen = previewed(store, writer, "potential_fraud", order_id, clock())
    with pytest.raises(Refused, match="no e-mail address"):
        clerk.perform(tell, order_id, version=1, telling=telling_of(seen))


def test_staffs_own_words_stay_neutral_but_goods_may_be_called_anything(store: Store, writer: TemplateWriter) -> None:
    status = BOOK.find("potential_fraud")
    own_words = Letter("Question", "We suspect something.", "", "en")
    with pytest.raises(Invalid, match="suspect"):
        require_neutral(writer, status, own_words, titles=())
    game = Letter("Question", "About your order of Risk, the board game.", "", "en")
    with pytest.raises(Invalid):
        require_neutral(writer, status, game, titles=())
    require_neutral(writer, status, game, titles=("Risk, the board game",))


def test_the_menu_greys_with_a_reason(store: Store, clerk: Performer) -> None:
    facts = OrderFacts("104501", Lifecycle.PLACED, 1, (LineFacts(2),), MoneyFacts(2_000))
    greyed = {entry.status.code: entry.why_not for entry in BOOK.menu(facts) if entry.why_not}
    about_cases = {"fraud_reminder", "fraud_final_notice", "cancelled_unverified", "cancelled_neutral"}
    assert set(greyed) - about_cases == {"payment_received", "shipped", "delivered", "refunded"}
    assert about_cases <= set(greyed)
    assert greyed["shipped"] == (
        "Nothing of 104501 has left the house yet. Ship it first (s); the mail goes out with it."
    )


def test_the_customer_never_reads_the_suspicion(store: Store, writer: TemplateWriter, clock: StillClock) -> None:
    assert BOOK.find("potential_fraud").customer_label == "Awaiting confirmation"
    seen = previewed(store, writer, "potential_fraud", an_order(store), clock())
    assert "fraud" not in (seen.letter.subject + seen.letter.text + seen.letter.html).lower()
