"""The payment methods that the test gateway knows. There are no card numbers: a method is a name, as in Stripe's tests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

AUTHENTICATED: Mapping[str, Any] = {
    "authentication_flow": "challenge",
    "electronic_commerce_indicator": "05",
    "exemption_indicator": None,
    "result": "authenticated",
    "result_reason": None,
    "transaction_id": None,
    "version": "2.2.0",
}
ATTEMPTED: Mapping[str, Any] = {
    **AUTHENTICATED,
    "authentication_flow": None,
    "electronic_commerce_indicator": "06",
    "result": "attempt_acknowledged",
    "result_reason": "network_not_supported",
}


@dataclass(frozen=True)
class Card:
    """What a payment method tells of itself and how its bank behaves.

    Attributes:
        line1: what the bank says of the street: pass, fail, unavailable, unchecked, or None.
        holds_for: how long an authorisation lasts.
        code: why the bank declines, as `code` and `decline_code`; empty when it pays.
        refunds: how a refund goes: `succeeded`, `pending` until it is settled, or `failed` soon after.
        asks_customer: a request from the shop alone is not enough; the customer must prove who they are.
    """

    brand: str = "visa"
    last4: str = "4242"
    funding: str = "credit"
    country: str = "US"
    line1: str | None = "pass"
    postcode: str | None = "pass"
    cvc: str | None = "pass"
    three_d_secure: Mapping[str, Any] | None = None
    risk_level: str = "normal"
    risk_score: int | None = 12
    reason: str | None = None
    rule: str | None = None
    outcome: str = "authorized"
    wallet: str | None = None
    holds_for: timedelta = timedelta(days=7)
    code: str = ""
    decline_code: str = ""
    message: str = "Your card was declined."
    refunds: str = "succeeded"
    asks_customer: bool = False

    @property
    def fingerprint(self) -> str:
        """Return the same 16 letters for the same card, whoever pays with it."""
        return hashlib.sha256(f"{self.brand}{self.last4}{self.funding}{self.country}".encode()).hexdigest()[:16]


def _no(last4: str, decline_code: str, message: str, code: str = "card_declined") -> Card:
    return Card(last4=last4, code=code, decline_code=decline_code, message=message)


CARDS: dict[str, Card] = {
    "pm_card_visa": Card(),
    "pm_card_visa_debit": Card(last4="5556", funding="debit"),
    "pm_card_mastercard": Card("mastercard", "4444"),
    "pm_card_mastercard_prepaid": Card("mastercard", "5100", funding="prepaid"),
    "pm_card_amex": Card("amex", "0005"),
    "pm_card_discover": Card("discover", "1117"),
    "pm_card_gb": Card(last4="0000", country="GB"),
    "pm_card_de": Card(last4="0016", country="DE"),
    "pm_card_avsFail": Card(last4="0010", line1="fail", postcode="fail"),
    "pm_card_avsLine1Fail": Card(last4="0028", line1="fail"),
    "pm_card_avsZipFail": Card(last4="0036", postcode="fail"),
    "pm_card_avsUnchecked": Card(last4="0044", line1="unavailable", postcode="unavailable"),
    "pm_card_cvcCheckFail": Card(last4="0101", cvc="fail"),
    "pm_card_riskLevelElevated": Card(
        last4="9235", risk_level="elevated", risk_score=68, reason="elevated_risk_level", outcome="manual_review"
    ),
    "pm_card_riskLevelHighest": Card(
        last4="4954",
        risk_level="highest",
        risk_score=91,
        reason="highest_risk_level",
        outcome="blocked",
        code="card_declined",
        decline_code="fraudulent",
    ),
    "pm_card_threeDSecure2Required": Card(last4="3220", three_d_secure=AUTHENTICATED, asks_customer=True),
    "pm_card_threeDSecureOptional": Card(last4="3055", three_d_secure=ATTEMPTED),
    "pm_card_visa_chargeDeclined": _no("0002", "generic_decline", "Your card was declined."),
    "pm_card_chargeDeclined": _no("0002", "generic_decline", "Your card was declined."),
    "pm_card_visa_chargeDeclinedInsufficientFunds": _no(
        "9995", "insufficient_funds", "Your card has insufficient funds."
    ),
    "pm_card_visa_chargeDeclinedLostCard": _no("9987", "lost_card", "Your card was declined."),
    "pm_card_visa_chargeDeclinedStolenCard": _no("9979", "stolen_card", "Your card was declined."),
    "pm_card_chargeDeclinedExpiredCard": _no("0069", "", "Your card has expired.", "expired_card"),
    "pm_card_chargeDeclinedIncorrectCvc": _no("0127", "", "Your card's security code is incorrect.", "incorrect_cvc"),
    "pm_card_chargeDeclinedProcessingError": _no(
        "0119", "", "An error occurred while processing your card. Try again in a little bit.", "processing_error"
    ),
    "pm_card_pendingRefund": Card(last4="7726", refunds="pending"),
    "pm_card_refundFail": Card(last4="5126", refunds="failed"),
}
