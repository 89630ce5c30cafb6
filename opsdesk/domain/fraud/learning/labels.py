"""What an order turned out to be, as far as anybody can say: from its disputes, warnings, contacts and age."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from opsdesk.domain.fraud.codes.decoded import DisputeCode
from opsdesk.domain.fraud.codes.reasons import Verdict


class Label(StrEnum):
    """What rules are measured against.

    `SUSPECTED` was cancelled without proof: counting it as fraud would let a rule grade itself.
    """

    FRAUD = "confirmed_fraud"
    LEGIT = "confirmed_legit"
    SUSPECTED = "suspected"
    UNKNOWN = "unknown"

    @property
    def is_sure(self) -> bool:
        """True where precision and recall may count it."""
        return self in (Label.FRAUD, Label.LEGIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What happened to an order after it was placed.

    Attributes:
        disputes: reasons of its disputes, and early warnings.
        was_denied: the cardholder or the bank said it was not theirs.
        was_verified: somebody of ours verified it at an independent number.
        verdict: what the desk decided, if it did.
    """

    disputes: tuple[DisputeCode, ...] = ()
    was_denied: bool = False
    was_verified: bool = False
    verdict: Verdict | None = None
    delivered_at: datetime | None = None


def label_of(aftermath: Aftermath, now: datetime, good_after: timedelta) -> Label:
    """Return what the order turned out to be, the strongest sign first."""
    if aftermath.was_denied or any(dispute.proves_fraud for dispute in aftermath.disputes):
        return Label.FRAUD
    if aftermath.was_verified and not (aftermath.verdict is not None and aftermath.verdict.cancels):
        return Label.LEGIT
    if aftermath.verdict is not None and aftermath.verdict.cancels:
        return Label.SUSPECTED
    if aftermath.delivered_at is not None and aftermath.delivered_at + good_after <= now:
        return Label.LEGIT
    return Label.UNKNOWN
