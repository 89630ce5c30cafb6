"""Disputes: the order is held while any is open, the money is booked as the bank takes it and gives it back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsdesk.domain.errors import Denied, Invalid, Refused
from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.payments.gateways import DisputeState
from opsdesk.domain.payments.transactions import why_not_refund_payment
from opsdesk.domain.people.actors import Actor
from opsdesk.operations.payments.disputes import (
    LOST_TWICE,
    accept_dispute,
    answer_dispute,
    decide_dispute,
    record_dispute,
)
from opsdesk.store.engine import Store
from opsdesk.store.repositories.payments import Payments
from opsdesk.store.tables import DisputeRow, HoldRow, PaymentRow
from opsdesk.store.work import Performer
from tests.conftest import START, StillClock
from tests.operations import money_kit
from tests.operations.events_kit import TOTAL, authorised, captured, dispute, event, held, refunded, snapshot, tell
from tests.operations.money_kit import working
from tests.operations.orders_kit import facts_of, rows, the_order
from tests.shop_orders import write_order

KNOWN = (authorised(TOTAL, "pi_1:auth"), captured(TOTAL, "pi_1:capture"))
LOST, WON, REVIEW = DisputeState.LOST, DisputeState.WON, DisputeState.UNDER_REVIEW


@pytest.fixture
def order_id(store: Store) -> int:
    return write_order(store, paid=False)


@pytest.fixture
def payment_id(store: Store, order_id: int) -> int:
    return money_kit.captured(store, order_id, reference="pi_1")


@pytest.fixture
def clerk(store: Store, actor: Actor, clock: StillClock) -> Performer:
    return Performer(store, actor, clock)


@pytest.fixture
def boss(store: Store, supervisor: Actor, clock: StillClock) -> Performer:
    return Performer(store, supervisor, clock)


def disputed(store: Store, event_id: str, *disputes, more: tuple = ()) -> None:
    tell(store, event(event_id, snapshot(*KNOWN, *more, disputes=disputes)))


def standing(store: Store) -> list[HoldRow]:
    return [hold for hold in rows(store, HoldRow) if hold.released_at is None]


def test_a_dispute_holds_the_order_with_its_reason_and_last_day_and_books_what_the_bank_took(
    store: Store, order_id: int, payment_id: int
) -> None:
    disputed(store, "evt_1", dispute())
    (hold,) = standing(store)
    assert hold.reason == "The bank disputes 35.20 EUR: fraudulent. Answer by 03 December 2026."
    assert (hold.type, hold.review_at) == (HoldType.DISPUTE, START + timedelta(days=9))
    (row,) = rows(store, DisputeRow)
    assert (row.state, row.withdrawn_minor, row.network_reason) == ("needs_response", TOTAL, "10.4")
    order = the_order(store, order_id)
    assert (order.payment_status, order.headline, order.paid_minor) == ("disputed", "disputed", 0)


def test_a_won_dispute_gives_the_money_back_and_lets_the_order_go(store: Store, order_id: int, payment_id: int) -> None:
    disputed(store, "evt_1", dispute())
    disputed(store, "evt_2", dispute(WON, withdrawn=False))
    assert standing(store) == []
    assert rows(store, HoldRow)[0].release_note == "The last dispute is decided."
    order = the_order(store, order_id)
    assert (order.payment_status, order.paid_minor) == ("paid", TOTAL)
    assert rows(store, DisputeRow)[0].closed_at is not None


def test_a_lost_dispute_keeps_the_money_gone(store: Store, order_id: int, payment_id: int) -> None:
    disputed(store, "evt_1", dispute())
    disputed(store, "evt_2", dispute(LOST))
    assert standing(store) == []
    assert money_kit.the_payment(store, payment_id).state == "charged_back"
    assert the_order(store, order_id).paid_minor == 0


def test_an_inquiry_takes_no_money_and_may_become_a_dispute_after_it_was_closed(
    store: Store, order_id: int, payment_id: int
) -> None:
    disputed(store, "evt_1", dispute(DisputeState.INQUIRY_NEEDS_RESPONSE, withdrawn=False))
    assert len(standing(store)) == 1
    assert the_order(store, order_id).paid_minor == TOTAL
    disputed(store, "evt_2", dispute(DisputeState.INQUIRY_CLOSED, withdrawn=False))
    assert standing(store) == []
    disputed(store, "evt_3", dispute())
    assert len(standing(store)) == 1
    assert the_order(store, order_id).paid_minor == 0


def test_two_disputes_on_one_payment_hold_the_order_until_both_are_decided(
    store: Store, order_id: int, payment_id: int
) -> None:
    """Vector 26: two disputes on one payment; the hold stands for the one with the earlier last day."""
    first = dispute(minor=1_000, reference="dp_1")
    second = dispute(minor=500, reference="dp_2", due=START + timedelta(days=5))
    disputed(store, "evt_1", first, second)
    assert [hold.review_at for hold in standing(store)] == [START + timedelta(days=5)]
    assert the_order(store, order_id).paid_minor == TOTAL - 1_500
    won = dispute(WON, 500, "dp_2", withdrawn=False)
    disputed(store, "evt_2", first, won)
    assert [hold.review_at for hold in standing(store)] == [START + timedelta(days=9)]
    disputed(store, "evt_3", dispute(LOST, 1_000, "dp_1"), won)
    assert standing(store) == []
    assert the_order(store, order_id).paid_minor == TOTAL - 1_000


def test_old_news_of_a_dispute_change_nothing(store: Store, order_id: int, payment_id: int) -> None:
    disputed(store, "evt_3", dispute(WON, withdrawn=False))
    disputed(store, "evt_1", dispute())
    assert standing(store) == []
    assert [(row.state, row.withdrawn_minor) for row in rows(store, DisputeRow)] == [("won", 0)]
    assert the_order(store, order_id).paid_minor == TOTAL


def test_a_charge_back_after_a_full_refund_is_flagged_as_lost_twice(
    store: Store, order_id: int, payment_id: int
) -> None:
    """Vector 26: double loss; the flag goes when the bank gives the money back."""
    disputed(store, "evt_1", more=(refunded(TOTAL),))
    disputed(store, "evt_2", dispute(), more=(refunded(TOTAL),))
    assert [row.problem for row in held(store)] == [LOST_TWICE]
    assert the_order(store, order_id).paid_minor == -TOTAL
    disputed(store, "evt_3", dispute(WON, withdrawn=False), more=(refunded(TOTAL),))
    assert held(store) == []


def test_nothing_is_refunded_while_a_dispute_is_open(store: Store, order_id: int, payment_id: int) -> None:
    """Vector 26: refund while dispute open."""
    disputed(store, "evt_1", dispute(minor=1_000))
    with store.reading() as session:
        facts = Payments(session, START).facts(session.get_one(PaymentRow, payment_id))
    assert "disputed" in (why_not_refund_payment(facts, Money(100, "EUR")) or "")


def test_a_dispute_of_an_order_that_has_left_the_house_holds_nothing_and_shows_all_the_same(
    store: Store, order_id: int, payment_id: int
) -> None:
    with working(store) as work:
        for line in work.orders.lines(order_id):
            line.shipped = line.ordered
    disputed(store, "evt_1", dispute())
    assert standing(store) == []
    assert the_order(store, order_id).payment_status == "disputed"
    assert facts_of(store, order_id).money.is_disputed


def test_a_dispute_is_recorded_answered_and_decided_by_hand(
    clerk: Performer, boss: Performer, store: Store, order_id: int, payment_id: int
) -> None:
    clerk.perform(
        record_dispute, payment_id, reference="case 9", amount=Money(1_000, "EUR"), reason="not received",
        due_at=START + timedelta(days=3),
    )  # fmt: skip
    (row,) = rows(store, DisputeRow)
    assert (row.state, row.withdrawn_minor, len(standing(store))) == ("needs_response", 1_000, 1)
    with pytest.raises(Refused, match="noted already"):
        clerk.perform(record_dispute, payment_id, reference="case 9", amount=Money(1_000, "EUR"), reason="again")
    clerk.perform(answer_dispute, row.id or 0, note="Sent the proof of delivery.")
    (row,) = rows(store, DisputeRow)
    assert (row.state, row.answered_by, row.note) == (REVIEW, "mia", "Sent the proof of delivery.")
    with pytest.raises(Refused, match="mia has answered"):
        clerk.perform(answer_dispute, row.id or 0, note="Again.")
    with pytest.raises(Denied):
        clerk.perform(decide_dispute, row.id or 0, won=True, note="The bank wrote.")
    boss.perform(decide_dispute, row.id or 0, won=True, note="The bank wrote.")
    assert standing(store) == []
    assert the_order(store, order_id).paid_minor == TOTAL
    with pytest.raises(Refused, match="decided: won"):
        boss.perform(accept_dispute, row.id or 0)


def test_an_accepted_dispute_stays_accepted_when_the_gateway_calls_it_lost(
    boss: Performer, store: Store, order_id: int, payment_id: int
) -> None:
    disputed(store, "evt_1", dispute())
    boss.perform(accept_dispute, rows(store, DisputeRow)[0].id or 0, note="Cheaper than a fight.")
    disputed(store, "evt_2", dispute(LOST))
    assert rows(store, DisputeRow)[0].state == "accepted"
    assert (the_order(store, order_id).paid_minor, standing(store)) == (0, [])


def test_a_dispute_is_about_no_more_than_came_in(clerk: Performer, order_id: int, payment_id: int) -> None:
    for amount in (Money(TOTAL + 1, "EUR"), Money(0, "EUR"), Money(100, "USD")):
        with pytest.raises(Invalid, match=r"35\.20 EUR came in"):
            clerk.perform(record_dispute, payment_id, reference="case 9", amount=amount, reason="not received")
