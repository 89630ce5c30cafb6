"""Sending out: in full or in part, told or not, recalled in time, delivered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsdesk.domain.errors import Conflict, Invalid, Refused
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.states import FulfilmentStatus, Headline
from opsdesk.domain.payments.order_money import PaymentStatus
from opsdesk.domain.people.actors import Actor
from opsdesk.operations.orders.holds import hold
from opsdesk.operations.orders.packing import start_packing
from opsdesk.operations.orders.shipping import deliver, ship
from opsdesk.operations.payments.taking import record_payment
from opsdesk.operations.undo import undo
from opsdesk.store.engine import Store
from opsdesk.store.tables import MailRow, OrderLineRow, ParcelLineRow, ParcelRow, TransactionRow
from opsdesk.store.work import Performer
from tests.conftest import StillClock
from tests.operations.orders_kit import rows, the_order
from tests.shop_orders import write_order

LETTER = Letter("Your order is on its way", "Dear Ada, it has left.", "", "en")


@pytest.fixture
def order_id(store: Store) -> int:
    return write_order(store)


@pytest.fixture
def bench(store: Store, packer: Actor, clock: StillClock) -> Performer:
    return Performer(store, packer, clock)


def test_a_parcel_with_everything_ships_the_order_and_tells_the_customer(
    bench: Performer, store: Store, order_id: int
) -> None:
    done = bench.perform(ship, order_id, version=1, carrier="DHL", tracking_number="0034 0434", letter=LETTER)
    order = the_order(store, order_id)
    assert (order.headline, order.fulfilment_status, order.version) == (Headline.SHIPPED, FulfilmentStatus.SHIPPED, 2)
    assert rows(store, ParcelRow)[0].tracking_number == "00340434"
    (mail,) = rows(store, MailRow)
    assert (mail.status_code, mail.state) == ("shipped", "queued")
    assert done.message == "104458: shipped 3 by DHL 00340434."


def test_a_part_ships_alone_and_the_rest_stays_open(bench: Performer, store: Store, order_id: int) -> None:
    granola, honey = rows(store, OrderLineRow)
    done = bench.perform(ship, order_id, carrier="DHL", quantities={granola.id: 1})
    assert "2 still to go" in done.message
    assert the_order(store, order_id).headline == Headline.PARTLY_SHIPPED
    with pytest.raises(Invalid, match="1 can be sent, not 2"):
        bench.perform(ship, order_id, carrier="DHL", quantities={granola.id: 2, honey.id: 1})
    bench.perform(ship, order_id, carrier="UPS")
    assert the_order(store, order_id).headline == Headline.SHIPPED
    assert sorted(row.quantity for row in rows(store, ParcelLineRow)) == [1, 1, 1]


@pytest.mark.parametrize(
    ("carrier", "quantities", "url", "field"),
    [(" ", None, "", "carrier"), ("DHL", {}, "javascript:x", "tracking_url"), ("DHL", {99: 1}, "", "line_99")],
)
def test_a_parcel_that_cannot_be_is_refused_beside_its_field(
    bench: Performer, store: Store, order_id: int, carrier: str, quantities: dict[int, int] | None, url: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        bench.perform(ship, order_id, carrier=carrier, quantities=quantities, tracking_url=url)
    assert (refused.value.field, rows(store, ParcelRow), the_order(store, order_id).version) == (field, [], 1)


def test_held_and_unpaid_orders_stay_in_the_house(bench: Performer, store: Store, order_id: int) -> None:
    unpaid = write_order(store, "104459", customer_id=1, paid=False)
    with pytest.raises(Refused, match="not paid"):
        bench.perform(ship, unpaid, carrier="DHL")
    bench.perform(hold, order_id, kind=HoldType.ADDRESS, reason="x")
    with pytest.raises(Refused, match="on hold: address"):
        bench.perform(ship, order_id, carrier="DHL")
    with pytest.raises(Refused, match="on hold: address"):
        bench.perform(start_packing, order_id)


def test_a_parcel_shipped_by_mistake_comes_back_with_its_mail(bench: Performer, store: Store, order_id: int) -> None:
    done = bench.perform(ship, order_id, carrier="DHL", letter=LETTER)
    bench.perform(undo, done.command_id)
    assert rows(store, MailRow)[0].state == "cancelled"
    assert rows(store, ParcelRow)[0].recalled_at is not None
    assert the_order(store, order_id).headline == Headline.READY
    bench.perform(ship, order_id, carrier="DHL", letter=LETTER)
    assert the_order(store, order_id).headline == Headline.SHIPPED


def test_once_the_customer_was_told_a_parcel_cannot_be_unshipped(bench: Performer, store: Store, order_id: int) -> None:
    done = bench.perform(ship, order_id, carrier="DHL", letter=LETTER)
    from sqlmodel import Session

    with Session(store.writer) as session, session.begin():
        session.get_one(MailRow, 1).state = "accepted"
    with pytest.raises(Refused, match="accepted by the mail server"):
        bench.perform(undo, done.command_id)
    assert the_order(store, order_id).headline == Headline.SHIPPED


def test_delivered_and_back(bench: Performer, store: Store, order_id: int) -> None:
    with pytest.raises(Refused, match="Nothing of 104458 has been shipped"):
        bench.perform(deliver, order_id)
    bench.perform(ship, order_id, carrier="DHL")
    done = bench.perform(deliver, order_id)
    order = the_order(store, order_id)
    assert (order.headline, order.is_open) == (Headline.DELIVERED, False)
    bench.perform(undo, done.command_id)
    assert the_order(store, order_id).headline == Headline.SHIPPED
    assert rows(store, ParcelRow)[0].delivered_at is None


def test_packing_is_begun_once_and_shows(bench: Performer, store: Store, order_id: int) -> None:
    done = bench.perform(start_packing, order_id)
    assert the_order(store, order_id).headline == Headline.BEING_PACKED
    with pytest.raises(Refused, match="being packed already"):
        bench.perform(start_packing, order_id)
    bench.perform(undo, done.command_id)
    assert the_order(store, order_id).headline == Headline.READY


def test_a_recorded_payment_lets_an_order_go_and_the_same_one_counts_once(
    store: Store, actor: Actor, clock: StillClock
) -> None:
    order_id = write_order(store, paid=False)
    clerk = Performer(store, actor, clock)
    total = Money(the_order(store, order_id).total_minor, "EUR")
    with pytest.raises(Invalid, match="in EUR"):
        clerk.perform(record_payment, order_id, amount=Money(1, "USD"))
    clerk.perform(record_payment, order_id, amount=Money(1_000, "EUR"), reference="bank 17")
    assert the_order(store, order_id).payment_status == PaymentStatus.PARTLY_PAID
    with pytest.raises(Conflict):
        clerk.perform(record_payment, order_id, amount=Money(1_000, "EUR"), reference="bank 17")
    clerk.perform(record_payment, order_id, amount=total - Money(1_000, "EUR"))
    assert the_order(store, order_id).payment_status == PaymentStatus.PAID
    with pytest.raises(Refused, match="paid already"):
        clerk.perform(record_payment, order_id, amount=Money(1, "EUR"))
    assert sum(row.amount_minor for row in rows(store, TransactionRow)) == total.minor


def test_an_undo_after_midnight_still_names_the_units_of_before(
    bench: Performer, store: Store, order_id: int, clock: StillClock
) -> None:
    granola, _ = rows(store, OrderLineRow)
    bench.perform(ship, order_id, carrier="DHL", quantities={granola.id: 1})
    bench.perform(deliver, order_id)
    bench.perform(ship, order_id, carrier="DHL")
    second = bench.perform(deliver, order_id)
    clock.moment += timedelta(days=1)
    bench.perform(undo, second.command_id)
    assert [row.delivered for row in rows(store, OrderLineRow)] == [1, 0]
    assert [row.delivered_at is None for row in rows(store, ParcelRow)] == [False, True]
