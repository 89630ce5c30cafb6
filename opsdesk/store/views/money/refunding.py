"""What a refund of an order would be worked out from, for screens that compose one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session, col

from opsdesk.domain.money import Money
from opsdesk.domain.payments.transactions import Ended, Method, PaymentFacts
from opsdesk.domain.refunds.arithmetic import ChargedOrder
from opsdesk.domain.refunds.composing import overpaid, refundable
from opsdesk.domain.refunds.parts import Refundable, RefundPart
from opsdesk.domain.refunds.shares import Source
from opsdesk.domain.refunds.states import NOT_COUNTED, NOT_SET_ASIDE
from opsdesk.store.repositories.refundables import charged_order, part_of, source_of
from opsdesk.store.tables import (
    DisputeRow,
    OrderLineRow,
    OrderRow,
    PaymentRow,
    RefundPartRow,
    RefundRow,
    RefundShareRow,
)


@dataclass(frozen=True, slots=True)
class RefundGrounds:
    """What was charged, what went back before, the payments that it can go back over, and what was paid too much."""

    charged: ChargedOrder
    earlier: tuple[RefundPart, ...]
    sources: tuple[Source, ...]
    too_much: Money

    @property
    def left(self) -> Refundable:
        """What of each line and of the shipping has not gone back yet."""
        return refundable(self.charged, self.earlier)

    @property
    def most(self) -> Money:
        """What could go back over all payments."""
        return Money(sum(source.left for source in self.sources), self.charged.currency)

    def name(self, payment_id: int) -> str:
        """Return what a payment is called."""
        return next(source.name for source in self.sources if source.payment_id == payment_id)


def refund_grounds(session: Session, order_id: int, *, gone: int = 0) -> RefundGrounds | None:
    """Return what a refund of this order stands on, or None when there is no such order.

    `gone` is what went back outside and may have been paid too much before, in minor units.
    """
    order = session.get(OrderRow, order_id)
    if order is None:
        return None
    lines = select(OrderLineRow).where(col(OrderLineRow.order_id) == order_id).order_by(col(OrderLineRow.position))
    parts = (
        select(RefundPartRow)
        .join(RefundRow, col(RefundRow.id) == col(RefundPartRow.refund_id))
        .where(col(RefundRow.order_id) == order_id, col(RefundRow.state).not_in(NOT_COUNTED))
        .order_by(col(RefundPartRow.id))
    )
    disputed = select(col(DisputeRow.payment_id)).where(
        col(DisputeRow.order_id) == order_id, col(DisputeRow.closed_at).is_(None)
    )
    payments = select(PaymentRow).where(col(PaymentRow.order_id) == order_id).order_by(col(PaymentRow.id))
    open_disputes = set(session.execute(disputed).scalars())
    charged = charged_order(order, session.execute(lines).scalars())
    earlier = tuple(part_of(row) for row in session.execute(parts).scalars())
    sources = tuple(
        source_of(payment, _facts(payment, is_disputed=payment.id in open_disputes))
        for payment in session.execute(payments).scalars()
    )
    facts = [source.facts for source in sources]
    paid = (
        gone
        + sum(each.captured - each.refunded - each.refunding - each.charged_back for each in facts)
        - _granted_and_not_gone(session, order_id)
    )
    return RefundGrounds(charged, earlier, sources, overpaid(charged, earlier, paid))


def _granted_and_not_gone(session: Session, order_id: int) -> int:
    shares = (
        select(func.coalesce(func.sum(col(RefundShareRow.amount_minor)), 0))
        .join(RefundRow, col(RefundRow.id) == col(RefundShareRow.refund_id))
        .where(
            col(RefundRow.order_id) == order_id,
            col(RefundRow.state).not_in(NOT_COUNTED),
            col(RefundShareRow.state).in_(NOT_SET_ASIDE),
        )
    )
    return int(session.execute(shares).scalar_one())


def _facts(payment: PaymentRow, *, is_disputed: bool) -> PaymentFacts:
    return PaymentFacts(
        currency=payment.currency,
        gateway=payment.gateway,
        method=Method(payment.method),
        authorised=payment.authorised_minor,
        capturing=payment.capturing_minor,
        captured=payment.captured_minor,
        voiding=payment.voiding_minor,
        voided=payment.voided_minor,
        refunding=payment.refunding_minor,
        refunded=payment.refunded_minor,
        charged_back=payment.charged_back_minor,
        has_open_dispute=is_disputed,
        ended=Ended(payment.ended),
        expires_at=payment.expires_at,
    )
