"""What a gateway tells, made for tests: payments as it has them, and events about them."""

from __future__ import annotations

from datetime import datetime, timedelta

from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import (
    AnswerKind,
    DisputeSnapshot,
    DisputeState,
    EventKind,
    GatewayEvent,
    GatewayOperation,
    OperationKind,
    PaymentSnapshot,
)
from opsdesk.domain.payments.instruments import Instrument
from opsdesk.domain.people.actors import WORKER
from opsdesk.operations.payments.gateway_events import take_event
from opsdesk.store.engine import Store
from opsdesk.store.tables import GatewayEventRow
from opsdesk.store.work import Done, Performer
from tests.conftest import START, StillClock
from tests.operations.orders_kit import rows

CARD = Instrument(kind="card", brand="visa", last4="4242")
TOTAL = 3_520
"""What the order of `write_order` costs."""


def operation(
    kind: OperationKind,
    minor: int,
    reference: str = "ch_1",
    *,
    state: AnswerKind = AnswerKind.SUCCEEDED,
    key: str = "",
    at: datetime = START,
    problem: str = "",
    currency: str = "EUR",
) -> GatewayOperation:
    return GatewayOperation(reference, kind, Money(minor, currency), state, at, key, problem)


def authorised(minor: int = TOTAL, reference: str = "ch_1", **more) -> GatewayOperation:
    return operation(OperationKind.AUTHORISE, minor, reference, **more)


def captured(minor: int = TOTAL, reference: str = "ch_1", **more) -> GatewayOperation:
    return operation(OperationKind.CAPTURE, minor, reference, **more)


def voided(minor: int = TOTAL, reference: str = "ch_1", **more) -> GatewayOperation:
    return operation(OperationKind.VOID, minor, reference, **more)


def refunded(minor: int, reference: str = "re_1", **more) -> GatewayOperation:
    return operation(OperationKind.REFUND, minor, reference, **more)


def snapshot(
    *operations: GatewayOperation,
    reference: str = "pi_1",
    link: str = "",
    number: str = "",
    disputes: tuple[DisputeSnapshot, ...] = (),
    before: datetime | None = None,
    ended: bool = False,
    currency: str = "EUR",
) -> PaymentSnapshot:
    return PaymentSnapshot(
        reference,
        currency,
        operations,
        capture_before=before,
        link_reference=link,
        order_number=number,
        has_ended=ended,
        instrument=CARD,
        disputes=disputes,
    )


def dispute(
    state: DisputeState = DisputeState.NEEDS_RESPONSE,
    minor: int = TOTAL,
    reference: str = "dp_1",
    *,
    payment: str = "pi_1",
    withdrawn: bool = True,
    due: datetime | None = START + timedelta(days=9),
) -> DisputeSnapshot:
    amount = Money(minor, "EUR")
    return DisputeSnapshot(
        reference, payment, amount, state, "fraudulent", START, due, network_reason="10.4", is_withdrawn=withdrawn
    )


def event(
    event_id: str, payment: PaymentSnapshot | None, *, at: datetime = START, name: str = "payment.changed", **more
) -> GatewayEvent:
    kind = EventKind.PAYMENT if payment is not None else EventKind.LINK
    return GatewayEvent(event_id, kind, name, at, payment, **more)


def tell(store: Store, *told: GatewayEvent, clock: StillClock | None = None) -> list[Done]:
    """Let the gateway tell one event after the other."""
    worker = Performer(store, WORKER, clock or StillClock())
    return [worker.perform(take_event, "stripe", one) for one in told]


def held(store: Store) -> list[GatewayEventRow]:
    """Return the events that wait for somebody."""
    return [row for row in rows(store, GatewayEventRow) if row.outcome == "held" and row.settled_at is None]
