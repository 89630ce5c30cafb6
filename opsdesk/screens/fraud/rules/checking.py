"""What is wrong with a rule while it is typed, and what it would have done: pure, and quick enough for each pause."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textual.content import Content

from opsdesk.domain.errors import Invalid
from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.drafting.examples import Answer, check_examples
from opsdesk.domain.fraud.drafting.lately import Lately, Recent, lately
from opsdesk.domain.fraud.expressions.compiling import read_condition
from opsdesk.domain.fraud.expressions.kinds import Vocabulary
from opsdesk.domain.fraud.expressions.tokens import BadExpression
from opsdesk.domain.fraud.rule_entries import read_rule
from opsdesk.domain.fraud.rules import Rule, RuleState, shown_fact
from opsdesk.store.views.fraud.rules import OrderKnown, RuleAnswer, answer_for
from opsdesk.theme import Tone
from opsdesk.widgets.paper import heading, paragraph

_CONDITIONS = ("when", "applies_when")
_ANSWER_LOOKS = {
    Answer.FIRES: ("look", Tone.LOOK),
    Answer.CLEAR: ("done", Tone.GOOD),
    Answer.UNKNOWN: ("asked", Tone.DOUBT),
    Answer.APART: ("nothing", Tone.DIM),
}
_MOST_FACTS = 8
_COUNTED = re.compile(r"(count|distinct)\.(.+)\Z")
_HIDDEN = frozenset({"contact.outcomes", "order.quantities"})


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field; `line` and `column` are of the text in it, and 0 where that is all of it."""

    field: str
    sentence: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Checked:
    """A rule as it is typed: the rule, or what is wrong with it; and what it would have done lately.

    Attributes:
        missing: fields that are still to be filled in; the rest is checked without them.
    """

    problems: tuple[Problem, ...]
    missing: tuple[str, ...] = ()
    rule: Rule | None = None
    examples: int = 0
    lately: Lately | None = None


def table_of(values: Mapping[str, str], *, author: str, since: str) -> dict[str, Any]:
    """Return what a form holds as the keys of a rule."""
    points = values["points"].strip().replace("−", "-").removeprefix("+")
    tests = [line.strip() for line in values["tests"].splitlines() if line.strip()]
    table: dict[str, Any] = {key: values[key].strip() for key in _TEXTS}
    table |= {key: values[key].strip().lower() for key in _WORDS}
    table |= {"id": values["id"].strip().upper(), "customer_safe": values["customer_safe"].strip().upper() or "CS-NONE"}
    whole = int(points) if re.fullmatch(r"-?\d{1,4}", points, re.ASCII) else points
    return {**table, "points": whole, "tests": tests, "author": author, "since": since}


_TEXTS = ("name", "when", "applies_when", "agent")
_WORDS = ("state", "group", "kind", "severity")
_NEEDED: Mapping[str, Any] = {"name": "?", "when": "true", "points": 0, "agent": "?"}
"""What a rule cannot be without, and what stands for it while it is not there yet."""


def check(table: Mapping[str, Any], book: FraudBook, recent: Sequence[Recent]) -> Checked:
    """Return what is wrong with a rule, all conditions first; or what it would have done."""
    missing = tuple(key for key in _NEEDED if table[key] == "")
    found = (_wrong_condition(key, table[key], book) for key in _CONDITIONS if table[key])
    problems = [problem for problem in found if problem is not None]
    sound = {key: value for key, value in table.items() if value not in ("", [])}
    sound |= {key: _NEEDED[key] for key in missing} | {problem.field: "true" for problem in problems}
    try:
        rule = read_rule(sound, book.vocabulary, book.phrases, book.rules.groups)
    except Invalid as error:
        problems.append(Problem(error.field, error.message.split(": ", 1)[-1]))
    if problems or "when" in missing:
        return Checked(tuple(problems), missing)
    told = lately(rule, recent)
    try:
        return Checked((), missing, rule, check_examples(rule, book.vocabulary), told)
    except Invalid as error:
        return Checked((Problem("tests", error.message),), missing, rule, 0, told)


def _wrong_condition(key: str, text: str, book: FraudBook) -> Problem | None:
    try:
        read_condition(text, book.vocabulary)
    except BadExpression as error:
        return Problem(key, error.message, error.line, error.column)
    return None


def needs_reason(rule: Rule, before: Rule | None) -> bool:
    """Say whether a rule would count without a trial, as far as the form can tell."""
    is_known = before is not None and before.version == rule.version and before.state is RuleState.LIVE
    return rule.state is RuleState.LIVE and not is_known


def problem_lines(
    checked: Checked, table: Mapping[str, Any], labels: Mapping[str, str], symbol: str, width: int
) -> Iterator[Content]:
    """Return what is wrong, each with the field; of a condition the line itself, with a mark at the place."""
    for problem in checked.problems:
        yield from paragraph(f"{symbol} {said(problem, labels)}", width, style=Tone.ALARM.style)
        if problem.line:
            yield from _marked(str(table[problem.field]), problem, width)


def said(problem: Problem, labels: Mapping[str, str]) -> str:
    """Say what is wrong with a field, in the words of the form."""
    label = labels.get(problem.field, problem.field)
    return f"{label}: {problem.sentence.removeprefix(f'{problem.field} ')}"


def missing_words(checked: Checked, labels: Mapping[str, str]) -> str:
    """Say what is still to be filled in; empty where nothing is."""
    names = ", ".join(labels[name] for name in checked.missing)
    return f"Still to fill in: {names}." if names else ""


def _marked(text: str, problem: Problem, width: int) -> Iterator[Content]:
    lines = text.split("\n")
    line = lines[problem.line - 1] if problem.line <= len(lines) else ""
    first = max(0, problem.column - width // 2)
    yield Content.styled(f"  {line[first : first + width - 3]}", Tone.PLAIN.style)
    yield Content.styled(" " * (2 + problem.column - 1 - first) + "▲", f"bold {Tone.ALARM.style}")


def sound_lines(checked: Checked, *, is_early: bool, done: str, look: str, width: int) -> Iterator[Content]:
    """Return what the rule would have done lately, and what is to be thought of."""
    told = checked.lately
    if told is None:
        return
    if not checked.problems and not checked.missing:
        examples = f" {checked.examples} of {checked.examples} examples hold." if checked.examples else ""
        yield from paragraph(f"{done} Nothing is wrong with it.{examples}", width, style=Tone.GOOD.style)
    is_odd = told.is_never_judged or (told.of > 1 and told.fired == told.of)
    mark = f"{look} " if is_odd else ""
    yield from paragraph(f"{mark}{told.words}", width, style=Tone.LOOK.style if is_odd else Tone.PLAIN.style)
    if told.hits:
        yield from paragraph(f"the newest: {', '.join(told.hits)}", width, style=Tone.DIM.style)
    if is_early and not checked.problems:
        said = f"{look} It would count at once. Say why in the note, or begin with shadow, which costs nothing."
        yield from paragraph(said, width, style=Tone.LOOK.style)


def answer_lines(
    rule: Rule, known: OrderKnown, vocabulary: Vocabulary, symbol_of: Mapping[str, str], width: int
) -> Iterator[Content]:
    """Return what a rule says of one order, with each fact that it asked for."""
    found: RuleAnswer = answer_for(rule, known)
    mark, tone = _ANSWER_LOOKS[found.answer]
    yield heading(f"ON ORDER {known.number}", width)
    yield from paragraph(f"{symbol_of[mark]} {found.answer}", width, style=f"bold {tone.style}")
    for name, value in found.asked:
        is_known = value is not None
        shown = shown_fact(known.facts, name, vocabulary.facts[name].kind) if is_known else "not known"
        yield from paragraph(
            f"{written(name)} = {shown}", width, style=Tone.PLAIN.style if is_known else Tone.DOUBT.style, indent=2
        )


def symbols(symbol: Any) -> dict[str, str]:
    """Return the symbols of the answers, as this terminal draws them."""
    return {mark: symbol(mark) for mark, _ in _ANSWER_LOOKS.values()}


def written(name: str) -> str:
    """Return the name of a fact as a condition writes it: counts are written as calls."""
    found = _COUNTED.match(name)
    return f"{found[1]}({', '.join(found[2].split('.'))})" if found else name


def fact_names(vocabulary: Vocabulary) -> Iterable[tuple[str, str]]:
    """Return every fact and list that a condition may name, with its kind and meaning."""
    for fact in vocabulary.facts.values():
        if fact.name not in _HIDDEN:
            values = f": {', '.join(fact.values)}" if fact.values else ""
            yield written(fact.name), f"{fact.kind}; {fact.meaning}{values}"
    for name in vocabulary.lists:
        yield name, "a list of the shop"


def fact_lines(vocabulary: Vocabulary, word: str, width: int) -> Iterator[Content]:
    """Return the facts whose names begin like the word that is being typed."""
    found = [(name, told) for name, told in fact_names(vocabulary) if word and name.startswith(word)]
    if not found:
        return
    yield heading("FACTS", width, f"{len(found)}" if len(found) > _MOST_FACTS else "")
    for name, told in found[:_MOST_FACTS]:
        yield from paragraph(f"{name}  {told}", width, style=Tone.DIM.style)[:2]
