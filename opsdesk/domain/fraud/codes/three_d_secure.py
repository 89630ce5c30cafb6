"""3-D Secure: what the network's numbers and letters mean, and who bears the loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from opsdesk.domain.fraud.codes.decoded import Secure, SecureKind
from opsdesk.domain.fraud.entries import Entry, entries, read_tables

_FILE = "fraud/three_d_secure.toml"


class Shift(StrEnum):
    """Whether the bank bears a fraud loss."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    @property
    def answer(self) -> bool | None:
        """The same as a truth value."""
        return None if self is Shift.UNKNOWN else self is Shift.YES


@dataclass(frozen=True, slots=True)
class Eci:
    """One electronic commerce indicator of one family of networks."""

    kind: SecureKind
    shift: Shift
    without_cryptogram: Shift
    words: str


@dataclass(frozen=True, slots=True)
class Status:
    """One transStatus; `final` is what it means when nothing follows."""

    kind: SecureKind
    final: SecureKind
    words: str


@dataclass(frozen=True, slots=True)
class Reason:
    """One transStatusReason; one that accuses says stolen card or suspected fraud."""

    words: str
    accuses: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a gateway told of 3-D Secure, as it came; everything may be empty.

    Attributes:
        word: the gateway's own word where it sends no codes.
        shifted: the gateway's own word on who bears the loss.
        has_cryptogram: false for wallets that sent none; None where it is not known.
        is_final: nothing follows; a challenge that is still required was then abandoned.
    """

    gateway: str = ""
    network: str = ""
    eci: str = ""
    status: str = ""
    reason: str = ""
    word: str = ""
    shifted: bool | None = None
    has_cryptogram: bool | None = None
    is_final: bool = True


@dataclass(frozen=True, slots=True)
class SecureTables:
    """Every table of 3-D Secure.

    Attributes:
        families: the family of each network.
        words: the gateways' own words, by gateway and word.
    """

    families: Mapping[str, str]
    ecis: Mapping[tuple[str, str], Eci]
    statuses: Mapping[str, Status]
    reasons: Mapping[str, Reason]
    words: Mapping[tuple[str, str], SecureKind] = field(default_factory=dict)

    def eci(self, network: str, code: str) -> Eci | None:
        """Return the meaning of an indicator; None for an unknown one, or where the network alone would tell."""
        number = code.strip().upper().zfill(2)
        family = self.families.get(network.strip().lower())
        if family is not None:
            return self.ecis.get((family, number))
        found = [eci for (_, own), eci in self.ecis.items() if own == number]
        is_agreed = len({(eci.kind, eci.shift) for eci in found}) == 1 and network.strip() == ""
        return found[0] if found and is_agreed else None

    def reason(self, code: str) -> Reason:
        """Return the words of a reason."""
        number = code.strip().zfill(2)
        if number in self.reasons:
            return self.reasons[number]
        is_scheme = number.isdecimal() and 80 <= int(number) <= 99
        return Reason("reason of the card network" if is_scheme else f"unknown reason {number[:4]}")

    def decode(self, told: Told) -> Secure | None:
        """Put together what was told; None where nothing was.

        The letter of the bank goes before the number of the network; the number says who bears the loss. Where nobody
        says who bears it, that stays unknown.
        """
        eci = self.eci(told.network, told.eci) if told.eci.strip() else None
        status = self.statuses.get(told.status.strip().upper())
        kind = self._kind(told, status, eci)
        if kind is None and not told.reason.strip():
            return None
        shifted = told.shifted
        if eci is not None:
            is_bare = told.has_cryptogram is False
            shifted = (eci.without_cryptogram if is_bare else eci.shift).answer
        reason = told.reason.strip().zfill(2) if told.reason.strip() else ""
        return Secure(
            kind or SecureKind.UNKNOWN,
            _words(kind, status, eci),
            shifted,
            eci=told.eci.strip().upper().zfill(2) if told.eci.strip() else "",
            status=told.status.strip().upper(),
            reason=reason,
            reason_words=self.reason(reason).words if reason else "",
        )

    def _kind(self, told: Told, status: Status | None, eci: Eci | None) -> SecureKind | None:
        if status is not None:
            return status.final if told.is_final else status.kind
        if eci is not None:
            return eci.kind
        word = told.word.strip().lower()
        if word:
            return self.words.get((told.gateway.strip().lower(), word), SecureKind.UNKNOWN)
        return SecureKind.UNKNOWN if told.status.strip() or told.eci.strip() else None


def read_secure(shipped: str, own: str = "") -> SecureTables:
    """Read the shipped tables and the shop's own, which replace or follow them.

    Raises:
        Invalid: an entry is not what its name says; the sentence names it.
    """
    families: dict[str, str] = {}
    ecis: dict[tuple[str, str], Eci] = {}
    statuses: dict[str, Status] = {}
    reasons: dict[str, Reason] = {}
    words: dict[tuple[str, str], SecureKind] = {}
    for text in (shipped, own):
        read = read_tables(text, _FILE)
        for entry in _all(read, "family"):
            families |= dict.fromkeys(entry.texts("networks"), entry.text("code"))
            entry.done()
        for entry in _all(read, "eci"):
            key = (entry.text("family"), entry.text("code").upper())
            ecis[key] = _eci(entry)
        for entry in _all(read, "status"):
            kind = entry.choice("means", SecureKind)
            final = entry.choice("finally", SecureKind, kind)
            statuses[entry.text("code")] = Status(kind, final, entry.text("words"))
            entry.done()
        for entry in _all(read, "reason"):
            reasons[entry.text("code")] = Reason(entry.text("words"), entry.flag("accuses", False))
            entry.done()
        for entry in _all(read, "word"):
            words[entry.text("gateway"), entry.text("code")] = entry.choice("means", SecureKind)
            entry.done()
    return SecureTables(families, ecis, statuses, reasons, words)


def _all(read: Mapping[str, object], key: str) -> list[Entry]:
    return list(entries(read, key, _FILE))


def _eci(entry: Entry) -> Eci:
    shift = entry.choice("shift", Shift)
    eci = Eci(
        entry.choice("means", SecureKind), shift, entry.choice("without_cryptogram", Shift, shift), entry.text("words")
    )
    entry.done()
    return eci


def _words(kind: SecureKind | None, status: Status | None, eci: Eci | None) -> str:
    if status is not None:
        return "challenge required, not completed" if kind is SecureKind.ABANDONED else status.words
    if eci is not None:
        return eci.words
    return (kind or SecureKind.UNKNOWN).replace("_", " ")
