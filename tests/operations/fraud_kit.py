"""Suspected orders for tests: a store that knows the fraud desk's files, people of the desk, and cases as they stand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlmodel import Session

from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.integrations.fraud_files import fraud_on_demand
from opsdesk.operations.fraud.cases import open_by_hand
from opsdesk.store.engine import Store
from opsdesk.store.tables import CaseRow, HoldRow
from opsdesk.store.work import Performer
from tests.conftest import START, StillClock
from tests.operations.money_kit import authorised
from tests.operations.orders_kit import rows
from tests.shop_orders import GOODS, write_customer, write_order

DATA = Path(__file__).parents[2] / "data"
BOOK = fraud_on_demand(DATA)
LARGE = (("40900", "Espresso machine", "", 1, 149_900),)
AMY = Actor(None, "amy", Role.FRAUD, "test")
BOB = Actor(None, "bob", Role.FRAUD, "test")
SOFIA = Actor(None, "sofia", Role.SUPERVISOR, "test")


def with_files(store: Store) -> Store:
    """Return the store as a shop opens it: it knows the fraud desk's files, and where it stands."""
    return replace(store, fraud=BOOK, zone=ZoneInfo("Europe/London"))


def suspected(
    store: Store,
    number: str = "104458",
    *,
    is_large: bool = False,
    score: int = 69,
    is_paid: bool = False,
    gateway: str = "stripe",
) -> int:
    """Write an order that is authorised for a week, held, and has a case; return the case's id."""
    customer_id = write_customer(store, email=f"ada{number}@berg.example")
    order_id = write_order(store, number, customer_id=customer_id, goods=LARGE if is_large else GOODS, paid=is_paid)
    if not is_paid:
        authorised(store, order_id, reference=f"pi_{number}", gateway=gateway)
    done = Performer(store, AMY, StillClock(START)).perform(open_by_hand, order_id, reason="Two names on it.")
    assert done.subject_id is not None
    with Session(store.writer) as session, session.begin():
        session.get_one(CaseRow, done.subject_id).score = score
    return done.subject_id


def the_case(store: Store, case_id: int) -> CaseRow:
    """Return a case as it stands."""
    with store.reading() as session:
        return session.get_one(CaseRow, case_id)


def state_of(store: Store, case_id: int) -> FraudState:
    """Return where a case is."""
    return FraudState(the_case(store, case_id).fraud_state)


def fraud_hold(store: Store) -> HoldRow:
    """Return the one hold there is."""
    (held,) = [row for row in rows(store, HoldRow) if row.type == "fraud"]
    return held
