"""Authorisations end by themselves. The gateway is asked before anything is written off."""

from __future__ import annotations

from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import LIVE_GATEWAYS, PaymentSnapshot
from opsdesk.domain.payments.transactions import Ended, TransactionKind
from opsdesk.operations.payments.gateway_events import APPLIED, hold_for_somebody, take_snapshot
from opsdesk.operations.payments.gateway_snapshots import LOOK_AGAIN
from opsdesk.operations.payments.pay_links import void_outdated_links
from opsdesk.store.repositories.payments import Booking
from opsdesk.store.tables import GatewayEventRow, OrderRow, PaymentRow
from opsdesk.store.work import Done, Work, operation


@operation("payment.expire")
def expire_authorisation(work: Work, payment_id: int, *, snapshot: PaymentSnapshot | None = None) -> Done:
    """Write off what is left of an authorisation whose time is up; `snapshot` is what a live gateway says of it now.

    Nothing is written off while a capture is under way, nor while a live gateway does not agree.
    """
    order = work.orders.locked(work.payments.order_of(payment_id))
    payment = work.payments.locked(payment_id)
    if snapshot is not None:
        _, problems = take_snapshot(work, order, payment.gateway, snapshot, link=None)
        if problems:
            hold_for_somebody(work, _looked_up(work, payment), problems)
        payment = work.payments.locked(payment_id)
    is_due = payment.expires_at is not None and payment.expires_at <= work.now
    if not is_due or payment.capturing_minor or not work.payments.facts(payment).capturable:
        return Done(f"{order.number}: nothing of the payment expires now.", order.id, order.version)
    if payment.gateway in LIVE_GATEWAYS:
        if snapshot is not None:
            payment.expires_at = work.now + LOOK_AGAIN
        return Done(f"{order.number}: {payment.gateway} still holds the money.", order.id, order.version)
    return _written_off(work, order, payment)


def _looked_up(work: Work, payment: PaymentRow) -> GatewayEventRow:
    return GatewayEventRow(
        gateway=payment.gateway,
        event_id=f"looked-up:{work.command_id}",
        name="looked up",
        outcome=APPLIED,
        reference=payment.reference,
        order_id=payment.order_id,
        amount_minor=payment.authorised_minor,
        currency=payment.currency,
        happened_at=work.now,
        received_at=work.now,
    )


def _written_off(work: Work, order: OrderRow, payment: PaymentRow) -> Done:
    rest = Money(work.payments.facts(payment).capturable, payment.currency)
    if not payment.captured_minor:
        payment.ended = Ended.EXPIRED.value
    reference = f"{payment.reference or payment.id}:expired"
    work.payments.book(payment, TransactionKind.VOID, rest, Booking(reference, at=payment.expires_at, is_told=True))
    work.record(
        "payment.expired", "order", payment.order_id, f"The authorisation of {rest} has expired", after=reference
    )
    void_outdated_links(work, order)
    work.orders.settle(order)
    return Done(f"{order.number}: the authorisation of {rest} has expired.", order.id, order.version)
