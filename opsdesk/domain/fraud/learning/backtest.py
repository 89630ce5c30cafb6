"""What a new or changed rule would have done: two rule books over the same past orders, told as a difference.

The facts of an order are those of the moment when it was placed, so earlier orders alone speak in them. The last fifth
by time is told apart: a rule that has caught one wave looks splendid over a year and is blind today.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import compress

from opsdesk.domain.fraud.learning.comparing import HELD_AFTER, HELD_BEFORE, Comparison, Sample, Trial
from opsdesk.domain.fraud.learning.labels import Label
from opsdesk.domain.fraud.learning.precision import Share, money_sums, share
from opsdesk.domain.fraud.rules import Rule, RuleBook, RuleState
from opsdesk.domain.fraud.scoring import Bands
from opsdesk.domain.money import Money

PROGRESS_EVERY = 1_000
_LABELS = tuple(Label)
_PLACES = {label: place for place, label in enumerate(_LABELS)}
_HELD = HELD_BEFORE | HELD_AFTER


def trial_of(book: RuleBook, rule: Rule, *, bands: Bands, touch_minutes: int) -> Trial:
    """Compare the book with what it would be if the rule, new or changed, counted."""
    live = replace(rule, state=RuleState.LIVE)
    return Trial(old=book, new=book.with_rule(live), bands=bands, touch_minutes=touch_minutes)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Orders that are treated differently, by what they turned out to be."""

    orders: int
    by_label: tuple[tuple[Label, int], ...]
    fraud: tuple[Money, ...]
    good: tuple[Money, ...]

    def count(self, label: Label) -> int:
        """Return how many there are of a kind."""
        return dict(self.by_label)[label]


@dataclass(frozen=True, slots=True)
class Hits:
    """How often a rule of the new book fired that the old one does not have like this, and how right it was."""

    rule_id: str
    hits: int
    precision: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Before and after over some of the orders.

    Attributes:
        minutes: of work that is added, or spared where negative, at the team's usual minutes for one order.
        days: from the first order to the last, at least one.
    """

    orders: int
    held_before: int
    held_after: int
    newly_held: Bucket
    newly_passed: Bucket
    minutes: int
    days: int
    hits: tuple[Hits, ...]

    @property
    def minutes_a_day(self) -> float:
        """The work of one day."""
        return self.minutes / self.days


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestReport:
    """What would change.

    Attributes:
        changed: rules that differ between the books.
        cut: when the last fifth begins; None without orders.
        is_complete: false where somebody has stopped it; the figures are then those of the orders so far.
    """

    before: str
    after: str
    changed: tuple[str, ...]
    whole: Difference
    recent: Difference
    cut: datetime | None
    is_complete: bool


def backtest(
    trial: Trial, samples: Iterable[Sample], *, progress: Callable[[int], bool] | None = None
) -> BacktestReport:
    """Run both books over past orders, in any order, and tell the difference.

    `progress` hears of every thousand orders and stops the test by answering False.
    """
    comparison = Comparison(trial)
    past = _Past(hits={rule.id: array("q") for rule in comparison.new_only})
    judge, add, is_complete = comparison.judge, past.add, True
    for number, sample in enumerate(samples, start=1):
        add(sample, *judge(sample))
        if number % PROGRESS_EVERY == 0 and progress is not None and not progress(number):
            is_complete = False
            break
    cut = sorted(past.times)[len(past.times) * 4 // 5] if past.times else 0
    marked = [place for place, mark in enumerate(past.marks) if mark & _HELD in (HELD_BEFORE, HELD_AFTER)]
    return BacktestReport(
        before=trial.old.version,
        after=trial.new.version,
        changed=comparison.changed,
        whole=_difference(past, marked, min(past.times, default=0), trial.touch_minutes),
        recent=_difference(past, marked, cut, trial.touch_minutes),
        cut=datetime.fromtimestamp(cut, UTC) if past.times else None,
        is_complete=is_complete,
    )


@dataclass(slots=True)
class _Past:
    """What is kept of each order: 18 bytes, so that a million orders take little."""

    times: array[int] = field(default_factory=lambda: array("q"))
    totals: array[int] = field(default_factory=lambda: array("q"))
    currencies: bytearray = field(default_factory=bytearray)
    marks: bytearray = field(default_factory=bytearray)
    names: dict[str, int] = field(default_factory=dict)
    hits: dict[str, array[int]] = field(default_factory=dict)

    def add(self, sample: Sample, held: int, new: Iterable[Rule]) -> None:
        for rule in new:
            self.hits[rule.id].append(len(self.times))
        self.times.append(sample.placed_at)
        self.totals.append(sample.total_minor)
        self.currencies.append(self.names.setdefault(sample.currency, len(self.names)))
        self.marks.append(held | _PLACES[sample.label] << 2)

    def label(self, place: int) -> Label:
        return _LABELS[self.marks[place] >> 2]


def _difference(past: _Past, marked: list[int], since: int, touch_minutes: int) -> Difference:
    counts = Counter(compress(past.marks, map(since.__le__, past.times)))
    before = sum(count for mark, count in counts.items() if mark & HELD_BEFORE)
    after = sum(count for mark, count in counts.items() if mark & HELD_AFTER)
    newest = max(past.times, default=0)
    changed = [place for place in marked if past.times[place] >= since]
    return Difference(
        orders=counts.total(),
        held_before=before,
        held_after=after,
        newly_held=_bucket(past, [place for place in changed if past.marks[place] & HELD_AFTER]),
        newly_passed=_bucket(past, [place for place in changed if past.marks[place] & HELD_BEFORE]),
        minutes=(after - before) * touch_minutes,
        days=(newest - since) // 86_400 + 1,
        hits=tuple(_hits(past, rule_id, found, since) for rule_id, found in past.hits.items()),
    )


def _bucket(past: _Past, places: list[int]) -> Bucket:
    counts = dict.fromkeys(_LABELS, 0)
    sums: dict[Label, dict[str, int]] = {Label.FRAUD: {}, Label.LEGIT: {}}
    currencies = list(past.names)
    for place in places:
        label, currency = past.label(place), currencies[past.currencies[place]]
        counts[label] += 1
        if label in sums:
            sums[label][currency] = sums[label].get(currency, 0) + past.totals[place]
    return Bucket(len(places), tuple(counts.items()), money_sums(sums[Label.FRAUD]), money_sums(sums[Label.LEGIT]))


def _hits(past: _Past, rule_id: str, found: array[int], since: int) -> Hits:
    labels = [past.label(place) for place in found if past.times[place] >= since]
    fraud, good = labels.count(Label.FRAUD), labels.count(Label.LEGIT)
    return Hits(rule_id, len(labels), share(fraud, fraud + good))
