"""What a look at one thing found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How it stands with something."""

    WELL = "well"
    WATCH = "watch"
    MEND = "mend"


@dataclass(frozen=True, slots=True)
class Finding:
    """How it stands with one thing, in a sentence, and what to do where something is to be done."""

    check: str
    level: Level
    sentence: str
    remedy: str = ""


def well(check: str, sentence: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(check, Level.WELL, sentence)


def watch(check: str, sentence: str, remedy: str) -> Finding:
    """Say that something works and should be better."""
    return Finding(check, Level.WATCH, sentence, remedy)


def mend(check: str, sentence: str, remedy: str) -> Finding:
    """Say that something must be put right."""
    return Finding(check, Level.MEND, sentence, remedy)
