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


class Word(StrEnum):
    """What one source wrote down about an order. The newest word counts, and settles what was known before it.

    `SAMPLED` says that it passed unseen as a sample, and nothing of how it ended. `WITHDRAWN` takes the words before it
    back, so that what is known otherwise counts again.
    """

    FRAUD = "confirmed_fraud"
    LEGIT = "confirmed_legit"
    WARNED = "early_warning"
    DISPUTED = "disputed"
    SAMPLED = "sampled"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> Label | None:
        """What the order is by this word; None where it settles nothing."""
        return {Word.FRAUD: Label.FRAUD, Word.WARNED: Label.FRAUD, Word.LEGIT: Label.LEGIT}.get(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What happened to an order after it was placed.

    Attributes:
        said: the newest word on it; what follows is only what came after that word.
        disputes: reasons of its disputes, but for those that the shop has won.
        is_suspect: it was cancelled, or its money given back, as fraud, without proof.
        was_denied: the cardholder or the bank said it was not theirs.
        was_verified: somebody of ours verified it at an independent number.
        verdict: what the desk decided, if it did.
    """

    said: Word | None = None
    disputes: tuple[DisputeCode, ...] = ()
    was_denied: bool = False
    was_verified: bool = False
    is_suspect: bool = False
    verdict: Verdict | None = None
    delivered_at: datetime | None = None


def label_of(aftermath: Aftermath, now: datetime, good_after: timedelta) -> Label:
    """Return what the order turned out to be, the strongest sign first."""
    if aftermath.was_denied or any(dispute.proves_fraud for dispute in aftermath.disputes):
        return Label.FRAUD
    if aftermath.said is not None and (settled := aftermath.said.label) is not None:
        return settled
    if aftermath.was_verified and not (aftermath.verdict is not None and aftermath.verdict.cancels):
        return Label.LEGIT
    if aftermath.is_suspect or (aftermath.verdict is not None and aftermath.verdict.cancels):
        return Label.SUSPECTED
    if aftermath.delivered_at is not None and aftermath.delivered_at + good_after <= now:
        return Label.LEGIT
    return Label.UNKNOWN
