"""Authorisations end by themselves; nothing is written off that a gateway may still hold or be taking."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsdesk.domain.money import Money
from opsdesk.domain.orders.states import Headline
from opsdesk.domain.payments.gateways import CallKind, CallState
from opsdesk.domain.people.actors import WORKER
from opsdesk.operations.payments.expiry import expire_authorisation
from opsdesk.operations.payments.gateway_snapshots import LOOK_AGAIN
from opsdesk.store.engine import Store
from opsdesk.store.tables import ActivityRow
from opsdesk.store.work import Performer
from tests.conftest import START, StillClock
from tests.operations import money_kit
from tests.operations.events_kit import TOTAL, authorised, captured, snapshot, voided
from tests.operations.money_kit import the_payment
from tests.operations.orders_kit import rows, the_order
from tests.operations.test_gateway_events import asked
from tests.shop_orders import write_order

UNTIL = START + timedelta(days=7)
HELD = authorised(TOTAL, "pi_1:auth")


@pytest.fixture
def order_id(store: Store) -> int:
    return write_order(store, paid=False)


@pytest.fixture
def worker(store: Store, clock: StillClock) -> Performer:
    return Performer(store, WORKER, clock)


def test_an_authorisation_without_a_live_gateway_ends_on_its_day_and_the_order_is_unpaid(
    worker: Performer, store: Store, order_id: int, clock: StillClock
) -> None:
    """Vector 19: the authorisation expires; what was never captured is owed again."""
    payment_id = money_kit.authorised(store, order_id, gateway="card", expires_at=UNTIL)
    assert the_order(store, order_id).headline == Headline.READY
    worker.perform(expire_authorisation, payment_id)
    assert the_payment(store, payment_id).state == "authorised"
    clock.advance(days=7)
    worker.perform(expire_authorisation, payment_id)
    payment = the_payment(store, payment_id)
    assert (payment.state, payment.ended, payment.voided_minor) == ("expired", "expired", TOTAL)
    assert the_order(store, order_id).headline == Headline.AWAITING_PAYMENT
    assert "The authorisation of 35.20 EUR has expired" in [row.summary for row in rows(store, ActivityRow)]
    worker.perform(expire_authorisation, payment_id)
    assert the_payment(store, payment_id).voided_minor == TOTAL


def test_what_is_left_of_a_captured_authorisation_ends_and_what_came_in_stays(
    worker: Performer, store: Store, order_id: int, clock: StillClock
) -> None:
    payment_id = money_kit.captured(store, order_id, 3_000, gateway="card")
    with money_kit.working(store) as work:
        payment = work.payments.locked(payment_id)
        payment.authorised_minor, payment.expires_at = TOTAL, UNTIL
    clock.advance(days=7)
    worker.perform(expire_authorisation, payment_id)
    payment = the_payment(store, payment_id)
    assert (payment.state, payment.captured_minor, payment.voided_minor) == ("captured", 3_000, 520)


def test_nothing_ends_while_a_capture_is_under_way(
    worker: Performer, store: Store, order_id: int, clock: StillClock
) -> None:
    payment_id = money_kit.authorised(store, order_id, gateway="card", expires_at=UNTIL)
    with money_kit.working(store) as work:
        work.payments.reserve(work.payments.locked(payment_id), CallKind.CAPTURE, Money(1_000, "EUR"))
    clock.advance(days=7)
    worker.perform(expire_authorisation, payment_id)
    assert (the_payment(store, payment_id).ended, the_payment(store, payment_id).voided_minor) == ("", 0)


def test_a_live_gateway_has_to_agree_before_anything_is_written_off(
    worker: Performer, store: Store, order_id: int, clock: StillClock
) -> None:
    payment_id = money_kit.authorised(store, order_id, expires_at=UNTIL)
    clock.advance(days=7)
    worker.perform(expire_authorisation, payment_id)
    assert the_payment(store, payment_id).state == "authorised"
    worker.perform(expire_authorisation, payment_id, snapshot=snapshot(HELD, before=UNTIL))
    payment = the_payment(store, payment_id)
    assert (payment.state, payment.expires_at) == ("authorised", clock() + LOOK_AGAIN)
    clock.advance(minutes=20)
    over = snapshot(HELD, voided(at=clock()), ended=True)
    worker.perform(expire_authorisation, payment_id, snapshot=over)
    payment = the_payment(store, payment_id)
    assert (payment.state, payment.voided_minor) == ("expired", TOTAL)
    assert the_order(store, order_id).headline == Headline.AWAITING_PAYMENT


def test_a_gateway_that_holds_the_money_longer_is_believed(
    worker: Performer, store: Store, order_id: int, clock: StillClock
) -> None:
    payment_id = money_kit.authorised(store, order_id, expires_at=UNTIL)
    clock.advance(days=7)
    later = UNTIL + timedelta(days=23)
    worker.perform(expire_authorisation, payment_id, snapshot=snapshot(HELD, before=later))
    assert (the_payment(store, payment_id).state, the_payment(store, payment_id).expires_at) == ("authorised", later)


def test_money_that_was_captured_outside_meanwhile_is_found_and_not_written_off(
    worker: Performer, store: Store, order_id: int, clock: StillClock
) -> None:
    payment_id = money_kit.authorised(store, order_id, expires_at=UNTIL)
    clock.advance(days=7)
    worker.perform(expire_authorisation, payment_id, snapshot=snapshot(HELD, captured(), ended=True))
    assert (the_payment(store, payment_id).state, the_order(store, order_id).paid_minor) == ("captured", TOTAL)


def test_an_open_capture_call_that_the_gateway_carried_out_in_time_ends_with_it(
    worker: Performer, store: Store, order_id: int, clock: StillClock
) -> None:
    payment_id = money_kit.authorised(store, order_id, expires_at=UNTIL)
    asked(store, payment_id, CallKind.CAPTURE, TOTAL, CallState.UNKNOWN)
    clock.advance(days=7)
    worker.perform(expire_authorisation, payment_id, snapshot=snapshot(HELD, captured(), ended=True))
    assert [call.state for call in money_kit.calls(store)] == ["succeeded"]
    assert the_payment(store, payment_id).captured_minor == TOTAL
