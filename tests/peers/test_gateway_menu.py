"""Everything a gateway can do wrong, to each thing it is asked for: money moves once or not at all (trust.md, E1, E4).

The real adapter talks to the gateway over a line; the witness is the gateway's own journal file.
"""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from opsdesk.domain.errors import Conflict
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import AnswerKind, CallKind, CallState
from opsdesk.domain.people.actors import WORKER, Role
from opsdesk.domain.refunds.composing import RefundContent
from opsdesk.domain.secrets import Secret
from opsdesk.integrations.payments.stripe import StripeGateway
from opsdesk.operations.payments.gateway_events import take_event
from opsdesk.operations.payments.taking import capture, void
from opsdesk.operations.refunds.asking import request, retry
from opsdesk.store.desk.leases import take_lease
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import ActivityRow, GatewayCallRow, PaymentRow, RefundRow, TransactionRow
from opsdesk.store.verify.running import verify_store
from opsdesk.store.work import Done, Performer
from opsdesk.worker.loop import LEASE_LASTS, MONEY_LEASE, run_once
from opsdesk.worker.money import ask_gateways
from tests.conftest import StillClock
from tests.operations.orders_kit import person, the_order
from tests.peers.gateway import Call, Deed, Fault, GatewayPeer, Hold, deliveries
from tests.races.test_two_clerks import at_once
from tests.shop_orders import write_arrival, write_customer, write_order

SEEDS = 50 if os.environ.get("OPSDESK_SOAK") else 2
ANSWER_S = 1.0
"""So long the adapter waits for an answer here; in a shop it is twenty seconds."""
TOTAL, PART = 3_520, 1_250
SETTLED_WITHIN = timedelta(seconds=60)
PRESSES = 20

MENU: dict[str, Fault | None] = {
    "nothing": None,
    "refused line": Fault.REFUSE,
    "timeout before": Fault.TIMEOUT_BEFORE,
    "timeout after success": Fault.TIMEOUT_AFTER,
    "hung up before": Fault.HANG_UP_BEFORE,
    "hung up after success": Fault.HANG_UP_AFTER,
    "500 before": Fault.ERROR_BEFORE,
    "500 after success": Fault.ERROR_AFTER,
    "reply cut in half": Fault.CUT_AFTER,
    "409 in progress": Fault.IN_PROGRESS,
    "429 busy": Fault.BUSY,
    "502 from the edge": Fault.EDGE,
    "slow, done in the end": Fault.SLOW_BEFORE,
    "slow, done at once": Fault.SLOW_AFTER,
    "a clear no": Fault.DECLINE,
}
NEWS = ("never", "first", "five times, in no order")
LOOKS_GO_WRONG = (None, None, Fault.HANG_UP_BEFORE, Fault.ERROR_BEFORE, Fault.EDGE, Fault.BUSY)


@dataclass(frozen=True)
class Deal:
    """What the gateway is asked for, and what its journal calls that."""

    kind: CallKind
    amount: int = TOTAL

    @property
    def call(self) -> Call:
        return Call(self.kind.value)

    @property
    def deed(self) -> Deed:
        return Deed(self.kind.value)


DEALS = {
    "capture": Deal(CallKind.CAPTURE),
    "void": Deal(CallKind.VOID),
    "refund": Deal(CallKind.REFUND),
    "part-refund": Deal(CallKind.REFUND, PART),
}


@dataclass
class Till:
    """A shop at a gateway that does things wrong."""

    store: Store
    clock: StillClock
    peer: GatewayPeer
    gateway: StripeGateway
    clerk: Performer
    customer_id: int
    number: int = 500_000

    def deal(self, deal: Deal) -> tuple[int, str]:
        """Let an order have been paid as this deal needs it; return the payment's id and what the gateway calls it."""
        self.number += 1
        order_id = write_order(self.store, str(self.number), customer_id=self.customer_id, paid=False)
        write_arrival(self.store, order_id)
        is_captured = deal.kind is CallKind.REFUND
        about = {"opsdesk_order": str(self.number)}
        reference = self.peer.authorised(TOTAL, metadata=about, is_captured=is_captured)
        self.listen()
        with self.store.reading() as session:
            found = select(col(PaymentRow.id)).where(col(PaymentRow.reference) == reference)
            return session.execute(found).scalar_one(), reference

    def ask(self, deal: Deal, payment_id: int, version: int) -> Done:
        if deal.kind is CallKind.REFUND:
            content = RefundContent(goodwill=Money(deal.amount, "EUR"))
            return self.clerk.perform(request, self.order_of(payment_id), version=version, content=content)
        return self.clerk.perform(capture if deal.kind is CallKind.CAPTURE else void, payment_id, version=version)

    def order_of(self, payment_id: int) -> int:
        with self.store.reading() as session:
            return session.get_one(PaymentRow, payment_id).order_id

    def work(self, *, is_listening: bool = False) -> None:
        gateways = {"stripe": self.gateway}
        run_once(self.store, None, gateways, holder="worker", clock=self.clock, is_listening=is_listening)

    def ask_once(self) -> None:
        """Let the worker ask one question and stop."""
        lease = take_lease(self.store, MONEY_LEASE, "worker", lasts=LEASE_LASTS, clock=self.clock)
        assert lease is not None
        ask_gateways(Performer(self.store, WORKER, self.clock), {"stripe": self.gateway}, lease, limit=1)

    def listen(self) -> None:
        self.work(is_listening=True)

    def call_of(self, payment_id: int) -> GatewayCallRow:
        with self.store.reading() as session:
            found = select(GatewayCallRow).where(col(GatewayCallRow.payment_id) == payment_id)
            return session.execute(found.order_by(col(GatewayCallRow.id).desc()).limit(1)).scalar_one()

    def calls_of(self, payment_id: int) -> int:
        with self.store.reading() as session:
            found = select(GatewayCallRow).where(col(GatewayCallRow.payment_id) == payment_id)
            return len(session.execute(found).scalars().all())

    def tell(self, reference: str, dice: random.Random, *, times: int = 1) -> None:
        """Let messages about this payment arrive, each as often as that, in no order."""
        events = [event for event in self.peer.events() if reference in str(event)]
        worker = Performer(self.store, WORKER, self.clock)
        for event in deliveries(events, dice.randrange(1_000), most=times) if times > 1 else events:
            body, headers = self.peer.webhook(event)
            told = self.gateway.read_webhook(body, headers, now=self.clock())
            worker.perform(take_event, "stripe", told)

    def told(self, order_id: int) -> Counter[str]:
        """Count what the history of an order tells."""
        with self.store.reading() as session:
            found = select(col(ActivityRow.action)).where(
                col(ActivityRow.subject_kind) == "order", col(ActivityRow.subject_id) == order_id
            )
            return Counter(session.execute(found).scalars())

    def unexplained(self) -> set[tuple[str, str, int]]:
        """Hold the gateway's journal against our transactions, by key and amount: what stands on one side alone."""
        kinds = (Deed.CAPTURE, Deed.VOID, Deed.REFUND)
        theirs = Counter((str(each.kind), each.key, each.amount) for each in self.peer.standing(*kinds))
        with self.store.reading() as session:
            rows = session.execute(select(TransactionRow).where(col(TransactionRow.state) == "succeeded")).scalars()
            ours = Counter(
                (row.kind, row.call_key, row.amount_minor) for row in rows if row.kind in set(map(str, kinds))
            )
        return set((theirs - ours) | (ours - theirs))

    def wrong(self) -> list[str]:
        report = verify_store(self.store, now=self.clock(), with_seals=False)
        return [found.sentence for found in report.violations]


@pytest.fixture
def peer(tmp_path: Path, clock: StillClock) -> Iterator[GatewayPeer]:
    with GatewayPeer(tmp_path / "gateway.jsonl", clock=clock, seed=7) as running:
        yield running


def open_counter(url: str, clock: StillClock, peer: GatewayPeer) -> Till:
    store = open_store(url)
    secrets = [Secret(peer.webhooks.secret)]
    gateway = StripeGateway(Secret(peer.api_key), url=peer.url, webhook_secrets=secrets, clock=clock, answer_s=ANSWER_S)
    clerk = Performer(store, person(store, "ada", Role.ADMIN), clock)
    return Till(store, clock, peer, gateway, clerk, write_customer(store))


@pytest.fixture
def desk(store_url: str, clock: StillClock, peer: GatewayPeer) -> Iterator[Till]:
    opened = open_counter(store_url, clock, peer)
    yield opened
    opened.gateway.close()
    opened.store.close()


class Trial:
    """One deal, asked for once, with one thing going wrong; after each round it is noted what the desk shows."""

    def __init__(self, desk: Till, deal: Deal, seed: int) -> None:
        self.desk, self.deal = desk, deal
        self.dice = random.Random(f"{deal.kind}{deal.amount}{seed}")
        self.payment_id, self.reference = desk.deal(deal)
        self.order_id = desk.order_of(self.payment_id)
        self.states: list[str] = []
        self.hold: Hold | None = None

    def spoil(self, fault: Fault | None) -> None:
        """Plan what goes wrong with the effect, and now and then with the first look at what came of it."""
        faults, call = self.desk.peer.faults, self.deal.call
        if fault in (Fault.SLOW_BEFORE, Fault.SLOW_AFTER):
            self.hold = faults.hold(call, is_done=fault is Fault.SLOW_AFTER)
        elif fault is not None:
            faults.next(call, fault)
        if fault is not None and fault is not Fault.DECLINE and (again := self.dice.choice(LOOKS_GO_WRONG)):
            faults.next(Call.READ, again)

    def press(self, times: int = 1) -> None:
        """Press Enter so often at once, as an impatient clerk at a slow line does."""
        seen = the_order(self.desk.store, self.order_id).version
        ask = partial(self.desk.ask, self.deal, self.payment_id, seen)
        answers = at_once(*[ask] * times)
        assert sum(isinstance(answer, Done) for answer in answers) == 1
        assert all(isinstance(answer, Done | Conflict) for answer in answers)

    def settle(self, news: str) -> None:
        """Let the worker do rounds until nothing is open; no more than a minute after the first doubt."""
        desk = self.desk
        desk.clock.advance(minutes=1)
        began = desk.clock()
        if news == "first" and self.hold is not None:
            self._tell_before_the_answer(self.hold)
        while not self.states or CallState(self.states[-1]).is_open:
            desk.work()
            self._look()
            if news == "first" and len(self.states) == 1:
                desk.tell(self.reference, self.dice)
                self._look()
            if self.hold is not None and len(self.states) >= 3:
                self.hold.release()
            assert desk.clock() - began <= SETTLED_WITHIN, self.states
            desk.clock.advance(seconds=5)
        if news.startswith("five"):
            desk.tell(self.reference, self.dice, times=5)
        desk.peer.faults.clear()

    def _look(self) -> None:
        self.states.append(self.desk.call_of(self.payment_id).state)

    def _tell_before_the_answer(self, hold: Hold) -> None:
        """Let messages arrive while the worker still waits for the answer."""
        working = threading.Thread(target=self.desk.work)
        working.start()
        assert hold.arrived()
        self.desk.tell(self.reference, self.dice)
        self._look()
        hold.release()
        working.join()
        self._look()


@pytest.mark.parametrize("name", DEALS)
def test_whatever_the_gateway_does_it_happens_once_and_is_booked_once(desk: Till, name: str) -> None:
    deal = DEALS[name]
    for seed in range(SEEDS if desk.store.is_sqlite else SEEDS // 2):
        for place, (menu, fault) in enumerate(MENU.items()):
            news = NEWS[(place + seed) % len(NEWS)]
            trial = Trial(desk, deal, seed)
            trial.spoil(fault)
            trial.press(PRESSES if fault in (None, Fault.TIMEOUT_AFTER) else 1)
            trial.settle(news)
            about = f"{name}, {menu}, news {news}, seed {seed}: {trial.states}"
            told = desk.told(trial.order_id)
            done = desk.peer.standing(deal.deed, payment=trial.reference)
            assert desk.calls_of(trial.payment_id) == 1, about
            if fault is Fault.DECLINE:
                assert (trial.states[-1], done) == ("failed", []), about
            else:
                assert trial.states[-1] == "succeeded", about
                assert [effect.amount for effect in done] == [deal.amount], about
                assert "failed" not in trial.states and told["call.failed"] == told["refund.failed"] == 0, about
            assert desk.unexplained() == set(), about
    assert desk.wrong() == []
    desk.clock.advance(minutes=10)
    desk.listen()
    assert desk.unexplained() == set()
    assert desk.wrong() == []


def test_a_retry_under_a_new_key_pays_twice(sqlite_url: str, clock: StillClock, peer: GatewayPeer, monkeypatch) -> None:
    """The control: a program that sends what was not answered again, as if it were new."""
    desk = open_counter(sqlite_url, clock, peer)
    trial = Trial(desk, DEALS["part-refund"], 0)
    carry_out = desk.gateway.carry_out

    def look_up(call: Any) -> Any:
        return carry_out(replace(call, key=f"{call.key}-again"))

    monkeypatch.setattr(desk.gateway, "look_up", look_up)
    trial.spoil(Fault.HANG_UP_AFTER)
    trial.press()
    trial.settle("never")
    assert len(peer.standing(Deed.REFUND, payment=trial.reference)) == 2
    assert desk.unexplained()
    desk.gateway.close()
    desk.store.close()


def test_control_calling_no_answer_a_no_shows_a_failure_that_was_none(
    sqlite_url: str, clock: StillClock, peer: GatewayPeer, monkeypatch
) -> None:
    """The control: what is not known is said to have failed, while the money has gone."""
    desk = open_counter(sqlite_url, clock, peer)
    trial = Trial(desk, DEALS["refund"], 0)
    carry_out = desk.gateway.carry_out

    def blunt(call: Any) -> Any:
        answer = carry_out(call)
        return replace(answer, kind=AnswerKind.FAILED) if answer.kind is AnswerKind.UNKNOWN else answer

    monkeypatch.setattr(desk.gateway, "carry_out", blunt)
    trial.spoil(Fault.HANG_UP_AFTER)
    trial.press()
    trial.settle("never")
    assert desk.told(trial.order_id)["refund.failed"] == 1
    assert desk.unexplained()
    desk.gateway.close()
    desk.store.close()


def replay_after_a_day(desk: Till, name: str, *, is_done: bool) -> tuple[Trial, list[str]]:
    """Ask for something whose answer is lost, and let the worker come back after 25 hours; return what it sends then.

    The first look says that nothing is there, because the gateway is slow: it is done while nobody works.
    """
    trial = Trial(desk, DEALS[name], 0)
    hold = desk.peer.faults.hold(trial.deal.call, is_done=False) if is_done else None
    if not is_done:
        desk.peer.faults.next(trial.deal.call, Fault.HANG_UP_BEFORE)
    trial.press()
    desk.clock.advance(minutes=1)
    desk.ask_once()
    desk.clock.advance(seconds=5)
    desk.ask_once()
    assert desk.call_of(trial.payment_id).state == CallState.REQUESTED
    if hold is not None:
        hold.release()
        while not desk.peer.journal(trial.deal.deed, payment=trial.reference):
            hold.arrived()
    before = len(desk.peer.seen)
    desk.clock.advance(hours=25)
    desk.work()
    return trial, [seen.method for seen in desk.peer.seen[before:]]


@pytest.mark.parametrize("is_done", [True, False], ids=["done late", "never done"])
@pytest.mark.parametrize("name", DEALS)
def test_after_a_day_nothing_is_sent_again(desk: Till, name: str, is_done: bool) -> None:
    """E4: the gateway has forgotten the key by then; what came of the call is looked up, and that is all."""
    trial, sent = replay_after_a_day(desk, name, is_done=is_done)
    assert sent and set(sent) == {"GET"}
    call = desk.call_of(trial.payment_id)
    if is_done:
        assert call.state == CallState.SUCCEEDED
    else:
        assert (call.state, call.problem) == (CallState.FAILED, "It did not happen; ask again.")
        seen = the_order(desk.store, trial.order_id).version
        if trial.deal.kind is CallKind.REFUND:
            with desk.store.reading() as session:
                refund_id = session.execute(select(col(RefundRow.id))).scalar_one()
            desk.clerk.perform(retry, refund_id)
        else:
            desk.ask(trial.deal, trial.payment_id, seen)
        desk.clock.advance(minutes=1)
        desk.work()
    assert [one.amount for one in desk.peer.standing(trial.deal.deed, payment=trial.reference)] == [trial.deal.amount]
    assert desk.unexplained() == set()
    assert desk.wrong() == []


def test_without_the_look_at_the_keys_age_it_is_paid_twice(
    sqlite_url: str, clock: StillClock, peer: GatewayPeer, monkeypatch
) -> None:
    """The control for E4: a key is thought to last for ever."""
    for place in (
        "opsdesk.store.outboxes.gateway_calls.KEY_LASTS",
        "opsdesk.operations.payments.call_answers.KEY_LASTS",
    ):
        monkeypatch.setattr(place, timedelta(days=400))
    desk = open_counter(sqlite_url, clock, peer)
    trial, sent = replay_after_a_day(desk, "part-refund", is_done=True)
    assert "POST" in sent
    assert len(peer.standing(Deed.REFUND, payment=trial.reference)) == 2
    desk.gateway.close()
    desk.store.close()
