"""What a rule would have said of the newest scored orders: so many fired, so many could not be judged, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from opsdesk.domain.fraud.drafting.examples import Answer, answer_of
from opsdesk.domain.fraud.expressions.kinds import Facts
from opsdesk.domain.fraud.rules import Rule

MOST = 200
"""So many orders are asked about: enough to see what a rule does, and read while somebody draws breath."""
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Recent:
    """One order that was scored lately, and what was known of it."""

    number: str
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Lately:
    """What a rule says of recent orders.

    Attributes:
        of: how many orders were asked about.
        unknown: of how many it could not be judged; `missing` are the facts that were not known of most of them.
        apart: to how many it does not apply.
        hits: the numbers of the newest orders for which it fires.
    """

    of: int
    fired: int
    clear: int
    unknown: int
    apart: int
    missing: tuple[str, ...] = ()
    hits: tuple[str, ...] = ()

    @property
    def is_never_judged(self) -> bool:
        """True where it says nothing of any order, though there are some."""
        return self.of > 0 and self.fired + self.clear == 0

    @property
    def words(self) -> str:
        """Say it in a sentence."""
        if not self.of:
            return "No order has been scored yet, so nobody knows how often it fires."
        if self.is_never_judged and self.apart == self.of:
            return f"It applies to none of the last {self.of} orders."
        if self.is_never_judged:
            return f"It could be judged for none of the last {self.of} orders: {self._why_unknown}."
        said = f"It would have fired on {self.fired} of the last {self.of} orders"
        return f"{said}; {self.unknown} could not be judged." if self.unknown else f"{said}."

    @property
    def _why_unknown(self) -> str:
        return f"{' and '.join(self.missing)} not known" if self.missing else "nothing that it asks for is known"


def lately(rule: Rule, recent: Iterable[Recent]) -> Lately:
    """Ask a rule about recent orders, the newest first."""
    answers: Counter[Answer] = Counter()
    missing: Counter[str] = Counter()
    hits: list[str] = []
    for order in recent:
        answer = answer_of(rule, order.facts)
        answers[answer] += 1
        if answer is Answer.FIRES:
            hits.append(order.number)
        elif answer is Answer.UNKNOWN:
            missing.update(rule.when.unknown_names(order.facts))
    return Lately(
        of=answers.total(),
        fired=answers[Answer.FIRES],
        clear=answers[Answer.CLEAR],
        unknown=answers[Answer.UNKNOWN],
        apart=answers[Answer.APART],
        missing=tuple(name for name, _ in missing.most_common(_SHOWN)),
        hits=tuple(hits[:_SHOWN]),
    )
