"""A refund as it would be, without a store: for screens while a clerk chooses, and for the customer's letter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.mails.letters import LetterRefund, LetterRefundPart, LetterRefundShare
from opsdesk.domain.money import Money
from opsdesk.domain.payments.transactions import Method
from opsdesk.domain.refunds.arithmetic import ChargedOrder
from opsdesk.domain.refunds.composing import compose
from opsdesk.domain.refunds.parts import RefundContent, RefundPart, RefundPlan
from opsdesk.domain.refunds.shares import (
    AllocationPolicy,
    Share,
    ShareChoice,
    Source,
    allocate,
    settled_shares,
    way_of,
)
from opsdesk.domain.refunds.states import FeeKind, PartKind, ShareWay


@dataclass(frozen=True, slots=True)
class RefundPreview:
    """What a refund would be; `problem` says what keeps it from being asked for like this, empty if nothing does."""

    plan: RefundPlan
    shares: tuple[Share, ...]
    letter: LetterRefund
    problem: str = ""


def preview(  # noqa: PLR0913  what a refund is worked out from has this many parts
    order: ChargedOrder,
    earlier: Iterable[RefundPart],
    content: RefundContent,
    sources: Sequence[Source],
    *,
    choices: Sequence[ShareChoice] | None = None,
    policy: AllocationPolicy = AllocationPolicy.NEWEST_FIRST,
    overrides: Mapping[int, Money] | None = None,
) -> RefundPreview:
    """Work out a refund as far as it can be; references of what is paid by hand may still be missing."""
    plan = RefundPlan(order.currency, ())
    shares: tuple[Share, ...] = ()
    problem = ""
    try:
        plan = compose(order, earlier, content)
        chosen = allocate(plan.total, sources, policy, overrides) if choices is None else choices
        shares = settled_shares(plan.total, sources, chosen, needs_references=False)
    except (Invalid, Refused) as said:
        problem = said.message
    return RefundPreview(plan, shares, letter_refund(plan, shares, sources), problem)


def letter_refund(plan: RefundPlan, shares: Sequence[Share], sources: Sequence[Source]) -> LetterRefund:
    """Return a refund as the customer's letter may show it."""
    by_id = {source.payment_id: source for source in sources}
    return LetterRefund(
        plan.total,
        tuple(_letter_part(part, plan.currency) for part in plan.parts),
        tuple(_letter_share(share, by_id[share.payment_id], plan.currency) for share in shares),
    )


def part_words(part: RefundPart, currency: str) -> str:
    """Say for staff what an amount goes back for, e.g. `2 x Oat granola: 17.80 EUR`."""
    units = f"{part.quantity} x " if part.quantity else ""
    return f"{units}{part.label}: {Money(part.amount, currency)}"


def share_words(share: Share, source: Source) -> str:
    """Say for staff over what an amount goes back, e.g. `visa ..4242: 17.80 EUR`."""
    amount = Money(share.amount, source.facts.currency)
    way = way_of(share.method, source)
    if way is ShareWay.GATEWAY:
        return f"{source.name}: {amount}"
    if way is ShareWay.CREDIT:
        return f"{source.name} -> store credit: {amount}"
    how = f"at {source.facts.gateway}" if share.method is Method.GATEWAY else share.method.label
    told = f", {share.reference}" if share.reference else ""
    return f"{source.name} by hand ({how}{told}): {amount}"


_FEE_CODES = {kind.label: kind.value for kind in FeeKind}
_LETTER_WAYS = {
    Method.GATEWAY: "card",
    Method.BANK_TRANSFER: "bank",
    Method.CASH: "cash",
    Method.CHEQUE: "cheque",
    Method.ON_ACCOUNT: "account",
    Method.STORE_CREDIT: "credit",
    Method.GIFT_CARD: "credit",
}


def _letter_part(part: RefundPart, currency: str) -> LetterRefundPart:
    kind = _FEE_CODES.get(part.label, part.kind.value) if part.kind is PartKind.FEE else part.kind.value
    return LetterRefundPart(kind, Money(part.amount, currency), part.label, part.quantity)


def _letter_share(share: Share, source: Source, currency: str) -> LetterRefundShare:
    return LetterRefundShare(_LETTER_WAYS[share.method], Money(share.amount, currency), source.name)
