"""Read rules from their TOML text or from a stored table, refusing what would judge wrongly or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from opsdesk.domain.errors import Invalid
from opsdesk.domain.fraud.drafting.examples import check_examples
from opsdesk.domain.fraud.entries import Entry, entries, read_tables
from opsdesk.domain.fraud.expressions.compiling import Condition, read_condition
from opsdesk.domain.fraud.expressions.kinds import Vocabulary
from opsdesk.domain.fraud.expressions.tokens import BadExpression
from opsdesk.domain.fraud.phrases import PhraseBook
from opsdesk.domain.fraud.rules import LARGEST, SMALLEST, Group, Rule, RuleBook, RuleKind, RuleState, Severity, Wording

_FILE = "fraud/rules.toml"
_ID = re.compile(r"[A-Z][A-Z0-9]{1,9}(?:-[A-Z0-9]{1,12}){0,2}\Z")
_LONGEST_TEXT = 160


def read_rules(shipped: str, own: str, vocabulary: Vocabulary, phrases: PhraseBook) -> RuleBook:
    """Read the shipped rules and the shop's own: whole rules, or changes of points and state.

    Raises:
        Invalid: an entry is no rule, or does not answer its own examples as they say; the sentence names it, and line
            and column where its condition is wrong.
    """
    groups: dict[str, Group] = {}
    rules: dict[str, Rule] = {}
    for text in (shipped, own):
        read = read_tables(text, _FILE)
        for entry in entries(read, "group", _FILE):
            group = Group(entry.text("code"), entry.text("name"), entry.whole("cap", 0, LARGEST))
            groups[group.code] = group
            entry.done()
        for entry in entries(read, "rule", _FILE, named="id"):
            rule = _rule(entry, vocabulary, phrases, groups)
            check_examples(rule, vocabulary)
            rules[rule.id] = rule
        for entry in entries(read, "change", _FILE, named="id"):
            changed = _changed(entry, rules)
            rules[changed.id] = changed
    return RuleBook(tuple(rules.values()), groups)


def read_rule(
    table: Mapping[str, Any], vocabulary: Vocabulary, phrases: PhraseBook, groups: Mapping[str, Group]
) -> Rule:
    """Read one rule as `write_rule` gives it, or as a form has filled it in.

    Raises:
        Invalid: it is no rule; `field` names the key.
    """
    name = table.get("id")
    return _rule(Entry(table, f"Rule {name!r}" if isinstance(name, str) else "The rule"), vocabulary, phrases, groups)


def write_rule(rule: Rule) -> dict[str, Any]:
    """Return the rule as a plain table, ready to be stored as JSON; `read_rule` gives the same rule again."""
    table: dict[str, Any] = {
        "id": rule.id,
        "name": rule.name,
        "when": rule.when.text,
        "points": rule.points,
        "group": rule.group,
        "agent": rule.agent.text,
        "customer_safe": rule.customer_safe,
        "severity": rule.severity.value,
        "kind": rule.kind.value,
        "state": rule.state.value,
        "since": rule.since.isoformat(),
        "author": rule.author,
        "source": rule.source,
    }
    table |= {"applies_when": rule.applies.text} if rule.applies else {}
    return table | ({"tests": list(rule.tests)} if rule.tests else {})


def _rule(entry: Entry, vocabulary: Vocabulary, phrases: PhraseBook, groups: Mapping[str, Group]) -> Rule:
    rule_id = entry.text("id")
    if not _ID.match(rule_id):
        raise entry.wrong("id", f"{rule_id[:40]!r} is no id. Write it like VEL-09.")
    rule = Rule(
        id=rule_id,
        name=_line(entry, "name"),
        when=_condition(entry, "when", vocabulary),
        applies=_condition(entry, "applies_when", vocabulary) if entry.has("applies_when") else None,
        points=entry.whole("points", SMALLEST, LARGEST, 0),
        group=entry.text("group"),
        agent=_wording(entry, vocabulary),
        customer_safe=entry.text("customer_safe", "CS-NONE"),
        severity=entry.choice("severity", Severity, Severity.NONE),
        kind=entry.choice("kind", RuleKind, RuleKind.SCORE),
        state=entry.choice("state", RuleState, RuleState.SHADOW),
        since=entry.day("since"),
        author=_line(entry, "author"),
        source=entry.text("source", ""),
        tests=entry.texts("tests", ()),
    )
    entry.done()
    if rule.group not in groups:
        raise entry.wrong("group", f"there is no group {rule.group!r}. Known are: {', '.join(groups)}.")
    if rule.customer_safe not in phrases:
        known = ", ".join(phrases.phrases)
        raise entry.wrong("customer_safe", f"there is no phrase {rule.customer_safe!r}. Known are: {known}.")
    if rule.kind is RuleKind.PASS and rule.points > 0:
        raise entry.wrong("points", "a rule that lets an order pass cannot raise its score.")
    return rule


def _changed(entry: Entry, rules: Mapping[str, Rule]) -> Rule:
    rule_id = entry.text("id")
    if rule_id not in rules:
        raise entry.wrong("id", f"there is no rule {rule_id[:40]!r} to change.")
    rule = rules[rule_id]
    changed = replace(
        rule,
        points=entry.whole("points", SMALLEST, LARGEST, rule.points),
        state=entry.choice("state", RuleState, rule.state),
        since=entry.day("since", rule.since),
        author=entry.text("author", rule.author),
    )
    entry.done()
    return changed


def _condition(entry: Entry, key: str, vocabulary: Vocabulary) -> Condition:
    try:
        return read_condition(entry.text(key), vocabulary)
    except BadExpression as error:
        raise Invalid(key, f"{entry.words}, {key}: {error.message}") from error


def _wording(entry: Entry, vocabulary: Vocabulary) -> Wording:
    text = _line(entry, "agent")
    for name in Wording.names(text):
        if name not in vocabulary.facts:
            raise entry.wrong("agent", vocabulary.why_unknown(name))
    return Wording.of(text, vocabulary.facts)


def _line(entry: Entry, key: str) -> str:
    text = entry.text(key)
    if len(text) > _LONGEST_TEXT or not text.isprintable():
        raise entry.wrong(key, f"{key} must be one line of at most {_LONGEST_TEXT} printable characters.")
    return text
