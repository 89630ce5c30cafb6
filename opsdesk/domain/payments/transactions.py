"""Payments, their transactions, and the sums of an order that are computed from them (commerce.md 2.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import Blocks
from opsdesk.domain.orders.states import Lifecycle, OrderFacts
from opsdesk.domain.payments.order_money import MoneyFacts


class TransactionKind(StrEnum):
    """What a movement of money is (commerce.md 2.3).

    A refund that a gateway had called done and that failed later is a `REFUND_REVERSAL`: the money is the shop's again.
    """

    AUTHORISE = "authorise"
    CAPTURE = "capture"
    SALE = "sale"
    VOID = "void"
    REFUND = "refund"
    REFUND_REVERSAL = "refund_reversal"
    MANUAL_IN = "manual_in"
    MANUAL_OUT = "manual_out"
    DISPUTE_DEBIT = "dispute_debit"
    DISPUTE_REVERSAL = "dispute_reversal"


class TransactionState(StrEnum):
    """How far it is; `unknown` is looked up at the gateway, never repeated blindly."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Method(StrEnum):
    """How a customer pays. Card and wallet payments come over a gateway; nobody types a card number here."""

    GATEWAY = "gateway"
    BANK_TRANSFER = "bank_transfer"
    CASH = "cash"
    CHEQUE = "cheque"
    ON_ACCOUNT = "on_account"
    STORE_CREDIT = "store_credit"
    GIFT_CARD = "gift_card"

    @property
    def label(self) -> str:
        """What staff read."""
        return self.value.replace("_", " ")

    @property
    def is_by_hand(self) -> bool:
        """True for money that somebody has seen with their own eyes."""
        return self in _BY_HAND


_BY_HAND = frozenset({Method.BANK_TRANSFER, Method.CASH, Method.CHEQUE})


class PaymentState(StrEnum):
    """How far one payment is; computed from its sums, never typed."""

    PENDING = "pending"
    AUTHORISED = "authorised"
    PARTLY_CAPTURED = "partly_captured"
    CAPTURED = "captured"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    DISPUTED = "disputed"
    CHARGED_BACK = "charged_back"

    @property
    def word(self) -> str:
        """What staff read."""
        return self.value.replace("_", " ")


class Ended(StrEnum):
    """Why nothing more will come of a payment that was never captured in full."""

    NOT = ""
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Movement:
    """One transaction as far as the sums need it; `amount` in minor units."""

    kind: TransactionKind
    state: TransactionState
    amount: int


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """The sums of one payment in minor units; what ends in `ing` is set aside for a call that is not over."""

    currency: str
    gateway: str
    method: Method
    authorised: int = 0
    capturing: int = 0
    captured: int = 0
    voiding: int = 0
    voided: int = 0
    refunding: int = 0
    refunded: int = 0
    charged_back: int = 0
    has_open_dispute: bool = False
    ended: Ended = Ended.NOT
    expires_at: datetime | None = None

    @property
    def capturable(self) -> int:
        """What may still be captured."""
        if self.ended is not Ended.NOT:
            return 0
        return max(0, self.authorised - self.captured - self.capturing - self.voided - self.voiding)

    @property
    def refundable(self) -> int:
        """What may still go back: captured less refunded, less what is on its way back, less charge-backs."""
        return max(0, self.captured - self.refunded - self.refunding - self.charged_back)


def payment_state(facts: PaymentFacts) -> PaymentState:
    """Compute the state of a payment from its sums."""
    if facts.has_open_dispute:
        return PaymentState.DISPUTED
    if facts.charged_back and facts.charged_back + facts.refunded >= facts.captured:
        return PaymentState.CHARGED_BACK
    if facts.refunded:
        return PaymentState.REFUNDED if facts.refunded >= facts.captured else PaymentState.PARTLY_REFUNDED
    if facts.captured:
        return PaymentState.PARTLY_CAPTURED if facts.capturable else PaymentState.CAPTURED
    if facts.ended is not Ended.NOT:
        return PaymentState(facts.ended.value)
    if facts.voided:
        return PaymentState.VOIDED if facts.voided >= facts.authorised else PaymentState.AUTHORISED
    return PaymentState.AUTHORISED if facts.authorised else PaymentState.PENDING


_SUMS = {
    TransactionKind.AUTHORISE: ("authorised", 1),
    TransactionKind.CAPTURE: ("captured", 1),
    TransactionKind.SALE: ("captured", 1),
    TransactionKind.MANUAL_IN: ("captured", 1),
    TransactionKind.VOID: ("voided", 1),
    TransactionKind.REFUND: ("refunded", 1),
    TransactionKind.MANUAL_OUT: ("refunded", 1),
    TransactionKind.REFUND_REVERSAL: ("refunded", -1),
    TransactionKind.DISPUTE_DEBIT: ("charged_back", 1),
    TransactionKind.DISPUTE_REVERSAL: ("charged_back", -1),
}
_NOT_COMING_IN = frozenset(
    {
        TransactionKind.REFUND,
        TransactionKind.REFUND_REVERSAL,
        TransactionKind.MANUAL_OUT,
        TransactionKind.VOID,
        TransactionKind.DISPUTE_DEBIT,
    }
)


def sum_of(kind: TransactionKind) -> tuple[str, int]:
    """Return which sum of a payment a succeeded transaction of this kind moves, and in which direction."""
    return _SUMS[kind]


def money_facts(total: int, movements: Iterable[Movement], *, is_disputed: bool = False) -> MoneyFacts:
    """Sum up the transactions of an order; `total` is what the order costs, in minor units."""
    sums = {"authorised": 0, "captured": 0, "refunded": 0, "voided": 0, "pending": 0, "charged_back": 0, "drawn": 0}
    for movement in movements:
        if movement.state is TransactionState.SUCCEEDED:
            name, sign = _SUMS[movement.kind]
            sums[name] += sign * movement.amount
            if movement.kind is TransactionKind.CAPTURE:
                sums["drawn"] += movement.amount
        elif movement.state is not TransactionState.FAILED and movement.kind not in _NOT_COMING_IN:
            sums["pending"] += movement.amount
    return MoneyFacts(total=total, is_disputed=is_disputed, **sums)


def why_not_record_payment(facts: OrderFacts, amount: Money | None = None) -> str | None:
    """Say why no payment can be recorded by hand, or None if one can."""
    if facts.lifecycle is Lifecycle.CANCELLED:
        return f"{facts.number} is cancelled. Reopen it first."
    if facts.money.paid >= facts.money.total and facts.amendment is not AmendmentState.AWAITING_PAYMENT:
        return f"{facts.number} is paid already."
    if amount is not None and amount.minor <= 0:
        return "A payment must be more than nothing."
    return None


def why_not_capture(facts: OrderFacts, payment: PaymentFacts, now: datetime, amount: Money | None = None) -> str | None:
    """Say why this payment cannot be captured, or None if it can.

    The capture never takes more than the order still costs: an order that was made smaller is captured smaller
    (commerce.md P11).
    """
    if facts.lifecycle is Lifecycle.CANCELLED:
        return f"{facts.number} is cancelled. Void the authorisation instead."
    if hold := facts.blocks(Blocks.CAPTURE):
        return f"{facts.number} is on hold ({hold.type.label}). Release it first."
    if payment.authorised == 0:
        return "Nothing was authorised with this payment."
    if payment.expires_at is not None and payment.expires_at <= now:
        return "The authorisation has expired. Ask for the money with a pay link."
    if payment.capturable == 0:
        return "Nothing is left to capture of this payment."
    if amount is None:
        return None
    if amount.minor <= 0:
        return "A capture must be more than nothing."
    left = Money(payment.capturable, payment.currency)
    if amount.minor > left.minor:
        return f"Only {left} is left of the authorisation. Ask for the rest with a pay link."
    due = facts.money.total - facts.money.paid
    if amount.minor > due:
        return f"{facts.number} costs only {Money(max(0, due), payment.currency)} more. Capture no more than that."
    return None


def why_not_void(payment: PaymentFacts) -> str | None:
    """Say why the authorisation cannot be given back, or None if it can."""
    if payment.authorised == 0:
        return "Nothing was authorised with this payment."
    if payment.capturing:
        return "A capture of this payment is under way. Wait for its answer, or take it back."
    return None if payment.capturable else "Nothing is left of this authorisation."


def why_not_refund_payment(payment: PaymentFacts, amount: Money) -> str | None:
    """Say why so much cannot go back over this payment, or None if it can."""
    if amount.currency != payment.currency:
        return f"This payment is in {payment.currency}. What goes back is in the same currency."
    if payment.has_open_dispute:
        return (
            "The payment is disputed: the bank may take the money itself. Wait for the outcome or accept the dispute."
        )
    left = Money(payment.refundable, payment.currency)
    return f"Only {left} can go back over this payment." if amount.minor > left.minor else None
