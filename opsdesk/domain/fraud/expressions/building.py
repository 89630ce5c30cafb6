"""Check a tree against what is known by name, and make one function of it that never raises."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from opsdesk.domain.fraud.expressions import syntax
from opsdesk.domain.fraud.expressions.kinds import Fact, Facts, Kind, Vocabulary
from opsdesk.domain.fraud.expressions.running import (
    Run,
    calculated,
    compared,
    compared_fact,
    contains,
    every,
    negated,
    opposite,
    reading,
    some,
)
from opsdesk.domain.fraud.expressions.syntax import Node
from opsdesk.domain.fraud.expressions.tokens import BadExpression

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.floordiv,
}
# What a stored fact must be to be believed; anything else counts as unknown.
_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.TRUTH: (bool,),
    Kind.NUMBER: (int,),
    Kind.AMOUNT: (int,),
    Kind.TEXT: (str,),
    Kind.TEXTS: (tuple, list, frozenset),
    Kind.COUNTS: (dict,),
}
CURRENCY = "order.currency"


@dataclass(frozen=True, slots=True)
class Part:
    """A checked node: its kind, its function, and what it is where that is known without an order.

    Attributes:
        constant: the value of a literal.
        fact: the fact that it names, if it is one.
    """

    kind: Kind
    run: Run
    constant: Any = None
    fact: Fact | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """One function: how it is written, what it answers, and how a call of it is built.

    Attributes:
        counts: the fewest and the most values that it takes.
    """

    example: str
    meaning: str
    counts: tuple[int, int]
    build: Callable[[Builder, syntax.Call], Part]


class Builder:
    """Builds one expression and remembers the facts that it asks for."""

    def __init__(self, text: str, vocabulary: Vocabulary, functions: Mapping[str, Function]) -> None:
        self._text = text
        self._functions = functions
        self.vocabulary = vocabulary
        self.names: dict[str, None] = {}

    def wrong(self, node: Node, sentence: str) -> BadExpression:
        """Return the error for this node."""
        return BadExpression(self._text, node.at, sentence)

    def expect(self, node: Node, *kinds: Kind) -> Part:
        """Build a node that must be of one of these kinds."""
        part = self.build(node)
        if part.kind not in kinds:
            wanted = " or ".join(kinds)
            raise self.wrong(node, f"expected {wanted}, {syntax.write(node)[:60]} is {part.kind}.")
        return part

    def build(self, node: Node) -> Part:
        """Build any node."""
        match node:
            case syntax.Number() | syntax.Text() | syntax.Truth() | syntax.Window():
                return _constant(_LITERALS[type(node)], node.value)
            case syntax.Amount():
                return self._amount(node)
            case syntax.Name():
                return self._name(node)
            case syntax.Listing():
                return self._listing(node)
            case syntax.Call():
                return self._call(node)
            case syntax.Compare():
                return self._compare(node)
            case syntax.Within():
                return self._within(node)
            case syntax.Arithmetic():
                return self._arithmetic(node)
            case syntax.Negate():
                inner = self.expect(node.operand, Kind.NUMBER, Kind.AMOUNT)
                return Part(inner.kind, negated(inner.run))
            case _:
                return self._logic(node)

    def _logic(self, node: Node) -> Part:
        runs = [self.expect(term, Kind.TRUTH).run for term in syntax.parts(node)]
        match node:
            case syntax.And():
                return Part(Kind.TRUTH, every(runs))
            case syntax.Or():
                return Part(Kind.TRUTH, some(runs))
            case syntax.Not():
                return Part(Kind.TRUTH, opposite(runs[0]))
            case _:
                raise TypeError(f"{type(node).__name__} cannot be built.")

    def fact(self, node: Node, name: str) -> Part:
        """Build the reading of one fact."""
        fact = self.vocabulary.facts.get(name)
        if fact is None:
            raise self.wrong(node, self.vocabulary.why_unknown(name))
        self.names[name] = None
        return Part(fact.kind, reading(name, _TYPES[fact.kind]), fact=fact)

    def _name(self, node: syntax.Name) -> Part:
        if node.value in self.vocabulary.lists:
            return _constant(Kind.TEXTS, self.vocabulary.lists[node.value])
        return self.fact(node, node.value)

    def _amount(self, node: syntax.Amount) -> Part:
        currency, minor = node.value.currency, node.value.minor
        self.names[CURRENCY] = None

        def run(facts: Facts) -> int | None:
            return minor if facts.get(CURRENCY) == currency else None

        return Part(Kind.AMOUNT, run)

    def _listing(self, node: syntax.Listing) -> Part:
        if not node.entries:
            raise self.wrong(node, "a list needs at least one entry.")
        parts = [self.expect(entry, Kind.TEXT, Kind.NUMBER) for entry in node.entries]
        if len({part.kind for part in parts}) > 1:
            raise self.wrong(node, "a list holds either texts or numbers, not both.")
        kind = Kind.TEXTS if parts[0].kind is Kind.TEXT else Kind.NUMBERS
        return _constant(kind, frozenset(part.constant for part in parts))

    def _call(self, node: syntax.Call) -> Part:
        function = self._functions.get(node.function)
        if function is None:
            known = ", ".join(self._functions)
            raise self.wrong(node, f"there is no function {node.function!r}. Known are: {known}.")
        fewest, most = function.counts
        if not fewest <= len(node.arguments) <= most:
            raise self.wrong(node, f"write it like {function.example}.")
        return function.build(self, node)

    def _compare(self, node: syntax.Compare) -> Part:
        is_ordered = node.sign not in ("==", "!=")
        kinds = (Kind.NUMBER, Kind.AMOUNT) if is_ordered else (Kind.NUMBER, Kind.AMOUNT, Kind.TEXT, Kind.TRUTH)
        left, right = self.expect(node.left, *kinds), self.expect(node.right, *kinds)
        if left.kind is not right.kind:
            raise self.wrong(node, f"{left.kind} cannot be compared with {right.kind}.{_hint(left, right)}")
        self.check_words(node.right, left, right)
        self.check_words(node.left, right, left)
        return Part(Kind.TRUTH, _comparison(_COMPARE[node.sign], node.left, left, right))

    def check_words(self, node: Node, asked: Part, told: Part) -> None:
        """Refuse texts that the fact can never hold: such a rule would never fire, and nobody would know."""
        if asked.fact is None or told.constant is None or told.kind not in (Kind.TEXT, Kind.TEXTS):
            return
        # A list of the shop's own may hold more than one fact needs.
        if isinstance(node, syntax.Name):
            return
        texts = (told.constant,) if told.kind is Kind.TEXT else sorted(told.constant)
        for text in texts:
            if problem := asked.fact.why_never(text):
                raise self.wrong(node, problem)

    def _within(self, node: syntax.Within) -> Part:
        value = self.expect(node.value, Kind.TEXT, Kind.NUMBER)
        container = self.expect(node.container, Kind.TEXTS, Kind.NUMBERS, Kind.COUNTS)
        if (value.kind is Kind.NUMBER) != (container.kind is Kind.NUMBERS):
            raise self.wrong(node, f"{value.kind} cannot be in {container.kind}.")
        self.check_words(node.container, value, container)
        self.check_words(node.value, container, value)
        return Part(Kind.TRUTH, _comparison(contains, node.value, value, container))

    def _arithmetic(self, node: syntax.Arithmetic) -> Part:
        left = self.expect(node.left, Kind.NUMBER, Kind.AMOUNT)
        right = self.expect(node.right, Kind.NUMBER, Kind.AMOUNT)
        is_allowed, kind = _result(node.sign, left.kind, right.kind)
        if not is_allowed:
            raise self.wrong(node, f"{left.kind} {node.sign} {right.kind} means nothing.")
        return Part(kind, calculated(_ARITHMETIC[node.sign], left.run, right.run))


_LITERALS: dict[type, Kind] = {
    syntax.Number: Kind.NUMBER,
    syntax.Text: Kind.TEXT,
    syntax.Truth: Kind.TRUTH,
    syntax.Window: Kind.WINDOW,
}


def _constant(kind: Kind, value: object) -> Part:
    return Part(kind, lambda _: value, constant=value)


def _comparison(compare: Callable[[Any, Any], bool], node: Node, left: Part, right: Part) -> Run:
    if isinstance(node, syntax.Name) and left.fact is not None and right.constant is not None:
        return compared_fact(compare, left.fact.name, _TYPES[left.kind], right.constant)
    return compared(compare, left.run, right.run, right.constant)


def _hint(left: Part, right: Part) -> str:
    if {left.kind, right.kind} == {Kind.NUMBER, Kind.AMOUNT}:
        return " Write an amount with its currency, such as 250.00 EUR."
    return ""


def _result(sign: str, left: Kind, right: Kind) -> tuple[bool, Kind]:
    """Say whether the two may be put together, and what comes out."""
    amounts = (left, right).count(Kind.AMOUNT)
    if sign in "+-":
        return amounts != 1, left
    if sign == "*":
        return amounts < 2, Kind.AMOUNT if amounts else Kind.NUMBER
    return not (left is Kind.NUMBER and right is Kind.AMOUNT), Kind.NUMBER if left is right else Kind.AMOUNT
