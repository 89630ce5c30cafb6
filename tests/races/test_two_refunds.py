"""Two clerks reach for the last money of an order, two terminals of one clerk for the last of a day's limit."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial

import pytest

from opsdesk.domain.errors import Conflict, OpsDeskError, Refused
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import CallKind
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.domain.refunds.composing import RefundContent
from opsdesk.operations.refunds.asking import request
from opsdesk.store.engine import Store, open_store
from opsdesk.store.repositories.orders import Orders
from opsdesk.store.repositories.payments import Payments
from opsdesk.store.repositories.users import Users
from opsdesk.store.tables import OrderRow, PaymentRow, RefundRow
from opsdesk.store.work import Done, Performer
from tests.operations.money_kit import calls, captured, the_payment
from tests.operations.orders_kit import rows, the_order
from tests.races.test_two_clerks import at_once
from tests.shop_orders import write_customer, write_order, write_user

ROUNDS = 100 if os.environ.get("OPSDESK_SOAK") else 6
GOODS = (("1", "Chair", "", 1, 9_510),)
"""With 4.90 for shipping 100.00 EUR."""
SIXTY = RefundContent(goodwill=Money(6_000, "EUR"))
LIMIT = 20_000


def clerk(store: Store, name: str) -> Performer:
    return Performer(store, Actor(write_user(store, name), name, Role.AGENT, f"tty:{name}"))


def paid_order(store: Store, number: str, customer_id: int, goods=GOODS) -> tuple[int, int]:
    order_id = write_order(store, number, customer_id=customer_id, goods=goods, paid=False)
    return order_id, captured(store, order_id, reference=f"pi_{number}")


def ask(who: Performer, order_id: int, version: int, content: RefundContent = SIXTY) -> Done:
    return who.perform(request, order_id, version=version, content=content)


def ask_until_answered(who: Performer, order_id: int) -> Done:
    """Look again and ask again as often as somebody else was first: the money itself has to say no."""
    while True:
        try:
            return ask(who, order_id, the_order(who.store, order_id).version)
        except Conflict:
            continue


@pytest.mark.parametrize("how", ["once", "until answered"])
def test_of_two_clerks_one_refunds_the_last_money(store: Store, how: str) -> None:
    customer = write_customer(store)
    clerks = [clerk(store, name) for name in ("tom", "lena")]
    for turn in range(ROUNDS):
        order_id, payment_id = paid_order(store, str(1_000 + turn), customer)
        version = the_order(store, order_id).version
        asks = [
            partial(ask, who, order_id, version) if how == "once" else partial(ask_until_answered, who, order_id)
            for who in clerks
        ]
        answers = at_once(*asks)
        (refused,) = [answer for answer in answers if isinstance(answer, OpsDeskError)]
        assert isinstance(refused, Conflict if how == "once" else Refused)
        assert the_payment(store, payment_id).refunding_minor == 6_000
        assert len([call for call in calls(store) if call.order_id == order_id]) == 1
        assert len(rows(store, RefundRow)) == turn + 1


def test_without_lock_and_guard_both_refund_it(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the product with its lock and its guarded update taken out, asked the same way."""
    store = open_store(postgres_url)
    order_id, payment_id = paid_order(store, "1000", write_customer(store))
    clerks = [clerk(store, name) for name in ("tom", "lena")]
    both_have_looked = threading.Barrier(2, timeout=20)

    def unlocked(self: Orders, order_id: int, *, version: int | None = None) -> OrderRow:
        order = self._session.get_one(OrderRow, order_id)
        self._versions.setdefault(order_id, order.version)
        return order

    def unlocked_payments(self: Payments, order_id: int) -> list[PaymentRow]:
        return [self._session.get_one(PaymentRow, payment_id)]

    def unguarded(self: Payments, payment: PaymentRow, kind: CallKind, amount: Money) -> None:
        both_have_looked.wait()
        self._moved(payment, {"refunding": amount.minor}, None)

    monkeypatch.setattr(Orders, "locked", unlocked)
    monkeypatch.setattr(Payments, "of_order", unlocked_payments)
    monkeypatch.setattr(Payments, "reserve", unguarded)
    version = the_order(store, order_id).version
    answers = at_once(*[partial(ask, who, order_id, version) for who in clerks])
    assert all(isinstance(answer, Done) for answer in answers)
    assert the_payment(store, payment_id).refunding_minor == 12_000
    store.close()


def at_two_terminals(store: Store, hold_up: Callable[[], None] = lambda: None) -> list[str]:
    """Let one clerk, 200 below the limit of the day, refund 180 twice at once on two orders; return the states."""
    customer = write_customer(store)
    goods = (("1", "Sofa", "", 1, 100_000),)
    orders = [paid_order(store, number, customer, goods)[0] for number in ("2001", "2002")]
    tom = clerk(store, "tom")
    for _ in range(4):
        ask(tom, orders[0], the_order(store, orders[0]).version, RefundContent(goodwill=Money(LIMIT, "EUR")))
    content = RefundContent(goodwill=Money(18_000, "EUR"))
    versions = [the_order(store, order_id).version for order_id in orders]
    hold_up()
    at_once(*[partial(ask, tom, *at, content) for at in zip(orders, versions, strict=True)])
    return sorted(row.state for row in rows(store, RefundRow) if row.amount_minor == 18_000)


def test_two_terminals_of_one_clerk_do_not_slip_through_the_limit_of_a_day(store: Store) -> None:
    assert at_two_terminals(store) == ["pending_approval", "submitted"]


def test_without_the_lock_on_the_clerk_they_do(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: nobody waits for the other terminal."""
    store = open_store(postgres_url)
    both_have_looked = threading.Barrier(2, timeout=20)

    def hold_up() -> None:
        monkeypatch.setattr(Users, "locked", lambda *_: None)
        reserve = Payments.reserve

        def late(self: Payments, payment: PaymentRow, kind: CallKind, amount: Money) -> None:
            both_have_looked.wait()
            reserve(self, payment, kind, amount)

        monkeypatch.setattr(Payments, "reserve", late)

    assert at_two_terminals(store, hold_up) == ["submitted", "submitted"]
    store.close()
