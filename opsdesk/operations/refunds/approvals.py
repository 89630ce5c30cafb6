"""Four eyes: a second person agrees to exactly what was asked for, or declines it, before anything moves."""

from __future__ import annotations

from opsdesk.domain.errors import Denied, Refused
from opsdesk.domain.money import Money
from opsdesk.domain.people.permissions import why_not_allowed, why_not_within
from opsdesk.domain.refunds.composing import refundable
from opsdesk.domain.refunds.parts import units_of
from opsdesk.domain.refunds.states import PartKind, RefundState, ShareState
from opsdesk.operations.refunds.grounds import Grounds, grounds_of, hash_of, paid_too_much, plan_of, shares_of
from opsdesk.operations.refunds.paying import in_money, pay_out, settle_refund
from opsdesk.operations.refunds.writing import done_of
from opsdesk.operations.words import required_line
from opsdesk.store.tables import ApprovalRow, OrderRow, RefundRow, UserRow
from opsdesk.store.work import Done, Work, operation


@operation("refund.approve")
def approve(work: Work, refund_id: int, *, content_hash: str) -> Done:
    """Agree to a refund of somebody else's, exactly as it was read; it goes out at once.

    Raises:
        Denied: the actor may not agree to this one: their own, or above their limit.
        Refused: it was changed since it was read, does not wait any more, or the payments have moved.
    """
    order, refund = _waiting(work, refund_id)
    if problem := _why_not_second(work, refund):
        raise Denied(problem)
    if content_hash != refund.content_hash or hash_of(work, refund) != content_hash:
        raise Refused(f"The refund of {in_money(refund)} was changed after it was asked for. Read it again first.")
    grounds = grounds_of(work, order, besides=refund_id)
    if moved := _what_moved(work, grounds, refund):
        raise Refused(f"{order.number} has moved since the refund was asked for: {' '.join(moved)} Decline it or wait.")
    _write_approval(work, refund)
    summary = f"Agreed to a refund of {in_money(refund)} that {refund.requested_by} asked for"
    work.record("refund.approved", "order", refund.order_id, summary, after=refund.content_hash)
    rows = [row for row in shares_of(work, refund) if row.state == ShareState.WAITING]
    pay_out(work, grounds, refund, rows)
    if not any(row.state == ShareState.SUCCEEDED for row in rows):
        work.undo_with("refund.take_back", refund_id=refund_id)
    work.orders.settle(order)
    return done_of(work, grounds, refund)


@operation("refund.decline")
def decline(work: Work, refund_id: int, *, note: str) -> Done:
    """Say no to a refund that waits for a second person.

    Raises:
        Refused: it does not wait any more.
        Invalid: nothing says why.
    """
    order, refund = _waiting(work, refund_id)
    why = required_line(note, "note", f"Say why; {refund.requested_by} reads it.")
    summary = f"Refund of {in_money(refund)} declined. {why}"
    rows = shares_of(work, refund)
    for row in rows:
        if row.state == ShareState.WAITING:
            row.state, row.problem = ShareState.CANCELLED.value, f"{work.actor.name}: {why}"
    if any(row.state == ShareState.SUCCEEDED for row in rows):
        # A part went before the rest was tried another way: the rest is still owed.
        settle_refund(work, order, refund)
    else:
        refund.state, refund.problem = RefundState.DECLINED.value, f"{work.actor.name}: {why}"
        refund.version, refund.settled_at = refund.version + 1, work.now
    before = RefundState.PENDING_APPROVAL.value
    work.record("refund.declined", "order", refund.order_id, summary, before=before, after=refund.state)
    work.orders.settle(order)
    return Done(f"{order.number}: the refund of {in_money(refund)} is declined.", order.id, order.version)


def _waiting(work: Work, refund_id: int) -> tuple[OrderRow, RefundRow]:
    order = work.orders.locked(work.settlements.order_of(RefundRow, refund_id, "refund"))
    refund = work.settlements.refund(refund_id)
    if refund.state != RefundState.PENDING_APPROVAL:
        word = RefundState(refund.state).word
        raise Refused(f"The refund of {in_money(refund)} does not wait for a second person ({word}).")
    return order, refund


def _why_not_second(work: Work, refund: RefundRow) -> str | None:
    """Say why the actor is not the second person for this refund, or None if they are."""
    amount = Money(refund.amount_minor, refund.currency)
    actor = work.actor
    if actor.name == refund.requested_by:
        return f"{actor.name} asked for this refund. Somebody else has to agree to it."
    me = work.users.locked(actor.user_id) if actor.user_id is not None else None
    if me is not None and (not me.is_active or me.role != actor.role):
        return f"{actor.name} may not agree to refunds any more. Ask somebody else."
    if is_same_person(me, work.users.named(refund.requested_by)):
        return f"{actor.name} and {refund.requested_by} are one person at this machine. Somebody else has to agree."
    return why_not_allowed(actor, "refund.approve") or why_not_within(actor, "refund.approve", amount)


def is_same_person(one: UserRow | None, other: UserRow | None) -> bool:
    """Say whether two names sign in by the same login of the operating system."""
    return one is not None and other is not None and one.os_login is not None and one.os_login == other.os_login


def _what_moved(work: Work, grounds: Grounds, refund: RefundRow) -> list[str]:
    """Return what is not there any more of what was asked for, a sentence each."""
    plan, left = plan_of(work, refund), refundable(grounds.charged, grounds.earlier)
    moved = []
    for line in left.lines:
        wanted = units_of(plan.parts, line.line_id)
        amount = sum(part.amount for part in plan.parts if part.line_id == line.line_id)
        if wanted > line.units or amount > line.amount.minor:
            moved.append(f"only {line.units} of {line.title} ({line.amount}) can still be refunded.")
    known = {line.line_id for line in left.lines}
    moved += [
        f"{part.label} is not on it any more." for part in plan.parts if part.line_id and part.line_id not in known
    ]
    shipping = sum(part.amount for part in plan.parts if part.kind is PartKind.SHIPPING)
    if shipping > left.shipping.minor:
        moved.append(f"only {left.shipping} of the shipping can still be refunded.")
    overpayment = sum(part.amount for part in plan.parts if part.kind is PartKind.OVERPAYMENT)
    if overpayment and overpayment > paid_too_much(work, grounds, besides=refund.id).minor:
        moved.append("it is not paid too much any more.")
    for source in grounds.sources:
        rows = [row for row in shares_of(work, refund) if row.payment_id == source.payment_id]
        wanted = sum(row.amount_minor for row in rows if row.state == ShareState.WAITING)
        if wanted > source.left:
            moved.append(f"only {grounds.money(source.left)} can still go back over {source.name}.")
    return moved


def _write_approval(work: Work, refund: RefundRow) -> None:
    work.add(
        ApprovalRow(
            subject_kind="refund",
            subject_id=refund.id or 0,
            content_hash=refund.content_hash,
            amount_minor=refund.amount_minor,
            currency=refund.currency,
            requested_by=refund.requested_by,
            approved_by=work.actor.name,
            approver_role=work.actor.role.value,
            approved_at=work.now,
            command_id=work.command_id,
        )
    )
