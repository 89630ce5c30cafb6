"""Transactions of money, and the sums of an order that are computed from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from opsdesk.domain.money import Money
from opsdesk.domain.orders import Lifecycle, MoneyFacts, OrderFacts


class TransactionKind(StrEnum):
    """What a movement of money is (commerce.md 2.3)."""

    AUTHORISE = "authorise"
    CAPTURE = "capture"
    SALE = "sale"
    VOID = "void"
    REFUND = "refund"
    MANUAL_IN = "manual_in"
    MANUAL_OUT = "manual_out"


class TransactionState(StrEnum):
    """How far it is; `unknown` is looked up at the gateway, never repeated blindly."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Movement:
    """One transaction as far as the sums need it; `amount` in minor units."""

    kind: TransactionKind
    state: TransactionState
    amount: int


_IN = (TransactionKind.CAPTURE, TransactionKind.SALE, TransactionKind.MANUAL_IN)
_OUT = (TransactionKind.REFUND, TransactionKind.MANUAL_OUT)


def money_facts(total: int, movements: Iterable[Movement]) -> MoneyFacts:
    """Sum up the transactions of an order; `total` is what the order costs, in minor units."""
    sums = {"authorised": 0, "captured": 0, "refunded": 0, "voided": 0, "pending": 0}
    for movement in movements:
        if name := _sum_of(movement):
            sums[name] += movement.amount
    return MoneyFacts(total=total, **sums)


def _sum_of(movement: Movement) -> str | None:
    if movement.state is TransactionState.SUCCEEDED:
        if movement.kind in _IN:
            return "captured"
        if movement.kind in _OUT:
            return "refunded"
        return "authorised" if movement.kind is TransactionKind.AUTHORISE else "voided"
    is_open = movement.state in (TransactionState.PENDING, TransactionState.UNKNOWN)
    return "pending" if is_open and movement.kind not in (*_OUT, TransactionKind.VOID) else None


def why_not_record_payment(facts: OrderFacts, amount: Money | None = None) -> str | None:
    """Say why no payment can be recorded by hand, or None if one can."""
    if facts.lifecycle is Lifecycle.CANCELLED:
        return f"{facts.number} is cancelled. Reopen it first."
    if facts.money.paid >= facts.money.total:
        return f"{facts.number} is paid already."
    if amount is not None and amount.minor <= 0:
        return "A payment must be more than nothing."
    return None
