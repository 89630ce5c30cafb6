"""How good each rule is: counted over labelled orders, with an interval that says how far to believe it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from math import sqrt

from opsdesk.domain.fraud.learning.labels import Label
from opsdesk.domain.money import Money

_Z = 1.959963984540054
"""Of the normal distribution, 95 of 100 lie within so many standard deviations."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of something, with its 95 % interval after Wilson; all three are 0.0 to 1.0."""

    hits: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """The share itself; None of nothing."""
        return self.hits / self.of if self.of else None

    @property
    def words(self) -> str:
        """Say the share for staff: `7 of 20: 35 % (18 to 57)`."""
        if not self.of:
            return "no labelled orders yet"
        percent, low, high = (round(100 * part) for part in (self.hits / self.of, self.low, self.high))
        return f"{self.hits} of {self.of}: {percent} % ({low} to {high})"


def share(hits: int, of: int) -> Share:
    """Return the share with its interval after Wilson, which is honest for few orders and near 0 and 1.

    Raises:
        ValueError: more hits than orders, or fewer than none.
    """
    if not 0 <= hits <= of:
        raise ValueError(f"{hits} of {of} is no share.")
    if of == 0:
        return Share(0, 0, 0.0, 1.0)
    part, z2 = hits / of, _Z * _Z
    centre = part + z2 / (2 * of)
    margin = _Z * sqrt(part * (1 - part) / of + z2 / (4 * of * of))
    scale = 1 + z2 / of
    low = 0.0 if hits == 0 else max(0.0, (centre - margin) / scale)
    high = 1.0 if hits == of else min(1.0, (centre + margin) / scale)
    return Share(hits, of, low, high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One order as its rules answered, live ones and those on trial alike; rules that are in no set were clear."""

    label: Label
    total: Money
    fired: Collection[str]
    unknown: Collection[str] = ()
    was_held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRecord:
    """The record of one rule.

    Attributes:
        hits: how often it fired; `seen` is how often it could be judged, of `orders`.
        precision: fraud among the labelled orders for which it fired.
        recall: for which share of all fraud it fired.
        lift: how much more fraud there is where it fires; None where nobody can say.
        marginal: how often it fired alone; these are the orders that only this rule finds.
        caught: fraud that it found; `held_good`: good orders that were held with it.
    """

    rule_id: str
    orders: int
    seen: int
    hits: int
    precision: Share
    recall: Share
    lift: float | None
    marginal: int
    caught: tuple[Money, ...]
    held_good: tuple[Money, ...]

    @property
    def coverage(self) -> float:
        """The share of orders for which it could be judged."""
        return self.seen / self.orders if self.orders else 0.0

    def may_be_coloured(self, colour_from: int) -> bool:
        """Say whether enough orders are labelled for its precision to mean anything."""
        return self.precision.of >= colour_from


@dataclass(slots=True)
class _Tally:
    hits: int = 0
    unknown: int = 0
    fraud: int = 0
    good: int = 0
    marginal: int = 0
    caught: dict[str, int] = field(default_factory=dict)
    held_good: dict[str, int] = field(default_factory=dict)


def rule_records(judged: Iterable[Judged], rule_ids: Iterable[str]) -> tuple[RuleRecord, ...]:
    """Go through all orders once and return the record of each rule, in the order of the ids."""
    tallies = {rule_id: _Tally() for rule_id in rule_ids}
    orders, base = 0, {Label.FRAUD: 0, Label.LEGIT: 0}
    for order in judged:
        orders += 1
        if order.label.is_sure:
            base[order.label] += 1
        for rule_id in order.unknown:
            if rule_id in tallies:
                tallies[rule_id].unknown += 1
        for rule_id in order.fired:
            if rule_id in tallies:
                _count(tallies[rule_id], order)
    return tuple(_record(rule_id, tally, orders, base) for rule_id, tally in tallies.items())


def _count(tally: _Tally, order: Judged) -> None:
    tally.hits += 1
    tally.marginal += len(order.fired) == 1
    if order.label is Label.FRAUD:
        tally.fraud += 1
        _add(tally.caught, order.total)
    elif order.label is Label.LEGIT:
        tally.good += 1
        if order.was_held:
            _add(tally.held_good, order.total)


def _record(rule_id: str, tally: _Tally, orders: int, base: dict[Label, int]) -> RuleRecord:
    precision = share(tally.fraud, tally.fraud + tally.good)
    everywhere = share(base[Label.FRAUD], base[Label.FRAUD] + base[Label.LEGIT])
    return RuleRecord(
        rule_id=rule_id,
        orders=orders,
        seen=orders - tally.unknown,
        hits=tally.hits,
        precision=precision,
        recall=share(tally.fraud, base[Label.FRAUD]),
        lift=precision.value / everywhere.value if precision.value is not None and everywhere.value else None,
        marginal=tally.marginal,
        caught=money_sums(tally.caught),
        held_good=money_sums(tally.held_good),
    )


def money_sums(sums: dict[str, int]) -> tuple[Money, ...]:
    """Return sums of minor units by currency as money, in the order of the currencies."""
    return tuple(Money(minor, currency) for currency, minor in sorted(sums.items()))


def _add(sums: dict[str, int], amount: Money) -> None:
    sums[amount.currency] = sums.get(amount.currency, 0) + amount.minor
