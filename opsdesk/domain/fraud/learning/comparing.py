"""Two rule books beside each other, asked about past orders: what each holds, and which rules make the difference.

What was answered when an order came in is believed where the book that answered is known and the very same question was
in it; only the others are asked again. Orders of which the same rules fired are added up once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from opsdesk.domain.fraud.expressions.kinds import Facts
from opsdesk.domain.fraud.expressions.running import Run
from opsdesk.domain.fraud.learning.labels import Label
from opsdesk.domain.fraud.rules import Rule, RuleBook, RuleState
from opsdesk.domain.fraud.scoring import Bands, action_of, add_up

HELD_BEFORE, HELD_AFTER = 1, 2
_MOST_KNOWN = 50_000
"""So many different answers are remembered; real shops have some thousand."""


class Sample(NamedTuple):
    """One past order; a plain tuple, because there are millions of them.

    Attributes:
        placed_at: seconds since 1970.
        facts: what was known when it was placed, at least of what `Trial.needed_facts` names.
        fired: ids of the rules that fired then, parted by spaces, if they were stored.
        book: version of the rules that `fired` belongs to.
    """

    placed_at: int
    total_minor: int
    currency: str
    label: Label
    facts: Facts
    fired: str = ""
    book: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Two books to compare.

    Attributes:
        new_bands: where the bands change too.
        touch_minutes: what one held order takes the team.
        stored: books by their versions, of which answers may be stored; the old one is always among them.
    """

    old: RuleBook
    new: RuleBook
    bands: Bands = field(default_factory=Bands)
    new_bands: Bands | None = None
    touch_minutes: int = 5
    stored: Mapping[str, RuleBook] = field(default_factory=dict)

    def needed_facts(self, book: str = "") -> tuple[str, ...]:
        """Return the facts that are asked for of an order whose answers are those of a book; of an unknown one, all."""
        return Comparison(self).needed_facts(book)


@dataclass(frozen=True, slots=True)
class _Question:
    """A condition, and the rules of both books that it decides."""

    rule: Rule
    old: Rule | None
    new: Rule | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which questions the answers of one book settle, by its rules' ids; and what is left to ask: whether, and what."""

    answered: Mapping[str, Sequence[int]]
    asked: tuple[tuple[int, Run | None, Run], ...]


class Comparison:
    """The questions of two books, and what follows from their answers."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._after = trial.new_bands or trial.bands
        before, after = ({_key(rule) for rule in book.active} for book in (trial.old, trial.new))
        self.new_only = tuple(rule for rule in trial.new.active if _key(rule) not in before)
        gone = tuple(rule for rule in trial.old.active if _key(rule) not in after)
        self.changed = tuple(sorted({rule.id for rule in (*gone, *self.new_only)}))
        self._new = frozenset(rule.id for rule in self.new_only)
        self._questions = tuple(_questions(trial))
        self._stored = {trial.old.version: trial.old, **trial.stored}
        self._plans: dict[str, _Plan] = {}
        self._known: dict[tuple[str, str, tuple[int, ...]], tuple[int, tuple[Rule, ...]]] = {}

    def needed_facts(self, book: str) -> tuple[str, ...]:
        """Return the facts that are asked for of an order whose answers are those of a book."""
        asked = (self._questions[number].rule for number, _, _ in self._plan(book).asked)
        return tuple(dict.fromkeys(name for rule in asked for name in rule.names))

    def judge(self, sample: Sample) -> tuple[int, tuple[Rule, ...]]:
        """Return in which of the books the order is held, and which new rules fired."""
        book = sample.book
        plan = self._plans.get(book) or self._plan(book)
        facts = sample.facts
        hits = tuple(
            [
                number
                for number, applies, when in plan.asked
                if (applies is None or applies(facts) is not False) and when(facts) is True
            ]
        )
        # Whatever an unknown book has answered, it is not believed, so all its answers are the same to us.
        key = (book, sample.fired, hits) if plan.answered else ("", "", hits)
        if (found := self._known.get(key)) is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            settled = (number for rule_id in sample.fired.split() for number in plan.answered.get(rule_id, ()))
            found = self._known[key] = self._judge((*settled, *hits))
        return found

    def _plan(self, version: str) -> _Plan:
        if version not in self._plans:
            self._plans[version] = _plan(self._questions, self._stored.get(version))
        return self._plans[version]

    def _judge(self, numbers: Iterable[int]) -> tuple[int, tuple[Rule, ...]]:
        found = [self._questions[number] for number in numbers]
        old = [question.old for question in found if question.old is not None]
        new = [question.new for question in found if question.new is not None]
        held = HELD_BEFORE * _is_held(self._trial.old, old, self._trial.bands)
        held |= HELD_AFTER * _is_held(self._trial.new, new, self._after)
        return held, tuple(rule for rule in new if rule.id in self._new)


def _questions(trial: Trial) -> Iterable[_Question]:
    after = {rule.id: rule for rule in trial.new.active}
    for rule in trial.old.active:
        same = after.get(rule.id)
        if same is not None and same.judges_like(rule):
            yield _Question(rule, rule, after.pop(rule.id))
        else:
            yield _Question(rule, rule, None)
    for rule in after.values():
        yield _Question(rule, None, rule)


def _plan(questions: Iterable[_Question], book: RuleBook | None) -> _Plan:
    known = {_judged_by(rule): rule.id for rule in book.active} if book is not None else {}
    answered: dict[str, list[int]] = {}
    asked = []
    for number, question in enumerate(questions):
        rule = question.rule
        if (stored := known.get(_judged_by(rule))) is not None:
            answered.setdefault(stored, []).append(number)
        else:
            asked.append((number, rule.applies.run if rule.applies else None, rule.when.run))
    return _Plan(answered, tuple(asked))


def _judged_by(rule: Rule) -> tuple[str, str]:
    """Name the question of a rule: the same under whatever id it is asked."""
    return rule.when.text, rule.applies.text if rule.applies else ""


def _key(rule: Rule) -> tuple[str, RuleState]:
    """Two rules with the same key judge, weigh and count alike, whatever is said of them."""
    return rule.version, rule.state


def _is_held(book: RuleBook, fired: list[Rule], bands: Bands) -> bool:
    live = [rule for rule in fired if rule.state is RuleState.LIVE]
    total, _ = add_up(book, live)
    return action_of(total, live, bands).holds
