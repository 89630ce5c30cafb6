"""Two people changed the same record: which fields each changed, and what comes of it when both are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meeting:
    """What came together.

    Attributes:
        theirs: fields that the other changed.
        both: fields that both changed, each to something else.
        merged: every field as it stands when each one's changes are kept; where both changed it, mine.
    """

    theirs: tuple[str, ...]
    both: tuple[str, ...]
    merged: Mapping[str, str]


def meet(was: Mapping[str, str], now: Mapping[str, str], mine: Mapping[str, str]) -> Meeting:
    """Compare what stood there, what stands there now, and what was typed; nothing that was typed is dropped."""
    theirs = tuple(name for name in mine if name in was and now.get(name, "") != was[name])
    changed_here = {name for name, text in mine.items() if text != was.get(name, "")}
    both = tuple(name for name in theirs if name in changed_here and mine[name] != now.get(name, ""))
    merged = {
        name: text if name in changed_here or name not in theirs else now.get(name, "") for name, text in mine.items()
    }
    return Meeting(theirs, both, merged)
