"""The functions that a checked expression is made of. None of them raises, and none of them loops.

The logic has three values (Kleene): true, false, and unknown, which is None. Comparing with what is unknown is unknown;
`false and unknown` is false, `true or unknown` is true.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from opsdesk.domain.fraud.expressions.kinds import Facts

LARGEST = 10**18
"""A sum beyond this is unknown rather than believed."""
Run = Callable[[Facts], Any]
"""Answers for the facts of one order; None where it cannot be known."""


def contains(value: Any, container: Any) -> bool:
    """Say whether the value stands in the list."""
    return value in container


def reading(name: str, types: tuple[type, ...]) -> Run:
    """Read one fact; a value of another type than promised counts as unknown."""

    def run(facts: Facts) -> Any:
        value = facts.get(name)
        return value if value.__class__ in types else None

    return run


def negated(inner: Run) -> Run:
    """Turn the sign."""

    def run(facts: Facts) -> int | None:
        value = inner(facts)
        return None if value is None else -value

    return run


def opposite(inner: Run) -> Run:
    """Turn true into false and false into true."""

    def run(facts: Facts) -> bool | None:
        value = inner(facts)
        return None if value is None else not value

    return run


def every(terms: Sequence[Run]) -> Run:
    """Ask whether all are true; one that is false settles it, whatever is unknown."""

    def run(facts: Facts) -> bool | None:
        answer: bool | None = True
        for term in terms:
            value = term(facts)
            if value is False:
                return False
            if value is None:
                answer = None
        return answer

    return run


def some(terms: Sequence[Run]) -> Run:
    """Ask whether one is true; one that is settles it, whatever is unknown."""

    def run(facts: Facts) -> bool | None:
        answer: bool | None = False
        for term in terms:
            value = term(facts)
            if value is True:
                return True
            if value is None:
                answer = None
        return answer

    return run


def compared(compare: Callable[[Any, Any], bool], first: Run, second: Run, constant: Any = None) -> Run:
    """Compare two values; `constant` is the second one where it is a literal."""

    def run(facts: Facts) -> bool | None:
        value = first(facts)
        if value is None:
            return None
        other = second(facts)
        return None if other is None else compare(value, other)

    def run_constant(facts: Facts) -> bool | None:
        value = first(facts)
        return None if value is None else compare(value, constant)

    return run if constant is None else run_constant


def compared_fact(compare: Callable[[Any, Any], bool], name: str, types: tuple[type, ...], constant: Any) -> Run:
    """Compare a fact with a literal in one step: most conditions are just that, and are asked a million times."""

    def run(facts: Facts) -> bool | None:
        value = facts.get(name)
        return compare(value, constant) if value.__class__ in types else None

    return run


def calculated(calculate: Callable[[int, int], int], left: Run, right: Run) -> Run:
    """Put two numbers together; dividing by nothing, and what is too large to be believed, is unknown."""

    def run(facts: Facts) -> int | None:
        first, second = left(facts), right(facts)
        if first is None or second is None or (second == 0 and calculate is operator.floordiv):
            return None
        result = calculate(first, second)
        return result if -LARGEST <= result <= LARGEST else None

    return run
