"""A case as it is looked at: what is known, who looks, when, and with which settings of the shop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from opsdesk.domain.fraud.cases.states import CaseFacts
from opsdesk.domain.fraud.cases.states import Desk as CaseDesk
from opsdesk.domain.fraud.evidence.facts import Outcome
from opsdesk.domain.fraud.expressions.kinds import Facts
from opsdesk.domain.fraud.scoring import Score
from opsdesk.domain.money import Money
from opsdesk.screens.order.words import moment
from opsdesk.store.views.fraud.ends import KnownEnd
from opsdesk.theme import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRow:
    """One thing that the order says of who placed it.

    Attributes:
        orders: earlier orders with the same, of which `good` were delivered and `bad` disputed or fraud; None where
            nobody looks it up.
        is_odd: it does not fit the rest.
    """

    what: str
    shown: str
    country: str = ""
    first_seen: datetime | None = None
    orders: int | None = None
    good: int = 0
    bad: int = 0
    note: str = ""
    is_odd: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """An earlier order that shares something with this one, and how it ended."""

    number: str
    placed_at: datetime
    outcome: Outcome
    shares: tuple[str, ...]
    total: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """What was checked of the payment, in words; `tone` says what it does to trust."""

    what: str
    words: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """One contact with the customer about the case."""

    at: datetime
    by: str
    words: str
    is_call: bool = True
    note: str = ""
    call_back_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSheet:
    """Everything that the case screen shows of one case.

    Attributes:
        numbers: where the customer can be called, each with where it comes from: `known`, `independent` or `order`.
        known: the facts that the rules are asked about, by name.
        end: what the order is known to have turned out to be, if anybody has said.
        expected: what the customer should say by themselves, by the name of the script's step.
    """

    case_id: int
    order_id: int
    version: int
    facts: CaseFacts
    score: Score | None
    customer_name: str
    email: str
    placed_at: datetime
    channel: str = ""
    why_opened: str = ""
    goods: tuple[str, ...] = ()
    identity: tuple[IdentityRow, ...] = ()
    links: tuple[LinkRow, ...] = ()
    checks: tuple[CheckRow, ...] = ()
    contacts: tuple[ContactRow, ...] = ()
    mail: str = ""
    numbers: tuple[tuple[str, str], ...] = ()
    expected: tuple[tuple[str, str], ...] = ()
    known: Facts = field(default_factory=dict)
    end: KnownEnd | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A case as somebody looks at it here and now."""

    sheet: CaseSheet
    desk: CaseDesk
    who: str
    symbol: Callable[[str], str]

    @property
    def facts(self) -> CaseFacts:
        """What is known of the case itself."""
        return self.sheet.facts

    @property
    def now(self) -> datetime:
        """When it is looked at."""
        return self.desk.now

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return self.desk.zone

    def at(self, when: datetime) -> str:
        """Say a moment in words."""
        return moment(when, self.now, self.zone)
