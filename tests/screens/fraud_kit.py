"""A fraud desk on one afternoon: five cases, each with its own clock, and who works on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.people.actors import Role
from opsdesk.operations.fraud.cases import open_by_hand
from opsdesk.operations.fraud.scoring import rescore
from opsdesk.screens.fraud.case import CaseScreen
from opsdesk.screens.fraud.desk import FraudDesk
from opsdesk.settings import Glyphs
from opsdesk.store.desk.leases import take_lease
from opsdesk.store.engine import Store
from opsdesk.store.tables import CaseRow, ContactRow, OrderRow, PaymentCheckRow, PaymentRow
from opsdesk.worker.loop import LEASE
from tests.conftest import START, StillClock
from tests.operator import DeskApp
from tests.screens.fraud_sheets import BERLIN, book
from tests.screens.order_kit import People, app_of, people
from tests.shop_orders import write_customer, write_order, write_user

ESPRESSO = (("90001", "Espresso machine Pro", "", 1, 89_900),)
HONEY = (("40177", "Honey jar", "500 g", 1, 1_250),)
SUSPICIONS = (
    # number, customer, goods, why, hours until the authorisation ends
    ("104463", "Otto Falk", ESPRESSO, "Three cards were tried within ten minutes", 44),
    ("104392", "Greta Dahl", HONEY, "The parcel goes to a station 471 km away", 90),
    ("104440", "Emil Cohn", HONEY, "A mail to the address came back", 30),
    ("104377", "Nina Gans", HONEY, "Ordered twelve times today", None),
    ("104441", "Kim Holm", (("90001", "Espresso machine Pro", "", 2, 89_900),), "Two machines to a new address", 95),
)


def _read() -> FraudBook:
    return book()


def fraud_shop(store: Store, clock: StillClock) -> People:
    """Return the shop with its rules; farid and fiona work on fraud."""
    staff = people(replace(store, fraud=_read, zone=BERLIN), clock)
    for name in ("farid", "fiona"):
        staff.ids[name] = write_user(store, name, Role.FRAUD)
        staff.roles[name] = Role.FRAUD
    return staff


@dataclass
class Cases:
    """The cases by the number of their order."""

    staff: People
    ids: dict[str, int]
    orders: dict[str, int]

    def row(self, number: str = "104463") -> CaseRow:
        """Read a case as it stands in the store."""
        with Session(self.staff.store.reader) as session:
            return session.get_one(CaseRow, self.ids[number])

    def order(self, number: str = "104463") -> OrderRow:
        with Session(self.staff.store.reader) as session:
            return session.get_one(OrderRow, self.orders[number])

    def contacts(self, number: str = "104463") -> list[ContactRow]:
        with Session(self.staff.store.reader) as session:
            return list(session.exec(select(ContactRow).where(col(ContactRow.case_id) == self.ids[number])))


def five_cases(staff: People) -> Cases:
    """Suspect five orders; 104440 is the most urgent, 104377 has no clock."""
    ids, orders = {}, {}
    for number, name, goods, why, hours in SUSPICIONS:
        mailbox = name.lower().replace(" ", ".")
        customer = write_customer(staff.store, name, f"{mailbox}@mail.example")
        placed = START - timedelta(hours=3)
        if number == "104392":
            write_order(staff.store, "103990", customer_id=customer, placed_at=START - timedelta(days=200))
        order_id = write_order(staff.store, number, customer_id=customer, goods=goods, paid=False, placed_at=placed)
        ends = START + timedelta(hours=hours) if hours is not None else None
        _authorise(staff.store, order_id, number, ends)
        staff.clock.moment = START - timedelta(hours=2)
        if _case_of(staff, order_id) is None:
            staff.do("sofia", open_by_hand, order_id, reason=why)
        staff.do("sofia", rescore, order_id)
        orders[number], ids[number] = order_id, _case_of(staff, order_id) or 0
    staff.clock.moment = START
    # Somebody watches the clocks.
    take_lease(staff.store, LEASE, "test", lasts=timedelta(days=30), clock=staff.clock)
    return Cases(staff, ids, orders)


def _case_of(staff: People, order_id: int) -> int | None:
    with Session(staff.store.reader) as session:
        return session.exec(select(CaseRow.id).where(col(CaseRow.order_id) == order_id)).first()


def _authorise(store: Store, order_id: int, number: str, ends: datetime | None) -> None:
    with Session(store.writer) as session, session.begin():
        order = session.get_one(OrderRow, order_id)
        payment = PaymentRow(
            order_id=order_id,
            gateway="stripe",
            reference=f"pi_{number}",
            currency=order.currency,
            authorised_minor=order.total_minor,
            state="authorised",
            created_at=order.placed_at,
            expires_at=ends,
        )
        session.add(payment)
        session.flush()
        session.add(
            PaymentCheckRow(
                payment_id=payment.id or 0,
                order_id=order_id,
                placed_at=order.placed_at,
                told_at=order.placed_at,
                kind="card",
                brand="visa",
                last4="4412",
                funding="debit",
                country="BG" if number == "104463" else "DE",
                fingerprint=f"fp_{number}",
                line_check="unavailable",
                postcode_check="unavailable",
                cvv_check="fail" if number == "104463" else "pass",
            )
        )


def not_asked(cases: Cases, number: str) -> int:
    """Return the payment of an order, made one that no gateway can be asked about: of it the clock knows."""
    with Session(cases.staff.store.writer) as session, session.begin():
        payment = session.exec(select(PaymentRow).where(PaymentRow.order_id == cases.orders[number])).one()
        payment.gateway, payment_id = "terminal", payment.id
    return payment_id or 0


def queue_app(cases: Cases, who: str = "farid", *, glyphs: Glyphs = Glyphs.UNICODE, theme: str = "dark") -> DeskApp:
    """Return the app with the queue open."""
    return app_of(cases.staff, who, FraudDesk, glyphs=glyphs, theme_name=theme)


def case_app(
    cases: Cases,
    number: str = "104463",
    who: str = "farid",
    *,
    glyphs: Glyphs = Glyphs.UNICODE,
    theme: str = "dark",
) -> DeskApp:
    """Return the app with one case open."""
    return app_of(cases.staff, who, lambda: CaseScreen(cases.ids[number]), glyphs=glyphs, theme_name=theme)
