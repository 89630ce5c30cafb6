"""A gateway in memory that holds to the rules of one: payments captured once, keys good for a day, pages paid once.

It knows the truth, tells of each change by an event, and does wrong what its faults say. What it did stands in the
operations of its payments, which nothing here takes back: they are the witness.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from opsdesk.domain.errors import Refused
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import (
    Answer,
    AnswerKind,
    CallKind,
    DisputeSnapshot,
    DisputeState,
    EventKind,
    EventPage,
    GatewayCall,
    GatewayEvent,
    GatewayOperation,
    OperationKind,
    PaymentSnapshot,
)
from opsdesk.domain.payments.instruments import Instrument
from tests.conftest import StillClock

KEYS_LAST = timedelta(hours=24)
HOLDS_FOR = timedelta(days=7)
_NO_ANSWER = Answer(AnswerKind.UNKNOWN, problem="The gateway did not answer in time.")
_CARD = Instrument(kind="card", brand="visa", last4="4242")


class Fault(StrEnum):
    """What goes wrong with one question."""

    LOST_AFTER = "done, and the answer is lost"
    LOST_BEFORE = "lost before anything was done"
    REFUSED = "a clear no"
    SLOW = "a refund is accepted and decided later"
    FORGOTTEN = "at look-up: knows of none yet, although it may have been done"
    DIES_AFTER = "done, and whoever asked loses power"
    DIES_BEFORE = "whoever asked loses power first"


class Dies(BaseException):
    """The machine of whoever asks loses power."""


@dataclass
class Held:
    """A payment as the gateway has it."""

    reference: str
    order_number: str
    authorised: int
    is_sale: bool = False
    link: str = ""
    until: datetime | None = None
    has_ended: bool = False
    operations: list[GatewayOperation] = field(default_factory=list)
    disputes: dict[str, DisputeSnapshot] = field(default_factory=dict)
    told: int = 0
    """How many of its changes the shop has heard of."""
    changes: int = 0
    changed: dict[tuple[str, OperationKind], int] = field(default_factory=dict)
    """Which change of the payment was the last of an operation."""

    def total(self, kind: OperationKind, *states: AnswerKind) -> int:
        wanted = states or (AnswerKind.SUCCEEDED,)
        return sum(done.amount.minor for done in self.operations if done.kind is kind and done.state in wanted)

    @property
    def captured(self) -> int:
        return self.total(OperationKind.CAPTURE)

    @property
    def refundable(self) -> int:
        going = self.total(OperationKind.REFUND, AnswerKind.SUCCEEDED, AnswerKind.PENDING)
        return self.captured - going - sum(one.amount.minor for one in self.disputes.values() if one.is_withdrawn)

    @property
    def snapshot(self) -> PaymentSnapshot:
        return PaymentSnapshot(
            self.reference, "EUR", tuple(self.operations), self.until, self.link, self.order_number, self.has_ended,
            _CARD, disputes=tuple(self.disputes.values()),
        )  # fmt: skip


@dataclass
class Page:
    """A page where a customer pays once."""

    reference: str
    order_number: str
    amount: int
    is_on: bool = True


@dataclass(frozen=True)
class Told:
    """An event as it is sent, and which change of its payment it tells of."""

    event: GatewayEvent
    payment: str
    change: int


class BankDouble:
    """The `Gateway` of the ports over such a bank, with handles for customers, banks and the gateway's own desk."""

    name = "stripe"

    def __init__(self, clock: StillClock) -> None:
        self.clock = clock
        self.faults: deque[Fault | None] = deque()
        self.payments: dict[str, Held] = {}
        self.pages: dict[str, Page] = {}
        self.news: list[Told] = []
        self.sent: list[GatewayCall] = []
        self._answers: dict[str, tuple[datetime, Answer]] = {}
        self._count = 0

    # What is asked of a gateway.

    def carry_out(self, call: GatewayCall) -> Answer:
        self.sent.append(call)
        fault = self._next_fault()
        if fault is Fault.DIES_BEFORE:
            raise Dies
        if fault is Fault.LOST_BEFORE:
            return _NO_ANSWER
        answer = self._remembered(call.key) or self._do(call, fault)
        if fault is Fault.DIES_AFTER:
            raise Dies
        return _NO_ANSWER if fault is Fault.LOST_AFTER else answer

    def look_up(self, call: GatewayCall) -> Answer:
        fault = self._next_fault()
        if fault in (Fault.LOST_BEFORE, Fault.LOST_AFTER):
            return _NO_ANSWER
        is_young = call.first_sent_at is not None and self.clock() - call.first_sent_at < timedelta(hours=23)
        if fault is Fault.FORGOTTEN and is_young:
            return Answer(AnswerKind.NOT_FOUND)
        return self._truth(call)

    def payment(self, reference: str) -> PaymentSnapshot | None:
        self._sweep()
        held = self.payments[reference]
        held.told = held.changes
        return held.snapshot

    def events(self, after: str) -> EventPage:
        """Return the news after the cursor, each with its payment as it is now, as the adapter does."""
        self._sweep()
        found = []
        for told in self.news[int(after or 0) :]:
            held = self.payments.get(told.payment)
            if held is not None:
                held.told = held.changes
            found.append(replace(told.event, payment=held.snapshot if held else None))
        return EventPage(tuple(found), str(len(self.news)))

    def read_webhook(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> GatewayEvent:
        raise Refused("This gateway sends nothing.")

    def check(self) -> str | None:
        return None

    def close(self) -> None:
        return

    def message(self, which: int) -> GatewayEvent | None:
        """Return one of the events as it was sent at first, with the payment as it was then."""
        self._sweep()
        if not self.news:
            return None
        told = self.news[which % len(self.news)]
        if held := self.payments.get(told.payment):
            held.told = max(held.told, told.change)
        return told.event

    # Customers, banks, and colleagues at the gateway's own desk.

    def authorise(self, order_number: str, amount: int) -> Held:
        """Let a customer pay at the shop's own checkout."""
        held = self._open(order_number, amount)
        held.until = self.clock() + HOLDS_FOR
        self._note(held, OperationKind.AUTHORISE, amount, f"{held.reference}:ch")
        return held

    def sell(self, order_number: str, amount: int, link: str = "") -> Held:
        """Let a customer pay at once."""
        held = self._open(order_number, amount)
        held.is_sale, held.has_ended, held.link = True, True, link
        self._note(held, OperationKind.CAPTURE, amount, f"{held.reference}:ch")
        return held

    def pay(self, page: Page) -> Held | None:
        """Let a customer pay on a page; nothing where it is over."""
        if not page.is_on:
            return None
        page.is_on = False
        return self.sell(page.order_number, page.amount, page.reference)

    def capture_outside(self, held: Held, amount: int) -> None:
        if not held.has_ended:
            self._capture(held, amount, "")

    def cancel_outside(self, held: Held) -> None:
        if not held.has_ended:
            self._release(held, "")

    def refund_outside(self, held: Held, amount: int) -> None:
        if 0 < amount <= held.refundable:
            self._refund(held, amount, "", AnswerKind.SUCCEEDED)

    def settle_refund(self, held: Held, *, is_ok: bool) -> None:
        """Decide a refund: let one go out that was pending, or fail one that was pending or had gone out."""
        wanted = (AnswerKind.PENDING,) if is_ok else (AnswerKind.PENDING, AnswerKind.SUCCEEDED)
        for place, done in enumerate(held.operations):
            if done.kind is OperationKind.REFUND and done.state in wanted:
                state = AnswerKind.SUCCEEDED if is_ok else AnswerKind.FAILED
                held.operations[place] = replace(done, state=state, problem="" if is_ok else "The card was closed.")
                held.changed[done.reference, done.kind] = held.changes + 1
                self._tell(held, "refund.updated")
                return

    def dispute(self, held: Held, amount: int, *, is_inquiry: bool = False) -> None:
        """Let the customer's bank take money back, or only ask."""
        if not 0 < amount <= held.captured or held.disputes:
            return
        state = DisputeState.INQUIRY_NEEDS_RESPONSE if is_inquiry else DisputeState.NEEDS_RESPONSE
        reference, due = f"{held.reference}:dp", self.clock() + timedelta(days=9)
        held.disputes[reference] = DisputeSnapshot(
            reference, held.reference, Money(amount, "EUR"), state, "fraudulent", self.clock(), due,
            is_withdrawn=not is_inquiry,
        )  # fmt: skip
        self._tell(held, "charge.dispute.created")

    def decide(self, held: Held, *, is_won: bool) -> None:
        """Let the bank decide a dispute."""
        for reference, one in held.disputes.items():
            if one.state is DisputeState.INQUIRY_NEEDS_RESPONSE:
                state, is_withdrawn = DisputeState.INQUIRY_CLOSED, False
            elif one.state.is_open:
                state, is_withdrawn = (DisputeState.WON, False) if is_won else (DisputeState.LOST, True)
            else:
                continue
            held.disputes[reference] = replace(one, state=state, is_withdrawn=is_withdrawn)
            self._tell(held, "charge.dispute.closed")

    # How it does these things.

    def _next_fault(self) -> Fault | None:
        self._sweep()
        return self.faults.popleft() if self.faults else None

    def _remembered(self, key: str) -> Answer | None:
        at, answer = self._answers.get(key, (None, None))
        return answer if at is not None and self.clock() - at < KEYS_LAST else None

    def _do(self, call: GatewayCall, fault: Fault | None) -> Answer:
        if fault is Fault.REFUSED:
            answer = Answer(AnswerKind.FAILED, problem="The card was declined.")
        elif call.kind is CallKind.CREATE_LINK:
            page = Page(f"plink_{self._next()}", call.order_number, call.amount.minor)
            self.pages[page.reference] = page
            answer = Answer(AnswerKind.SUCCEEDED, page.reference, url=f"https://pay.example/{page.reference}")
        elif call.kind is CallKind.CANCEL_LINK:
            self.pages[call.reference].is_on = False
            answer = Answer(AnswerKind.SUCCEEDED, call.reference)
        else:
            answer = self._move(self.payments[call.reference], call, fault)
        self._answers[call.key] = (self.clock(), answer)
        return answer

    def _move(self, held: Held, call: GatewayCall, fault: Fault | None) -> Answer:
        if call.kind is CallKind.REFUND:
            if call.amount.minor > held.refundable or held.disputes:
                return Answer(AnswerKind.FAILED, problem="There is not that much left.")
            state = AnswerKind.PENDING if fault is Fault.SLOW else AnswerKind.SUCCEEDED
            return self._refund(held, call.amount.minor, call.key, state)
        if held.has_ended or call.amount.minor > held.authorised:
            known = self._truth(call)
            is_done = known.kind is AnswerKind.SUCCEEDED
            return known if is_done else Answer(AnswerKind.FAILED, problem="The payment has moved on.")
        if call.kind is CallKind.VOID:
            return self._release(held, call.key)
        return self._capture(held, call.amount.minor, call.key)

    def _truth(self, call: GatewayCall) -> Answer:
        """Say what became of a call, as the adapter finds it out."""
        if call.kind is CallKind.CANCEL_LINK:
            is_off = not self.pages[call.reference].is_on
            return Answer(AnswerKind.SUCCEEDED, call.reference) if is_off else Answer(AnswerKind.NOT_FOUND)
        if call.kind is CallKind.CREATE_LINK:
            _, answer = self._answers.get(call.key, (None, Answer(AnswerKind.NOT_FOUND)))
            return answer
        held = self.payments[call.reference]
        kind = OperationKind(call.kind.value)
        for done in held.operations:
            is_same = done.kind is kind and done.amount == call.amount and not done.key
            is_by_name = kind is OperationKind.CAPTURE and is_same
            is_void = kind is OperationKind.VOID and done.kind is kind and not held.captured
            if done.key == call.key or is_by_name or is_void:
                return Answer(done.state, done.reference, problem=done.problem, at=done.at)
        if kind is not OperationKind.REFUND and held.has_ended:
            return Answer(AnswerKind.FAILED, problem="The payment has moved on.")
        return Answer(AnswerKind.NOT_FOUND)

    def _open(self, order_number: str, amount: int) -> Held:
        held = Held(f"pi_{self._next()}", order_number, amount)
        self.payments[held.reference] = held
        return held

    def _capture(self, held: Held, amount: int, key: str) -> Answer:
        held.has_ended, held.until = True, None
        rest = held.authorised - amount
        if rest:
            self._write(held, OperationKind.VOID, rest, f"{held.reference}:ch", "")
        return self._note(held, OperationKind.CAPTURE, amount, f"{held.reference}:ch", key)

    def _release(self, held: Held, key: str) -> Answer:
        held.has_ended, held.until = True, None
        return self._note(held, OperationKind.VOID, held.authorised, f"{held.reference}:ch", key)

    def _refund(self, held: Held, amount: int, key: str, state: AnswerKind) -> Answer:
        return self._note(held, OperationKind.REFUND, amount, f"re_{self._next()}", key, state)

    def _note(
        self, held: Held, kind: OperationKind, amount: int, reference: str, key: str = "",
        state: AnswerKind = AnswerKind.SUCCEEDED,
    ) -> Answer:  # fmt: skip
        self._write(held, kind, amount, reference, key, state)
        self._tell(held, f"payment.{kind.value}")
        return Answer(state, reference, at=self.clock())

    def _write(
        self, held: Held, kind: OperationKind, amount: int, reference: str, key: str,
        state: AnswerKind = AnswerKind.SUCCEEDED,
    ) -> None:  # fmt: skip
        held.operations.append(GatewayOperation(reference, kind, Money(amount, "EUR"), state, self.clock(), key))
        held.changed[reference, kind] = held.changes + 1

    def _tell(self, held: Held, name: str) -> None:
        held.changes += 1
        kind = EventKind.DISPUTE if "dispute" in name else EventKind.PAYMENT
        event = GatewayEvent(f"evt_{self._next()}", kind, name, self.clock(), held.snapshot)
        self.news.append(Told(event, held.reference, held.changes))

    def _sweep(self) -> None:
        """End the authorisations whose time is up."""
        for held in self.payments.values():
            if not held.has_ended and held.until is not None and held.until <= self.clock():
                self._release(held, "")

    def _next(self) -> int:
        self._count += 1
        return self._count
