"""How money goes back in the demo shop: a refund with its parts and shares, a second person, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from opsdesk.demo.effects import Call, answered, write_call
from opsdesk.demo.history import Line
from opsdesk.demo.moments import moment_of
from opsdesk.demo.parts import Payment
from opsdesk.demo.staff import SOFIA, WORKER, Clerk
from opsdesk.demo.tales import Tale
from opsdesk.domain.payments.gateways import CallKind, CallState
from opsdesk.domain.payments.transactions import Method, TransactionKind
from opsdesk.domain.refunds.arithmetic import ChargedLine, ChargedOrder
from opsdesk.domain.refunds.composing import RefundContent, RefundPlan, compose
from opsdesk.domain.refunds.shares import Share, content_hash
from opsdesk.domain.refunds.states import RefundState, ShareState, refund_state
from opsdesk.store.tables import ApprovalRow, RefundPartRow, RefundRow, RefundShareRow

_SHARES = {
    CallState.SUCCEEDED: ShareState.SUCCEEDED,
    CallState.FAILED: ShareState.FAILED,
    CallState.UNKNOWN: ShareState.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A refund that somebody asks for.

    Attributes:
        approved_at: when the supervisor agreed; None where nobody has to, or where it waits for her.
        outcome: what the gateway makes of it.
        next_at: when it is looked up again.
        over: how much goes back over which payment; all over the first where it is empty.
    """

    content: RefundContent
    who: Clerk
    at: int
    needs_approval: bool = False
    approved_at: int | None = None
    outcome: CallState = CallState.SUCCEEDED
    problem: str = ""
    next_at: int | None = None
    over: tuple[tuple[Payment, int], ...] = ()

    @property
    def submitted_at(self) -> int | None:
        """When the money was sent on its way."""
        return self.approved_at if self.needs_approval else self.at


def charged(tale: Tale) -> ChargedOrder:
    """Return the order as it was charged."""
    basket = tale.basket
    lines = (
        ChargedLine(line.id, line.title, line.ordered, line.price, line.discount, line.tax) for line in basket.lines
    )
    total_tax = (basket.discount, basket.shipping, basket.tax, basket.tax_included)
    return ChargedOrder(tale.number, basket.currency, tuple(lines), *total_tax)


def give_back(tale: Tale, wish: Wish) -> RefundState:
    """Give money back, as far as the wish goes, and return how far that is."""
    plan = compose(charged(tale), (), wish.content)
    over = wish.over or ((tale.payments[0], plan.total.minor),)
    shares = tuple(_share(tale, payment, amount) for payment, amount in over)
    sealed, refund_id = content_hash(plan, shares), tale.sheets.next_id("refund")
    asked = f"Refund of {plan.total} asked for ({wish.content.reason.label})"
    tale.act(wish.at, wish.who, "refund.request", Line("refund.requested", asked, after=str(plan.total)))
    if wish.approved_at is not None:
        _approve(tale, wish, plan, refund_id, sealed)
    _write_parts(tale, plan, refund_id)
    paid = [_pay(tale, wish, refund_id, payment, share) for (payment, _), share in zip(over, shares, strict=True)]
    state = refund_state(paid) if wish.submitted_at is not None else RefundState.PENDING_APPROVAL
    _settle(tale, wish, plan, state)
    tale.sheets.put(_refund_row(tale, wish, plan, refund_id, sealed, state))
    return state


def _share(tale: Tale, payment: Payment, amount: int) -> Share:
    reference = "" if payment.method is Method.GATEWAY else f"refund {tale.number}"
    return Share(payment.id, amount, payment.method, reference)


def _approve(tale: Tale, wish: Wish, plan: RefundPlan, refund_id: int, sealed: str) -> None:
    assert wish.approved_at is not None
    line = Line("refund.approved", f"Refund of {plan.total} approved", after=wish.who.name)
    command_id = tale.act(wish.approved_at, SOFIA, "refund.approve", line)
    tale.sheets.put(
        ApprovalRow(
            id=tale.sheets.next_id("approval"),
            subject_kind="refund",
            subject_id=refund_id,
            content_hash=sealed,
            amount_minor=plan.total.minor,
            currency=plan.currency,
            requested_by=wish.who.name,
            approved_by=SOFIA.name,
            approver_role=SOFIA.role,
            approved_at=moment_of(wish.approved_at),
            command_id=command_id,
        )
    )


def _write_parts(tale: Tale, plan: RefundPlan, refund_id: int) -> None:
    for part in plan.parts:
        tale.sheets.put(
            RefundPartRow(
                id=tale.sheets.next_id("refund_part"),
                refund_id=refund_id,
                kind=part.kind.value,
                line_id=part.line_id,
                quantity=part.quantity,
                amount_minor=part.amount,
                tax_minor=part.tax,
                label=part.label,
            )
        )


def _pay(tale: Tale, wish: Wish, refund_id: int, payment: Payment, share: Share) -> ShareState:
    """Send one share on its way, and return what came of it."""
    share_id, at = tale.sheets.next_id("refund_share"), wish.submitted_at
    if at is None:
        state, problem = ShareState.WAITING, ""
    elif payment.method is Method.GATEWAY:
        state, problem = _ask_gateway(tale, wish, payment, share.amount, share_id), wish.problem
    else:
        state, problem = ShareState.SUCCEEDED, ""
        tale.pay(at, TransactionKind.MANUAL_OUT, share.amount, reference=share.reference, over=payment)
    tale.sheets.put(
        RefundShareRow(
            id=share_id,
            refund_id=refund_id,
            payment_id=payment.id,
            method=share.method.value,
            reference=share.reference,
            amount_minor=share.amount,
            state=state.value,
            problem=problem,
        )
    )
    return state


def _ask_gateway(tale: Tale, wish: Wish, payment: Payment, amount: int, share_id: int) -> ShareState:
    assert wish.submitted_at is not None
    call = Call(CallKind.REFUND, amount, wish.who, wish.submitted_at, wish.outcome, wish.problem, wish.next_at)
    answer = f"re_{payment.reference.removeprefix('pi_')}{share_id}" if wish.outcome is CallState.SUCCEEDED else ""
    key = write_call(tale, call, payment=payment, share_id=share_id, answer=answer)
    answered(tale, call)
    if wish.outcome is CallState.SUCCEEDED:
        tale.pay(call.answered_at, TransactionKind.REFUND, amount, reference=answer, key=key, over=payment)
    elif wish.outcome is CallState.UNKNOWN:
        payment.refunding += amount
    return _SHARES[wish.outcome]


def _settle(tale: Tale, wish: Wish, plan: RefundPlan, state: RefundState) -> None:
    if wish.submitted_at is None:
        return
    told = f"Refund of {plan.total}: {state.word}. {wish.problem}".strip()
    line = Line(f"refund.{state.value}", told, "submitted", state.value)
    tale.act(tale.changed_at + 1, WORKER, "call.record_answer", line)


def _refund_row(tale: Tale, wish: Wish, plan: RefundPlan, refund_id: int, sealed: str, state: RefundState) -> RefundRow:
    content = wish.content
    is_over, sent = state is RefundState.SUCCEEDED, wish.submitted_at
    return RefundRow(
        id=refund_id,
        order_id=tale.id,
        state=state.value,
        reason=content.reason.value,
        note=content.note,
        amount_minor=plan.total.minor,
        tax_minor=plan.tax.minor,
        currency=plan.currency,
        content_hash=sealed,
        tell=False,
        requested_by=wish.who.name,
        requested_at=moment_of(wish.at),
        needs_approval=wish.needs_approval,
        submitted_at=moment_of(sent) if sent is not None else None,
        settled_at=moment_of(tale.changed_at) if is_over else None,
        problem=wish.problem,
        version=1 + (sent is not None) + is_over,
    )
