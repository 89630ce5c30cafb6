"""One order as its screen shows it: everything is there, it agrees with what the rules see, and it stays quick."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, select
from sqlmodel import Session, col

from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.errors import Refused
from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.orders.states import Headline
from opsdesk.domain.payments.order_money import PaymentStatus
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.operations.orders.cancelling import cancel
from opsdesk.operations.orders.desk import claim, follow
from opsdesk.operations.orders.holds import hold, release
from opsdesk.operations.orders.notes import note
from opsdesk.operations.orders.shipping import recall_parcel, ship
from opsdesk.operations.payments.taking import record_payment
from opsdesk.store.desk.looks import mark_looked
from opsdesk.store.engine import Store, open_store
from opsdesk.store.repositories.orders import Orders
from opsdesk.store.tables import AmendmentRow, DisputeRow, OrderRow, PaymentRow
from opsdesk.store.views.orders.detail import OrderDetail, order_detail, order_id_of
from opsdesk.store.views.orders.timeline import news_since, timeline
from opsdesk.store.work import Performer
from tests.conftest import START, StillClock
from tests.shop_orders import write_customer, write_order, write_user


@pytest.fixture
def mia(store: Store) -> Actor:
    return Actor(write_user(store, "mia"), "mia", Role.AGENT, "tty:1")


@pytest.fixture
def desk(store: Store, mia: Actor, clock: StillClock) -> Performer:
    return Performer(store, mia, clock)


def shown(store: Store, order_id: int, user_id: int | None = None) -> OrderDetail:
    with store.reading() as session:
        detail = order_detail(session, order_id, user_id=user_id, now=START)
    assert detail is not None
    return detail


def test_an_order_is_shown_with_its_goods_money_and_address(store: Store) -> None:
    detail = shown(store, write_order(store, note="Leave with the neighbour"))
    assert (detail.number, detail.version, detail.head.headline) == ("104458", 1, Headline.READY)
    assert [(line.name, line.quantities.ordered, str(line.price)) for line in detail.lines] == [
        ("Oat granola (1 kg)", 2, "17.80 EUR"),
        ("Honey jar (500 g)", 1, "12.50 EUR"),
    ]
    assert detail.amounts.total == Money(3_520, "EUR")
    assert detail.due == Money(0, "EUR")
    assert detail.head.payment is PaymentStatus.PAID
    assert detail.shipping_address.rows == ("Ada Berg", "Am Dobben 12", "28203 Bremen", "DE")
    assert detail.billing_address is None
    assert [entry.text for entry in detail.notes] == ["Leave with the neighbour"]


def test_the_facts_of_the_screen_are_those_of_the_rules(store: Store, desk: Performer) -> None:
    order_id = write_order(store, paid=False)
    desk.perform(hold, order_id, version=1, kind=HoldType.ADDRESS, reason="No house number")
    desk.perform(record_payment, order_id, version=2, amount=Money(3_520, "EUR"), reference="bank 7")
    desk.perform(release, order_id, version=3)
    desk.perform(ship, order_id, version=4, carrier="DHL", quantities={shown(store, order_id).lines[0].id: 1})
    with Session(store.writer) as session:
        orders = Orders(session, START)
        assert shown(store, order_id).facts == orders.facts(session.get_one(OrderRow, order_id))


def test_holds_parcels_and_cancellations_stay_visible_when_they_are_over(store: Store, desk: Performer) -> None:
    order_id = write_order(store)
    desk.perform(hold, order_id, kind=HoldType.MANUAL, reason="Wait for the boss", review_at=START + timedelta(days=1))
    desk.perform(release, order_id, note="He said yes")
    desk.perform(hold, order_id, kind=HoldType.FRAUD, reason="Three cards")
    held = shown(store, order_id)
    assert [(each.type, each.is_active, each.release_note) for each in held.holds] == [
        (HoldType.FRAUD, True, ""),
        (HoldType.MANUAL, False, "He said yes"),
    ]
    assert held.active_holds[0].reason == "Three cards"
    Performer(store, Actor(None, "sofia", Role.SUPERVISOR), desk.clock).perform(release, order_id)
    desk.perform(ship, order_id, carrier="DHL", tracking_number="00340434161094")
    (parcel,) = shown(store, order_id).parcels
    assert sum(inside.quantity for inside in parcel.contents) == 3
    desk.perform(recall_parcel, order_id, parcel_id=parcel.id)
    desk.perform(cancel, order_id, reason=CancelReason.CUSTOMER, note="Changed her mind")
    after = shown(store, order_id)
    assert after.parcels[0].recalled_at is not None
    assert after.cancellations[0].note == "Changed her mind"


def test_a_customers_other_orders_are_the_newest_ten_and_counted_beyond(store: Store) -> None:
    customer = write_customer(store)
    ids = [
        write_order(store, str(200_000 + day), customer_id=customer, placed_at=START - timedelta(days=day))
        for day in range(13)
    ]
    stranger = write_order(store, "300001", customer_id=write_customer(store, "Bo", "bo@bo.example"))
    detail = shown(store, ids[5])
    assert [other.number for other in detail.customer.others] == [str(200_000 + day) for day in range(11) if day != 5]
    assert detail.customer.other_count == 12
    assert shown(store, stranger).customer.others == ()


def test_what_others_changed_since_my_last_look_is_counted_and_my_own_is_not(
    store: Store, desk: Performer, mia: Actor, clock: StillClock
) -> None:
    order_id = write_order(store)
    assert mia.user_id is not None
    assert shown(store, order_id, mia.user_id).last_look is None
    mark_looked(store, mia.user_id, order_id, 0, clock=clock)
    desk.perform(note, order_id, text="mine")
    tim = Performer(store, Actor(write_user(store, "tim"), "tim", Role.AGENT, "tty:2"), clock)
    tim.perform(note, order_id, text="his")
    tim.perform(claim, order_id)
    seen = shown(store, order_id, mia.user_id)
    assert seen.last_look is not None
    assert seen.last_look.news == 2
    assert seen.head.owner_name == "tim"
    mark_looked(store, mia.user_id, order_id, seen.newest_activity, clock=clock)
    looked = shown(store, order_id, mia.user_id).last_look
    assert looked is not None
    assert looked.news == 0


def test_an_older_terminal_does_not_bring_back_news_that_were_seen(
    store: Store, desk: Performer, mia: Actor, clock: StillClock
) -> None:
    order_id = write_order(store)
    assert mia.user_id is not None
    mark_looked(store, mia.user_id, order_id, 7, clock=clock)
    mark_looked(store, mia.user_id, order_id, 3, clock=clock)
    look = shown(store, order_id, mia.user_id).last_look
    assert look is not None
    assert look.activity_id == 7


def test_following_is_shown_to_the_follower_alone(store: Store, desk: Performer, mia: Actor) -> None:
    order_id = write_order(store)
    desk.perform(follow, order_id)
    assert shown(store, order_id, mia.user_id).is_followed
    assert not shown(store, order_id, write_user(store, "tim")).is_followed
    assert not shown(store, order_id, None).is_followed


def test_a_number_is_found_exactly_and_never_guessed_between_two_shops(store: Store) -> None:
    customer = write_customer(store)
    mine = write_order(store, "1001", customer_id=customer)
    other = write_order(store, "1002", customer_id=customer, source="shopify")
    twin = write_order(store, "1002", customer_id=customer, source="woo")
    with store.reading() as session:
        assert order_id_of(session, " #1001 ") == mine
        assert order_id_of(session, "100") is None
        assert order_id_of(session, "10010") is None
        with pytest.raises(Refused, match="shopify:1002, woo:1002"):
            order_id_of(session, "1002")
        assert order_id_of(session, "shopify:1002") == other
        assert order_id_of(session, "woo:#1002") == twin
        assert order_id_of(session, "ebay:1002") is None


def test_an_order_that_is_not_there_is_none(store: Store) -> None:
    with store.reading() as session:
        assert order_detail(session, 99, user_id=None, now=START) is None


def test_an_order_is_read_in_a_fixed_number_of_statements_by_key(store: Store, desk: Performer, mia: Actor) -> None:
    """Statements must not grow with what an order holds, and none may scan a table."""
    small = write_order(store)
    customer = write_customer(store, "Cem", "cem@cem.example")
    large = write_order(store, "104459", customer_id=customer, goods=(("A", "a", "", 1, 100),) * 60)
    for other in range(12):
        write_order(store, str(500 + other), customer_id=customer)
    for _ in range(5):
        line = next(line for line in shown(store, large).lines if line.quantities.open)
        desk.perform(ship, large, carrier="DHL", quantities={line.id: 1})
        desk.perform(note, large, text="n")
    counts = []
    for order_id in (small, large):
        statements: list[str] = []

        def count(_c: object, _cursor: object, statement: str, *_: object, told: list[str] = statements) -> None:
            told.append(statement)

        event.listen(store.reader, "before_cursor_execute", count)
        shown(store, order_id, mia.user_id)
        event.remove(store.reader, "before_cursor_execute", count)
        counts.append(len([one for one in statements if one.startswith("SELECT")]))
    # The busy one is asked for its notes and for the count of the customer's orders besides.
    assert counts[0] <= 16
    assert counts[1] <= counts[0] + 2


def test_no_statement_reads_a_whole_table(sqlite_url: str, clock: StillClock) -> None:
    """A table that is scanned is quick in a test and takes a second with a million orders."""
    store = open_store(sqlite_url)
    mia = write_user(store, "mia")
    order_id = write_order(store, note="n")
    asked: list[tuple[str, object]] = []

    def remember(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        asked.append((statement, parameters))

    event.listen(store.reader, "before_cursor_execute", remember)
    shown(store, order_id, mia)
    with store.reading() as session:
        timeline(session, order_id)
        timeline(session, order_id, before_id=7)
        news_since(session, order_id, 0)
        order_id_of(session, "nothing")
    event.remove(store.reader, "before_cursor_execute", remember)
    with store.reader.connect() as connection:
        for statement, parameters in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            steps = [row[3] for row in plan]
            assert not [step for step in steps if step.startswith("SCAN") and "(subquery" not in step], (
                statement,
                steps,
            )
    store.close()


def test_an_open_dispute_and_a_change_that_waits_are_among_the_facts(store: Store) -> None:
    order_id = write_order(store)
    with Session(store.writer) as session, session.begin():
        payment_id = session.execute(select(col(PaymentRow.id))).scalar_one()
        told = {"order_id": order_id, "currency": "EUR"}
        session.add(DisputeRow(payment_id=payment_id, reference="dp_1", state="needs_response", amount_minor=5,
                               opened_at=START, **told))  # fmt: skip
        session.add(AmendmentRow(state="awaiting_payment", reason="customer", edits="", base_fingerprint="",
                                 old_total_minor=5, new_total_minor=6, proposed_by="mia", proposed_at=START, **told))  # fmt: skip
        session.add(AmendmentRow(state="applied", reason="customer", edits="", base_fingerprint="", old_total_minor=5,
                                 new_total_minor=6, proposed_by="mia", proposed_at=START, **told))  # fmt: skip
    with store.reading() as session:
        detail = order_detail(session, order_id, user_id=None, now=START)
    assert detail is not None
    assert (detail.facts.money.is_disputed, detail.facts.amendment) == (True, AmendmentState.AWAITING_PAYMENT)
