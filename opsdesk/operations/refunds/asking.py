"""Refunds: asked for, paid out within one's own limit or sent to a second person, taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.money import Money
from opsdesk.domain.refunds.composing import compose
from opsdesk.domain.refunds.parts import RefundContent
from opsdesk.domain.refunds.preview import preview
from opsdesk.domain.refunds.shares import (
    AllocationPolicy,
    ShareChoice,
    allocate,
    settled_shares,
    why_not_refund,
)
from opsdesk.domain.refunds.states import RefundReason, RefundState, ShareState
from opsdesk.operations.refunds.grounds import Grounds, grounds_of, paid_too_much, shares_of
from opsdesk.operations.refunds.limits import decide
from opsdesk.operations.refunds.paying import (
    call_back,
    in_money,
    pay_out,
    settle_refund,
    share_failed_later,
    share_settled,
)
from opsdesk.operations.refunds.retries import retry, turn_into_credit
from opsdesk.operations.refunds.writing import done_of, keep_letter, wait_for_second, write_refund
from opsdesk.operations.words import kept_line
from opsdesk.store.tables import RefundRow
from opsdesk.store.work import Done, Work, operation

__all__ = [
    "preview",
    "request",
    "retry",
    "return_overpayment",
    "share_failed_later",
    "share_settled",
    "take_back",
    "turn_into_credit",
]


@operation("refund.request")
def request(
    work: Work,
    order_id: int,
    *,
    version: int,
    content: RefundContent,
    shares: tuple[ShareChoice, ...] | None = None,
    policy: AllocationPolicy = AllocationPolicy.NEWEST_FIRST,
    overrides: Mapping[int, Money] | None = None,
    tell: bool = True,
    letter: Letter | None = None,
) -> Done:
    """Refund what the content says: at once within one's own limit, else when a second person has agreed.

    Without `shares` the sum is spread over the payments by `policy`. The customer is told with `letter`, written when
    the refund is asked for, as soon as every share has succeeded; without a letter nobody is told.

    Raises:
        Refused: there is not that much left on the payments, or a payment is disputed.
        Invalid: more than was charged, shares that are not the sum, a reference missing, a letter that cannot be sent.
        Conflict: the order changed since `version` was read.
    """
    order = work.orders.locked(order_id, version=version)
    grounds = grounds_of(work, order)
    if content.overpayment and content.overpayment.minor > paid_too_much(work, grounds).minor:
        raise Invalid("overpayment", f"Only {paid_too_much(work, grounds)} was paid too much.")
    plan = compose(grounds.charged, grounds.earlier, content)
    if not plan.total:
        return _nothing_to_refund(work, grounds)
    if problem := why_not_refund(order.number, order.total_minor, grounds.sources):
        raise Refused(problem)
    chosen = shares if shares is not None else allocate(plan.total, grounds.sources, policy, overrides)
    kept = tuple(replace(choice, reference=kept_line(choice.reference)) for choice in chosen)
    settled = settled_shares(plan.total, grounds.sources, kept)
    decision = decide(work, grounds, plan.total, settled)
    refund = write_refund(work, grounds, content, plan, settled)
    refund.needs_approval = bool(decision.why_not_alone)
    keep_letter(refund, letter if tell else None, order.email)
    if decision.why_not_alone:
        return wait_for_second(work, grounds, refund, decision)
    work.record(
        "refund.requested", "order", order_id, f"Refund of {plan.total}: {content.reason.label}", after=refund.note
    )
    rows = shares_of(work, refund)
    pay_out(work, grounds, refund, rows)
    if not any(row.state == ShareState.SUCCEEDED for row in rows):
        work.undo_with("refund.take_back", refund_id=refund.id)
    work.orders.settle(order)
    return done_of(work, grounds, refund)


@operation("refund.return_overpayment")
def return_overpayment(
    work: Work,
    order_id: int,
    *,
    version: int,
    shares: tuple[ShareChoice, ...] | None = None,
    tell: bool = True,
    letter: Letter | None = None,
) -> Done:
    """Give back what was paid too much; what the order costs stays as it is.

    Raises:
        Refused: nothing was paid too much.
        Conflict: the order changed since `version` was read.
    """
    order = work.orders.locked(order_id, version=version)
    amount = paid_too_much(work, grounds_of(work, order))
    if not amount:
        raise Refused(f"Nothing was paid too much for {order.number}.")
    content = RefundContent(overpayment=amount, reason=RefundReason.OVERPAID)
    return request(work, order_id, version=version, content=content, shares=shares, tell=tell, letter=letter)


@operation("refund.take_back")
def take_back(work: Work, refund_id: int) -> Done:
    """Take a refund back that waits, or give one up that failed. What has gone already stays gone.

    Raises:
        Refused: it was sent, or is over.
    """
    order = work.orders.locked(work.settlements.order_of(RefundRow, refund_id, "refund"))
    refund = work.settlements.refund(refund_id)
    state = RefundState(refund.state)
    if state not in _CAN_BE_TAKEN_BACK:
        raise Refused(f"The refund of {in_money(refund)} cannot be taken back any more ({state.word}).")
    rows = shares_of(work, refund)
    gone = [row for row in rows if row.state == ShareState.SUCCEEDED]
    if gone and state is RefundState.FAILED:
        raise Refused("A part of this refund has gone already. Pay the rest in another way, or as store credit.")
    if len(gone) == len(rows):
        raise Refused("This refund has gone already.")
    call_back(work, (row for row in rows if row.state != ShareState.SUCCEEDED))
    if gone:
        settle_refund(work, order, refund)
    else:
        before, refund.state = refund.state, RefundState.CANCELLED.value
        refund.version, refund.settled_at, refund.problem = refund.version + 1, work.now, ""
        summary = f"Refund of {in_money(refund)} taken back"
        work.record("refund.cancelled", "order", refund.order_id, summary, before=before, after=refund.state)
    work.orders.settle(order)
    return Done(f"{order.number}: the refund of {in_money(refund)} is taken back.", order.id, order.version)


_CAN_BE_TAKEN_BACK = frozenset({RefundState.PENDING_APPROVAL, RefundState.SUBMITTED, RefundState.FAILED})


def _nothing_to_refund(work: Work, grounds: Grounds) -> Done:
    """An order that was free is returned like any other; only no money goes back for it."""
    order = grounds.order
    work.record("refund.nothing", "order", grounds.order_id, "Refund asked for: there is nothing to refund")
    work.orders.settle(order)
    return Done(f"{order.number}: nothing to refund, nothing was paid for it.", order.id, order.version, {"total": "0"})
