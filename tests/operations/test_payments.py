"""Money for an order: held and taken at a gateway, on account, from a credit; never more than the order costs."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select, text
from sqlmodel import Session, col

from opsdesk.domain.errors import Conflict, Denied, Invalid, Refused
from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.payments.captures import CapturePolicy
from opsdesk.domain.payments.gateways import CallKind
from opsdesk.domain.payments.transactions import Method
from opsdesk.domain.people.actors import WORKER, Actor
from opsdesk.operations.orders.cancelling import cancel
from opsdesk.operations.orders.holds import hold, release
from opsdesk.operations.orders.shipping import ship
from opsdesk.operations.payments.gateway_calls import take_back
from opsdesk.operations.payments.taking import capture, record_payment, take_on_account, use_credit, void
from opsdesk.operations.shop import set_capture_policy
from opsdesk.operations.undo import undo
from opsdesk.store.desk.leases import take_lease
from opsdesk.store.engine import Store, open_store
from opsdesk.store.outboxes.gateway_calls import claim_next_call
from opsdesk.store.tables import GatewayCallRow, JournalRow, OrderLineRow, PaymentRow, StoreCreditRow
from opsdesk.store.work import Performer
from opsdesk.worker.money import ask_gateways
from tests.conftest import START, StillClock
from tests.operations.gateway_double import Fault, GatewayDouble
from tests.operations.money_kit import authorised, by_hand, calls, captured, the_payment, working
from tests.operations.orders_kit import person, rows, the_order
from tests.races.test_two_clerks import at_once
from tests.shop_orders import GOODS, write_customer, write_order

TOTAL = 3_520
LATER = timedelta(minutes=1)


@pytest.fixture
def clerk(store: Store, actor: Actor, clock: StillClock) -> Performer:
    return Performer(store, actor, clock)


@pytest.fixture
def lead(store: Store, supervisor: Actor, clock: StillClock) -> Performer:
    return Performer(store, supervisor, clock)


@pytest.fixture
def order_id(store: Store) -> int:
    return write_order(store, paid=False)


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def version(store: Store, order_id: int) -> int:
    return the_order(store, order_id).version


def carry_out(store: Store, clock: StillClock, gateway: GatewayDouble | None = None) -> GatewayDouble:
    """Let a minute pass and the worker ask the gateway for everything that waits."""
    clock.advance(seconds=60)
    gateway = gateway or GatewayDouble()
    lease = take_lease(store, "worker", "test", lasts=LATER, clock=clock)
    assert lease is not None
    ask_gateways(Performer(store, WORKER, clock), {gateway.name: gateway}, lease)
    return gateway


class TestCapture:
    def test_it_takes_what_the_order_costs_after_a_minute_and_undo_leaves_it(
        self, store: Store, clerk: Performer, clock: StillClock, order_id: int
    ) -> None:
        payment_id = authorised(store, order_id, 5_000)
        done = clerk.perform(capture, payment_id, version=version(store, order_id))
        assert "35.20" in done.message
        assert done.can_undo
        assert the_payment(store, payment_id).capturing_minor == TOTAL
        assert done.details["call_id"] == calls(store)[0].id
        carry_out(store, clock)
        assert the_payment(store, payment_id).captured_minor == TOTAL

    def test_undo_within_the_minute_sends_nothing(
        self, store: Store, clerk: Performer, clock: StillClock, order_id: int
    ) -> None:
        payment_id = authorised(store, order_id)
        done = clerk.perform(capture, payment_id, version=version(store, order_id))
        clerk.perform(undo, done.command_id)
        assert carry_out(store, clock).asked == []
        assert the_payment(store, payment_id).capturing_minor == 0

    def test_money_that_lies_elsewhere_is_captured_there(self, store: Store, clerk: Performer, order_id: int) -> None:
        elsewhere = authorised(store, order_id, gateway="shopify_payments")
        with pytest.raises(Refused, match="taken at shopify_payments; capture it there"):
            clerk.perform(capture, elsewhere, version=version(store, order_id))
        nameless = authorised(store, order_id, reference="")
        with pytest.raises(Refused, match="there"):
            clerk.perform(void, nameless, version=version(store, order_id))

    def test_a_smaller_order_is_captured_smaller(self, store: Store, clerk: Performer, order_id: int) -> None:
        payment_id = authorised(store, order_id, 5_000)
        with pytest.raises(Refused, match="costs only"):
            clerk.perform(capture, payment_id, version=version(store, order_id), amount=euros(TOTAL + 1))
        clerk.perform(capture, payment_id, version=version(store, order_id), amount=euros(1_000))
        assert calls(store)[0].amount_minor == 1_000

    def test_what_one_capture_will_take_is_not_due_for_the_other(
        self, store: Store, clerk: Performer, order_id: int
    ) -> None:
        first, second = authorised(store, order_id, 3_000), authorised(store, order_id, 3_000, "pi_2")
        clerk.perform(capture, first, version=version(store, order_id))
        with pytest.raises(Refused, match=r"only 5\.20"):
            clerk.perform(capture, second, version=version(store, order_id), amount=euros(3_000))
        clerk.perform(capture, second, version=version(store, order_id))
        assert [call.amount_minor for call in calls(store)] == [3_000, 520]
        with pytest.raises(Refused, match="paid or being captured"):
            clerk.perform(capture, second, version=version(store, order_id))

    def test_another_currency_a_stale_view_and_a_packer_are_turned_away(
        self, store: Store, clerk: Performer, packer: Actor, order_id: int
    ) -> None:
        payment_id = authorised(store, order_id)
        seen = version(store, order_id)
        with pytest.raises(Invalid):
            clerk.perform(capture, payment_id, version=seen, amount=Money(100, "USD"))
        with pytest.raises(Conflict):
            clerk.perform(capture, payment_id, version=seen - 1)
        with pytest.raises(Denied):
            Performer(store, packer).perform(capture, payment_id, version=seen)

    def test_a_hold_that_is_placed_within_the_minute_stops_it(
        self, store: Store, clerk: Performer, lead: Performer, clock: StillClock, order_id: int
    ) -> None:
        """No capture of an order that waits for the fraud desk (INV-A5), although it was asked for before."""
        payment_id = authorised(store, order_id)
        clerk.perform(capture, payment_id, version=version(store, order_id))
        clerk.perform(hold, order_id, kind=HoldType.FRAUD, reason="Two names")
        gateway = carry_out(store, clock)
        assert gateway.asked == []
        assert "on hold" in calls(store)[0].problem
        lead.perform(release, order_id, kind=HoldType.FRAUD)
        carry_out(store, clock, gateway)
        assert the_payment(store, payment_id).captured_minor == TOTAL


class TestVoid:
    def test_it_gives_everything_back_and_undo_keeps_it(
        self, store: Store, clerk: Performer, clock: StillClock, order_id: int
    ) -> None:
        payment_id = authorised(store, order_id)
        done = clerk.perform(void, payment_id, version=version(store, order_id))
        clerk.perform(undo, done.command_id)
        clerk.perform(void, payment_id, version=version(store, order_id))
        carry_out(store, clock)
        assert the_payment(store, payment_id).state == "voided"

    def test_not_while_a_capture_may_take_it(self, store: Store, clerk: Performer, order_id: int) -> None:
        payment_id = authorised(store, order_id)
        clerk.perform(capture, payment_id, version=version(store, order_id), amount=euros(100))
        with pytest.raises(Refused, match="under way"):
            clerk.perform(void, payment_id, version=version(store, order_id))


class TestOnAccount:
    def test_the_rest_is_owed_by_the_customer(self, store: Store, lead: Performer, order_id: int) -> None:
        by_hand(store, order_id, 1_000)
        lead.perform(take_on_account, order_id, version=version(store, order_id), note="Agreed with Ada, 30 days")
        assert the_order(store, order_id).payment_status == "paid"
        entry = rows(store, JournalRow)[-1]
        assert (entry.debit, entry.credit, entry.amount_minor) == ("on_account", "order", TOTAL - 1_000)
        with pytest.raises(Refused, match="paid already"):
            lead.perform(take_on_account, order_id, version=version(store, order_id), note="again")

    def test_an_agent_may_not_and_nobody_without_a_reason(
        self, store: Store, clerk: Performer, lead: Performer, order_id: int
    ) -> None:
        with pytest.raises(Denied):
            clerk.perform(take_on_account, order_id, version=version(store, order_id), note="Please")
        with pytest.raises(Invalid, match="Say who"):
            lead.perform(take_on_account, order_id, version=version(store, order_id), note="")


class TestCredit:
    def credit(self, store: Store, order_id: int, balance: int = 2_000, **also: object) -> int:
        row = StoreCreditRow(
            **{  # type: ignore[arg-type]  # the test names what is unusual
                "kind": "gift_card",
                "customer_id": the_order(store, order_id).customer_id,
                "code_end": "7Q4X",
                "currency": "EUR",
                "issued_minor": balance,
                "balance_minor": balance,
                "issued_by": "sofia",
                "issued_at": START,
                **also,
            }
        )
        with Session(store.writer) as session, session.begin():
            session.add(row)
            session.flush()
            return row.id or 0

    def use(self, clerk: Performer, order_id: int, credit_id: int, amount: Money) -> str:
        seen = version(clerk.store, order_id)
        return clerk.perform(use_credit, order_id, version=seen, credit_id=credit_id, amount=amount).message

    def test_a_gift_card_pays_and_loses_as_much(self, store: Store, clerk: Performer, order_id: int) -> None:
        credit_id = self.credit(store, order_id)
        told = self.use(clerk, order_id, credit_id, euros(1_500))
        assert "gift card ..7Q4X" in told
        assert "5.00" in told
        assert rows(store, StoreCreditRow)[0].balance_minor == 500
        (payment,) = rows(store, PaymentRow)
        assert (payment.method, payment.credit_id, payment.captured_minor) == ("gift_card", credit_id, 1_500)
        assert rows(store, JournalRow)[0].debit == "store_credit"
        with pytest.raises(Refused, match="not that much"):
            self.use(clerk, order_id, credit_id, euros(501))

    def test_no_more_than_is_due(self, store: Store, clerk: Performer, order_id: int) -> None:
        credit_id = self.credit(store, order_id, 9_000)
        with pytest.raises(Invalid, match=r"Only 35\.20"):
            self.use(clerk, order_id, credit_id, euros(TOTAL + 1))
        with pytest.raises(Refused, match="more than nothing"):
            self.use(clerk, order_id, credit_id, euros(0))

    def test_not_another_customers_nor_ended_nor_in_another_currency(
        self, store: Store, clerk: Performer, order_id: int
    ) -> None:
        with pytest.raises(Refused, match="has ended"):
            self.use(clerk, order_id, self.credit(store, order_id, expires_at=START), euros(100))
        with pytest.raises(Invalid, match="USD"):
            self.use(clerk, order_id, self.credit(store, order_id, currency="USD"), euros(100))
        other = write_order(store, "104459", paid=False, customer_id=write_customer(store, "Bo Ek", "bo@ek.example"))
        with pytest.raises(Refused, match="another customer"):
            self.use(clerk, order_id, self.credit(store, other), euros(100))
        assert all(credit.balance_minor == 2_000 for credit in rows(store, StoreCreditRow))

    def test_two_orders_cannot_spend_the_same_credit(self, store: Store, clerk: Performer, order_id: int) -> None:
        other = write_order(store, "104459", paid=False, customer_id=the_order(store, order_id).customer_id)
        credit_id = self.credit(store, order_id)
        answers = at_once(
            *[
                partial(
                    clerk.perform,
                    use_credit,
                    one,
                    version=version(store, one),
                    credit_id=credit_id,
                    amount=euros(1_500),
                )
                for one in (order_id, other)
            ]
        )
        assert sorted(type(answer).__name__ for answer in answers) == ["Done", "Refused"]
        assert rows(store, StoreCreditRow)[0].balance_minor == 500


class TestCancelledOrder:
    def test_held_money_is_given_back_and_the_undo_keeps_it(
        self, store: Store, clerk: Performer, clock: StillClock, order_id: int
    ) -> None:
        payment_id = authorised(store, order_id)
        done = clerk.perform(cancel, order_id, reason=CancelReason.CUSTOMER)
        assert done.message == "104458 is cancelled."
        (call,) = calls(store)
        assert (call.kind, call.amount_minor, call.not_before) == ("void", TOTAL, clock() + LATER)
        clerk.perform(undo, done.command_id)
        assert carry_out(store, clock).asked == []
        assert the_payment(store, payment_id).voiding_minor == 0

    def test_after_a_minute_it_is_given_back_and_a_late_undo_says_so(
        self, store: Store, clerk: Performer, clock: StillClock, order_id: int
    ) -> None:
        authorised(store, order_id)
        done = clerk.perform(cancel, order_id, reason=CancelReason.CUSTOMER)
        carry_out(store, clock)
        assert the_order(store, order_id).payment_status == "voided"
        assert "asked for at the gateway already" in clerk.perform(undo, done.command_id).message

    def test_a_capture_that_waits_is_taken_back_first(self, store: Store, clerk: Performer, order_id: int) -> None:
        payment_id = authorised(store, order_id)
        clerk.perform(capture, payment_id, version=version(store, order_id))
        clerk.perform(cancel, order_id, reason=CancelReason.CUSTOMER)
        assert [(call.kind, call.state) for call in calls(store)] == [("capture", "cancelled"), ("void", "requested")]

    def test_a_capture_under_way_and_money_that_came_in_are_named(
        self, store: Store, clerk: Performer, clock: StillClock, order_id: int
    ) -> None:
        by_hand(store, order_id, 1_000)
        authorised(store, order_id, 500, "ext_1", "shopify_payments")
        payment_id = authorised(store, order_id, 2_000)
        clerk.perform(capture, payment_id, version=version(store, order_id))
        clock.advance(seconds=60)
        lease = take_lease(store, "worker", "test", lasts=LATER, clock=clock)
        assert lease is not None
        assert claim_next_call(store, lease, ("stripe",), clock=clock) is not None
        told = clerk.perform(cancel, order_id, reason=CancelReason.CUSTOMER).message
        assert told.startswith("104458 is cancelled.")
        assert [word for word in ("10.00", "20.00", "5.00") if word not in told] == []
        assert "still to be refunded" in told
        assert "under way" in told
        assert "shopify_payments: give it back there" in told

    @pytest.mark.parametrize("fault", [None, Fault.REFUSED])
    def test_a_capture_that_was_under_way_ends_and_what_is_still_held_is_given_back(
        self, store: Store, clerk: Performer, clock: StillClock, order_id: int, fault: Fault | None
    ) -> None:
        payment_id = authorised(store, order_id)
        clerk.perform(capture, payment_id, version=version(store, order_id), amount=euros(1_000))
        gateway = carry_out(store, clock, GatewayDouble(faults=(Fault.LOST_BEFORE,)))
        clerk.perform(cancel, order_id, reason=CancelReason.CUSTOMER)
        gateway.faults.extend([Fault.LOST_BEFORE, None, fault])
        for _ in range(4):
            carry_out(store, clock, gateway)
        payment = the_payment(store, payment_id)
        taken = 0 if fault else 1_000
        assert (payment.captured_minor, payment.voided_minor) == (taken, TOTAL - taken)


class TestShipping:
    def by_shipping(self, store: Store, admin: Actor) -> None:
        Performer(store, admin).perform(set_capture_policy, policy=CapturePolicy.ON_SHIPPING)

    def lines(self, store: Store) -> list[int]:
        return [line.id or 0 for line in rows(store, OrderLineRow)]

    def test_unless_the_shop_says_so_nothing_is_captured(self, store: Store, clerk: Performer, order_id: int) -> None:
        authorised(store, order_id)
        clerk.perform(ship, order_id, carrier="DHL")
        assert calls(store) == []

    def test_each_parcel_takes_its_share_and_the_last_one_the_rest(
        self, store: Store, clerk: Performer, admin: Actor, clock: StillClock, order_id: int
    ) -> None:
        self.by_shipping(store, admin)
        payment_id = authorised(store, order_id)
        granola, _honey = self.lines(store)
        clerk.perform(ship, order_id, carrier="DHL", quantities={granola: 1})
        # 8.90 of 30.30 worth of goods, of a total of 35.20.
        assert calls(store)[0].amount_minor == TOTAL * GOODS[0][4] // 3_030
        carry_out(store, clock)
        clerk.perform(ship, order_id, carrier="DHL")
        carry_out(store, clock)
        assert the_payment(store, payment_id).captured_minor == TOTAL
        assert the_order(store, order_id).payment_status == "paid"

    def test_the_undo_takes_the_capture_back(self, store: Store, clerk: Performer, admin: Actor, order_id: int) -> None:
        self.by_shipping(store, admin)
        payment_id = authorised(store, order_id)
        done = clerk.perform(ship, order_id, carrier="DHL")
        assert the_payment(store, payment_id).capturing_minor == TOTAL
        clerk.perform(undo, done.command_id)
        assert the_payment(store, payment_id).capturing_minor == 0

    def test_money_that_is_here_already_is_not_captured_again(
        self, store: Store, clerk: Performer, admin: Actor, order_id: int
    ) -> None:
        self.by_shipping(store, admin)
        captured(store, order_id)
        clerk.perform(ship, order_id, carrier="DHL")
        assert calls(store) == []

    def test_goods_whose_money_cannot_be_captured_stay_in_the_house(
        self, store: Store, clerk: Performer, admin: Actor, clock: StillClock, order_id: int
    ) -> None:
        self.by_shipping(store, admin)
        authorised(store, order_id, expires_at=START + timedelta(days=7))
        clock.advance(days=8)
        with pytest.raises(Refused, match=r"cannot be captured.*expired"):
            clerk.perform(ship, order_id, carrier="DHL")
        assert the_order(store, order_id).fulfilment_status == "unfulfilled"


class TestAtOnce:
    def clerks(self, store: Store, count: int, clock: StillClock) -> list[Performer]:
        return [Performer(store, person(store, f"clerk{number}"), clock) for number in range(count)]

    def test_two_clerks_capture_the_same_money_once(self, store: Store, clock: StillClock, order_id: int) -> None:
        payment_id = authorised(store, order_id)
        seen = version(store, order_id)
        answers = at_once(
            *[partial(clerk.perform, capture, payment_id, version=seen) for clerk in self.clerks(store, 6, clock)]
        )
        assert sorted(type(answer).__name__ for answer in answers) == ["Conflict"] * 5 + ["Done"]
        assert carry_out(store, clock).captured == TOTAL

    def test_even_without_a_version_the_same_money_is_set_aside_once(
        self, store: Store, clock: StillClock, order_id: int
    ) -> None:
        """The guard of the sums alone: forms that name no version still cannot capture twice."""
        payment_id = authorised(store, order_id)
        answers = at_once(
            *[
                partial(clerk.perform, capture, payment_id, version=None)  # type: ignore[arg-type]  # a careless form
                for clerk in self.clerks(store, 6, clock)
            ]
        )
        assert sorted(type(answer).__name__ for answer in answers) == ["Done"] + ["Refused"] * 5
        assert len(calls(store)) == 1

    def test_a_capture_that_sums_and_compares_takes_the_money_several_times(
        self, postgres_url: str, clock: StillClock
    ) -> None:
        """The control: no lock and no guarded update, but a sum, a comparison and a new call."""
        store = open_store(postgres_url)
        order_id = write_order(store, paid=False)
        payment_id = authorised(store, order_id)
        barrier = threading.Barrier(4)

        def careless(number: int) -> None:
            with Session(store.writer) as session, session.begin():
                wanted = select(func.coalesce(func.sum(col(GatewayCallRow.amount_minor)), 0))
                asked = session.execute(wanted.where(col(GatewayCallRow.payment_id) == payment_id)).scalar_one()
                barrier.wait()
                if asked + TOTAL <= TOTAL:
                    session.add(_call(order_id, payment_id, f"careless-{number}", clock))

        threads = [threading.Thread(target=careless, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(call.amount_minor for call in calls(store)) == 4 * TOTAL
        store.close()

    @pytest.mark.parametrize("turn", range(10))
    def test_taken_back_or_sent_but_never_both(
        self, store: Store, clerk: Performer, clock: StillClock, order_id: int, turn: int
    ) -> None:
        payment_id = authorised(store, order_id, reference=f"pi_{turn}")
        call_id = clerk.perform(capture, payment_id, version=version(store, order_id)).details["call_id"]
        assert isinstance(call_id, int)
        clock.advance(seconds=60)
        gateway = GatewayDouble()
        lease = take_lease(store, "worker", "test", lasts=LATER, clock=clock)
        assert lease is not None
        worker = Performer(store, WORKER, clock)
        barrier, sent = threading.Barrier(2), []

        def work() -> None:
            barrier.wait()
            sent.append(ask_gateways(worker, {"stripe": gateway}, lease))

        thread = threading.Thread(target=work)
        thread.start()
        barrier.wait()
        try:
            clerk.perform(take_back, call_id)
            is_taken_back = True
        except Refused:
            is_taken_back = False
        thread.join()
        assert (is_taken_back, gateway.captured) in ((True, 0), (False, TOTAL))
        payment = the_payment(store, payment_id)
        assert (payment.capturing_minor, payment.captured_minor) == (0, gateway.captured)


def _call(order_id: int, payment_id: int, key: str, clock: StillClock) -> GatewayCallRow:
    return GatewayCallRow(
        order_id=order_id,
        payment_id=payment_id,
        kind=CallKind.CAPTURE.value,
        gateway="stripe",
        reference="pi_1",
        key=key,
        amount_minor=TOTAL,
        currency="EUR",
        state="requested",
        not_before=clock(),
        requested_by="mia",
        requested_at=clock(),
    )


def test_vector_19_no_more_is_captured_than_was_authorised(store: Store, clerk: Performer, order_id: int) -> None:
    """30.00 of 35.20 are held: 30.01 are refused, 10.00 and 20.00 are not, and then nothing is left."""
    payment_id = authorised(store, order_id, 3_000)
    with pytest.raises((Refused, Invalid)):
        clerk.perform(capture, payment_id, version=version(store, order_id), amount=euros(3_001))
    clerk.perform(capture, payment_id, version=version(store, order_id), amount=euros(1_000))
    clerk.perform(capture, payment_id, version=version(store, order_id), amount=euros(2_000))
    assert the_payment(store, payment_id).capturing_minor == 3_000
    with pytest.raises((Refused, Invalid)):
        clerk.perform(capture, payment_id, version=version(store, order_id), amount=euros(1))


def test_vector_25_a_transfer_that_is_short_by_the_fees_of_the_bank_leaves_them_to_pay(
    store: Store, clerk: Performer, order_id: int
) -> None:
    """35.20 asked for, 33.70 arrived: 1.50 is still to come, and what the order costs stays as it is."""
    clerk.perform(record_payment, order_id, amount=euros(3_370), version=version(store, order_id))
    order = the_order(store, order_id)
    assert (order.total_minor, order.paid_minor, order.payment_status) == (TOTAL, 3_370, "partly_paid")
    clerk.perform(record_payment, order_id, amount=euros(150), version=version(store, order_id))
    assert the_order(store, order_id).payment_status == "paid"


def test_a_payment_of_another_kind_is_not_recorded_by_hand(store: Store, clerk: Performer, order_id: int) -> None:
    for method in (Method.GATEWAY, Method.GIFT_CARD, Method.ON_ACCOUNT):
        with pytest.raises(Invalid, match="by hand"):
            clerk.perform(record_payment, order_id, amount=euros(100), method=method)


def test_the_sums_say_the_same_as_the_journal(store: Store, clerk: Performer, clock: StillClock, order_id: int) -> None:
    by_hand(store, order_id, 520)
    payment_id = authorised(store, order_id, 3_000)
    clerk.perform(capture, payment_id, version=version(store, order_id))
    carry_out(store, clock)
    with store.reading() as session:
        balance = session.execute(
            text("SELECT SUM(CASE WHEN credit = 'order' THEN amount_minor ELSE -amount_minor END) FROM journal")
        ).scalar_one()
    with working(store) as work:
        money = work.orders.facts(work.orders.locked(order_id)).money
    assert balance == money.paid == TOTAL
