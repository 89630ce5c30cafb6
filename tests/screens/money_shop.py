"""A shop whose money can be seen moving: a gateway that does what it is asked, its worker, and orders of each kind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlmodel import Session

from opsdesk.domain.amendments.edits import Edit
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import DisputeSnapshot
from opsdesk.domain.payments.transactions import Method
from opsdesk.domain.people.actors import Role
from opsdesk.domain.refunds.parts import RefundContent, RefundLine
from opsdesk.domain.refunds.states import RefundReason
from opsdesk.operations.amendments.changing import propose
from opsdesk.operations.payments.pay_links import ask_for_payment
from opsdesk.operations.refunds.asking import request
from opsdesk.store.engine import Store
from opsdesk.store.tables import OrderLineRow, ProductRow
from opsdesk.store.views.money.parts import MoneySheet
from opsdesk.store.views.money.sheet import money_sheet
from opsdesk.store.work import Done
from opsdesk.worker.loop import run_once
from tests.conftest import START, StillClock
from tests.operations.events_kit import dispute, event, snapshot, tell
from tests.operations.gateway_double import Fault, GatewayDouble
from tests.operations.money_kit import authorised, by_hand, captured
from tests.operations.orders_kit import rows, the_order
from tests.screens.order_kit import People, people
from tests.shop_orders import write_customer, write_order, write_user

GRACE_S = 60
CHAIRS = (("50001", "Chair", "oak", 4, 9_000), ("50002", "Cushion", "", 4, 2_500))
"""4 x 90.00 and 4 x 25.00, with 4.90 for shipping 464.90 EUR."""
THANKS = Letter("Your refund", "We have returned it to you.", "<p>We have returned it to you.</p>", "en")


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


class MoneyShop:
    """The people of `order_kit` and sven, who leads too; a gateway; and the worker that asks it."""

    def __init__(self, store: Store, clock: StillClock) -> None:
        self.store, self.clock = store, clock
        staff = people(store, clock)
        staff.ids["sven"] = write_user(store, "sven", Role.SUPERVISOR)
        staff.roles["sven"] = Role.SUPERVISOR
        self.staff: People = staff
        self.gateway = GatewayDouble()
        with Session(store.writer) as session, session.begin():
            for number, (sku, title, price, stock) in enumerate(_CATALOGUE):
                session.add(
                    ProductRow(
                        sku=sku, source="own", external_id=str(number), title=title, price_minor=price, currency="EUR",
                        stock=stock, search_text=title.lower(), changed_at=START,
                    )
                )  # fmt: skip

    def do(self, name: str, operation: Any, /, *arguments: object, **named: object) -> Done:
        """Let somebody do something at another terminal."""
        return self.staff.do(name, operation, *arguments, **named)

    def work(self, **later: float) -> None:
        """Let a minute go by, and the worker ask the gateway."""
        self.clock.advance(**(later or {"seconds": GRACE_S}))
        for _ in range(3):
            run_once(self.store, None, {"stripe": self.gateway}, holder="worker", clock=self.clock)

    def sheet(self, order_id: int) -> MoneySheet:
        """Return the money of an order as it stands."""
        with self.store.reading() as session:
            found = money_sheet(session, order_id)
        assert found is not None
        return found

    def line(self, order_id: int, at: int) -> int:
        """Return the id of a line by its place, from 1."""
        return [row for row in rows(self.store, OrderLineRow) if row.order_id == order_id][at - 1].id or 0

    # Orders.

    def unpaid(self, number: str = "104501") -> int:
        name = _NAMES.get(number, f"Customer {number}")
        mailbox = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum())
        customer = write_customer(self.store, name, f"{mailbox}@mail.example")
        return write_order(self.store, number, customer_id=customer, goods=CHAIRS, paid=False)

    def authorised(self, number: str = "104501", minor: int | None = None, **how: Any) -> int:
        order_id = self.unpaid(number)
        authorised(self.store, order_id, minor, **how)
        return order_id

    def paid(self, number: str = "104501") -> int:
        """Write an order that was paid by card."""
        order_id = self.unpaid(number)
        captured(self.store, order_id, reference=f"pi_{number}")
        return order_id

    def paid_twice(self, number: str = "104501") -> int:
        """Write an order that was paid by card and, for 164.90, by bank transfer."""
        order_id = self.unpaid(number)
        by_hand(self.store, order_id, 16_490, Method.BANK_TRANSFER, "line 17")
        captured(self.store, order_id, 30_000, reference=f"pi_{number}")
        return order_id

    # What happens to them.

    def refund(self, name: str, order_id: int, chairs: int = 1, *, cushions: int = 0, **how: Any) -> Done:
        """Let somebody ask for a refund of chairs and cushions."""
        counts = ((self.line(order_id, 1), chairs), (self.line(order_id, 2), cushions))
        content = RefundContent(
            tuple(RefundLine(line, count) for line, count in counts if count), reason=RefundReason.DAMAGED
        )
        version = the_order(self.store, order_id).version
        return self.do(name, request, order_id, version=version, content=content, letter=THANKS, **how)

    def failed_refund(self, order_id: int, chairs: int = 1) -> None:
        """Let the gateway say no to a refund."""
        self.refund("mia", order_id, chairs)
        self.gateway.faults.append(Fault.REFUSED)
        self.work()

    def lost_refund(self, order_id: int) -> None:
        """Let the answer to a refund be lost."""
        self.refund("mia", order_id, 0, cushions=1)
        self.gateway.faults.extend([Fault.LOST_AFTER] * 9)
        self.work()
        self.gateway.faults.clear()

    def ask(self, order_id: int, **how: Any) -> Done:
        """Let mia ask for money with a pay link."""
        return self.do("mia", ask_for_payment, order_id, version=None, **how)

    def change(self, name: str, order_id: int, *edits: Edit, **how: Any) -> Done:
        """Let somebody change an order."""
        return self.do(name, propose, order_id, version=None, edits=edits, **how)

    def disputed(self, reference: str, told: DisputeSnapshot | None = None) -> None:
        """Let the gateway tell that a customer's bank wants money back."""
        about = told or dispute(minor=9_000, payment=reference, due=START + timedelta(days=2))
        tell(
            self.store,
            event(f"evt_{reference}", snapshot(*_taken(reference), reference=reference, disputes=(about,))),
            clock=self.clock,
        )

    def unexpected(self) -> None:
        """Let the gateway tell of a payment that belongs to no order."""
        from tests.operations import events_kit

        paid = snapshot(events_kit.captured(1_990, "ch_9"), reference="pi_9", number="999999")
        tell(self.store, event("evt_9", paid), clock=self.clock)


_NAMES = {
    "104501": "Ada Berg",
    "104502": "Emil Cohn",
    "104503": "Greta Dahl",
    "104504": "Otto Falk",
    "104505": "Søren Ærøskøbing-Kjærgaard",
    "104506": "鈴木 悠真",
    "104507": "[bold]Sara Kern[/]",
}
_CATALOGUE = (
    ("50001", "Chair", 9_000, 12),
    ("50002", "Cushion", 2_500, 1),
    ("50003", "Table lamp", 4_500, 3),
)


def _taken(reference: str) -> tuple[Any, ...]:
    from tests.operations import events_kit

    return (events_kit.captured(30_000, f"{reference}:capture"),)
