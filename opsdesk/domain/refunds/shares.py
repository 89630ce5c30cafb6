"""Over which payments a refund goes back, and the seal that binds an approval to exactly that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import LIVE_GATEWAYS
from opsdesk.domain.payments.transactions import Method, PaymentFacts, why_not_refund_payment
from opsdesk.domain.refunds.parts import RefundPlan
from opsdesk.domain.refunds.states import ShareWay


class AllocationPolicy(StrEnum):
    """Which payment is given back first."""

    NEWEST_FIRST = "newest_first"
    OLDEST_FIRST = "oldest_first"
    PRO_RATA = "pro_rata"


@dataclass(frozen=True, slots=True)
class Source:
    """A payment that money can go back over; `name` is what staff and customer call it, e.g. `visa ..4242`."""

    payment_id: int
    facts: PaymentFacts
    name: str = ""
    reference: str = ""

    @property
    def left(self) -> int:
        """What can go back over it now, in minor units; nothing while the customer's bank disputes it."""
        return 0 if self.facts.has_open_dispute else self.facts.refundable

    @property
    def is_live(self) -> bool:
        """True when OpsDesk can ask the gateway itself."""
        return self.facts.gateway in LIVE_GATEWAYS and bool(self.reference)

    @property
    def is_credit(self) -> bool:
        """True for store credit and gift cards, which are tender like any other payment."""
        return self.facts.method in CREDITS


@dataclass(frozen=True, slots=True)
class ShareChoice:
    """How much goes back over which payment, and how.

    Attributes:
        method: None to go back the way it came in.
        reference: of what was paid by hand: the bank's line, the receipt, the refund at a gateway OpsDesk cannot ask.
        credit_id: the store credit that it goes to; None to open one.
    """

    payment_id: int
    amount: Money
    method: Method | None = None
    reference: str = ""
    credit_id: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A share as it is kept: the way it goes is settled."""

    payment_id: int
    amount: int
    method: Method
    reference: str = ""
    credit_id: int | None = None


CREDITS = frozenset({Method.STORE_CREDIT, Method.GIFT_CARD})


def way_of(method: Method, source: Source) -> ShareWay:
    """Return how a share goes back."""
    if method in CREDITS:
        return ShareWay.CREDIT
    return ShareWay.GATEWAY if method is Method.GATEWAY and source.is_live else ShareWay.BY_HAND


def is_other_way(method: Method, source: Source) -> bool:
    """Say whether money leaves the house another way than it came in, which needs a right of its own.

    Store credit does not leave the house.
    """
    return method is not source.facts.method and method not in CREDITS


def allocate(
    total: Money,
    sources: Sequence[Source],
    policy: AllocationPolicy = AllocationPolicy.NEWEST_FIRST,
    overrides: Mapping[int, Money] | None = None,
    *,
    credit_last: bool = False,
) -> tuple[ShareChoice, ...]:
    """Spread a refund over the payments (oldest first in `sources`); what is overridden stays as it was chosen.

    With `credit_last` store credit and gift cards come after everything else, whatever the policy.

    Raises:
        Invalid: an override is of no payment here, or together they are more than the refund.
        Refused: the payments do not have that much left.
    """
    fixed = {payment_id: amount.minor for payment_id, amount in (overrides or {}).items()}
    left = {source.payment_id: source.left for source in sources}
    _check_overrides(total, fixed, left)
    rest = total.minor - sum(fixed.values())
    free = [source for source in sources if source.payment_id not in fixed]
    if policy is AllocationPolicy.NEWEST_FIRST:
        free.reverse()
    groups = [free]
    if credit_last:
        groups = [[s for s in free if not s.is_credit], [s for s in free if s.is_credit]]
    taken = dict(fixed)
    for group in groups:
        amounts = _spread(rest, [source.left for source in group], total.currency, policy)
        taken.update(zip((source.payment_id for source in group), amounts, strict=True))
        rest -= sum(amounts)
    if rest:
        have = Money(total.minor - rest, total.currency)
        raise Refused(f"Only {have} can go back over the payments, not {total}. {TOO_MUCH}")
    order = [*fixed, *(source.payment_id for group in groups for source in group)]
    return tuple(ShareChoice(key, Money(taken[key], total.currency)) for key in order if taken[key])


TOO_MUCH = "Take goodwill that was given before off as a deduction, or refund less."


def _check_overrides(total: Money, fixed: Mapping[int, int], left: Mapping[int, int]) -> None:
    for payment_id, amount in fixed.items():
        if payment_id not in left:
            raise Invalid("shares", "That payment is not one of this order.")
        if amount < 0:
            raise Invalid("shares", "What goes back over a payment cannot be less than nothing.")
        if amount > left[payment_id]:
            raise Invalid("shares", f"Only {Money(left[payment_id], total.currency)} can go back over this payment.")
    if sum(fixed.values()) > total.minor:
        raise Invalid("shares", f"The shares come to more than the refund of {total}.")


def _spread(amount: int, left: list[int], currency: str, policy: AllocationPolicy) -> list[int]:
    if policy is AllocationPolicy.PRO_RATA and sum(left) > 0:
        if amount >= sum(left):
            return left
        # No part is above what is left: each is at most the weight's share rounded up, and the sum is below all.
        return [part.minor for part in Money(amount, currency).allocate(left)]
    parts = []
    for have in left:
        parts.append(min(amount, have))
        amount -= parts[-1]
    return parts


def settled_shares(
    total: Money, sources: Sequence[Source], choices: Sequence[ShareChoice], *, needs_references: bool = True
) -> tuple[Share, ...]:
    """Check what was chosen against the payments, and settle the way of each share.

    Raises:
        Invalid: the shares are not the refund, or something that is paid by hand has no reference.
        Refused: a payment does not have that much left, or is disputed.
    """
    by_id = {source.payment_id: source for source in sources}
    shares = []
    for choice in choices:
        source = by_id.get(choice.payment_id)
        if source is None:
            raise Invalid("shares", "That payment is not one of this order.")
        shares.append(_settled(choice, source, needs_references=needs_references))
    for payment_id, source in by_id.items():
        wanted = sum(share.amount for share in shares if share.payment_id == payment_id)
        if problem := why_not_refund_payment(source.facts, Money(wanted, total.currency)) if wanted else None:
            raise Refused(f"{source.name}: {problem}" if source.name else problem)
    if sum(share.amount for share in shares) != total.minor:
        chosen = Money(sum(share.amount for share in shares), total.currency)
        raise Invalid("shares", f"The shares come to {chosen}, the refund to {total}. Make them equal.")
    return tuple(shares)


def _settled(choice: ShareChoice, source: Source, *, needs_references: bool) -> Share:
    if choice.amount.currency != source.facts.currency:
        raise Invalid("shares", f"This payment is in {source.facts.currency}. What goes back is in the same currency.")
    if choice.amount.minor <= 0:
        raise Invalid("shares", "What goes back over a payment must be more than nothing.")
    method = choice.method or source.facts.method
    if method is Method.GATEWAY and source.facts.method is not Method.GATEWAY:
        raise Invalid("shares", f"{source.name or 'This payment'} did not come in over a gateway. Choose another way.")
    by_hand = way_of(method, source) is ShareWay.BY_HAND
    if by_hand and needs_references and not choice.reference and method is not Method.ON_ACCOUNT:
        where = f"the refund at {source.facts.gateway}" if method is Method.GATEWAY else f"the {method.label}"
        raise Invalid("reference", f"Enter the reference of {where}: what is paid by hand must be found again.")
    return Share(source.payment_id, choice.amount.minor, method, choice.reference if by_hand else "", choice.credit_id)


def why_not_refund(order_number: str, total: int, sources: Sequence[Source]) -> str | None:
    """Say why nothing of the order can be refunded, or None if something can; an order that was free can."""
    if not total and not any(source.facts.captured for source in sources):
        return None
    if not any(source.facts.captured for source in sources):
        return f"Nothing was paid for {order_number} yet. Void the authorisation, or cancel the order."
    if any(source.left for source in sources):
        return None
    if any(source.facts.has_open_dispute for source in sources):
        return f"The payment of {order_number} is disputed. Wait for the outcome, or accept the dispute."
    if any(source.facts.refunding for source in sources):
        return f"All that was paid for {order_number} is on its way back."
    return f"All that was paid for {order_number} went back already."


def content_hash(plan: RefundPlan, shares: Sequence[Share]) -> str:
    """Seal what goes back, for what and how: an approval holds for exactly this.

    Which of the customer's own credits a share goes to is settled when it is paid, and is not sealed.
    """
    parts = sorted(
        [part.kind.value, part.line_id or 0, part.quantity, part.amount, part.tax, part.label] for part in plan.parts
    )
    ways = sorted([share.payment_id, share.amount, share.method.value, share.reference] for share in shares)
    sealed = json.dumps([plan.currency, parts, ways], ensure_ascii=False, separators=(",", ":"))
    return sha256(sealed.encode()).hexdigest()
