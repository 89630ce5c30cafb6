"""E3: events delivered one to five times and in any order leave the same money."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from opsdesk.domain.payments.gateways import GatewayEvent, OperationKind
from opsdesk.operations.payments.gateway_events import take_event
from opsdesk.store.engine import Store, open_store
from opsdesk.store.migrate import migrate
from opsdesk.store.work import Work
from tests.operations.event_streams import apply_all, delivered, digest, money_of, tell_all, write_orders

SEED = 20_261_124
ORDERS = 225


def _fresh(folder: Path, name: str) -> Iterator[Store]:
    url = f"sqlite:///{folder / name}.db"
    migrate(url)
    store = open_store(url)
    yield store
    store.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    """A second store, in which the same is told in the order in which it happened."""
    yield from _fresh(tmp_path, "other")


def _told(store: Store, orders: int, take: Callable[[Work, str, GatewayEvent], object], *, in_order: bool) -> int:
    """Write the orders, and let the gateway tell of them: once and in order, or shuffled and repeated."""
    random = Random(SEED)
    events = tell_all(write_orders(store, random, orders), random)
    if not in_order:
        events = delivered(events, random)
    apply_all(store, events, take)
    return len(events)


def test_ten_thousand_deliveries_in_any_order_leave_what_the_right_order_leaves(store: Store, other: Store) -> None:
    """E3; fewer on Postgres, where each statement is a journey."""
    orders, deliveries = (ORDERS, 10_000) if store.is_sqlite else (30, 1_000)
    _told(other, orders, take_event, in_order=True)
    count = _told(store, orders, take_event, in_order=False)
    assert count >= deliveries
    expected, found = money_of(other), money_of(store)
    for table, lines in expected.items():
        assert found[table] == lines, table
    assert digest(store) == digest(other)


def test_the_test_finds_out_who_trusts_the_newest_event(store: Store, other: Store) -> None:
    """The control: sums that follow whichever snapshot came last are not the same for another order of delivery."""
    _told(other, 20, _trusting, in_order=True)
    _told(store, 20, _trusting, in_order=False)
    assert digest(store) != digest(other)


def _trusting(work: Work, gateway: str, event: GatewayEvent) -> None:
    told = event.payment
    payment = work.payments.by_reference(gateway, told.reference) if told is not None else None
    if told is None or payment is None:
        take_event(work, gateway, event)
        return
    payment.captured_minor = told.total(OperationKind.CAPTURE)
    payment.voided_minor = told.total(OperationKind.VOID)
    payment.refunded_minor = told.total(OperationKind.REFUND)
    work.payments.settle(payment)
