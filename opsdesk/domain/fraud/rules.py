"""Rules: a condition, what it weighs, and what is said of it to staff and to the customer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from hashlib import sha256

from opsdesk.domain.fraud.expressions.compiling import Condition
from opsdesk.domain.fraud.expressions.kinds import Fact, Facts, Kind
from opsdesk.domain.money import Money

SMALLEST, LARGEST = -100, 100


class RuleKind(StrEnum):
    """What a rule does when it fires."""

    SCORE = "score"
    HARD_HOLD = "hard_hold"
    HARD_CANCEL = "hard_cancel_proposal"
    PASS = "pass"  # noqa: S105  no password: the order passes


class RuleState(StrEnum):
    """Whether a rule counts."""

    LIVE = "live"
    SHADOW = "shadow"
    OFF = "off"


class Severity(StrEnum):
    """How strong a sign it is, for the order in which reasons are read."""

    STRONG = "strong"
    MEDIUM = "medium"
    WEAK = "weak"
    NONE = "none"


_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_PLACEHOLDER = re.compile(r"\{([a-z0-9_.]+)\}")


@dataclass(frozen=True, slots=True)
class Wording:
    """What staff read of a rule; `{shipping.km}` in it shows the fact."""

    text: str
    kinds: Mapping[str, Kind] = field(compare=False, default_factory=dict)

    @staticmethod
    def names(text: str) -> tuple[str, ...]:
        """Return the facts that a text shows."""
        return tuple(_PLACEHOLDER.findall(text))

    @classmethod
    def of(cls, text: str, facts: Mapping[str, Fact]) -> Wording:
        """Make a wording whose facts are all in the catalogue."""
        return cls(text, {name: facts[name].kind for name in cls.names(text)})

    def say(self, facts: Facts) -> str:
        """Fill in the facts; an unknown one shows as a question mark."""
        if not self.kinds:
            return self.text
        return _PLACEHOLDER.sub(lambda found: shown_fact(facts, found[1], self.kinds.get(found[1])), self.text)


def shown_fact(facts: Facts, name: str, kind: Kind | None) -> str:
    """Return a fact as people write it: money with its currency; a question mark where it is not known."""
    value = facts.get(name)
    if value is None:
        return "?"
    if kind is Kind.AMOUNT:
        currency = facts.get("order.currency")
        if isinstance(value, int) and isinstance(currency, str) and _CURRENCY.match(currency):
            return str(Money(value, currency))
        return "?"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "none"
    return str(value)


@dataclass(frozen=True, slots=True)
class Group:
    """Signs of one kind; together they weigh no more than the cap, in either direction."""

    code: str
    name: str
    cap: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule.

    Attributes:
        points: raises the score, or lowers it where negative.
        applies: where it is false, the rule has nothing to say of the order and takes no part in the coverage.
        customer_safe: code of the phrase that the customer may read.
        since: when this version began; a new version is on trial from then.
        tests: examples of orders with the answer that it must give, see `drafting.examples`.
        version: a short name for what it judges and how it weighs, the same wherever that is the same.
    """

    id: str
    name: str
    when: Condition
    points: int
    group: str
    agent: Wording
    customer_safe: str
    severity: Severity
    kind: RuleKind
    state: RuleState
    since: date
    author: str
    applies: Condition | None = None
    source: str = ""
    tests: tuple[str, ...] = ()
    version: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        applies = self.applies.text if self.applies else ""
        judged = (self.id, self.when.text, applies, str(self.points), self.group, self.kind)
        object.__setattr__(self, "version", sha256("\x00".join(judged).encode()).hexdigest()[:12])

    @property
    def names(self) -> tuple[str, ...]:
        """Every fact that it asks for."""
        applies = self.applies.names if self.applies else ()
        return tuple(dict.fromkeys((*applies, *self.when.names)))

    def judges_like(self, other: Rule) -> bool:
        """Say whether it fires for the very same orders, whatever it weighs."""
        return self.when == other.when and self.applies == other.applies

    @property
    def is_hard(self) -> bool:
        """True where one firing settles what is done, whatever the score."""
        return self.kind in (RuleKind.HARD_HOLD, RuleKind.HARD_CANCEL)


@dataclass(frozen=True)
class RuleBook:
    """All rules of a shop, in the order of their file."""

    rules: tuple[Rule, ...]
    groups: Mapping[str, Group]

    @cached_property
    def active(self) -> tuple[Rule, ...]:
        """Rules that judge orders, in silence or not."""
        return tuple(rule for rule in self.rules if rule.state is not RuleState.OFF)

    @cached_property
    def version(self) -> str:
        """A short name for the whole book: two books with the same name score alike."""
        rules = "\n".join(f"{rule.version} {rule.state}" for rule in self.rules)
        caps = "\n".join(f"{group.code} {group.cap}" for group in self.groups.values())
        return sha256(f"{rules}\n{caps}".encode()).hexdigest()[:12]

    def find(self, rule_id: str) -> Rule | None:
        """Return the rule with this id."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)

    def with_rule(self, rule: Rule) -> RuleBook:
        """Return the book with the rule in place of the one with its id, or behind all others."""
        if self.find(rule.id) is None:
            return RuleBook((*self.rules, rule), self.groups)
        return RuleBook(tuple(rule if own.id == rule.id else own for own in self.rules), self.groups)

    def without_rule(self, rule_id: str) -> RuleBook:
        """Return the book without the rule."""
        return RuleBook(tuple(rule for rule in self.rules if rule.id != rule_id), self.groups)


def why_not_live(rule: Rule, today: date, trial_days: int) -> str | None:
    """Say why the rule may not count yet, or None if it may: a new version judges in silence first."""
    if rule.state is RuleState.LIVE:
        return f"{rule.id} counts already."
    ready = rule.since + timedelta(days=trial_days)
    if today < ready:
        return f"{rule.id} is on trial until {ready:%d %b %Y}. Look at what it would have done, then let it count."
    return None
