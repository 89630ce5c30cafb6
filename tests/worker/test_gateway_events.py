"""The worker reads what gateways tell, event by event, and ends what is over only once they had their say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from opsdesk.domain.errors import Refused
from opsdesk.domain.payments.gateways import Answer, AnswerKind, EventPage, GatewayCall, GatewayEvent, PaymentSnapshot
from opsdesk.domain.people.actors import WORKER, Actor
from opsdesk.store.engine import Store
from opsdesk.store.tables import CommandRow, GatewayCursorRow, GatewayEventRow, PaymentRow
from opsdesk.store.work import Performer
from opsdesk.worker.gateway_events import read_events
from tests.conftest import START, StillClock
from tests.operations import money_kit
from tests.operations.events_kit import TOTAL, authorised, captured, event, snapshot, voided
from tests.operations.orders_kit import rows, the_order
from tests.operations.test_pay_links import opened, the_link
from tests.shop_orders import write_order


@dataclass
class TellingGateway:
    """A gateway that tells what the test lets it tell."""

    told: list[GatewayEvent] = field(default_factory=list)
    held: dict[str, PaymentSnapshot] = field(default_factory=dict)
    problem: str = ""
    asked: list[str] = field(default_factory=list)
    name: str = "stripe"

    def events(self, after: str) -> EventPage:
        if self.problem:
            return EventPage((), after, self.problem)
        return EventPage(tuple(self.told[int(after or 0) :]), str(len(self.told)))

    def payment(self, reference: str) -> PaymentSnapshot | None:
        self.asked.append(reference)
        return self.held.get(reference)

    def carry_out(self, call: GatewayCall) -> Answer:
        return Answer(AnswerKind.UNKNOWN)

    def look_up(self, call: GatewayCall) -> Answer:
        return Answer(AnswerKind.UNKNOWN)

    def read_webhook(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> GatewayEvent:
        raise Refused("No message.")

    def check(self) -> str | None:
        return self.problem or None

    def close(self) -> None:
        return None


@pytest.fixture
def gateway() -> TellingGateway:
    return TellingGateway()


@pytest.fixture
def worker(store: Store, clock: StillClock) -> Performer:
    return Performer(store, WORKER, clock)


@pytest.fixture
def clerk(store: Store, actor: Actor, clock: StillClock) -> Performer:
    return Performer(store, actor, clock)


@pytest.fixture
def order_id(store: Store) -> int:
    return write_order(store, paid=False)


def test_each_event_is_taken_in_once_and_the_cursor_moves_behind_it(
    worker: Performer, gateway: TellingGateway, store: Store, order_id: int
) -> None:
    gateway.told = [event("evt_1", snapshot(authorised(), number="104458"))]
    assert read_events(worker, {"stripe": gateway}) == 1
    gateway.told.append(event("evt_2", snapshot(authorised(), captured(), number="104458")))
    assert read_events(worker, {"stripe": gateway}) == 1
    assert [row.cursor for row in rows(store, GatewayCursorRow)] == ["2"]
    assert the_order(store, order_id).payment_status == "paid"


def test_a_quiet_round_writes_nothing(worker: Performer, gateway: TellingGateway, store: Store, order_id: int) -> None:
    money_kit.authorised(store, order_id)
    read_events(worker, {"stripe": gateway})
    before = len(rows(store, CommandRow))
    assert read_events(worker, {"stripe": gateway}) == 0
    assert len(rows(store, CommandRow)) == before


def test_a_worker_that_was_stopped_between_event_and_cursor_applies_nothing_twice(
    worker: Performer, gateway: TellingGateway, store: Store, order_id: int
) -> None:
    gateway.told = [event("evt_1", snapshot(captured(), number="104458"))]
    read_events(worker, {"stripe": gateway})
    with money_kit.working(store) as work:
        cursor = work.settlements.cursor("stripe")
        assert cursor is not None
        cursor.cursor = ""
    read_events(worker, {"stripe": gateway})
    assert the_order(store, order_id).paid_minor == TOTAL
    assert len(rows(store, GatewayEventRow)) == 1


def test_a_gateway_that_does_not_answer_says_why_and_its_place_is_kept(
    worker: Performer, gateway: TellingGateway, store: Store
) -> None:
    gateway.told = [event("evt_1", None)]
    read_events(worker, {"stripe": gateway})
    gateway.problem = "Stripe does not answer."
    read_events(worker, {"stripe": gateway})
    (row,) = rows(store, GatewayCursorRow)
    assert (row.cursor, row.problem) == ("1", "Stripe does not answer.")
    gateway.problem = ""
    read_events(worker, {"stripe": gateway})
    assert [row.problem for row in rows(store, GatewayCursorRow)] == [""]


def test_an_event_that_cannot_be_booked_is_held_and_keeps_no_other_from_being_read(
    worker: Performer, gateway: TellingGateway, store: Store, order_id: int
) -> None:
    money_kit.captured(store, order_id, 500, reference="pi_0")
    odd = snapshot(authorised(900, "x"), captured(900, "pi_0:capture"), reference="pi_7", number="104458")
    gateway.told = [event("evt_1", odd), event("evt_2", snapshot(captured(700), reference="pi_2", number="104458"))]
    read_events(worker, {"stripe": gateway})
    assert [(row.event_id, row.outcome) for row in rows(store, GatewayEventRow)] == [
        ("evt_1", "held"),
        ("evt_2", "applied"),
    ]
    assert the_order(store, order_id).paid_minor == 1_200


def test_a_link_that_was_paid_at_the_last_moment_is_paid_and_does_not_expire(
    clerk: Performer, worker: Performer, gateway: TellingGateway, store: Store, order_id: int, clock: StillClock
) -> None:
    link = opened(clerk, order_id)
    clock.advance(days=3)
    gateway.told = [event("evt_1", snapshot(captured(at=clock() - timedelta(seconds=1)), link=link.reference))]
    read_events(worker, {"stripe": gateway})
    assert the_link(store, link.id).state == "paid"


def test_nothing_ends_while_its_gateway_does_not_answer(
    clerk: Performer, worker: Performer, gateway: TellingGateway, store: Store, order_id: int, clock: StillClock
) -> None:
    """Pain P24: the gateway is asked before anything is called unpaid."""
    link = opened(clerk, order_id)
    clock.advance(days=3)
    gateway.problem = "Stripe does not answer."
    read_events(worker, {"stripe": gateway})
    assert the_link(store, link.id).state == "open"
    gateway.problem = ""
    read_events(worker, {"stripe": gateway})
    assert the_link(store, link.id).state == "expired"


def test_an_authorisation_ends_when_its_gateway_says_so(
    worker: Performer, gateway: TellingGateway, store: Store, order_id: int, clock: StillClock
) -> None:
    """Vector 19."""
    until = START + timedelta(days=7)
    money_kit.authorised(store, order_id, reference="pi_1", expires_at=until)
    read_events(worker, {"stripe": gateway})
    assert gateway.asked == []
    clock.advance(days=7)
    read_events(worker, {"stripe": gateway})
    assert [row.state for row in rows(store, PaymentRow)] == ["authorised"]
    gateway.held["pi_1"] = snapshot(authorised(TOTAL, "pi_1:auth"), voided(at=until), ended=True)
    read_events(worker, {"stripe": gateway})
    assert [row.state for row in rows(store, PaymentRow)] == ["expired"]
    assert gateway.asked == ["pi_1", "pi_1"]


def test_a_payment_over_a_gateway_that_nobody_talks_to_ends_on_its_day(
    worker: Performer, store: Store, order_id: int, clock: StillClock
) -> None:
    money_kit.authorised(store, order_id, gateway="card", expires_at=START + timedelta(days=1))
    clock.advance(days=1)
    assert read_events(worker, {}) == 1
    assert [row.state for row in rows(store, PaymentRow)] == ["expired"]
