"""Seconds of practised work by the keystroke-level model: the operators and step strings of ergonomics.md 4.1.

K key, C click (point and press), B press, H hand change, M mental step, S scan, A partial load, L full page, R answer of
the terminal; a number repeats the letter behind it, `|` only separates. Times in hundredths of a second, so that sums are
exact.
"""

from __future__ import annotations

import re

from tests.operator import Operator

OPERATORS = {"K": 20, "C": 130, "B": 20, "H": 40, "M": 135, "S": 150, "A": 60, "L": 150, "R": 10}
_STEP = re.compile(r"(\d*)([A-Z])")


def hundredths(steps: str) -> int:
    """Return how long the steps take, in hundredths of a second."""
    words = steps.replace("|", " ").split()
    found = [_STEP.fullmatch(word) for word in words]
    assert all(found), f"{steps!r} holds something that is no step."
    return sum(int(step[1] or 1) * OPERATORS[step[2]] for step in found if step)


class Timed:
    """Somebody at the keyboard who is timed: what they think, which keys they press, and which answers they wait for."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        self.steps: list[str] = []

    def reads(self, steps: int) -> None:
        """Read the evidence, so many mental steps."""
        self.steps.append(f"{steps}M")

    async def presses(self, *keys: str) -> None:
        """Make up their mind once, and press keys."""
        self.steps.append("M")
        for key in keys:
            await self.operator.press(key)
            self.steps.append("K")

    async def sees(self, words: str) -> None:
        """Wait for an answer."""
        await self.operator.until_seen(words)
        self.steps.append("R")

    @property
    def keys(self) -> int:
        """How many keys they pressed."""
        return self.steps.count("K")

    @property
    def hundredths(self) -> int:
        """How long that takes, in hundredths of a second."""
        return hundredths(" ".join(self.steps))
