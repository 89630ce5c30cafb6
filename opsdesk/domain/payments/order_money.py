"""The money axis of an order: the sums of its transactions, and the payment status that is computed from them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PaymentStatus(StrEnum):
    """The money axis, computed from transactions and never typed."""

    UNPAID = "unpaid"
    PENDING = "pending"
    PARTLY_AUTHORISED = "partly_authorised"
    AUTHORISED = "authorised"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    OVERPAID = "overpaid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"
    DISPUTED = "disputed"

    @property
    def word(self) -> str:
        """The payment word of the queue, at most six letters."""
        return _PAYMENT_WORDS[self]


_PAYMENT_WORDS = {
    PaymentStatus.UNPAID: "UNPAID",
    PaymentStatus.PENDING: "PEND",
    PaymentStatus.PARTLY_AUTHORISED: "PAUTH",
    PaymentStatus.AUTHORISED: "AUTH",
    PaymentStatus.PARTLY_PAID: "PART",
    PaymentStatus.PAID: "PAID",
    PaymentStatus.OVERPAID: "OVER",
    PaymentStatus.PARTLY_REFUNDED: "PREF",
    PaymentStatus.REFUNDED: "REFD",
    PaymentStatus.VOIDED: "VOID",
    PaymentStatus.DISPUTED: "DISP",
}


@dataclass(frozen=True, slots=True)
class MoneyFacts:
    """Sums of succeeded transactions of an order, in minor units of its currency."""

    total: int
    authorised: int = 0
    captured: int = 0
    refunded: int = 0
    voided: int = 0
    pending: int = 0
    charged_back: int = 0
    is_disputed: bool = False
    drawn: int = 0

    @property
    def held(self) -> int:
        """What is authorised and neither captured nor voided; `drawn` is what was captured of it."""
        return max(0, self.authorised - self.voided - self.drawn)

    @property
    def paid(self) -> int:
        """What the shop holds: captured less refunded, less what a bank has taken back."""
        return self.captured - self.refunded - self.charged_back


def payment_status(money: MoneyFacts) -> PaymentStatus:
    """Compute the money axis by comparing captured less refunded with the order's total."""
    if money.is_disputed:
        return PaymentStatus.DISPUTED
    if money.refunded + money.charged_back > 0:
        return PaymentStatus.REFUNDED if money.paid <= 0 else PaymentStatus.PARTLY_REFUNDED
    if money.captured > money.total:
        return PaymentStatus.OVERPAID
    if money.captured >= money.total:
        return PaymentStatus.PAID
    if money.captured > 0:
        return PaymentStatus.PARTLY_PAID
    if money.authorised - money.voided > 0:
        is_enough = money.authorised - money.voided >= money.total
        return PaymentStatus.AUTHORISED if is_enough else PaymentStatus.PARTLY_AUTHORISED
    if money.voided > 0:
        return PaymentStatus.VOIDED
    return PaymentStatus.PENDING if money.pending > 0 else PaymentStatus.UNPAID


def is_covered(money: MoneyFacts) -> bool:
    """Say whether the money allows shipping: paid, or authorised for the rest.

    What was refunded is not owed again; but when everything went back, nothing is paid for any more.
    """
    if money.refunded + money.charged_back and money.paid <= 0:
        return False
    return money.captured + money.held >= money.total
