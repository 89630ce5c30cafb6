"""What an order turned out to be, in words: what it is known as, by whose word, since when and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from opsdesk.domain.fraud.learning.labels import Word
from opsdesk.operations.fraud.labelling import PERSON
from opsdesk.store.views.fraud.ends import KnownEnd

_MEANS = {
    Word.FRAUD: "fraud",
    Word.LEGIT: "a good order",
    Word.WARNED: "fraud, by an early warning",
    Word.DISPUTED: "disputed",
}
_BY_HAND = "case", PERSON


def end_words(end: KnownEnd, at: Callable[[datetime], str]) -> str:
    """Say what an order turned out to be, by whose word, since when and why."""
    who = end.by if end.source in _BY_HAND else end.source
    where = ", deciding its case" if end.source == "case" else ""
    why = f": {end.reason.replace('_', ' ')}" if end.reason else ""
    return f"Known as {_MEANS.get(end.word, end.word.value)}. {who} {at(end.at)}{where}{why}"
