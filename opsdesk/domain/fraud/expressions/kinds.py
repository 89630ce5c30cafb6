"""What kinds of values there are, and what is known by name: the facts of an order and the lists of the shop."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

Value = bool | int | str | tuple[str, ...] | Mapping[str, int]
"""A fact: true or false, a number or minor units of money, a text, texts, or counts by text."""
Facts = Mapping[str, Value]
"""The facts of one order by name. An unknown one is not in it."""


class Kind(StrEnum):
    """The kind of a value, in words that an error can use."""

    TRUTH = "true or false"
    NUMBER = "a number"
    AMOUNT = "an amount of money"
    TEXT = "a text"
    TEXTS = "a list of texts"
    NUMBERS = "a list of numbers"
    COUNTS = "a count for each text"
    WINDOW = "a span of time"


class Form(StrEnum):
    """How a text must be written, where the words are too many to list."""

    ANY = ""
    COUNTRY = "country"
    DOMAIN = "domain"
    CODE = "code"


_FORMS = {
    Form.COUNTRY: (re.compile(r"[A-Z]{2}\Z"), "a country, two capital letters such as GB"),
    Form.DOMAIN: (re.compile(r"[a-z0-9.-]+\.[a-z0-9-]{2,}\Z"), "a domain in small letters such as example.com"),
    Form.CODE: (re.compile(r"[a-z0-9_]+\Z"), "a code of small letters, digits and underscores"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that rules can ask about an order.

    Attributes:
        meaning: a phrase for the list of facts.
        values: every text that it can be, where that is a closed list.
    """

    name: str
    kind: Kind
    meaning: str
    values: tuple[str, ...] = ()
    form: Form = Form.ANY

    def why_never(self, text: str) -> str | None:
        """Say why the fact can never hold this text, or None if it can."""
        if self.values and text not in self.values:
            return f"{self.name} is never {text!r}. It is one of: {', '.join(self.values)}."
        if self.form is not Form.ANY:
            pattern, words = _FORMS[self.form]
            if not pattern.match(text):
                return f"{self.name} is never {text!r}. It is {words}."
        return None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every name that an expression may use.

    Attributes:
        lists: the lists of the shop's files by name, such as `disposable_domains`.
        outcomes: what a call to the customer can end with.
    """

    facts: Mapping[str, Fact]
    lists: Mapping[str, frozenset[str]] = field(default_factory=dict)
    outcomes: frozenset[str] = frozenset()

    def why_unknown(self, name: str) -> str:
        """Say that there is no such name, with the one that was probably meant."""
        near = get_close_matches(name, [*self.facts, *self.lists], n=1, cutoff=0.6)
        hint = f" Did you mean {near[0]}?" if near else ""
        return f"there is no {name!r}.{hint}"
