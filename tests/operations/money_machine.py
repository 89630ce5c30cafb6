"""One order, its money, and everything that people, customers, banks and broken lines may do to it: a state machine."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from sqlalchemy import select
from sqlmodel import SQLModel, col

from opsdesk.domain.amendments.edits import AddLine, DiscountOrder, Edit, RemoveLine, SetQuantity, SetShipping
from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.payments.gateways import AnswerKind, CallState
from opsdesk.domain.payments.transactions import Method
from opsdesk.domain.people.actors import WORKER, Actor, Role
from opsdesk.domain.refunds.composing import RefundContent, RefundLine, RefundReason, compose
from opsdesk.domain.refunds.shares import AllocationPolicy, ShareChoice, allocate
from opsdesk.operations.amendments import changing
from opsdesk.operations.orders import cancelling, holds, packing, shipping
from opsdesk.operations.payments import disputes, gateway_calls, pay_links, store_credit, taking
from opsdesk.operations.payments.gateway_events import settle_event, take_event
from opsdesk.operations.refunds import approvals, asking
from opsdesk.operations.refunds.grounds import grounds_of, paid_too_much
from opsdesk.operations.undo import undo
from opsdesk.store.desk.leases import take_lease
from opsdesk.store.engine import open_store
from opsdesk.store.tables import (
    AmendmentRow,
    DisputeRow,
    GatewayCallRow,
    GatewayEventRow,
    OrderLineRow,
    OrderRow,
    PayLinkRow,
    PaymentRow,
    RefundRow,
    RefundShareRow,
    StoreCreditRow,
)
from opsdesk.store.verify.running import verify_store
from opsdesk.store.work import Done, Operation, Performer, Work
from opsdesk.worker.gateway_events import read_events
from opsdesk.worker.loop import LEASE_LASTS, MONEY_LEASE
from opsdesk.worker.money import ask_gateways, doubt_what_was_abandoned
from tests.conftest import StillClock
from tests.operations.bank_double import BankDouble, Dies, Fault, Held
from tests.operations.money_witness import Invariants, unexplained, wrong_repetitions
from tests.operations.orders_kit import person
from tests.shop_orders import write_arrival, write_customer, write_order

GOODS = (("50001", "Chair", "oak", 2, 12_000), ("50002", "Cushion", "", 4, 2_500))
TOTAL = 34_490
NUMBER = "104501"
SOMEBODY_FIRST = "Somebody else saved the same thing first. Nothing was changed."
"""What a clash of two clerks is called: with one clerk alone it is a bug."""

Row = TypeVar("Row", bound=SQLModel)
Faults = tuple[Fault | None, ...]
PEOPLE = (
    ("mia", Role.AGENT),
    ("max", Role.AGENT),
    ("sofia", Role.SUPERVISOR),
    ("sven", Role.SUPERVISOR),
    ("ada", Role.ADMIN),
)
WHO = st.sampled_from([name for name, _ in PEOPLE])
WHICH = st.integers(0, 3)
PERCENT = st.sampled_from([100, 100, 50, 10, 101])
"""How much of what there is; a little too much is asked for as well."""
FAULTS = st.sampled_from(
    [
        (),
        (Fault.LOST_AFTER,),
        (Fault.LOST_BEFORE,),
        (Fault.LOST_AFTER, Fault.LOST_BEFORE),
        (Fault.LOST_AFTER, Fault.FORGOTTEN),
        (Fault.LOST_BEFORE, Fault.FORGOTTEN, Fault.LOST_AFTER),
        (Fault.REFUSED,),
        (Fault.SLOW,),
        (Fault.DIES_AFTER,),
        (Fault.DIES_BEFORE,),
        (None, Fault.LOST_AFTER),
        (None, Fault.REFUSED),
    ]
)
SENT = st.none() | FAULTS
"""Whether the worker sends it before anything else happens, and what goes wrong with that."""
UNITS = st.integers(0, 3)
LATE = 24
"""After so many steps comes what ends most of what can be done to an order."""


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def write_shop(url: str) -> None:
    """Write what every example begins with: people, and one order of a customer who has store credit."""
    store = open_store(url)
    for name, role in PEOPLE:
        person(store, name, role)
    customer_id = write_customer(store)
    write_arrival(store, write_order(store, NUMBER, customer_id=customer_id, goods=GOODS, paid=False))
    ada = Performer(store, Actor(5, "ada", Role.ADMIN, "test"), StillClock())
    ada.perform(store_credit.issue, customer_id, amount=eur(5_000), note="Late parcel")
    store.close()


def refund_with_references(work: Work, order_id: int, *, version: int, content: RefundContent | None) -> Done:
    """Refund as the desk does: spread over the payments, with a reference for what is paid back by hand."""
    grounds = grounds_of(work, work.orders.locked(order_id, version=version))
    wanted = content or RefundContent(overpayment=paid_too_much(work, grounds), reason=RefundReason.OVERPAID)
    total = compose(grounds.charged, grounds.earlier, wanted).total
    shares = allocate(total, grounds.sources, AllocationPolicy.NEWEST_FIRST)
    named = tuple(replace(share, reference=f"out {work.command_id[:8]} {share.payment_id}") for share in shares)
    return asking.request(work, order_id, version=version, content=wanted, shares=named)


REFUND_WITH_REFERENCES = Operation("refund.request", refund_with_references)


@dataclass(frozen=True)
class Look:
    """What of the order decides which steps make sense; amounts in minor units."""

    lifecycle: str
    due: int
    capturable: int
    refundable: int
    credit: int
    payments: int
    waiting_calls: int
    stuck_calls: int
    waiting_refunds: int
    open_refunds: int
    failed_refunds: int
    open_links: int
    open_changes: int
    holds: int
    open_disputes: int
    held_events: int

    @property
    def is_placed(self) -> bool:
        return self.lifecycle == "placed"


LOOK = """
    SELECT lifecycle, total_minor - paid_minor,
        (SELECT coalesce(sum(authorised_minor - captured_minor - capturing_minor - voided_minor - voiding_minor), 0)
            FROM payment WHERE authorised_minor > 0),
        (SELECT coalesce(sum(captured_minor - refunded_minor - refunding_minor - charged_back_minor), 0) FROM payment),
        (SELECT coalesce(sum(balance_minor), 0) FROM store_credit), (SELECT count(*) FROM payment),
        (SELECT count(*) FROM gateway_call WHERE state = 'requested'),
        (SELECT count(*) FROM gateway_call WHERE kind IN ('capture', 'void', 'refund')
            AND (state = 'unknown' OR state = 'failed' AND settled_by IS NULL)),
        (SELECT count(*) FROM refund WHERE state = 'pending_approval'),
        (SELECT count(*) FROM refund WHERE state IN ('pending_approval', 'submitted', 'failed')),
        (SELECT count(*) FROM refund WHERE state = 'failed'),
        (SELECT count(*) FROM pay_link WHERE state IN ('requested', 'open')),
        (SELECT count(*) FROM amendment WHERE ended_at IS NULL), (SELECT count(*) FROM hold WHERE released_at IS NULL),
        (SELECT count(*) FROM dispute WHERE closed_at IS NULL),
        (SELECT count(*) FROM gateway_event WHERE outcome = 'held' AND settled_at IS NULL)
    FROM orders
"""


def when(holds: Callable[[Look], object]) -> Callable[[Any], Any]:
    """Let a step be taken only where it makes sense."""
    return precondition(lambda machine: bool(holds(machine.look)))


def of(percent: int, minor: int) -> Money:
    return eur(max(1, minor * percent // 100))


class MoneyMachine(RuleBasedStateMachine):
    """One order on one SQLite file, a bank that knows the truth, and a worker between the two."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        file = Path(shutil.copy(self.template, Path(self.folder.name) / "shop.db"))
        self.store = open_store(f"sqlite:///{file}")
        self.clock = StillClock()
        self.bank = BankDouble(self.clock)
        self.people = {
            name: Performer(self.store, Actor(number, name, role, "test"), self.clock)
            for number, (name, role) in enumerate(PEOPLE, 1)
        }
        self.worker = Performer(self.store, WORKER, self.clock)
        self.questions = Invariants(file)
        self.commands: list[tuple[str, str]] = []
        self.sentences: set[str] = set()
        self.order_id = 1
        self.steps = 0
        self._look: Look | None = None

    def teardown(self) -> None:
        try:
            self.let_everything_settle()
        finally:
            self.questions.close()
            self.store.close()
            self.folder.cleanup()

    # What is read, chosen and asked.

    def rows(self, table: type[Row], *wanted: Any) -> list[Row]:
        with self.store.reading() as session:
            keys = table.__table__.primary_key.columns  # type: ignore[attr-defined]
            return list(session.execute(select(table).where(*wanted).order_by(*keys)).scalars())

    def one_of(self, table: type[Row], which: int, *wanted: Any) -> Row:
        found = self.rows(table, *wanted)
        return found[which % len(found)]

    @property
    def order(self) -> OrderRow:
        return self.rows(OrderRow)[0]

    @property
    def look(self) -> Look:
        """What stands now, read once after each step."""
        if self._look is None:
            self._look = Look(*self.questions.first(LOOK))
        return self._look

    def held(self, which: int) -> Held:
        found = list(self.bank.payments.values())
        return found[which % len(found)]

    def ask(self, who: str, run: Callable[..., Done], *arguments: Any, **named: Any) -> None:
        """Let somebody ask for something; a no is a sentence that says so."""
        self._look = None
        self.clock.advance(seconds=1)
        try:
            done = self.people[who].perform(run, *arguments, **named)
        except OpsDeskError as refused:
            self.sentences.add(refused.message)
            return
        if done.can_undo:
            self.commands.append((who, done.command_id))

    def seen(self, who: str, run: Callable[..., Done], *arguments: Any, **named: Any) -> None:
        """Ask as somebody does who has just looked at the order."""
        self.ask(who, run, *arguments, version=self.order.version, **named)

    def send(self, faults: Faults | None) -> None:
        """Let the worker send what waits, unless something else is to happen first."""
        if faults is not None:
            self.time_passes(seconds=61, faults=faults, is_listening=False)

    def work(self, *, is_listening: bool) -> None:
        """Do the worker's round, or the part of it before it loses power."""
        self._look = None
        lease = take_lease(self.store, MONEY_LEASE, "worker", lasts=LEASE_LASTS, clock=self.clock)
        assert lease is not None
        with suppress(Dies):
            doubt_what_was_abandoned(self.worker)
            ask_gateways(self.worker, {"stripe": self.bank}, lease)
            if is_listening:
                read_events(self.worker, {"stripe": self.bank})

    # How the order is paid at first.

    @initialize(how=st.sampled_from(["held", "held", "held twice", "paid", "paid in part", "owed", "owed", "too much"]))
    def place(self, how: str) -> None:
        if how in ("held", "held twice"):
            self.bank.authorise(NUMBER, 21_000 if how == "held twice" else TOTAL)
        if how == "held twice":
            self.bank.authorise(NUMBER, TOTAL - 21_000)
        if how in ("paid", "paid in part", "too much"):
            self.bank.sell(NUMBER, {"paid": TOTAL, "paid in part": 12_490, "too much": TOTAL + 2_500}[how])
        self.work(is_listening=True)

    # Payments.

    @when(lambda look: look.capturable > 0)
    @rule(who=WHO, which=WHICH, percent=st.none() | PERCENT, sent=SENT)
    def capture(self, who: str, which: int, percent: int | None, sent: Faults | None) -> None:
        payment = self.one_of(PaymentRow, which, col(PaymentRow.authorised_minor) > 0)
        amount = of(percent, payment.authorised_minor) if percent else None
        self.seen(who, taking.capture, payment.id, amount=amount)
        self.send(sent)

    @when(lambda look: look.capturable > 0)
    @rule(who=WHO, which=WHICH, sent=SENT)
    def void(self, who: str, which: int, sent: Faults | None) -> None:
        payment = self.one_of(PaymentRow, which, col(PaymentRow.authorised_minor) > 0)
        self.seen(who, taking.void, payment.id)
        self.send(sent)

    @when(lambda look: look.due > 0)
    @rule(
        who=WHO,
        percent=st.sampled_from([10, 50, 100, 101]),
        method=st.sampled_from([Method.BANK_TRANSFER, Method.CASH]),
    )
    def record_payment(self, who: str, percent: int, method: Method) -> None:
        amount = of(percent, self.look.due)
        self.seen(who, taking.record_payment, self.order_id, amount=amount, method=method)

    @precondition(lambda machine: machine.look.due > 0 and machine.look.is_placed and machine.steps > LATE)
    @rule()
    def take_on_account(self) -> None:
        self.seen("sofia", taking.take_on_account, self.order_id, note="Ada agreed to it.")

    @when(lambda look: look.due > 0 and look.credit > 0)
    @rule(who=WHO, which=WHICH, percent=PERCENT)
    def use_credit(self, who: str, which: int, percent: int) -> None:
        credit = self.one_of(StoreCreditRow, which, col(StoreCreditRow.balance_minor) > 0)
        amount = of(percent, min(credit.balance_minor, self.look.due))
        self.seen(who, taking.use_credit, self.order_id, credit_id=credit.id, amount=amount)

    # Calls.

    @when(lambda look: look.waiting_calls)
    @rule(who=WHO, which=WHICH)
    def take_call_back(self, who: str, which: int) -> None:
        call = self.one_of(GatewayCallRow, which, col(GatewayCallRow.state) == "requested")
        self.ask(who, gateway_calls.take_back, call.id)

    @when(lambda look: look.stuck_calls)
    @rule(which=WHICH)
    def settle_by_hand(self, which: int) -> None:
        """Somebody looks at the gateway's own screens, and says what is there."""
        stuck = col(GatewayCallRow.state).in_(["unknown", "failed"]), col(GatewayCallRow.settled_by).is_(None)
        call = self.one_of(GatewayCallRow, which, *stuck, col(GatewayCallRow.payment_id).is_not(None))
        done = next((done for done in self.bank.payments[call.reference].operations if done.key == call.key), None)
        if done is None or done.state is AnswerKind.FAILED:
            self.ask("sofia", gateway_calls.settle_by_hand, call.id, happened=False, note="Looked.")
        elif done.state is AnswerKind.SUCCEEDED:
            named = {"happened": True, "reference": done.reference, "note": "Looked."}
            self.ask("sofia", gateway_calls.settle_by_hand, call.id, **named)

    # Refunds.

    @when(lambda look: look.refundable > 0)
    @rule(who=WHO, units=st.tuples(UNITS, UNITS), shipping=st.sampled_from([0, 0, 100, 490]), sent=SENT)
    def refund_goods(self, who: str, units: tuple[int, int], shipping: int, sent: Faults | None) -> None:
        lines = self.rows(OrderLineRow)
        wanted = tuple(RefundLine(line.id or 0, count) for line, count in zip(lines, units, strict=False) if count)
        content = RefundContent(wanted, eur(shipping) if shipping else None)
        self.seen(who, REFUND_WITH_REFERENCES, self.order_id, content=content)
        self.send(sent)

    @when(lambda look: look.refundable > 0)
    @rule(who=WHO, percent=PERCENT, sent=SENT)
    def refund_out_of_goodwill(self, who: str, percent: int, sent: Faults | None) -> None:
        content = RefundContent(goodwill=of(percent, self.look.refundable))
        self.seen(who, REFUND_WITH_REFERENCES, self.order_id, content=content)
        self.send(sent)

    @when(lambda look: look.refundable > 0)
    @rule(who=WHO, which=WHICH, percent=PERCENT, method=st.sampled_from([Method.STORE_CREDIT, Method.BANK_TRANSFER]))
    def refund_another_way(self, who: str, which: int, percent: int, method: Method) -> None:
        payment = self.one_of(PaymentRow, which)
        amount = of(percent, payment.captured_minor - payment.refunded_minor)
        choice = ShareChoice(payment.id or 0, amount, method, f"line {self.clock():%H%M%S}")
        content = RefundContent(goodwill=amount)
        self.seen(who, asking.request, self.order_id, content=content, shares=(choice,))

    @when(lambda look: look.due < 0)
    @rule(who=WHO, sent=SENT)
    def return_overpayment(self, who: str, sent: Faults | None) -> None:
        self.seen(who, REFUND_WITH_REFERENCES, self.order_id, content=None)
        self.send(sent)

    @when(lambda look: look.waiting_refunds)
    @rule(
        who=st.sampled_from(["mia", "sofia", "sven", "ada"]),
        which=WHICH,
        agrees=st.sampled_from([True, True, False]),
        sent=SENT,
    )
    def decide_refund(self, who: str, which: int, agrees: bool, sent: Faults | None) -> None:
        refund = self.one_of(RefundRow, which, col(RefundRow.state) == "pending_approval")
        if agrees:
            self.ask(who, approvals.approve, refund.id, content_hash=refund.content_hash)
        else:
            self.ask(who, approvals.decline, refund.id, note="Too much.")
        self.send(sent)

    @when(lambda look: look.open_refunds)
    @rule(who=WHO, which=WHICH)
    def take_refund_back(self, who: str, which: int) -> None:
        still_open = col(RefundRow.state).in_(["pending_approval", "submitted", "failed"])
        self.ask(who, asking.take_back, self.one_of(RefundRow, which, still_open).id)

    @when(lambda look: look.failed_refunds)
    @rule(who=WHO, which=WHICH, how=st.sampled_from(["again", "by hand", "credit"]))
    def retry_refund(self, who: str, which: int, how: str) -> None:
        refund = self.one_of(RefundRow, which, col(RefundRow.state) == "failed")
        if how == "credit":
            self.ask(who, asking.turn_into_credit, refund.id)
            return
        shares = self.rows(RefundShareRow, col(RefundShareRow.refund_id) == refund.id)
        by_hand = tuple(
            ShareChoice(share.payment_id, eur(share.amount_minor), Method.BANK_TRANSFER, f"again {share.id}")
            for share in shares
            if share.state in ("failed", "cancelled")
        )
        self.ask(who, asking.retry, refund.id, shares=by_hand if how == "by hand" else None)

    # Pay links.

    @when(lambda look: look.due > look.capturable and look.is_placed and look.open_links < 2)
    @rule(who=WHO, percent=st.none() | PERCENT, sent=SENT)
    def ask_for_payment(self, who: str, percent: int | None, sent: Faults | None) -> None:
        amount = of(percent, self.look.due - self.look.capturable) if percent else None
        self.seen(who, pay_links.ask_for_payment, self.order_id, amount=amount)
        self.send(sent)

    @when(lambda look: look.open_links)
    @rule(who=WHO, which=WHICH)
    def cancel_link(self, who: str, which: int) -> None:
        link = self.one_of(PayLinkRow, which, col(PayLinkRow.state).in_(["requested", "open"]))
        self.ask(who, pay_links.cancel_link, link.id)

    @precondition(lambda machine: any(page.is_on for page in machine.bank.pages.values()))
    @rule(which=WHICH)
    def customer_pays(self, which: int) -> None:
        """Also over a link that is void here, as long as the gateway has its page."""
        pages = [page for page in self.bank.pages.values() if page.is_on]
        self.bank.pay(pages[which % len(pages)])

    # Changes.

    @when(lambda look: look.is_placed and not look.open_changes)
    @rule(
        who=WHO,
        settle=st.sampled_from(changing.Settle),
        which=WHICH,
        kind=st.sampled_from(["units", "units", "remove", "add", "discount", "shipping"]),
        units=st.integers(1, 5),
        sent=SENT,
    )
    def amend(self, who: str, settle: changing.Settle, which: int, kind: str, units: int, sent: Faults | None) -> None:
        line = self.one_of(OrderLineRow, which)
        edits: dict[str, Edit] = {
            "units": SetQuantity(line.id or 0, units),
            "remove": RemoveLine(line.id or 0),
            "add": AddLine("50002", units, eur(2_500), "Cushion"),
            "discount": DiscountOrder(eur(units * 500)),
            "shipping": SetShipping("Express", eur(units * 490)),
        }
        self.seen(who, changing.propose, self.order_id, edits=[edits[kind]], reason="Asked for", settle=settle)
        self.send(sent)

    @when(lambda look: look.open_changes)
    @rule(who=WHO, what=st.sampled_from([changing.withdraw, changing.apply, changing.acknowledge_recall]))
    def go_on_with_change(self, who: str, what: Callable[..., Done]) -> None:
        change = self.one_of(AmendmentRow, 0, col(AmendmentRow.ended_at).is_(None))
        self.ask(who, what, change.id)

    # The order.

    @rule(who=WHO, what=st.sampled_from(["hold", "hold for fraud", "pack", "ship one", "ship two", "cancel"]))
    def go_on_with_order(self, who: str, what: str) -> None:
        """What stops an order is let go of the next time, so that most of them go on."""
        if not self.look.is_placed:
            self.seen(who, cancelling.reopen, self.order_id)
        elif self.look.holds:
            self.seen("sofia", holds.release, self.order_id)
        elif what.startswith("hold"):
            kind = HoldType.FRAUD if what == "hold for fraud" else HoldType.MANUAL
            self.seen(who, holds.hold, self.order_id, kind=kind, reason="Why not.")
        elif what == "pack":
            self.seen(who, packing.start_packing, self.order_id)
        elif what == "cancel":
            self.seen(who, cancelling.cancel, self.order_id, reason=CancelReason.CUSTOMER)
        else:
            line, units = self.one_of(OrderLineRow, 0), 1 if what == "ship one" else 2
            self.seen(who, shipping.ship, self.order_id, carrier="DHL", quantities={line.id or 0: units})

    @precondition(lambda machine: machine.commands)
    @rule(which=WHICH)
    def undo(self, which: int) -> None:
        who, command_id = self.commands.pop(max(0, len(self.commands) - 1 - which))
        self.ask(who, undo, command_id)

    # Disputes.

    @precondition(lambda machine: any(held.captured and not held.disputes for held in machine.bank.payments.values()))
    @rule(which=WHICH, percent=PERCENT, is_inquiry=st.booleans())
    def bank_disputes(self, which: int, percent: int, is_inquiry: bool) -> None:
        held = self.held(which)
        self.bank.dispute(held, held.captured * percent // 100, is_inquiry=is_inquiry)

    @precondition(lambda machine: any(held.disputes for held in machine.bank.payments.values()))
    @rule(which=WHICH, is_won=st.booleans())
    def bank_decides(self, which: int, is_won: bool) -> None:
        self.bank.decide(self.held(which), is_won=is_won)

    @when(lambda look: look.open_disputes)
    @rule(what=st.sampled_from([disputes.answer_dispute, disputes.accept_dispute]))
    def answer_or_accept_dispute(self, what: Callable[..., Done]) -> None:
        dispute = self.one_of(DisputeRow, 0, col(DisputeRow.closed_at).is_(None))
        self.ask("sofia", what, dispute.id, note="The parcel's receipt.")

    # The gateway's own desk, and its news.

    @precondition(lambda machine: machine.bank.payments and machine.steps > LATE // 2)
    @rule(which=WHICH, percent=PERCENT, what=st.sampled_from(["capture", "cancel", "refund", "fails", "goes out"]))
    def outside(self, which: int, percent: int, what: str) -> None:
        held = self.held(which)
        if what == "capture":
            self.bank.capture_outside(held, min(of(percent, held.authorised).minor, held.authorised))
        elif what == "cancel":
            self.bank.cancel_outside(held)
        elif what == "refund":
            self.bank.refund_outside(held, held.refundable * percent // 100)
        else:
            self.bank.settle_refund(held, is_ok=what == "goes out")

    @precondition(lambda machine: machine.bank.news)
    @rule(which=st.integers(0, 200), times=st.integers(1, 3))
    def webhook(self, which: int, times: int) -> None:
        """One message comes late, early or several times."""
        self._look = None
        for _ in range(times):
            event = self.bank.message(which)
            self.worker.perform(take_event, "stripe", event)

    @when(lambda look: look.held_events)
    @rule(which=WHICH)
    def settle_held_event(self, which: int) -> None:
        waits = col(GatewayEventRow.outcome) == "held", col(GatewayEventRow.settled_at).is_(None)
        self.ask("sofia", settle_event, "stripe", self.one_of(GatewayEventRow, which, *waits).event_id, note="Seen.")

    # The worker.

    @rule(seconds=st.sampled_from([61, 61, 61, 300, 3_600]), faults=FAULTS, is_listening=st.booleans())
    def time_passes(self, seconds: int, faults: Faults, is_listening: bool) -> None:
        """The worker does its round, and one more for what it is in doubt about."""
        self.bank.faults.extend(faults)
        self.clock.advance(seconds=seconds)
        self.work(is_listening=is_listening)
        if self.look.stuck_calls:
            self.clock.advance(seconds=6)
            self.work(is_listening=False)
        self.bank.faults.clear()

    @when(lambda look: look.waiting_calls)
    @rule(faults=FAULTS)
    def what_waits_goes_out(self, faults: Faults) -> None:
        self.time_passes(seconds=61, faults=faults, is_listening=False)

    @when(lambda look: look.stuck_calls)
    @rule(faults=FAULTS)
    def what_is_in_doubt_is_looked_up(self, faults: Faults) -> None:
        self.time_passes(seconds=1_000, faults=faults, is_listening=False)

    @precondition(lambda machine: machine.steps > LATE // 2)
    @rule(hours=st.sampled_from([25, 25, 75, 169]), faults=FAULTS)
    def days_pass(self, hours: int, faults: Faults) -> None:
        self.clock.advance(hours=hours)
        self.bank.faults.extend(faults)
        self.work(is_listening=False)
        self.bank.faults.clear()

    # What must be so after every step.

    @invariant()
    def nothing_is_wrong(self) -> None:
        """Verify finds nothing, columns repeat the facts, the gateway did what is booked, and each no is a sentence."""
        self.steps += 1
        wrong = [*self.questions.wrong(self.clock()), *wrong_repetitions(self.store)]
        wrong += unexplained(self.store, self.bank)
        wrong += [said for said in self.sentences if not said.endswith(".") or said == SOMEBODY_FIRST]
        assert not wrong, "\n".join(wrong)

    def let_everything_settle(self) -> None:
        """Let every line work again and the gateway decide what it has not: nothing stays open or unexplained."""
        for _ in range(8):
            for held in self.bank.payments.values():
                self.bank.settle_refund(held, is_ok=True)
            self.clock.advance(minutes=61)
            self.work(is_listening=True)
        for hold in ("release",) * 3:
            self.ask("ada", getattr(holds, hold), self.order_id)
        self.clock.advance(minutes=61)
        self.work(is_listening=True)
        self.work(is_listening=True)
        stuck = [call.key for call in self.rows(GatewayCallRow) if CallState(call.state).is_open]
        assert not stuck, "\n".join(stuck)
        assert all(held.told == held.changes for held in self.bank.payments.values())
        wrong = [found.sentence for found in verify_store(self.store, now=self.clock()).violations]
        wrong += unexplained(self.store, self.bank)
        assert not wrong, "\n".join(wrong)
