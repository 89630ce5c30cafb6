"""What the customer may be told of a reason, in the customer's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from opsdesk.domain.fraud.entries import entries, read_tables

_FILE = "fraud/phrases.toml"
_LANGUAGE = re.compile(r"[a-z]{2}\Z")


@dataclass(frozen=True, slots=True)
class PhraseBook:
    """Phrases by code and language. One without words is never mentioned to the customer."""

    phrases: Mapping[str, Mapping[str, str]]

    def __contains__(self, code: str) -> bool:
        return code in self.phrases

    def say(self, code: str, language: str) -> str:
        """Return the phrase in the language, else in English; empty where nothing is said."""
        words = self.phrases.get(code, {})
        return words.get(language.lower()[:2], words.get("en", ""))


def read_phrases(shipped: str, own: str = "") -> PhraseBook:
    """Read the shipped phrases and the shop's own, which replace or follow them.

    Raises:
        Invalid: an entry is no phrase.
    """
    phrases: dict[str, Mapping[str, str]] = {}
    for text in (shipped, own):
        for entry in entries(read_tables(text, _FILE), "phrase", _FILE):
            code = entry.text("code")
            words = {name: entry.text(name) for name in entry.names() if _LANGUAGE.match(name)}
            if words and "en" not in words:
                raise entry.wrong("en", "a phrase that is said at all needs English words (en).")
            phrases[code] = words
            entry.done()
    return PhraseBook(phrases)
