"""What a refund stands on, read under the order's lock: what was charged, what went back before, the payments."""

from __future__ import annotations

from dataclasses import dataclass

from opsdesk.domain.money import Money
from opsdesk.domain.payments.transactions import Method
from opsdesk.domain.refunds.arithmetic import ChargedOrder
from opsdesk.domain.refunds.composing import overpaid
from opsdesk.domain.refunds.credit_notes import note_words
from opsdesk.domain.refunds.parts import RefundPart, RefundPlan
from opsdesk.domain.refunds.preview import part_words, share_words
from opsdesk.domain.refunds.shares import CREDITS, Share, Source, content_hash, way_of
from opsdesk.domain.refunds.states import NOT_SET_ASIDE, RefundState, ShareState, ShareWay
from opsdesk.store.repositories.refundables import charged_order, part_of, share_of, source_of
from opsdesk.store.tables import OrderRow, PaymentRow, RefundRow, RefundShareRow
from opsdesk.store.work import Work


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the rules of refunds look at, and the rows behind it."""

    order: OrderRow
    charged: ChargedOrder
    earlier: tuple[RefundPart, ...]
    payments: dict[int, PaymentRow]
    sources: tuple[Source, ...]

    @property
    def order_id(self) -> int:
        """The id of the order."""
        assert self.order.id is not None, "An order whose money moves has been saved."
        return self.order.id

    def money(self, minor: int) -> Money:
        """Return an amount in the order's currency."""
        return Money(minor, self.order.currency)

    def source(self, payment_id: int) -> Source:
        """Return a payment as refunds look at it."""
        return next(source for source in self.sources if source.payment_id == payment_id)

    def words(self, share: RefundShareRow) -> str:
        """Say for staff over what a share goes back."""
        return share_words(share_of(share), self.source(share.payment_id))

    def way(self, share: RefundShareRow) -> ShareWay:
        """Return how a share goes back."""
        if share.method in CREDITS:
            return ShareWay.CREDIT
        return way_of(Method(share.method), self.source(share.payment_id))


def grounds_of(work: Work, order: OrderRow, *, besides: int | None = None) -> Grounds:
    """Read what a refund of the order stands on; `besides` is a refund that is not to count."""
    assert order.id is not None, "An order whose money moves has been saved."
    payments = {payment.id or 0: payment for payment in work.payments.of_order(order.id)}
    return Grounds(
        order,
        charged_order(order, work.orders.lines(order.id)),
        tuple(part_of(row) for row in work.settlements.counted_parts(order.id, besides=besides)),
        payments,
        tuple(source_of(payment, work.payments.facts(payment)) for payment in payments.values()),
    )


def plan_of(work: Work, refund: RefundRow) -> RefundPlan:
    """Return the parts of a refund as they were kept."""
    return RefundPlan(refund.currency, tuple(part_of(row) for row in work.settlements.parts(refund.id or 0)))


def shares_of(work: Work, refund: RefundRow) -> list[RefundShareRow]:
    """Return the shares of a refund that stand, for change; what was replaced stands no more."""
    return [row for row in work.settlements.shares(refund.id or 0) if row.state != ShareState.REPLACED]


def hash_of(work: Work, refund: RefundRow) -> str:
    """Seal the content of a refund as its rows say it now."""
    return content_hash(plan_of(work, refund), [share_of(row) for row in shares_of(work, refund)])


def paid_too_much(work: Work, grounds: Grounds, *, besides: int | None = None, gone: int = 0) -> Money:
    """Return what was paid too much, less what is granted and has not gone yet; `besides` is a refund not to count.

    `gone` is what of it has gone back already, in minor units.
    """
    facts = [source.facts for source in grounds.sources]
    paid = gone + sum(sums.captured - sums.refunded - sums.refunding - sums.charged_back for sums in facts)
    for refund in work.settlements.refunds(grounds.order_id):
        if RefundState(refund.state).counts and refund.id != besides:
            paid -= sum(share.amount_minor for share in shares_of(work, refund) if share.state in NOT_SET_ASIDE)
    return overpaid(grounds.charged, grounds.earlier, paid)


def in_lines(plan: RefundPlan, shares: list[Share], grounds: Grounds) -> dict[str, str]:
    """Return parts and shares in words, a line each, for the answer of a command."""
    return {
        "total": str(plan.total),
        "tax": str(plan.tax),
        "credit_note": note_words(plan.parts, plan.currency),
        "parts": "\n".join(part_words(part, plan.currency) for part in plan.parts),
        "shares": "\n".join(share_words(share, grounds.source(share.payment_id)) for share in shares),
    }
