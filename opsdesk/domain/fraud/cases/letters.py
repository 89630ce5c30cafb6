"""Which status of the shop's menu each mail of a case tells, so that outbox, order and menu call it by one name."""

from __future__ import annotations

from collections.abc import Mapping

from opsdesk.domain.fraud.codes.reasons import Verdict

POTENTIAL_FRAUD = "potential_fraud"
"""Code of the status that the order has while its customer is asked."""

REMINDER, LAST_NOTICE = "fraud_reminder", "fraud_final_notice"

ASKING = (POTENTIAL_FRAUD, REMINDER, LAST_NOTICE)
"""Codes of statuses that ask the customer to call; the first, and those that repeat it."""

STATUS_OF_END: Mapping[Verdict, str] = {
    Verdict.RELEASE: "fraud_released",
    Verdict.CANCEL_UNVERIFIED: "cancelled_unverified",
    Verdict.CANCEL_FRAUD: "cancelled_neutral",
    Verdict.OTHER: "cancelled",
}
"""Code of the status that tells how a case ended; of fraud nothing is said to anybody."""
