"""Ten clerks refund 60.00 of 100.00 at once: it goes back once, whenever the gateway's own news come (trust.md, C3)."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import create_engine, func, select, text
from sqlmodel import col

from opsdesk.domain.errors import Conflict, OpsDeskError, Refused
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import Answer, GatewayCall, GatewayOperation, OperationKind
from opsdesk.domain.people.actors import WORKER, Actor, Role
from opsdesk.domain.refunds.composing import RefundContent
from opsdesk.operations.payments.gateway_events import take_event
from opsdesk.operations.refunds.asking import request
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import ActivityRow, CommandRow, GatewayCallRow, JournalRow, RefundRow, TransactionRow
from opsdesk.store.verify.running import verify_store
from opsdesk.store.work import Done, Performer
from opsdesk.worker.loop import run_once
from tests.conftest import StillClock
from tests.operations import events_kit
from tests.operations.gateway_double import Fault, GatewayDouble
from tests.operations.money_kit import captured, the_payment
from tests.operations.orders_kit import rows, the_order
from tests.races.test_two_clerks import at_once
from tests.shop_orders import write_arrival, write_customer, write_order, write_user

SOAK = bool(os.environ.get("OPSDESK_SOAK"))
ROUNDS = 500 if SOAK else 20
CLERKS = 10
GOODS = (("1", "Chair", "", 1, 9_510),)
"""With 4.90 for shipping 100.00 EUR."""
TOTAL, PART = 10_000, 6_000
SIXTY = RefundContent(goodwill=Money(PART, "EUR"))
Ask = Callable[[Performer, int, int], Done]


class Desk:
    """Ten clerks with a store of their own each, the worker, and the order that all of them look at."""

    def __init__(self, url: str, clock: StillClock) -> None:
        self.clock = clock
        self.store = open_store(url)
        self.customer_id = write_customer(self.store)
        names = [f"clerk{number}" for number in range(CLERKS)]
        ids = [write_user(self.store, name) for name in names]
        self.clerks = [
            Performer(open_store(url), Actor(user_id, name, Role.AGENT, f"tty:{name}"), clock)
            for user_id, name in zip(ids, names, strict=True)
        ]

    def next_order(self, turn: int) -> tuple[int, int]:
        """Let an order of 100.00 have been paid; a day later, so that nobody's limit of a day is used up."""
        self.clock.advance(days=1, minutes=1)
        order_id = write_order(self.store, str(100_000 + turn), customer_id=self.customer_id, goods=GOODS, paid=False)
        write_arrival(self.store, order_id)
        return order_id, captured(self.store, order_id, reference=f"pi_{turn}", at=self.clock())

    def work(self, gateway: GatewayDouble) -> None:
        self.clock.advance(minutes=1)
        run_once(self.store, None, {"stripe": gateway}, holder="worker", clock=self.clock)

    def close(self) -> None:
        for clerk in self.clerks:
            clerk.store.close()
        self.store.close()


@pytest.fixture
def desk(store_url: str, clock: StillClock) -> Iterator[Desk]:
    opened = Desk(store_url, clock)
    yield opened
    opened.close()


def ask_once(who: Performer, order_id: int, seen: int) -> Done:
    """Refund the order as it was when nobody had asked yet."""
    return who.perform(request, order_id, version=seen, content=SIXTY)


def ask_until_answered(who: Performer, order_id: int, _seen: int = 0) -> Done:
    """Look again and ask again as often as somebody else was first: the money itself has to say no."""
    while True:
        try:
            return who.perform(request, order_id, version=the_order(who.store, order_id).version, content=SIXTY)
        except Conflict:
            continue


def count(store: Store, table: type, **like: object) -> int:
    with store.reading() as session:
        wanted = [col(getattr(table, name)) == value for name, value in like.items()]
        return int(session.execute(select(func.count()).select_from(table).where(*wanted)).scalar_one())


def assert_it_went_back_once(desk: Desk, gateway: GatewayDouble, order_id: int, payment_id: int) -> None:
    """One call at the gateway, one line of history, and a ledger that says the same."""
    store, payment = desk.store, the_payment(desk.store, payment_id)
    assert [(done.kind, done.amount.minor) for done in gateway.journal] == [(OperationKind.REFUND, PART)]
    assert len([asked for asked in gateway.asked if asked.startswith("carry_out")]) == 1
    assert (payment.refunded_minor, payment.refunding_minor) == (PART, 0)
    assert count(store, RefundRow, order_id=order_id, state="succeeded") == count(store, RefundRow, order_id=order_id)
    assert count(store, RefundRow, order_id=order_id) == 1
    assert count(store, GatewayCallRow, order_id=order_id) == 1
    assert count(store, TransactionRow, order_id=order_id, kind="refund") == 1
    assert count(store, ActivityRow, subject_kind="order", subject_id=order_id, action="refund.requested") == 1
    assert count(store, ActivityRow, subject_kind="order", subject_id=order_id, action="refund.succeeded") == 1
    back = [row for row in rows(store, JournalRow) if row.order_id == order_id and row.debit == "order"]
    assert [row.amount_minor for row in back] == [PART]
    assert the_order(store, order_id).paid_minor == TOTAL - PART


def wrong(store: Store, clock: StillClock) -> list[str]:
    """Return what `opsdesk verify` finds about money; the payments were written without commands."""
    report = verify_store(store, now=clock(), with_seals=False)
    return [found.sentence for found in report.violations if found.invariant.startswith(("P", "M", "A4", "E2", "der"))]


@pytest.mark.parametrize("ask", [ask_once, ask_until_answered], ids=["once", "until answered"])
def test_of_ten_clerks_one_refunds(desk: Desk, ask: Ask) -> None:
    for turn in range(ROUNDS):
        order_id, payment_id = desk.next_order(turn)
        seen = the_order(desk.store, order_id).version
        answers = at_once(*[partial(ask, who, order_id, seen) for who in desk.clerks])
        assert sum(isinstance(answer, Done) for answer in answers) == 1
        no = Conflict if ask is ask_once else Refused
        assert sum(isinstance(answer, no) for answer in answers) == CLERKS - 1
        gateway = GatewayDouble()
        desk.work(gateway)
        assert_it_went_back_once(desk, gateway, order_id, payment_id)
    assert wrong(desk.store, desk.clock) == []
    assert count(desk.store, CommandRow, name="refund.request") == ROUNDS


class TellingGateway(GatewayDouble):
    """Tells of each refund itself, three times: before its answer, while that is written down, or after it.

    It calls the refund by another name then, so that only the key says that it is the same. Meanwhile the clerks ask
    once more; `answers` is what they hear.
    """

    def __init__(self, desk: Desk, order_id: int, reference: str, when: str, faults: tuple[Fault | None, ...]) -> None:
        super().__init__(faults=faults)
        self.answers: list[Done | OpsDeskError] = []
        self._desk, self._order_id, self._reference, self._when = desk, order_id, reference, when
        self._worker = Performer(desk.store, WORKER, desk.clock)
        self._told: list[threading.Thread] = []

    def carry_out(self, call: GatewayCall) -> Answer:
        answer = super().carry_out(call)
        if self._when == "before":
            self.tell()
        elif self._when == "during":
            self._told = [threading.Thread(target=self.tell), threading.Thread(target=self._ask_again)]
            for thread in self._told:
                thread.start()
        return answer

    def tell(self) -> None:
        name = self._reference
        known = (events_kit.authorised(TOTAL, f"{name}:auth"), events_kit.captured(TOTAL, f"{name}:capture"))
        told = [replace(done, reference=f"told:{done.reference}") for done in self.journal]
        payment = events_kit.snapshot(*known, *told, reference=name)
        for number in (1, 1, 2):
            event = events_kit.event(f"evt_{name}_{number}", payment, at=self._desk.clock())
            self._worker.perform(take_event, "stripe", event)

    def finish_telling(self) -> None:
        for thread in self._told:
            thread.join()
        if self._when == "after":
            self.tell()

    def _ask_again(self) -> None:
        asks = [partial(ask_until_answered, who, self._order_id) for who in self._desk.clerks]
        self.answers = at_once(*asks)


def test_the_gateways_own_news_pay_nothing_again(desk: Desk) -> None:
    """Every other time the answer is lost on top of that, and what came of it is looked up."""
    for turn in range(ROUNDS):
        order_id, payment_id = desk.next_order(turn)
        at_once(*[partial(ask_until_answered, who, order_id) for who in desk.clerks])
        when = ("before", "during", "after")[turn % 3]
        faults = (Fault.LOST_AFTER,) if turn % 2 else ()
        gateway = TellingGateway(desk, order_id, f"pi_{turn}", when, faults)
        desk.work(gateway)
        gateway.finish_telling()
        desk.work(gateway)
        assert not [answer for answer in gateway.answers if not isinstance(answer, Refused)], when
        assert len(gateway.answers) == (CLERKS if when == "during" else 0)
        assert_it_went_back_once(desk, gateway, order_id, payment_id)
    assert wrong(desk.store, desk.clock) == []


def test_news_that_are_known_by_name_alone_are_booked_twice(
    sqlite_url: str, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: news that are known again by the gateway's name alone, and not by our key."""

    def by_name(known: list[TransactionRow], done: GatewayOperation, _strangers: list[TransactionRow]) -> bool:
        return any(row.reference == done.reference for row in known)

    monkeypatch.setattr("opsdesk.operations.payments.gateway_snapshots._call_of", lambda *_: None)
    monkeypatch.setattr("opsdesk.operations.payments.gateway_snapshots._is_known", by_name)
    desk = Desk(sqlite_url, clock)
    order_id, payment_id = desk.next_order(0)
    ask_until_answered(desk.clerks[0], order_id)
    gateway = TellingGateway(desk, order_id, "pi_0", "after", ())
    desk.work(gateway)
    assert_it_went_back_once(desk, gateway, order_id, payment_id)
    gateway.finish_telling()
    with pytest.raises(AssertionError):
        assert_it_went_back_once(desk, gateway, order_id, payment_id)
    desk.close()


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
def test_adding_up_comparing_and_inserting_pays_it_ten_times(postgres_url: str, isolation: str) -> None:
    """The control: what a program does that trusts the server's isolation, at its default and at the next one."""
    engine = create_engine(postgres_url, pool_size=CLERKS, isolation_level=isolation)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE paid_back (payment_id integer, amount_minor integer)"))
    all_have_added_up = threading.Barrier(CLERKS, timeout=20)

    def refund() -> Done:
        with engine.begin() as connection:
            added_up = connection.execute(text("SELECT coalesce(sum(amount_minor), 0) FROM paid_back")).scalar_one()
            all_have_added_up.wait()
            if added_up + PART > TOTAL:
                raise Refused("There is not that much left.")
            connection.execute(text("INSERT INTO paid_back VALUES (1, :part)"), {"part": PART})
        return Done("Refunded.")

    answers = at_once(*[refund] * CLERKS)
    with engine.connect() as connection:
        paid = connection.execute(text("SELECT sum(amount_minor) FROM paid_back")).scalar_one()
    engine.dispose()
    assert sum(isinstance(answer, Done) for answer in answers) == CLERKS
    assert paid == CLERKS * PART > TOTAL


def test_one_guarded_update_pays_it_once_on_the_same_server(postgres_url: str) -> None:
    """Beside the control, so that it is known to fail for the way it asks and for nothing else."""
    engine = create_engine(postgres_url, pool_size=CLERKS)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE paid (captured integer, refunded integer)"))
        connection.execute(text("INSERT INTO paid VALUES (:total, 0)"), {"total": TOTAL})

    def refund() -> Done:
        with engine.begin() as connection:
            guarded = "UPDATE paid SET refunded = refunded + :part WHERE refunded + :part <= captured"
            if connection.execute(text(guarded), {"part": PART}).rowcount != 1:
                raise Refused("There is not that much left.")
        return Done("Refunded.")

    answers = at_once(*[refund] * CLERKS)
    engine.dispose()
    assert sum(isinstance(answer, Done) for answer in answers) == 1
