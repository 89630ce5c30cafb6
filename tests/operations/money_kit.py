"""Live money for tests: payments that a gateway holds, booked as the product books them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlmodel import Session

from opsdesk.domain.money import Money
from opsdesk.domain.payments.transactions import Method, TransactionKind
from opsdesk.domain.people.actors import WORKER
from opsdesk.store.engine import Store
from opsdesk.store.repositories.payments import Booking
from opsdesk.store.tables import GatewayCallRow, OrderRow, PaymentRow
from opsdesk.store.work import Work
from tests.conftest import START
from tests.operations.orders_kit import rows

LASTS = timedelta(days=7)


def authorised(
    store: Store,
    order_id: int,
    amount: Money | int | None = None,
    reference: str = "pi_1",
    gateway: str = "stripe",
    *,
    expires_at: datetime | None = START + LASTS,
    at: datetime = START,
) -> int:
    """Let a gateway hold money for the order (all that it costs if no amount is named); return the payment's id."""
    with working(store, at) as work:
        order = work.orders.locked(order_id)
        payment = work.payments.open_payment(
            order, gateway=gateway, instrument="visa ..4242", reference=reference, expires_at=expires_at
        )
        whole = _money(order, amount)
        work.payments.book(payment, TransactionKind.AUTHORISE, whole, Booking(f"{reference}:auth", at=at))
        work.orders.settle(order)
        assert payment.id is not None
        return payment.id


def captured(
    store: Store,
    order_id: int,
    amount: Money | int | None = None,
    reference: str = "pi_1",
    gateway: str = "stripe",
    *,
    at: datetime = START,
    settled: Money | None = None,
) -> int:
    """Let a gateway have taken money for the order (all that it costs if no amount is named); return the payment's id."""
    payment_id = authorised(store, order_id, amount, reference, gateway, at=at)
    with working(store, at) as work:
        order, payment = work.orders.locked(order_id), work.payments.locked(payment_id)
        whole = Money(payment.authorised_minor, payment.currency)
        booking = Booking(f"{reference}:capture", at=at, settled=settled)
        work.payments.book(payment, TransactionKind.CAPTURE, whole, booking)
        work.orders.settle(order)
    return payment_id


def by_hand(
    store: Store,
    order_id: int,
    amount: Money | int | None = None,
    method: Method = Method.BANK_TRANSFER,
    reference: str = "line 1",
    *,
    at: datetime = START,
) -> int:
    """Let money have come in outside a gateway; return the payment's id."""
    with working(store, at) as work:
        order = work.orders.locked(order_id)
        payment = work.payments.open_payment(order, gateway="manual", method=method)
        work.payments.book(payment, TransactionKind.MANUAL_IN, _money(order, amount), Booking(reference, at=at))
        work.orders.settle(order)
        assert payment.id is not None
        return payment.id


@contextmanager
def working(store: Store, at: datetime = START) -> Iterator[Work]:
    """Open a unit of work that is committed at the end, without history."""
    with Session(store.writer, expire_on_commit=False) as session:
        work = Work(session, actor=WORKER, now=at, command_id="test")
        yield work
        session.commit()


def the_payment(store: Store, payment_id: int) -> PaymentRow:
    """Return a payment as it stands."""
    with store.reading() as session:
        return session.get_one(PaymentRow, payment_id)


def calls(store: Store) -> list[GatewayCallRow]:
    """Return every call to a gateway, oldest first."""
    return rows(store, GatewayCallRow)


def _money(order: OrderRow, amount: Money | int | None) -> Money:
    if isinstance(amount, Money):
        return amount
    return Money(order.total_minor if amount is None else amount, order.currency)
