"""The timeline: every event, mail and payment of an order in one list, in words, page by page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from opsdesk.domain.mails.outgoing import Letter, MailState
from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.people.actors import Actor
from opsdesk.operations.mails.outbox import take_back
from opsdesk.operations.orders.holds import hold, release
from opsdesk.operations.orders.notes import note
from opsdesk.operations.orders.shipping import ship
from opsdesk.operations.payments.taking import record_payment
from opsdesk.store.engine import Store
from opsdesk.store.tables import MailRow
from opsdesk.store.views.mails.listing import mails_of_order
from opsdesk.store.views.orders.timeline import MomentKind, TimelineLine, news_since, timeline
from opsdesk.store.work import Performer
from tests.conftest import START, StillClock
from tests.shop_orders import write_order

LETTER = Letter("Your order is on its way", "It left today.", "", "en")


@pytest.fixture
def desk(store: Store, actor: Actor, clock: StillClock) -> Performer:
    return Performer(store, actor, clock)


def told(store: Store, order_id: int, **how: int) -> list[TimelineLine]:
    with store.reading() as session:
        return timeline(session, order_id, **how)


def old_mail(store: Store, order_id: int, *, days: int) -> None:
    """Add a mail that came with an import: it has no history of its own."""
    with Session(store.writer) as session, session.begin():
        session.add(
            MailRow(
                order_id=order_id,
                event_key=f"old:{days}",
                status_code="received",
                language="en",
                recipient="ada@berg.example",
                subject=f"Mail {days}",
                text="t",
                html="",
                message_id=f"old.{days}",
                state="accepted",
                queued_by="shop",
                queued_at=START - timedelta(days=days),
                not_before=START,
                command_id="",
            )
        )


def test_the_newest_comes_first_in_words_with_what_was_and_what_is(
    store: Store, desk: Performer, clock: StillClock
) -> None:
    order_id = write_order(store)
    desk.perform(hold, order_id, kind=HoldType.ADDRESS, reason="No house number")
    clock.advance(minutes=5)
    desk.perform(release, order_id)
    clock.advance(minutes=5)
    desk.perform(ship, order_id, carrier="DHL", tracking_number="0034", letter=LETTER)
    lines = told(store, order_id)
    assert [line.kind for line in lines] == [
        MomentKind.GOODS,
        MomentKind.MAIL,
        MomentKind.HOLD,
        MomentKind.HOLD,
        MomentKind.MONEY,
        MomentKind.PLACED,
    ]
    assert lines[0].words == "Shipped 3 by DHL 0034"
    assert (lines[2].before, lines[3].after) == ("address", "address")
    assert lines[3].words == "On hold: address. No house number"
    assert (lines[4].words, lines[4].actor) == ("Capture 35.20 EUR succeeded", "card")
    assert lines[-1].words == "Order placed (web)"


def test_a_mails_line_says_what_has_become_of_it_by_now(store: Store, desk: Performer) -> None:
    order_id = write_order(store)
    desk.perform(ship, order_id, carrier="DHL", letter=LETTER)
    queued = next(line for line in told(store, order_id) if line.action == "mail.queued")
    assert queued.mail_state is MailState.QUEUED
    with store.reading() as session:
        (mail,) = mails_of_order(session, order_id)
    desk.perform(take_back, mail.id)
    lines = told(store, order_id)
    assert next(line for line in lines if line.action == "mail.queued").mail_state is MailState.CANCELLED
    assert (lines[0].before, lines[0].after) == ("queued", "taken back")
    assert queued.mail_id == mail.id


def test_a_recorded_payment_is_told_once(store: Store, desk: Performer) -> None:
    order_id = write_order(store, paid=False)
    desk.perform(record_payment, order_id, amount=Money(3_520, "EUR"), reference="bank")
    assert [line.words for line in told(store, order_id) if line.kind is MomentKind.MONEY] == [
        "Payment recorded (bank transfer): 35.20 EUR"
    ]


def test_pages_follow_each_other_without_a_gap_or_a_double(store: Store, desk: Performer, clock: StillClock) -> None:
    order_id = write_order(store, placed_at=START - timedelta(days=9))
    for days in (1, 3, 8):
        old_mail(store, order_id, days=days)
    clock.moment = START - timedelta(days=7)
    for number in range(12):
        desk.perform(note, order_id, text=f"note {number}")
        clock.advance(hours=12)
    whole = told(store, order_id)
    pages: list[TimelineLine] = []
    before_id = None
    for _ in range(9):
        page = told(store, order_id, limit=3, **({"before_id": before_id} if before_id else {}))
        pages += page
        if page[-1].kind is MomentKind.PLACED:
            break
        before_id = min(line.id for line in page if line.id)
    assert pages == whole
    assert len(whole) == 12 + 3 + 1 + 1
    moments = [line.at for line in whole]
    assert moments == sorted(moments, reverse=True)


def test_news_are_what_came_after_a_line(store: Store, desk: Performer) -> None:
    order_id = write_order(store)
    desk.perform(note, order_id, text="old")
    seen = told(store, order_id)[0].id
    desk.perform(note, write_order(store, "9", customer_id=1), text="of another order")
    desk.perform(note, order_id, text="new")
    with store.reading() as session:
        assert [line.words for line in news_since(session, order_id, seen)] == ["Note: new"]
