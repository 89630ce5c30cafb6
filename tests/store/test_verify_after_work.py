"""Whatever people do to a shop, in whatever order, `opsdesk verify` finds nothing wrong with it afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlmodel import col

from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.mails.outgoing import OutgoingMail
from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.domain.statuses.menu import StatusBook
from opsdesk.integrations.mail.opening import open_statuses, open_writer
from opsdesk.integrations.ports import LetterWriter, SendOutcome, SendResult
from opsdesk.operations import undo
from opsdesk.operations.mails.outbox import send_now, settle_doubt
from opsdesk.operations.orders import cancelling as orders
from opsdesk.operations.orders import contacts, desk, holds, notes, packing, shipping
from opsdesk.operations.payments import taking as payments
from opsdesk.operations.statuses.previewing import Telling, preview
from opsdesk.operations.statuses.telling import tell
from opsdesk.settings import data_folder
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import MailRow, OrderRow
from opsdesk.store.verify.running import verify_store
from opsdesk.store.views.mails.letters import letter_facts
from opsdesk.store.views.shop import shop
from opsdesk.store.work import Done, Performer
from opsdesk.worker.loop import run_once
from tests.conftest import StillClock

STEPS = 400
SOFIA = Actor(7, "sofia", Role.SUPERVISOR, "test")
LENA = Actor(4, "lena", Role.FRAUD, "test")
PIET = Actor(5, "piet", Role.WAREHOUSE, "test")


class MoodyMailer:
    """A mail server that answers as chance will have it."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice

    def send(self, mail: OutgoingMail) -> SendOutcome:
        result = self._dice.choice([SendResult.ACCEPTED, SendResult.ACCEPTED, *SendResult])
        return SendOutcome(result, f"answered {result}")

    def check(self) -> str | None:
        return None

    def close(self) -> None:
        """Nothing to let go of."""


class Busy:
    """People at all desks at once, each doing what chance tells them."""

    def __init__(self, store: Store, clock: StillClock, dice: Random, book: StatusBook, writer: LetterWriter) -> None:
        self.store, self.clock, self.dice, self.book, self.writer = store, clock, dice, book, writer
        self.done: Counter[str] = Counter()
        self.commands: list[str] = []

    def step(self) -> None:
        self.clock.advance(minutes=self.dice.choice([0.2, 3, 40]))
        some = select(OrderRow) if self.dice.random() < 0.2 else select(OrderRow).where(col(OrderRow.stage) != "done")
        with self.store.reading() as session:
            order = self.dice.choice(session.execute(some.order_by(col(OrderRow.id))).scalars().all())
        actions: list[Callable[[OrderRow], Done]] = [
            self.hold, self.release, self.cancel, self.reopen, self.claim, self.give, self.snooze, self.follow,
            self.note, self.pack, self.ship, self.deliver, self.pay, self.correct, self.tell, self.tell, self.take_back,
            self.take_back, self.mails,
        ]  # fmt: skip
        action = self.dice.choice(actions)
        try:
            done = action(order)
        except OpsDeskError:
            return
        self.done[action.__name__] += 1
        self.commands.append(done.command_id)

    def perform(self, *arguments: object, actor: Actor = SOFIA, **named: object) -> Done:
        return Performer(self.store, actor, self.clock).perform(*arguments, **named)  # type: ignore[arg-type]

    def hold(self, order: OrderRow) -> Done:
        kind = self.dice.choice(list(HoldType))
        at = self.clock() + timedelta(hours=self.dice.randint(1, 90))
        return self.perform(holds.hold, order.id, kind=kind, reason="Looks odd.", review_at=at, version=order.version)

    def release(self, order: OrderRow) -> Done:
        return self.perform(holds.release, order.id, note="Looked at it.")

    def cancel(self, order: OrderRow) -> Done:
        return self.perform(orders.cancel, order.id, reason=self.dice.choice(list(CancelReason)), note="No more.")

    def reopen(self, order: OrderRow) -> Done:
        return self.perform(orders.reopen, order.id, note="After all.")

    def claim(self, order: OrderRow) -> Done:
        return self.perform(desk.claim, order.id, actor=self.dice.choice([SOFIA, LENA, PIET]))

    def give(self, order: OrderRow) -> Done:
        return self.perform(desk.assign, order.id, to=self.dice.choice(["mia", "anna", None]))

    def snooze(self, order: OrderRow) -> Done:
        return self.perform(desk.snooze, order.id, until=self.clock() + timedelta(days=1))

    def follow(self, order: OrderRow) -> Done:
        return self.perform(self.dice.choice([desk.follow, desk.unfollow, desk.wake]), order.id)

    def note(self, order: OrderRow) -> Done:
        return self.perform(notes.note, order.id, text="Paid with 4111 1111 1111 1111\x1b[2J\nand more")

    def pack(self, order: OrderRow) -> Done:
        return self.perform(self.dice.choice([packing.start_packing, packing.stop_packing]), order.id, actor=PIET)

    def ship(self, order: OrderRow) -> Done:
        return self.perform(shipping.ship, order.id, carrier="DHL", tracking_number="JD014", actor=PIET)

    def deliver(self, order: OrderRow) -> Done:
        return self.perform(shipping.deliver, order.id, actor=PIET)

    def pay(self, order: OrderRow) -> Done:
        amount = Money(max(1, order.total_minor // self.dice.randint(1, 2)), order.currency)
        return self.perform(payments.record_payment, order.id, amount=amount)

    def correct(self, order: OrderRow) -> Done:
        return self.perform(
            contacts.edit_contact, order.id, version=order.version, name=f"{order.customer_name} jun.",
            email=order.email, phone=order.phone, language=order.language,
        )  # fmt: skip

    def tell(self, order: OrderRow) -> Done:
        status = self.dice.choice(self.book.statuses)
        with self.store.reading() as session:
            facts = letter_facts(session, order.id or 0, agent="Sofia")
            signed = shop(session, ZoneInfo("UTC")).facts
        now = self.clock()
        seen = preview(self.writer, signed, status, facts, now=now, expected_on=now.date())
        told = Telling(status, seen.letter, seen.deadline, CancelReason.CUSTOMER)
        return self.perform(tell, order.id, version=order.version, telling=told)

    def take_back(self, order: OrderRow) -> Done:
        return self.perform(undo.undo, self.dice.choice(self.commands[-4:] or [""]))

    def mails(self, order: OrderRow) -> Done:
        run_once(self.store, MoodyMailer(self.dice), holder="test", clock=self.clock)
        with self.store.reading() as session:
            unsettled = select(MailRow).where(col(MailRow.state).in_(("held", "failed")))
            found = session.execute(unsettled).scalars().all()
        if not found:
            return Done("Nothing is left to settle.")
        mail = self.dice.choice(found)
        if mail.state == "held":
            return self.perform(settle_doubt, mail.id, version=mail.version, arrived=self.dice.random() < 0.5)
        return self.perform(send_now, mail.id, version=mail.version)


@contextmanager
def busy(url: str, clock: StillClock, seed: int) -> Iterator[Busy]:
    store = open_store(url)
    with store.reading() as session:
        signed = shop(session, ZoneInfo("UTC")).facts
    writer = open_writer(data_folder(), None, signed)
    yield Busy(store, clock, Random(seed), open_statuses(data_folder()), writer)
    writer.close()
    store.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_busy_day_leaves_nothing_wrong(demo_store, clock: StillClock, kind: str) -> None:
    with busy(demo_store(kind), clock, seed=len(kind)) as people:
        for _ in range(STEPS):
            people.step()
        report = verify_store(people.store, now=clock())

    assert [violation.sentence for violation in report.violations] == []
    # Which of the rarer commands the day allowed depends on what mails and rows came first; most kinds it always has.
    assert len(people.done) >= 14, people.done
    assert people.done.total() > STEPS / 4, people.done
