"""What a new or changed rule would have done: two rule books over the same past orders, told as a difference.

The facts of an order are those of the moment when it was placed, so earlier orders alone speak in them. The last fifth
by time is told apart: a rule that has caught one wave looks splendid over a year and is blind today.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from opsdesk.domain.fraud.expressions.kinds import Facts
from opsdesk.domain.fraud.learning.labels import Label
from opsdesk.domain.fraud.learning.precision import Share, money_sums, share
from opsdesk.domain.fraud.rules import Rule, RuleBook, RuleState
from opsdesk.domain.fraud.scoring import Bands, action_of, add_up, ask
from opsdesk.domain.money import Money

PROGRESS_EVERY = 1_000
_LABELS = tuple(Label)
_PLACES = {label: place for place, label in enumerate(_LABELS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One past order.

    Attributes:
        facts: what was known when it was placed.
        fired: rules that fired then, if they were stored; with `book` they spare asking again what has not changed.
        book: version of the rules that `fired` belongs to.
    """

    placed_at: datetime
    facts: Facts
    label: Label
    total: Money
    fired: Collection[str] | None = None
    book: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Two books to compare.

    Attributes:
        new_bands: where the bands change too.
        touch_minutes: what one held order takes the team.
    """

    old: RuleBook
    new: RuleBook
    bands: Bands = field(default_factory=Bands)
    new_bands: Bands | None = None
    touch_minutes: int = 5

    def needed_facts(self, *, is_stored: bool) -> tuple[str, ...]:
        """Return the facts that are asked for; where answers are stored, those of changed rules alone."""
        comparison = _Comparison(self)
        shared = () if is_stored else comparison.shared
        rules = (*shared, *comparison.old_only, *comparison.new_only)
        return tuple(dict.fromkeys(name for rule in rules for name in rule.names))


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
    comparison = _Comparison(trial)
    past = _Past(hits={rule.id: array("q") for rule in comparison.new_only})
    is_complete = True
    for number, sample in enumerate(samples, start=1):
        before, after, come = comparison.judge(sample)
        past.add(sample, before=before, after=after, new=come)
        if number % PROGRESS_EVERY == 0 and progress is not None and not progress(number):
            is_complete = False
            break
    cut = sorted(past.times)[len(past.times) * 4 // 5] if past.times else 0
    return BacktestReport(
        before=trial.old.version,
        after=trial.new.version,
        changed=comparison.changed,
        whole=_difference(past, min(past.times, default=0), trial.touch_minutes),
        recent=_difference(past, cut, trial.touch_minutes),
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

    def add(self, sample: Sample, *, before: bool, after: bool, new: Iterable[Rule]) -> None:
        for rule in new:
            self.hits[rule.id].append(len(self.times))
        self.times.append(int(sample.placed_at.timestamp()))
        self.totals.append(sample.total.minor)
        self.currencies.append(self.names.setdefault(sample.total.currency, len(self.names)))
        self.marks.append(before | after << 1 | _PLACES[sample.label] << 2)

    def label(self, place: int) -> Label:
        return _LABELS[self.marks[place] >> 2]


class _Comparison:
    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._after = trial.new_bands or trial.bands
        before, after = ({_key(rule) for rule in book.active} for book in (trial.old, trial.new))
        self.shared = tuple(rule for rule in trial.old.active if _key(rule) in after)
        self.old_only = tuple(rule for rule in trial.old.active if _key(rule) not in after)
        self.new_only = tuple(rule for rule in trial.new.active if _key(rule) not in before)
        self._by_id = {rule.id: rule for rule in self.shared}
        self._is_same = self._after == trial.bands and trial.old.groups == trial.new.groups

    @property
    def changed(self) -> tuple[str, ...]:
        return tuple(sorted({rule.id for rule in (*self.old_only, *self.new_only)}))

    def judge(self, sample: Sample) -> tuple[bool, bool, list[Rule]]:
        """Say whether the order is held before and after, and which new rules fired."""
        facts = sample.facts
        if sample.fired is not None and sample.book == self._trial.old.version:
            shared = [self._by_id[rule_id] for rule_id in sample.fired if rule_id in self._by_id]
        else:
            shared = ask(self.shared, facts).fired
        gone, come = ask(self.old_only, facts).fired, ask(self.new_only, facts).fired
        before = _is_held(self._trial.old, shared + gone, self._trial.bands)
        if not gone and not come and self._is_same:
            return before, before, come
        return before, _is_held(self._trial.new, shared + come, self._after), come


def _key(rule: Rule) -> tuple[str, RuleState]:
    """Two rules with the same key judge, weigh and count alike, whatever is said of them."""
    return rule.version, rule.state


def _is_held(book: RuleBook, fired: list[Rule], bands: Bands) -> bool:
    live = [rule for rule in fired if rule.state is RuleState.LIVE]
    total, _ = add_up(book, live)
    return action_of(total, live, bands).holds


def _difference(past: _Past, since: int, touch_minutes: int) -> Difference:
    places = [place for place, moment in enumerate(past.times) if moment >= since]
    before = sum(past.marks[place] & 1 for place in places)
    after = sum(past.marks[place] >> 1 & 1 for place in places)
    newest = max(past.times, default=0)
    return Difference(
        orders=len(places),
        held_before=before,
        held_after=after,
        newly_held=_bucket(past, [place for place in places if past.marks[place] & 3 == 2]),
        newly_passed=_bucket(past, [place for place in places if past.marks[place] & 3 == 1]),
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
