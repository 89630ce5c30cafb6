"""Refunds that were made outside, in a gateway's own dashboard: kept as they come; what they were for is said later.

Nothing moves here: the money has gone already. What it was for decides what of each line, and of the shipping, can
still be refunded, and whether the order is owed anything (commerce.md 5.2, 18).
"""

from __future__ import annotations

from datetime import datetime

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.money import Money
from opsdesk.domain.payments.transactions import Method
from opsdesk.domain.refunds.composing import compose
from opsdesk.domain.refunds.parts import RefundContent, RefundPlan
from opsdesk.domain.refunds.preview import part_words
from opsdesk.domain.refunds.shares import Share, content_hash
from opsdesk.domain.refunds.states import RefundReason, RefundState, ShareState
from opsdesk.operations.refunds.grounds import Grounds, grounds_of, hash_of, paid_too_much, shares_of
from opsdesk.operations.refunds.notes import cancel_note, issue_note
from opsdesk.operations.refunds.paying import in_money, share_failed_later
from opsdesk.operations.refunds.writing import share_row, write_parts
from opsdesk.operations.words import kept_text
from opsdesk.store.tables import PaymentRow, RefundRow
from opsdesk.store.work import Done, Work, operation


def note_outside(work: Work, payment: PaymentRow, amount: Money, reference: str, at: datetime) -> None:
    """Keep a refund that nobody here had asked for; what it was for, somebody says afterwards."""
    if not amount or payment.id is None:
        return
    share = Share(payment.id, amount.minor, Method(payment.method), reference)
    refund = RefundRow(
        order_id=payment.order_id,
        state=RefundState.OUTSIDE.value,
        reason=RefundReason.OTHER.value,
        amount_minor=amount.minor,
        currency=amount.currency,
        content_hash=content_hash(RefundPlan(amount.currency, ()), [share]),
        tell=False,
        requested_by=work.actor.name,
        requested_at=at,
    )
    work.add(refund)
    row = share_row(refund.id or 0, share)
    row.state = ShareState.SUCCEEDED.value
    work.add(row)


def came_back(work: Work, payment: PaymentRow, reference: str, problem: str) -> bool:
    """Let a refund fail that was made outside and did not arrive; say whether it stands here as one that failed."""
    share = work.settlements.share_outside(payment.id or 0, reference)
    if share is None:
        return False
    refund = work.settlements.refund(share.refund_id)
    if refund.state == RefundState.SUCCEEDED:
        share_failed_later(work, share, problem)
        return True
    share.state, share.problem = ShareState.CANCELLED.value, problem
    refund.state, refund.settled_at, refund.problem = RefundState.CANCELLED.value, work.now, problem
    refund.version += 1
    return False


@operation("refund.assign")
def assign(work: Work, refund_id: int, *, content: RefundContent, version: int | None = None) -> Done:
    """Say what a refund was for that was made outside: lines, shipping, goodwill; no money moves.

    Raises:
        Refused: it was not made outside, or somebody has said already what it was for.
        Invalid: what is named is not what went back, or more than was charged.
        Conflict: the order changed since `version` was read.
    """
    order = work.orders.locked(work.settlements.order_of(RefundRow, refund_id, "refund"), version=version)
    refund = work.settlements.refund(refund_id)
    if refund.state != RefundState.OUTSIDE:
        raise Refused(f"What the refund of {in_money(refund)} is for is known ({RefundState(refund.state).word}).")
    grounds = grounds_of(work, order, besides=refund_id)
    plan = compose(grounds.charged, grounds.earlier, content)
    _require_whole(work, grounds, refund, plan, content)
    write_parts(work, refund, plan)
    refund.state, refund.settled_at = RefundState.SUCCEEDED.value, work.now
    refund.reason, refund.note, refund.tax_minor = content.reason.value, kept_text(content.note), plan.tax.minor
    refund.content_hash, refund.version = hash_of(work, refund), refund.version + 1
    issue_note(work, refund)
    said = ", ".join(part_words(part, plan.currency) for part in plan.parts)
    summary = f"Refund of {in_money(refund)} made outside was for: {said}"
    work.record("refund.assigned", "order", refund.order_id, summary, before=RefundState.OUTSIDE, after=refund.state)
    work.orders.settle(order)
    work.undo_with("refund.unassign", refund_id=refund_id)
    told = f"{order.number}: the {in_money(refund)} that went back outside were for {said}."
    return Done(told, order.id, order.version, {"refund_id": refund_id, "total": str(plan.total)})


@operation("refund.unassign")
def unassign(work: Work, refund_id: int) -> Done:
    """Take back what was said about a refund that was made outside; it waits for somebody to say it anew.

    Raises:
        Refused: it was not made outside, or nobody has said yet what it was for.
    """
    order = work.orders.locked(work.settlements.order_of(RefundRow, refund_id, "refund"))
    refund = work.settlements.refund(refund_id)
    if refund.state != RefundState.SUCCEEDED or refund.submitted_at is not None:
        word = RefundState(refund.state).word
        raise Refused(f"Nobody has said what the refund of {in_money(refund)} was for ({word}), or it was made here.")
    cancel_note(work, refund, "What it was for is open again.")
    work.settlements.drop_parts(refund_id)
    refund.state, refund.settled_at, refund.tax_minor = RefundState.OUTSIDE.value, None, 0
    refund.content_hash, refund.version = hash_of(work, refund), refund.version + 1
    summary = f"What the refund of {in_money(refund)} made outside was for is open again"
    work.record("refund.unassigned", "order", refund.order_id, summary, after=refund.state)
    work.orders.settle(order)
    return Done(f"{order.number}: {summary[0].lower()}{summary[1:]}.", order.id, order.version)


def _require_whole(work: Work, grounds: Grounds, refund: RefundRow, plan: RefundPlan, content: RefundContent) -> None:
    if plan.total.minor != refund.amount_minor:
        rest = grounds.money(refund.amount_minor - plan.total.minor)
        more = f"Name {rest} more, as goodwill for instance." if rest.minor > 0 else f"Name {-rest} less."
        raise Invalid("goodwill", f"{in_money(refund)} went back, and what is named comes to {plan.total}. {more}")
    if content.overpayment:
        most = paid_too_much(
            work, grounds, besides=refund.id, gone=sum(row.amount_minor for row in shares_of(work, refund))
        )
        if content.overpayment.minor > most.minor:
            raise Invalid("overpayment", f"Only {most} was paid too much.")
