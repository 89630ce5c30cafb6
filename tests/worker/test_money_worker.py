"""The worker at the gateway: whatever goes wrong between asking and hearing, the money moves once or not at all.

The witness is the gateway's own journal.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col

from opsdesk.app import _CALM_S, gateways_here
from opsdesk.domain.errors import Unavailable
from opsdesk.domain.payments.gateways import KEY_LASTS, Answer, CallKind, CallState, GatewayCall, OperationKind
from opsdesk.domain.people.actors import WORKER, Actor
from opsdesk.operations.payments.pay_links import ask_for_payment, cancel_link
from opsdesk.operations.payments.taking import capture, void
from opsdesk.settings import load_settings
from opsdesk.store.changes import PAUSE_SECONDS
from opsdesk.store.desk.leases import take_lease
from opsdesk.store.engine import Store
from opsdesk.store.tables import GatewayCallRow, LeaseRow, PaymentRow
from opsdesk.store.work import Performer
from opsdesk.worker import loop, money
from opsdesk.worker.loop import MONEY_LEASE, Round, run_once
from tests.conftest import START, StillClock
from tests.operations.gateway_double import Fault, GatewayDouble
from tests.operations.money_kit import authorised, calls, the_payment
from tests.operations.orders_kit import the_order
from tests.shop_orders import write_order
from tests.worker.test_leases import PaperMailer
from tests.worker.test_mails_survive import write_mails

TOTAL = 3_520


class Dies(BaseException):
    """The machine loses power."""


@dataclass
class Counter:
    """One order whose money is moved, and the worker that moves it."""

    store: Store
    clock: StillClock
    clerk: Performer
    order_id: int
    payment_id: int

    def ask(self, kind: CallKind = CallKind.CAPTURE) -> None:
        seen = the_order(self.store, self.order_id).version
        self.clerk.perform(capture if kind is CallKind.CAPTURE else void, self.payment_id, version=seen)

    def work(self, *gateways: GatewayDouble, holder: str = "worker", **later: float) -> Round:
        self.clock.advance(**later)
        open_ones = {gateway.name: gateway for gateway in gateways}
        return run_once(self.store, None, open_ones, holder=holder, clock=self.clock)

    def work_until_settled(self, gateway: GatewayDouble) -> int:
        """Do rounds a minute apart until nothing is open; return how many it took."""
        for turn in itertools.count(1):
            self.work(gateway, minutes=1)
            if not CallState(self.call.state).is_open or turn == 30:
                return turn
        raise AssertionError

    @property
    def call(self) -> GatewayCallRow:
        return calls(self.store)[-1]

    @property
    def captured(self) -> int:
        return the_payment(self.store, self.payment_id).captured_minor

    def let_the_lease_end(self) -> None:
        """The holder is gone for good; on Postgres its lease ends by the server's time, which no test can turn."""
        with Session(self.store.writer) as session, session.begin():
            session.execute(update(LeaseRow).values(expires_at=START - timedelta(days=1)))


@pytest.fixture
def desk(store: Store, clock: StillClock, actor: Actor) -> Counter:
    order_id = write_order(store, paid=False)
    return Counter(store, clock, Performer(store, actor, clock), order_id, authorised(store, order_id))


def test_a_capture_goes_out_after_its_minute_and_is_booked(desk: Counter) -> None:
    gateway = GatewayDouble()
    desk.ask()
    assert desk.work(gateway, seconds=59).calls == 0
    assert desk.work(gateway, seconds=1).calls == 1
    (asked,) = gateway.calls
    assert (asked.reference, asked.amount.minor, asked.order_number) == ("pi_1", TOTAL, "104458")
    assert asked.first_sent_at == desk.clock()
    assert (desk.call.state, desk.captured, gateway.captured) == (CallState.SUCCEEDED, TOTAL, TOTAL)
    assert desk.work(gateway, hours=1).calls == 0


MENU = [
    (),
    (Fault.LOST_AFTER,),
    (Fault.LOST_BEFORE,),
    (Fault.LOST_AFTER, Fault.LOST_BEFORE, Fault.LOST_BEFORE),
    (Fault.LOST_BEFORE, Fault.LOST_BEFORE, None, Fault.LOST_AFTER),
    (Fault.LOST_AFTER, Fault.FORGOTTEN),
    (Fault.LOST_AFTER, Fault.FORGOTTEN, Fault.LOST_AFTER, Fault.FORGOTTEN),
    (Fault.LOST_BEFORE, Fault.FORGOTTEN, Fault.LOST_BEFORE),
]


@pytest.mark.parametrize("faults", MENU, ids=lambda faults: ", ".join(fault.name for fault in faults if fault))
@pytest.mark.parametrize("kind", [CallKind.CAPTURE, CallKind.VOID])
def test_whatever_goes_wrong_it_happens_once(desk: Counter, kind: CallKind, faults: tuple[Fault | None, ...]) -> None:
    gateway = GatewayDouble(faults=faults)
    desk.ask(kind)
    desk.work_until_settled(gateway)
    assert desk.call.state == CallState.SUCCEEDED
    assert len(gateway.journal) == 1
    assert len({call.key for call in gateway.calls}) == 1
    payment = the_payment(desk.store, desk.payment_id)
    moved = (payment.captured_minor, payment.voided_minor, payment.capturing_minor, payment.voiding_minor)
    assert moved == ((TOTAL, 0, 0, 0) if kind is CallKind.CAPTURE else (0, TOTAL, 0, 0))


def test_a_worker_that_asks_again_under_a_new_key_captures_twice(
    desk: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a retry that makes a new call of what was not answered."""
    gateway = GatewayDouble(faults=(Fault.LOST_AFTER,))
    send = gateway.carry_out

    def renewed(call: GatewayCall) -> Answer:
        return send(GatewayCall(call.kind, f"{call.key}-{len(gateway.asked)}", call.reference, call.amount))

    monkeypatch.setattr(gateway, "carry_out", renewed)
    monkeypatch.setattr(gateway, "look_up", renewed)
    desk.ask()
    desk.work_until_settled(gateway)
    assert gateway.captured == 2 * TOTAL


@pytest.mark.parametrize("is_done", [True, False], ids=["after it was done", "before it was done"])
def test_a_worker_that_dies_while_it_asks_leaves_a_doubt_that_the_next_one_settles(
    desk: Counter, monkeypatch: pytest.MonkeyPatch, is_done: bool
) -> None:
    gateway = GatewayDouble()
    send = gateway.carry_out

    def dying(call: GatewayCall) -> Answer:
        if is_done:
            send(call)
        raise Dies

    desk.ask()
    with monkeypatch.context() as patched:
        patched.setattr(gateway, "carry_out", dying)
        with pytest.raises(Dies):
            desk.work(gateway, minutes=1)
    assert desk.call.state == CallState.SENDING
    desk.let_the_lease_end()
    desk.work(gateway, holder="successor", minutes=2)
    assert gateway.asked[-1 if is_done else 0].startswith("look_up")
    assert (desk.call.state, desk.captured, gateway.captured) == (CallState.SUCCEEDED, TOTAL, TOTAL)


def test_an_answer_that_could_not_be_saved_is_looked_up_by_the_same_worker(
    desk: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own claim is no reason to leave a call alone: whoever begins a round sends nothing yet."""
    gateway = GatewayDouble()

    def unavailable(*_: object, **__: object) -> None:
        raise Unavailable("The store does not answer.")

    desk.ask()
    with monkeypatch.context() as patched:
        patched.setattr(Performer, "perform", unavailable)
        with pytest.raises(Unavailable):
            desk.work(gateway, minutes=1)
    assert desk.call.state == CallState.SENDING
    desk.work(gateway)
    assert (desk.call.state, desk.captured, gateway.captured) == (CallState.SUCCEEDED, TOTAL, TOTAL)
    assert [question.split()[0] for question in gateway.asked] == ["carry_out", "look_up"]


def test_a_key_older_than_the_gateway_remembers_is_never_sent_again(desk: Counter) -> None:
    """E4: the worker was off for a day, and the gateway has forgotten what it did under this key."""
    gateway = GatewayDouble(faults=(Fault.LOST_AFTER, Fault.FORGOTTEN))
    desk.ask()
    desk.work(gateway, minutes=1)
    gateway.forget_keys()
    desk.work(gateway, hours=25)
    desk.work_until_settled(gateway)
    assert gateway.captured == TOTAL
    assert sum(question.startswith("carry_out") for question in gateway.asked) == 1
    assert desk.call.problem == "It did not happen; ask again."


def test_a_worker_without_the_look_at_the_keys_age_captures_twice(
    desk: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control for E4."""
    ages = timedelta(days=400)
    monkeypatch.setattr("opsdesk.store.outboxes.gateway_calls.KEY_LASTS", ages)
    monkeypatch.setattr("opsdesk.operations.payments.call_answers.KEY_LASTS", ages)
    gateway = GatewayDouble(faults=(Fault.LOST_AFTER,))
    desk.ask()
    desk.work(gateway, minutes=1)
    gateway.forget_keys()
    assert ages > KEY_LASTS
    desk.work(gateway, hours=25)
    desk.work_until_settled(gateway)
    assert gateway.captured == 2 * TOTAL


def test_what_the_gateway_does_later_is_booked_when_it_is_done(desk: Counter) -> None:
    gateway = GatewayDouble(faults=(Fault.SLOW,))
    desk.ask()
    desk.work(gateway, minutes=1)
    assert (desk.call.state, desk.captured) == (CallState.PENDING, 0)
    gateway.finish(desk.call.key)
    desk.work_until_settled(gateway)
    assert (desk.call.state, desk.captured) == (CallState.SUCCEEDED, TOTAL)


def test_a_clear_no_is_a_no_and_is_not_asked_again(desk: Counter) -> None:
    gateway = GatewayDouble(faults=(Fault.REFUSED,))
    desk.ask()
    desk.work(gateway, minutes=1)
    assert (desk.call.state, desk.call.problem) == (CallState.FAILED, "The card was declined.")
    assert desk.work(gateway, hours=1).calls == 0


def test_without_its_gateway_a_call_waits_and_says_why(desk: Counter) -> None:
    desk.ask()
    desk.work(seconds=59)
    assert desk.call.problem == ""
    desk.work(seconds=1)
    assert (desk.call.state, desk.call.problem) == (
        CallState.REQUESTED,
        "OpsDesk is not connected to stripe here. The call waits until it is.",
    )
    gateway = GatewayDouble()
    desk.work(gateway)
    assert (desk.call.state, desk.call.problem, desk.captured) == (CallState.SUCCEEDED, "", TOTAL)


def test_a_gateway_that_does_not_answer_is_asked_once_a_round_and_mails_go_out(
    store: Store, clock: StillClock, actor: Actor
) -> None:
    write_mails(store, 3)
    clerk = Performer(store, actor, clock)
    for number in range(4):
        order_id = write_order(store, f"10446{number}", paid=False, customer_id=None if number == 0 else 1)
        payment_id = authorised(store, order_id, reference=f"pi_{number}")
        clerk.perform(capture, payment_id, version=the_order(store, order_id).version)
    clock.advance(minutes=1)
    gateway, mailer = GatewayDouble(faults=(Fault.LOST_BEFORE,) * 9), PaperMailer()
    done = run_once(store, mailer, {"stripe": gateway}, holder="worker", clock=clock)
    assert (done.calls, done.sent) == (1, 3)


def test_a_round_asks_only_so_much(store: Store, clock: StillClock, actor: Actor) -> None:
    clerk = Performer(store, actor, clock)
    for number in range(3):
        order_id = write_order(store, f"10446{number}", paid=False, customer_id=None if number == 0 else 1)
        payment_id = authorised(store, order_id, reference=f"pi_{number}")
        clerk.perform(capture, payment_id, version=the_order(store, order_id).version)
    clock.advance(minutes=1)
    gateway = GatewayDouble()
    lease = take_lease(store, MONEY_LEASE, "worker", lasts=timedelta(minutes=1), clock=clock)
    assert lease is not None
    assert money.ask_gateways(Performer(store, WORKER, clock), {"stripe": gateway}, lease, limit=2) == 2
    assert gateway.done(OperationKind.CAPTURE) == 2 * TOTAL


def test_a_worker_that_lost_its_lease_sends_nothing(desk: Counter) -> None:
    gateway = GatewayDouble()
    desk.work(gateway)
    desk.ask()
    old = desk.work(gateway, seconds=59).money_lease
    assert old is not None
    desk.let_the_lease_end()
    idle = GatewayDouble("another")
    assert desk.work(idle, holder="successor").money_lease is not None
    desk.clock.advance(seconds=1)
    money.ask_gateways(Performer(desk.store, WORKER, desk.clock), {"stripe": gateway}, old)
    assert gateway.asked == []


def test_told_to_stop_the_worker_lets_go_of_its_gateways(store: Store, clock: StillClock) -> None:
    stop, gateway = Event(), GatewayDouble()
    stop.set()
    loop.run_worker(store, None, {"stripe": gateway}, clock=clock, stop=stop)
    assert gateway.is_closed


def test_the_claim_is_taken_oldest_first(store: Store, clock: StillClock, actor: Actor) -> None:
    clerk, gateway = Performer(store, actor, clock), GatewayDouble()
    for number in (2, 0, 1):
        order_id = write_order(store, f"10446{number}", paid=False, customer_id=None if number == 2 else 1)
        payment_id = authorised(store, order_id, reference=f"pi_{number}")
        clerk.perform(capture, payment_id, version=the_order(store, order_id).version)
        clock.advance(seconds=1)
    with Session(store.writer) as session, session.begin():
        first = update(GatewayCallRow).where(col(GatewayCallRow.reference) == "pi_0")
        session.execute(first.values(not_before=START))
    clock.advance(minutes=1)
    run_once(store, None, {"stripe": gateway}, holder="worker", clock=clock)
    assert [call.reference for call in gateway.calls] == ["pi_0", "pi_2", "pi_1"]


def test_gateways_are_asked_for_news_every_ten_seconds_and_not_in_every_round(store: Store, clock: StillClock) -> None:
    class Stop(Event):
        """Lets two seconds pass instead of waiting, and ends after eleven rounds."""

        def wait(self, timeout: float | None = None) -> bool:
            clock.advance(seconds=timeout or 0)
            if clock() >= START + timedelta(seconds=22):
                self.set()
            return self.is_set()

    gateway = GatewayDouble()
    loop.run_worker(store, None, {"stripe": gateway}, clock=clock, stop=Stop())
    assert len(gateway.heard) == 3


def test_while_a_customer_can_pay_over_a_link_they_are_asked_in_each_round(
    store: Store, clock: StillClock, actor: Actor
) -> None:
    """P4: whoever has the customer on the telephone sees that it is paid within five seconds."""
    order_id = write_order(store, paid=False)
    link = Performer(store, actor, clock).perform(ask_for_payment, order_id, version=1).details["link_id"]

    class Stop(Event):
        """Lets two seconds pass instead of waiting; after five rounds somebody takes the link back."""

        rounds = 0

        def wait(self, timeout: float | None = None) -> bool:
            clock.advance(seconds=timeout or 0)
            self.rounds += 1
            if self.rounds == 5:
                Performer(store, actor, clock).perform(cancel_link, link)
            if self.rounds == 10:
                self.set()
            return self.is_set()

    gateway = GatewayDouble()
    loop.run_worker(store, None, {"stripe": gateway}, clock=clock, stop=Stop())
    assert len(gateway.heard) == 6 + 1
    assert loop._PAUSE_S + PAUSE_SECONDS + _CALM_S <= 5


def test_a_terminal_whose_key_cannot_be_used_still_sends_mails(
    monkeypatch: pytest.MonkeyPatch, clock: StillClock, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPSDESK_STRIPE_KEY", "no key at all")
    assert gateways_here(load_settings(), clock) == {}
    assert "No gateway is used here" in caplog.text
    assert "no key at all" not in caplog.text


def test_an_answer_that_the_books_do_not_allow_waits_for_a_person_and_stops_no_other_call(desk: Counter) -> None:
    gateway = GatewayDouble()
    desk.ask()
    odd = desk.call.id
    with Session(desk.store.writer) as session, session.begin():
        session.execute(update(PaymentRow).values(capturing_minor=0))
    second = authorised(desk.store, desk.order_id, reference="pi_2")
    desk.clerk.perform(void, second, version=the_order(desk.store, desk.order_id).version)
    desk.work(gateway, minutes=1)
    first, other = calls(desk.store)
    assert (first.id, first.state, other.state) == (odd, CallState.UNKNOWN, CallState.SUCCEEDED)
    assert first.problem.startswith("The gateway said succeeded, which cannot be booked.")


def test_a_store_that_is_away_is_waited_for(
    store: Store, clock: StillClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stop, rounds = Event(), []

    def away(*_: object, **__: object) -> Round:
        rounds.append(1)
        if len(rounds) == 3:
            stop.set()
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection"))

    monkeypatch.setattr(loop, "run_once", away)
    loop.run_worker(store, None, clock=clock, stop=stop, pause_s=0)
    assert len(rounds) == 3
    assert "ended early" in caplog.text


def test_a_terminal_without_keys_does_not_keep_the_money_from_the_worker_that_has_them(desk: Counter) -> None:
    """On one SQLite file each terminal works beside its desk, and clerks' terminals are given no key."""
    desk.ask()
    gateway = GatewayDouble()
    assert desk.work(holder="a terminal", minutes=1).lease is not None
    done = desk.work(gateway, holder="the worker")
    assert done.lease is None
    assert (desk.call.state, desk.captured) == (CallState.SUCCEEDED, TOTAL)


def test_a_terminal_without_keys_doubts_nothing_that_the_worker_is_asking_now(
    desk: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.ask()
    gateway = GatewayDouble()
    send = gateway.carry_out

    def slowly(call: GatewayCall) -> Answer:
        desk.work(holder="a terminal", seconds=20)
        assert (desk.call.state, desk.call.problem) == (CallState.SENDING, "")
        return send(call)

    monkeypatch.setattr(gateway, "carry_out", slowly)
    desk.work(gateway, holder="the worker", minutes=1)
    assert (desk.call.state, desk.captured) == (CallState.SUCCEEDED, TOTAL)
