"""Codes of gateways and card networks, decoded: what was checked, and what came out, in words.

Not checked is not failed. A code that nobody knows is unknown, never a mismatch.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Match(StrEnum):
    """What the customer's bank said of one part of what was typed."""

    MATCH = "match"
    NOMATCH = "nomatch"
    UNKNOWN = "unknown"


class AvsSummary(StrEnum):
    """What the address check comes down to."""

    FULL = "full"
    STREET_ONLY = "street_only"
    POSTAL_ONLY = "postal_only"
    NONE = "none"
    UNVERIFIED = "unverified"
    UNSUPPORTED = "unsupported"
    ERROR = "error"

    @property
    def is_checked(self) -> bool:
        """True where the bank compared the address at all."""
        return self in _CHECKED

    @property
    def words(self) -> str:
        """What staff read."""
        return _AVS_WORDS[self]


_CHECKED = frozenset({AvsSummary.FULL, AvsSummary.STREET_ONLY, AvsSummary.POSTAL_ONLY, AvsSummary.NONE})
_AVS_WORDS = {
    AvsSummary.FULL: "street and postcode match",
    AvsSummary.STREET_ONLY: "street matches, postcode does not",
    AvsSummary.POSTAL_ONLY: "postcode matches, street does not",
    AvsSummary.NONE: "neither street nor postcode match",
    AvsSummary.UNVERIFIED: "the bank did not verify the address",
    AvsSummary.UNSUPPORTED: "the bank does not support address checks",
    AvsSummary.ERROR: "the address check failed for technical reasons",
}


@dataclass(frozen=True, slots=True)
class Avs:
    """The bank's check of the billing address, with the gateway and network that give the code its meaning."""

    summary: AvsSummary
    street: Match = Match.UNKNOWN
    postal: Match = Match.UNKNOWN
    name: Match = Match.UNKNOWN
    code: str = ""
    gateway: str = ""
    network: str = ""
    remark: str = ""

    @property
    def words(self) -> str:
        """What staff read, the name included where the bank compared it."""
        name = {Match.MATCH: ", name matches", Match.NOMATCH: ", name does not"}.get(self.name, "")
        return f"{self.summary.words}{name}"


class CvvSummary(StrEnum):
    """What the check of the security code comes down to."""

    MATCH = "match"
    NOMATCH = "nomatch"
    MISSING = "missing"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class CvvResult:
    """The bank's check of the security code. The code itself is never stored, only this result."""

    summary: CvvSummary
    words: str
    code: str = ""


class SecureKind(StrEnum):
    """How strongly the customer proved to be the cardholder (3-D Secure)."""

    AUTHENTICATED = "authenticated"
    ATTEMPTED = "attempted"
    EXEMPT = "exempt"
    DATA_ONLY = "data_only"
    NON_PAYMENT = "non_payment"
    FAILED = "failed"
    REJECTED = "rejected"
    ABANDONED = "abandoned"
    IN_PROGRESS = "in_progress"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Secure:
    """The result of 3-D Secure.

    Attributes:
        shifted: the bank bears a fraud loss; None where nobody has said so, which is never trust.
        reason: the two digits of transStatusReason.
    """

    kind: SecureKind
    words: str
    shifted: bool | None = None
    eci: str = ""
    status: str = ""
    reason: str = ""
    reason_words: str = ""


class FraudLabel(StrEnum):
    """What a dispute code says of the order."""

    YES = "yes"
    NO = "no"
    PROGRAMME = "programme"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class DisputeCode:
    """A dispute reason of a network, or an early warning.

    Attributes:
        label: whether it labels an order as fraud without the card being present.
        is_about_order: false where it names a programme and not this order.
    """

    network: str
    code: str
    words: str
    label: FraudLabel
    is_about_order: bool = True
    remark: str = ""

    @property
    def proves_fraud(self) -> bool:
        """True where rules may learn from it that this order was fraud."""
        return self.label is FraudLabel.YES and self.is_about_order


@dataclass(frozen=True, slots=True)
class CodeWords:
    """A code that only needs its words."""

    code: str
    words: str
    group: str = ""
