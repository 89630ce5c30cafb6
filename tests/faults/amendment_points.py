"""A program that changes orders which are paid, and fails at each step of that in turn, like `money_points`.

Usage: python -m tests.faults.amendment_points STORE FOLDER (dearer|cheaper) EVERY [naive]

`dearer` waits for the customer, who pays over a link; `cheaper` gives back what was paid too much.
"""

from __future__ import annotations

import json
import pickle
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

from sqlalchemy import select, update
from sqlmodel import Session, SQLModel, col

from opsdesk.domain.amendments.edits import SetQuantity
from opsdesk.domain.payments.gateways import Answer, CallState, EventPage, GatewayCall, OperationKind
from opsdesk.domain.people.actors import WORKER, Actor, Role
from opsdesk.operations.amendments.changing import Settle, propose
from opsdesk.operations.payments.gateway_events import take_event
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import (
    AmendmentRow,
    CommandRow,
    GatewayCallRow,
    LeaseRow,
    OrderLineRow,
    PayLinkRow,
    PaymentRow,
    RefundRow,
    TransactionRow,
)
from opsdesk.store.work import Performer
from opsdesk.worker.loop import run_once
from tests.conftest import START, StillClock
from tests.faults.money_points import MOST_ROUNDS, Steps, fail_everywhere, money_violations
from tests.operations.bank_double import BankDouble
from tests.operations.orders_kit import the_order
from tests.shared_dialects import share_dialects
from tests.shop_orders import write_customer, write_order

TOTAL, UNIT = 3_520, 890
"""Two units of the first line cost 8.90 each."""


class LastingBank(BankDouble):
    """Keeps what it knows in a file; a run may end before and after each effect, and around each look for news."""

    def __init__(self, file: Path, clock: StillClock, steps: Steps) -> None:
        super().__init__(clock)
        self._file, self._steps = file, steps
        if file.exists():
            # The file is this program's own.
            known = pickle.loads(file.read_bytes())
            self.payments, self.pages, self.news, self._answers, self._count = known

    def keep(self) -> None:
        known = (self.payments, self.pages, self.news, self._answers, self._count)
        self._file.write_bytes(pickle.dumps(known))

    def carry_out(self, call: GatewayCall) -> Answer:
        self._steps.pass_one()
        answer = super().carry_out(call)
        self.keep()
        self._steps.pass_one()
        return answer

    def events(self, after: str) -> EventPage:
        self._steps.pass_one()
        return super().events(after)

    def let_customers_pay(self) -> None:
        """Let whoever has a page pay on it."""
        for page in self.pages.values():
            self.pay(page)
        self.keep()


class Change:
    """One paid order that is changed once, however often that has to begin again."""

    def __init__(self, url: str, folder: Path, kind: str, number: int, customer_id: int, *, naive: bool) -> None:
        self.url, self.is_dearer, self.naive = url, kind == "dearer", naive
        self.file, self.command_id = folder / f"{number}.bank", str(uuid4())
        self.number = f"{300_000 + number}"
        self.clock = StillClock(START + timedelta(hours=number))
        store = open_store(url)
        self.order_id = write_order(store, self.number, paid=False, customer_id=customer_id)
        bank = LastingBank(self.file, self.clock, Steps())
        bank._count = 1_000 * number
        self.reference = bank.sell(self.number, TOTAL).reference
        bank.keep()
        Performer(store, WORKER, self.clock).perform(take_event, "stripe", bank.news[0].event)
        self.version = the_order(store, self.order_id).version
        self.line_id = self._rows(store, OrderLineRow)[0].id
        store.close()

    def begin(self, steps: Steps) -> None:
        """Ask for the change and let worker, gateway and customer do their parts, until it is done or fails."""
        store = open_store(self.url)
        steps.watch(store)
        bank = LastingBank(self.file, self.clock, steps)
        try:
            self._ask(store)
            for _ in range(2):
                self.clock.advance(minutes=1)
                run_once(store, None, {"stripe": bank}, holder=f"first {self.number}", clock=self.clock)
                bank.let_customers_pay()
        finally:
            store.close()

    def finish(self) -> list[str]:
        """Press Enter again, let a new worker do its rounds, and tell what is wrong."""
        store = open_store(self.url)
        self.clock.advance(minutes=2)
        with Session(store.writer) as session, session.begin():
            session.execute(update(LeaseRow).values(expires_at=START - timedelta(days=1)))
            if self.naive:
                stuck = update(GatewayCallRow).where(col(GatewayCallRow.state) == CallState.SENDING.value)
                session.execute(stuck.values(state=CallState.REQUESTED.value, key=str(uuid4()), first_sent_at=None))
        self._ask(store)
        bank = LastingBank(self.file, self.clock, Steps())
        for _ in range(MOST_ROUNDS):
            self.clock.advance(minutes=1)
            run_once(store, None, {"stripe": bank}, holder=f"next {self.number}", clock=self.clock)
            bank.let_customers_pay()
        wrong = list(self._wrong(store, bank))
        store.close()
        return wrong

    def _ask(self, store: Store) -> None:
        clerk = Performer(store, Actor(None, "mia", Role.AGENT, "tty:1"), self.clock)
        edits = [SetQuantity(self.line_id, 3 if self.is_dearer else 1)]
        settle = Settle.AUTO if self.is_dearer else Settle.REFUND
        clerk.perform_as(
            self.command_id, propose, self.order_id, version=self.version, edits=edits, reason="Asked", settle=settle
        )

    def _rows(self, store: Store, table: type[SQLModel]) -> list:
        with store.reading() as session:
            found = select(table).where(table.order_id == self.order_id)  # type: ignore[attr-defined]
            return list(session.execute(found.order_by(table.id)).scalars())  # type: ignore[attr-defined]

    def _wrong(self, store: Store, bank: BankDouble) -> list[str]:
        delta = UNIT if self.is_dearer else -UNIT
        order, payments = the_order(store, self.order_id), self._rows(store, PaymentRow)
        with store.reading() as session:
            commands = session.execute(select(CommandRow).where(col(CommandRow.id) == self.command_id)).all()
        done = [(each.kind, each.amount.minor) for held in bank.payments.values() for each in held.operations]
        moved = (OperationKind.CAPTURE if self.is_dearer else OperationKind.REFUND, UNIT)
        booked = [row.kind for row in self._rows(store, TransactionRow)]
        checks = {
            "the gateway moved the difference once": done == [(OperationKind.CAPTURE, TOTAL), moved],
            "it is booked once": booked == ["sale", "sale" if self.is_dearer else "refund"],
            "the order costs what was agreed": order.total_minor == TOTAL + delta,
            "it is paid exactly": (order.paid_minor, order.payment_status) == (TOTAL + delta, "paid")
            or (not self.is_dearer and order.paid_minor == TOTAL + delta),
            "the goods are what was agreed": self._rows(store, OrderLineRow)[0].ordered == (3 if self.is_dearer else 1),
            "one change, made once": [row.state for row in self._rows(store, AmendmentRow)] == ["applied"],
            "nothing is set aside": not sum(row.refunding_minor + row.capturing_minor for row in payments),
            "one call, and it succeeded": [row.state for row in self._rows(store, GatewayCallRow)] == ["succeeded"],
            "one command": len(commands) == 1,
            "one page, paid": len(bank.pages) == int(self.is_dearer)
            and [row.state for row in self._rows(store, PayLinkRow)] == ["paid"] * self.is_dearer,
            "the refund says so": [row.state for row in self._rows(store, RefundRow)]
            == ["succeeded"] * (not self.is_dearer),
        }
        return [name for name, holds in checks.items() if not holds]


def main() -> None:
    url, folder, kind, every = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    share_dialects()
    store = open_store(url)
    customer_id = write_customer(store)
    store.close()
    naive = sys.argv[5:] == ["naive"]
    make = partial(Change, url, folder, kind, customer_id=customer_id, naive=naive)
    answer = fail_everywhere(make, every, until="the gateway moved the difference once" if naive else "")
    answer["wrong"] += money_violations(url, START + timedelta(days=365))
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
