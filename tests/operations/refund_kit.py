"""A shop that refunds: an order paid over a gateway that keeps its own journal, two clerks, two supervisors, a worker."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlmodel import col

from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import OperationKind
from opsdesk.domain.people.actors import Role
from opsdesk.domain.refunds.composing import RefundContent, RefundLine
from opsdesk.domain.refunds.states import RefundReason
from opsdesk.operations.refunds.approvals import approve
from opsdesk.operations.refunds.asking import request
from opsdesk.store.engine import Store
from opsdesk.store.tables import (
    ActivityRow,
    GatewayCallRow,
    JournalRow,
    MailRow,
    OrderLineRow,
    OrderRow,
    PaymentRow,
    RefundRow,
    RefundShareRow,
)
from opsdesk.store.verify.running import verify_store
from opsdesk.store.work import Done, Performer
from opsdesk.worker.loop import run_once
from tests.conftest import StillClock
from tests.operations.gateway_double import GatewayDouble
from tests.operations.money_kit import captured, the_payment
from tests.operations.orders_kit import person, rows, the_order
from tests.shop_orders import write_arrival, write_order

GRACE_S = 60
CHAIRS = (("50001", "Chair", "oak", 20, 9_000), ("50002", "Cushion", "", 4, 2_500))
"""20 x 90.00 and 4 x 25.00, with 4.90 for shipping 1,904.90 EUR."""
LETTER = Letter("Your refund", "We have returned 180.00 to you.", "<p>We have returned 180.00 to you.</p>", "en")


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


class RefundShop:
    """One order paid by card; more can be added."""

    def __init__(self, store: Store, clock: StillClock, *, paid: bool = True) -> None:
        self.store, self.clock = store, clock
        self.gateway = GatewayDouble()
        self.mia, self.max, self.sofia, self.sven, self.ada = (
            Performer(store, person(store, name, role), clock)
            for name, role in (
                ("mia", Role.AGENT),
                ("max", Role.AGENT),
                ("sofia", Role.SUPERVISOR),
                ("sven", Role.SUPERVISOR),
                ("ada", Role.ADMIN),
            )
        )
        self.order_id = self.add_order("104501")
        self.payment_id = captured(store, self.order_id) if paid else 0

    def add_order(self, number: str, **how: Any) -> int:
        """Add an order of the one customer, not paid yet."""
        earlier = rows(self.store, OrderRow)
        customer_id = earlier[0].customer_id if earlier else None
        order_id = write_order(self.store, number, customer_id=customer_id, goods=CHAIRS, paid=False, **how)
        write_arrival(self.store, order_id)
        return order_id

    def line(self, at: int, order_id: int | None = None) -> int:
        """Return the id of a line by its place, from 1."""
        found = [row for row in rows(self.store, OrderLineRow) if row.order_id == (order_id or self.order_id)]
        return found[at - 1].id or 0

    def chairs(self, units: int) -> RefundContent:
        return RefundContent((RefundLine(self.line(1), units),), reason=RefundReason.DAMAGED)

    def refund(self, who: Performer, content: RefundContent, order_id: int | None = None, **how: Any) -> Done:
        order_id = order_id or self.order_id
        version = the_order(self.store, order_id).version
        return who.perform(request, order_id, version=version, content=content, **how)

    def agree(self, who: Performer) -> Done:
        row = self.row
        return who.perform(approve, row.id, content_hash=row.content_hash)

    def work(self, **later: float) -> None:
        """Let the worker ask the gateway and send mail's time pass."""
        self.clock.advance(**later or {"seconds": GRACE_S})
        for _ in range(3):  # a round asks for so many and no more
            run_once(self.store, None, {"stripe": self.gateway}, holder="worker", clock=self.clock)

    @property
    def row(self) -> RefundRow:
        """The newest refund."""
        return rows(self.store, RefundRow)[-1]

    @property
    def shares(self) -> list[RefundShareRow]:
        return rows(self.store, RefundShareRow)

    @property
    def states(self) -> tuple[str, list[str]]:
        """How far the newest refund is, and each of its shares."""
        return self.row.state, [share.state for share in self.shares if share.refund_id == self.row.id]

    @property
    def payment(self) -> PaymentRow:
        return the_payment(self.store, self.payment_id)

    @property
    def going_back(self) -> tuple[int, int]:
        """What is set aside, and what has gone back over the first payment."""
        return self.payment.refunding_minor, self.payment.refunded_minor

    @property
    def given_back(self) -> int:
        """What the gateway says it has given back."""
        return self.gateway.done(OperationKind.REFUND)

    @property
    def calls(self) -> list[GatewayCallRow]:
        return rows(self.store, GatewayCallRow)

    @property
    def mails(self) -> list[MailRow]:
        return rows(self.store, MailRow)

    def told(self, prefix: str = "refund.") -> list[str]:
        """Return what the history tells, by action."""
        with self.store.reading() as session:
            wanted = select(col(ActivityRow.action)).where(col(ActivityRow.action).startswith(prefix))
            return list(session.execute(wanted.order_by(col(ActivityRow.id))).scalars())

    def wrong(self) -> list[str]:
        """Return what `opsdesk verify` finds about money, and orders whose ledger is not what they have paid."""
        report = verify_store(self.store, now=self.clock(), with_seals=False)
        asked = ("P", "M", "A4", "A6", "E2", "derived")
        found = [one.sentence for one in report.violations if one.invariant.startswith(asked)]
        for order in rows(self.store, OrderRow):
            mine = [row for row in rows(self.store, JournalRow) if row.order_id == order.id]
            balance = sum(row.amount_minor for row in mine if row.credit == "order")
            balance -= sum(row.amount_minor for row in mine if row.debit == "order")
            if balance != order.paid_minor:
                found.append(f"{order.number}: paid {order.paid_minor}, ledger {balance}")
        return found
