"""A refund that failed: tried again, sent another way, or turned into store credit."""

from __future__ import annotations

from dataclasses import replace

from opsdesk.domain.errors import Refused
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.money import Money
from opsdesk.domain.payments.transactions import Method
from opsdesk.domain.refunds.shares import Share, ShareChoice, settled_shares
from opsdesk.domain.refunds.states import RefundState, ShareState
from opsdesk.operations.refunds.grounds import Grounds, grounds_of, hash_of, shares_of
from opsdesk.operations.refunds.limits import Decision, decide
from opsdesk.operations.refunds.paying import in_money, pay_out
from opsdesk.operations.refunds.writing import done_of, keep_letter, share_row, wait_for_second
from opsdesk.operations.words import kept_line
from opsdesk.store.repositories.refundables import share_of
from opsdesk.store.tables import RefundRow, RefundShareRow
from opsdesk.store.work import Done, Work, operation

_DID_NOT_GO = (ShareState.FAILED, ShareState.CANCELLED)


@operation("refund.retry")
def retry(
    work: Work, refund_id: int, *, shares: tuple[ShareChoice, ...] | None = None, letter: Letter | None = None
) -> Done:
    """Send what failed again, or with `shares` another way; whoever does it answers for it with their own limit.

    The letter that was written names the way the money went: with another way it is dropped unless a new one is given.

    Raises:
        Refused: the refund has not failed, or the payments do not have that much left.
        Invalid: the shares are not what failed, or a reference is missing.
    """
    grounds, refund, failed = _failed(work, refund_id)
    rows = failed if shares is None else _replaced(work, grounds, refund, failed, shares)
    if shares is None:
        _check(grounds, failed, [_choice(grounds, row) for row in failed])
    if letter is not None or shares is not None:
        keep_letter(refund, letter, grounds.order.email)
    decision = _decide_anew(work, grounds, refund)
    if decision.why_not_alone:
        for row in rows:
            row.state, row.problem = ShareState.WAITING.value, ""
        before, refund.state = refund.state, RefundState.PENDING_APPROVAL.value
        refund.version, refund.problem = refund.version + 1, ""
        work.record("refund.retried", "order", refund.order_id, "Failed refund asked for again", before=before)
        return wait_for_second(work, grounds, refund, decision)
    work.record("refund.retried", "order", refund.order_id, f"Refund of {in_money(refund)} sent again")
    pay_out(work, grounds, refund, rows)
    work.orders.settle(grounds.order)
    return done_of(work, grounds, refund)


@operation("refund.turn_into_credit")
def turn_into_credit(work: Work, refund_id: int, *, credit_id: int | None = None, letter: Letter | None = None) -> Done:
    """Give the customer store credit for what failed, on a credit of theirs or a new one.

    Raises:
        Refused: the refund has not failed, or the payments do not have that much left.
    """
    grounds, refund, failed = _failed(work, refund_id)
    choices = tuple(
        ShareChoice(row.payment_id, grounds.money(row.amount_minor), Method.STORE_CREDIT, credit_id=credit_id)
        for row in failed
    )
    rows = _replaced(work, grounds, refund, failed, choices)
    keep_letter(refund, letter, grounds.order.email)
    pay_out(work, grounds, refund, rows)
    if refund.state == RefundState.SUCCEEDED:
        refund.state = RefundState.CONVERTED_TO_CREDIT.value
    credited = Money(sum(row.amount_minor for row in rows), refund.currency)
    work.record("refund.turned_into_credit", "order", refund.order_id, f"{credited} is store credit now, it had failed")
    work.orders.settle(grounds.order)
    return done_of(work, grounds, refund)


def _failed(work: Work, refund_id: int) -> tuple[Grounds, RefundRow, list[RefundShareRow]]:
    order = work.orders.locked(work.settlements.order_of(RefundRow, refund_id, "refund"))
    refund = work.settlements.refund(refund_id)
    if refund.state != RefundState.FAILED:
        word = RefundState(refund.state).word
        raise Refused(f"The refund of {in_money(refund)} has not failed ({word}); there is nothing to try again.")
    failed = [row for row in shares_of(work, refund) if row.state in _DID_NOT_GO]
    return grounds_of(work, order, besides=refund_id), refund, failed


def _replaced(
    work: Work,
    grounds: Grounds,
    refund: RefundRow,
    failed: list[RefundShareRow],
    choices: tuple[ShareChoice, ...],
) -> list[RefundShareRow]:
    kept = [replace(choice, reference=kept_line(choice.reference)) for choice in choices]
    settled = _check(grounds, failed, kept)
    for row in failed:
        row.state = ShareState.REPLACED.value
    rows = [share_row(refund.id or 0, share) for share in settled]
    for row in rows:
        work.add(row)
    return rows


def _check(grounds: Grounds, failed: list[RefundShareRow], choices: list[ShareChoice]) -> tuple[Share, ...]:
    rest = grounds.money(sum(row.amount_minor for row in failed))
    return settled_shares(rest, grounds.sources, choices)


def _choice(grounds: Grounds, row: RefundShareRow) -> ShareChoice:
    amount = grounds.money(row.amount_minor)
    return ShareChoice(row.payment_id, amount, Method(row.method), row.reference, row.credit_id)


def _decide_anew(work: Work, grounds: Grounds, refund: RefundRow) -> Decision:
    """Let whoever tries again answer for it; what a second person has agreed to as it is now needs nobody again."""
    refund.content_hash = hash_of(work, refund)
    if work.settlements.approval("refund", refund.id or 0, refund.content_hash) is not None:
        return Decision()
    refund.requested_by, refund.requested_at = work.actor.name, work.now
    refund.needs_approval = True
    work.add(refund)
    amount = Money(refund.amount_minor, refund.currency)
    decision = decide(work, grounds, amount, [share_of(row) for row in shares_of(work, refund)])
    refund.needs_approval = bool(decision.why_not_alone)
    return decision
