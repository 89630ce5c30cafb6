"""What was paid with, what the customer's bank made of it, and what the gateway thinks of it (integrations.md 3.4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Check(StrEnum):
    """The answer of the customer's bank to one check of what was typed."""

    PASS = "pass"  # noqa: S105  the answer of a check, no password
    FAIL = "fail"
    UNAVAILABLE = "unavailable"
    UNCHECKED = "unchecked"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Checks:
    """Address and security code as the bank compared them, and how strongly the customer proved who they are.

    Attributes:
        eci: the electronic commerce indicator as the network sent it.
        sca: the result of 3-D Secure as the gateway names it.
    """

    line: Check = Check.NONE
    postcode: Check = Check.NONE
    security_code_check: Check = Check.NONE
    sca: str = ""
    eci: str = ""
    liability_shifted: bool | None = None


@dataclass(frozen=True, slots=True)
class Risk:
    """What the gateway thinks of a payment; `score` 0 to 100, where it gives one."""

    level: str = ""
    score: int | None = None
    reason: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Instrument:
    """What was paid with. Never more of a number than its last four digits."""

    kind: str = ""
    brand: str = ""
    last4: str = ""
    funding: str = ""
    country: str = ""
    fingerprint: str = ""
    wallet: str = ""

    @property
    def words(self) -> str:
        """Name it for staff, e.g. `visa ..4242`."""
        return " ".join(part for part in (self.brand or self.kind, f"..{self.last4}" if self.last4 else "") if part)
