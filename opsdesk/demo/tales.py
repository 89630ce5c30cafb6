"""One order of the demo shop while it lives: what is done to it changes its facts and leaves its history.

Each method does what the operation of the same name does, and records it in the same words.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from opsdesk.demo.history import History, Line
from opsdesk.demo.moments import moment_of
from opsdesk.demo.parts import Basket, CalledOff, Case, Held, Paid, Payment, Sent
from opsdesk.demo.paying import CARD, payment_of, reference_of
from opsdesk.demo.people import Person, Place
from opsdesk.demo.sheets import Sheets
from opsdesk.demo.staff import WORKER, Clerk
from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.money import Money
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import DEFAULT_BLOCKS, ActiveHold, HoldType, OnReview
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.orders.states import Lifecycle, LineFacts, OrderFacts
from opsdesk.domain.payments.transactions import Movement, TransactionKind, TransactionState, money_facts


@dataclass(slots=True)
class Tale:
    """One order and everything that has happened to it so far. Moments are seconds of Unix time."""

    id: int
    number: str
    placed_at: int
    person: Person
    channel: str
    basket: Basket
    sheets: Sheets
    history: History
    ship_to: Place
    bill_to: Place | None = None
    is_full: bool = True
    email: str = ""
    phone: str = ""
    source: str = "webshop"
    method: str = "standard"
    promised_at: int | None = None
    lifecycle: Lifecycle = Lifecycle.PLACED
    gateway: str = CARD
    payments: list[Payment] = field(default_factory=list)
    holds: list[Held] = field(default_factory=list)
    parcels: list[Sent] = field(default_factory=list)
    notes: list[tuple[str, int, str]] = field(default_factory=list)
    ends: list[CalledOff] = field(default_factory=list)
    case: Case | None = None
    words: list[tuple[str, str, str, str, str, int]] = field(default_factory=list)
    packing_since: int | None = None
    owner: Clerk | None = None
    snoozed_until: int | None = None
    touched_at: int | None = None
    told: tuple[str, int] | None = None
    risk: str = ""
    tags: str = ""
    version: int = 0
    changed_at: int = 0
    followers: list[Clerk] = field(default_factory=list)
    amendment: AmendmentState | None = None

    @property
    def is_disputed(self) -> bool:
        """True while a customer's bank asks for money back."""
        return any(payment.is_disputed for payment in self.payments)

    def act(self, at: int, who: Clerk, name: str, *lines: Line, message: str = "", settles: bool = True) -> str:
        """Carry out one command that leaves these lines of history, and return its id."""
        if settles:
            self.version += 1
            self.changed_at = at
            if who.id is not None and self.touched_at is None:
                self.touched_at = at
        if name == "import.orders":
            command_id = self.history.run_of(at, who)
        else:
            said = message or lines[0].summary
            command_id = self.history.command(at, who, name, self.id, self.version, f"{self.number}: {said}.")
        for line in lines:
            self.history.happened(at, who, self.id, command_id, line)
        return command_id

    def arrive(self, at: int, who: Clerk = WORKER) -> None:
        """Come in from the shop, or by telephone."""
        self.act(at, who, "import.orders", Line("order.imported", f"Came in from {self.source}"))

    def pay(
        self, at: int, kind: TransactionKind, amount: int, gateway: str = "",
        state: TransactionState = TransactionState.SUCCEEDED, *, reference: str = "", key: str = "",
        over: Payment | None = None,
    ) -> Payment:  # fmt: skip
        """Move money, as the gateway reports it: that of the order where none is named."""
        payment = over or payment_of(self.payments, self.sheets, kind, amount, gateway or self.gateway, self.id)
        number = 1 + sum(len(other.moves) for other in self.payments)
        named = reference or reference_of(payment, kind, self.id, number)
        payment.move(Paid(kind, state, amount, named, at, key))
        return payment

    def report(self, at: int, summary: str) -> None:
        """Have something changed by the shop, which the next import brings."""
        line = Line("order.changed_at_source", f"Changed at {self.source}: {summary}")
        self.act(at, WORKER, "import.orders", line)

    def record_payment(self, at: int, who: Clerk, amount: int, reference: str) -> None:
        """Record money that somebody has seen on the bank's statement."""
        self.pay(at, TransactionKind.MANUAL_IN, amount, "manual", reference=reference)
        money = Money(amount, self.basket.currency)
        self.act(at, who, "payment.record", Line("payment.recorded", f"Payment recorded: {money}", after=reference))

    def hold(
        self, at: int, who: Clerk, kind: HoldType, reason: str, *,
        review_at: int | None = None, on_review: OnReview = OnReview.TASK,
    ) -> Held:  # fmt: skip
        """Stop the order."""
        line = self.place_hold(at, who, kind, reason, review_at=review_at, on_review=on_review)
        self.act(at, who, "order.hold" if who.id else "import.orders", line)
        return self.holds[-1]

    def place_hold(
        self, at: int, who: Clerk, kind: HoldType, reason: str, *,
        review_at: int | None = None, on_review: OnReview = OnReview.TASK,
    ) -> Line:  # fmt: skip
        """Stop the order as a part of another command, and return the line of history."""
        held = Held(self.sheets.next_id("hold"), kind, reason, who.name, at, review_at, on_review)
        self.holds.append(held)
        return Line("hold.placed", f"On hold: {kind.label}. {reason}", after=kind.value)

    def release(self, at: int, who: Clerk, kind: HoldType, note: str) -> None:
        """Release a hold; a fraud hold decides its case too."""
        held = self.standing(kind)
        held.released_by, held.released_at, held.release_note = who.name, at, note
        lines = [Line("hold.released", f"Hold released: {kind.label}. {note}".strip(), before=kind.value)]
        if kind is HoldType.FRAUD:
            lines += self.decide_case(at, who, CaseState.RELEASED)
        self.act(at, who, "order.release", *lines)

    def remind(self, at: int, kind: HoldType) -> None:
        """Ask somebody to look at a hold again, as the worker does when its time has come."""
        held = self.standing(kind)
        held.reviewed_at = at
        line = Line("hold.review_due", f"Look at the hold again: {kind.label}")
        self.act(at, WORKER, "hold.review_due", line)

    def standing(self, kind: HoldType) -> Held:
        """Return the hold of this kind that still stands."""
        return next(held for held in self.holds if held.kind is kind and held.released_at is None)

    def decide_case(self, at: int, who: Clerk, state: CaseState) -> list[Line]:
        """Decide the open case, if there is one, and return the line of history."""
        case = self.case
        if case is None or case.state.is_decided:
            return []
        before, case.state, case.decided_by, case.decided_at = case.state, state, who.name, at
        return [Line("case.decided", f"Case decided: {state.value}", before.value, state.value)]

    def move_case(self, at: int, who: Clerk, name: str, state: CaseState, action: str, summary: str) -> None:
        """Move the open case on."""
        assert self.case is not None
        before, self.case.state = self.case.state, state
        self.act(at, who, name, Line(action, summary, before.value, state.value))

    def start_packing(self, at: int, who: Clerk) -> None:
        """Begin to pack."""
        self.packing_since = at
        self.act(at, who, "order.start_packing", Line("order.packing", "Packing begun"))

    def ship(self, at: int, who: Clerk, parcel: Sent) -> str:
        """Send a parcel with what is inside it, and return the command's id."""
        by_id = {line.id: line for line in self.basket.lines}
        for line_id, units in parcel.inside:
            by_id[line_id].shipped += units
        self.parcels.append(parcel)
        sent = sum(units for _, units in parcel.inside)
        summary = f"Shipped {sent} by {parcel.carrier} {parcel.tracking}".strip()
        name = "order.ship" if who.id else "import.orders"
        return self.act(at, who, name, Line("order.shipped", summary, after=parcel.tracking))

    def recall(self, at: int, who: Clerk, parcel: Sent) -> None:
        """Take back a parcel that was marked shipped by mistake."""
        by_id = {line.id: line for line in self.basket.lines}
        for line_id, units in parcel.inside:
            by_id[line_id].shipped -= units
        parcel.recalled_at = at
        line = Line("order.parcel_recalled", f"Parcel recalled: {parcel.carrier}", parcel.tracking)
        self.act(at, who, "order.recall_parcel", line)

    def deliver(self, at: int, who: Clerk, parcels: list[Sent] | None = None) -> None:
        """Mark parcels as delivered, all of them if none are named."""
        by_id = {line.id: line for line in self.basket.lines}
        for parcel in parcels or [parcel for parcel in self.parcels if parcel.recalled_at is None]:
            parcel.delivered_at = at
            for line_id, units in parcel.inside:
                by_id[line_id].delivered += units
        self.act(at, who, "order.deliver" if who.id else "import.orders", Line("order.delivered", "Delivered"))

    def complete(self, at: int) -> None:
        """Be closed at the shop, long after everything has arrived."""
        self.lifecycle = Lifecycle.COMPLETED
        self.report(at, "completed")

    def cancel(self, at: int, who: Clerk, reason: CancelReason, note: str) -> None:
        """Cancel what has not left the house; holds and case end with it."""
        taken = []
        for line in self.basket.lines:
            units = line.ordered - line.cancelled - line.shipped
            if units:
                line.cancelled += units
                taken.append(f"{line.id}:{units}")
        for held in self.holds:
            if held.released_at is None:
                held.released_by, held.released_at = who.name, at
                held.release_note = "The order was cancelled."
        lines = self.decide_case(at, who, CaseState.CANCELLED)
        self.lifecycle = Lifecycle.CANCELLED
        self.ends.append(CalledOff(reason, note, who.name, at, ",".join(taken)))
        summary = f"Cancelled: {reason.value}. {note}".strip()
        lines.append(Line("order.cancelled", summary, "placed", "cancelled"))
        self.act(at, who, "order.cancel" if who.id else "import.orders", *lines, message="cancelled")

    def reopen(self, at: int, who: Clerk, note: str) -> None:
        """Open a cancelled order again; it stays on hold until somebody has looked."""
        end = self.ends[-1]
        end.reopened_by, end.reopened_at = who.name, at
        took = dict(pair.split(":") for pair in end.lines.split(","))
        for line in self.basket.lines:
            line.cancelled -= int(took.get(str(line.id), 0))
        self.lifecycle = Lifecycle.PLACED
        held = self.place_hold(at, who, HoldType.MANUAL, "Reopened: look at payment and stock first.")
        line_ = Line("order.reopened", f"Reopened. {note}", "cancelled", "placed")
        self.act(at, who, "order.reopen", held, line_)

    def note(self, at: int, who: Clerk, text: str) -> None:
        """Write a note for whoever opens the order next."""
        self.notes.append((who.name, at, text))
        first = text.splitlines()[0]
        self.act(at, who, "order.note", Line("order.noted", f"Note: {first[:80]}", after=text))

    def claim(self, at: int, who: Clerk) -> None:
        """Be taken by somebody."""
        self.owner = who
        self.act(at, who, "order.claim", Line("order.owner", f"Taken by {who.name}"))

    def assign(self, at: int, who: Clerk, to: Clerk | None) -> None:
        """Be given to somebody, or back to everybody."""
        self.owner = to
        summary = f"Given to {to.name}" if to else "Given back to everybody"
        self.act(at, who, "order.assign", Line("order.owner", summary))

    def snooze(self, at: int, who: Clerk, until: int) -> None:
        """Leave the views until a moment."""
        self.snoozed_until = until
        after = moment_of(until).isoformat(timespec="minutes")
        self.act(at, who, "order.snooze", Line("order.snoozed", "Snoozed", after=after))

    def follow(self, at: int, who: Clerk) -> None:
        """Be followed by somebody."""
        self.followers.append(who)
        line = Line("order.followed", f"Followed by {who.name}")
        self.act(at, who, "order.follow", line, settles=False)

    def facts(self) -> OrderFacts:
        """Return what the rules look at."""
        return OrderFacts(
            number=self.number,
            lifecycle=self.lifecycle,
            version=self.version,
            lines=tuple(
                LineFacts(
                    line.ordered, line.cancelled, line.shipped, line.delivered, line.returned, line.needs_shipping
                )
                for line in self.basket.lines
            ),
            money=money_facts(
                self.basket.total,
                [Movement(paid.kind, paid.state, paid.amount) for payment in self.payments for paid in payment.moves],
                is_disputed=self.is_disputed,
            ),
            amendment=self.amendment,
            holds=tuple(_active(held) for held in self.holds if held.released_at is None),
            case=self.case.state if self.case and not self.case.state.is_decided else None,
            packing_since=moment_of(self.packing_since) if self.packing_since else None,
            has_email=bool(self.email),
        )


def _active(held: Held) -> ActiveHold:
    placed = moment_of(held.placed_at)
    return ActiveHold(held.id, held.kind, DEFAULT_BLOCKS[held.kind], held.reason, held.placed_by, placed, None)
