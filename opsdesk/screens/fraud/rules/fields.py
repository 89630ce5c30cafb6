"""The fields of a rule: what they are called, what they begin with, and what each can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.rules import RuleKind, RuleState, Severity
from opsdesk.screens.fraud.rules.checking import fact_names
from opsdesk.screens.fraud.rules.words import KIND_WORDS
from opsdesk.store.views.fraud.rules import RuleLine
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.fields import AnyField, TextField

_WORD = re.compile(r"[a-z0-9_.]+\Z")
FACTS_IN = frozenset({"when", "applies_when", "tests", "agent"})
_STATES = {
    RuleState.LIVE: "it counts",
    RuleState.SHADOW: "it judges in silence and weighs nothing",
    RuleState.OFF: "it is not asked",
}
LABELS = {
    "id": "id",
    "name": "name",
    "when": "fires when",
    "applies_when": "only where",
    "points": "points",
    "state": "state",
    "group": "group",
    "kind": "does",
    "severity": "sign",
    "agent": "staff read",
    "customer_safe": "customers",
    "tests": "examples",
    "note": "note",
    "order": "try on",
}
HINTS = {
    "id": "capital letters and a number, such as OWN-01",
    "name": "what it is called",
    "when": "order.total > 500 EUR and customer.orders == 0      F4 lists the facts",
    "applies_when": "a condition; where it is false, the rule is not asked",
    "points": "-100 to 100; below 0 it lowers the score",
    "agent": "{order.total} on a first order      braces show a fact",
    "tests": "order.total == 900 EUR and customer.orders == 0 -> fires",
    "note": "why, for whoever reads it in a year",
    "order": "the number of an order, or its last digits",
}
ROWS = {"when": 3, "tests": 2}
TALL_ROWS = {"when": 6, "tests": 6}


def entries_of(name: str, book: FraudBook) -> Iterator[Choice]:
    """Return what a field can hold; of a condition the facts that it can name."""
    if name in FACTS_IN:
        yield from (Choice(fact, fact, told) for fact, told in fact_names(book.vocabulary))
    elif name == "state":
        yield from (Choice(state, state, told) for state, told in _STATES.items())
    elif name == "group":
        groups = book.rules.groups.values()
        yield from (Choice(one.code, one.name, f"at most {one.cap} together") for one in groups)
    elif name == "kind":
        yield from (Choice(kind, kind.replace("_", " "), KIND_WORDS[kind]) for kind in RuleKind)
    elif name == "severity":
        yield from (Choice(one, one) for one in Severity)
    elif name == "customer_safe":
        for code in book.phrases.phrases:
            yield Choice(code, code, book.phrases.say(code, "en") or "nothing is said")


def word_before_cursor(widget: AnyField) -> str:
    """Return what is being typed right before the cursor, as far as it may be the name of a fact."""
    if isinstance(widget, TextField):
        row, column = widget.cursor_location
        before = widget.document.get_line(row)[:column]
    else:
        before = widget.value[: widget.cursor_position]
    found = _WORD.search(before)
    return found[0] if found else ""


def whose(line: RuleLine) -> str:
    """Say which version of a rule is being changed."""
    if line.is_trial:
        return f"version {line.revision}, on trial"
    return f"version {line.revision} of the shop" if line.is_own else "as it is shipped"


def begun_with(line: RuleLine | None, book: FraudBook) -> dict[str, str]:
    """Return what the fields begin with."""
    return {name: str(value) for name, value in _begun(line, book).items()}


def _begun(line: RuleLine | None, book: FraudBook) -> dict[str, str]:
    if line is None:
        return {
            "id": _free_id(book),
            "state": RuleState.SHADOW,
            "group": "order",
            "kind": RuleKind.SCORE,
            "severity": Severity.MEDIUM,
            "customer_safe": "CS-NONE",
        }
    rule = line.rule
    if rule is None:
        kept = {name: str(value) for name, value in line.stored.items() if name in LABELS and name != "tests"}
        return {**kept, "tests": "\n".join(map(str, line.stored.get("tests", ())))}
    return {
        "name": rule.name,
        "when": rule.when.text,
        "applies_when": rule.applies.text if rule.applies is not None else "",
        "points": str(rule.points),
        "state": rule.state,
        "group": rule.group,
        "kind": rule.kind,
        "severity": rule.severity,
        "agent": rule.agent.text,
        "customer_safe": rule.customer_safe,
        "tests": "\n".join(rule.tests),
    }


def _free_id(book: FraudBook) -> str:
    """Return the first id of the shop's own that nothing has."""
    taken = {rule.id for rule in book.rules.rules}
    return next(name for number in range(1, 1_000) if (name := f"OWN-{number:02d}") not in taken)
