"""Examples of a rule: what is known of an order, and how the rule must answer. They must hold before it is saved.

An example is written in the language of the conditions: `order.digital == 250 EUR and customer.orders == 0 -> fires`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from opsdesk.domain.errors import Invalid
from opsdesk.domain.fraud.expressions import syntax
from opsdesk.domain.fraud.expressions.building import CURRENCY
from opsdesk.domain.fraud.expressions.kinds import Fact, Facts, Kind, Value, Vocabulary
from opsdesk.domain.fraud.expressions.parsing import parse
from opsdesk.domain.fraud.expressions.syntax import Node
from opsdesk.domain.fraud.expressions.tokens import BadExpression
from opsdesk.domain.fraud.rules import Rule

ARROW = "->"
MOST = 20
_OUTCOMES = "contact.outcomes"


class Answer(StrEnum):
    """What a rule says of an order."""

    FIRES = "fires"
    CLEAR = "clear"
    UNKNOWN = "cannot be judged"
    APART = "does not apply"


@dataclass(frozen=True, slots=True)
class Example:
    """What is known of an order, and what the rule must say of it."""

    text: str
    facts: Facts
    expected: Answer


def answer_of(rule: Rule, facts: Facts) -> Answer:
    """Return what a rule says of these facts."""
    if rule.applies is not None and rule.applies.run(facts) is False:
        return Answer.APART
    said = rule.when.holds(facts)
    if said is None:
        return Answer.UNKNOWN
    return Answer.FIRES if said else Answer.CLEAR


def check_examples(rule: Rule, vocabulary: Vocabulary) -> int:
    """Ask the rule about each of its examples, and return how many there are.

    Raises:
        Invalid: an example cannot be read, or the rule answers otherwise; the sentence says which, and what it says.
    """
    if len(rule.tests) > MOST:
        raise Invalid("tests", f"A rule has at most {MOST} examples, this one {len(rule.tests)}.")
    for number, text in enumerate(rule.tests, start=1):
        try:
            example = read_example(text, vocabulary)
        except BadExpression as error:
            raise Invalid("tests", f"Example {number}: {error.message}") from error
        said = answer_of(rule, example.facts)
        if said is not example.expected:
            raise Invalid("tests", f"Example {number} expects '{example.expected}', but the rule {_says(said)}: {text}")
    return len(rule.tests)


def _says(answer: Answer) -> str:
    words = {Answer.CLEAR: "is clear", Answer.UNKNOWN: "cannot be judged"}
    return words.get(answer, answer.value)


def read_example(text: str, vocabulary: Vocabulary) -> Example:
    """Read one example.

    Raises:
        BadExpression: it is none; the sentence says line, column and what was expected.
    """
    known, arrow, answer = text.rpartition(ARROW)
    word = " ".join(answer.split())
    if not arrow or word not in set(Answer):
        at = len(known) + len(arrow) if arrow else len(text)
        raise BadExpression(text, at, f"end it with {ARROW} and one of: {', '.join(Answer)}.")
    facts: dict[str, Value] = {}
    if known.strip():
        tree = parse(known)
        for term in tree.terms if isinstance(tree, syntax.And) else (tree,):
            _take(text, term, vocabulary, facts)
    return Example(text, facts, Answer(word))


def _take(text: str, term: Node, vocabulary: Vocabulary, facts: dict[str, Value]) -> None:
    match term:
        case syntax.Name():
            _set(text, term, syntax.Truth(True), vocabulary, facts)
        case syntax.Not(syntax.Name() as name):
            _set(text, name, syntax.Truth(False), vocabulary, facts)
        case syntax.Compare("==", syntax.Call("contacted", (syntax.Text() as outcome,)), syntax.Number() as times):
            counts = facts.setdefault(_OUTCOMES, {})
            assert isinstance(counts, dict), "Nothing else is put there."
            counts[outcome.value] = times.value
        case syntax.Compare("==", syntax.Name() | syntax.Call() as named, value):
            _set(text, named, value, vocabulary, facts)
        case _:
            raise BadExpression(text, term.at, "say what is known, one thing after the other: name == value and ...")


def _set(text: str, named: Node, value: Node, vocabulary: Vocabulary, facts: dict[str, Value]) -> None:
    name = syntax.write(named)
    if isinstance(named, syntax.Call):
        name = ".".join([named.function, *(syntax.write(word) for word in named.arguments)])
    fact = vocabulary.facts.get(name)
    if fact is None:
        raise BadExpression(text, named.at, vocabulary.why_unknown(name))
    facts[name] = _value(text, fact, value, facts)


def _value(text: str, fact: Fact, node: Node, facts: dict[str, Value]) -> Value:
    match fact.kind, node:
        case Kind.TRUTH, syntax.Truth():
            return node.value
        case Kind.NUMBER, syntax.Number():
            return node.value
        case Kind.NUMBER, syntax.Negate(syntax.Number() as number):
            return -number.value
        case Kind.AMOUNT, syntax.Amount():
            facts[CURRENCY] = node.value.currency
            return node.value.minor
        case Kind.TEXT, syntax.Text():
            return _possible(text, fact, node)
        case Kind.TEXTS, syntax.Listing():
            return tuple(_possible(text, fact, entry) for entry in node.entries)
        case _:
            raise BadExpression(text, node.at, f"{fact.name} is {fact.kind}, {syntax.write(node)[:40]} is not.")


def _possible(text: str, fact: Fact, node: Node) -> str:
    if not isinstance(node, syntax.Text):
        raise BadExpression(text, node.at, f"expected a text in quotes, found {syntax.write(node)[:40]}.")
    if problem := fact.why_never(node.value):
        raise BadExpression(text, node.at, problem)
    return node.value
