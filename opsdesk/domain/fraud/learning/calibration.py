"""Does a score, or a gut feeling, mean what it says? The share of fraud for each step of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from opsdesk.domain.fraud.learning.labels import Label
from opsdesk.domain.fraud.learning.precision import Share, share

GUTS = range(1, 6)
DECILES = 10


@dataclass(frozen=True, slots=True)
class ScoreStep:
    """Scores from `low` to `high`, both included, and how much fraud there was."""

    low: int
    high: int
    orders: int
    fraud: Share


@dataclass(frozen=True, slots=True)
class GutStep:
    """One answer of the gut, and how much fraud there was."""

    gut: int
    decisions: int
    fraud: Share

    @property
    def words(self) -> str:
        """Say it to who decided: `when you said 4, 3 of 7 were fraud`."""
        if not self.fraud.of:
            return f"when you said {self.gut}, nothing is known yet"
        return f"when you said {self.gut}, {self.fraud.hits} of {self.fraud.of} were fraud"


def score_calibration(scored: Iterable[tuple[int, Label]]) -> tuple[ScoreStep, ...]:
    """Return the share of fraud for each ten points of score; 100 stands with the nineties."""
    orders, fraud, sure = [0] * DECILES, [0] * DECILES, [0] * DECILES
    for score, label in scored:
        step = min(DECILES - 1, max(0, score) // DECILES)
        orders[step] += 1
        sure[step] += label.is_sure
        fraud[step] += label is Label.FRAUD
    return tuple(
        ScoreStep(
            step * DECILES,
            100 if step == DECILES - 1 else step * DECILES + 9,
            orders[step],
            share(fraud[step], sure[step]),
        )
        for step in range(DECILES)
    )


def is_rising(steps: Iterable[ScoreStep]) -> bool:
    """Say whether no higher step is surely less fraudulent than a lower one: their intervals must overlap or rise."""
    highest_low = 0.0
    for step in steps:
        if step.fraud.of:
            if step.fraud.high < highest_low:
                return False
            highest_low = max(highest_low, step.fraud.low)
    return True


def gut_calibration(decided: Iterable[tuple[int, Label]]) -> tuple[GutStep, ...]:
    """Return how often each answer of one person's gut was fraud. Private to that person and the lead."""
    counts = {gut: [0, 0, 0] for gut in GUTS}
    for gut, label in decided:
        if gut in counts:
            counts[gut][0] += 1
            counts[gut][1] += label is Label.FRAUD
            counts[gut][2] += label.is_sure
    return tuple(GutStep(gut, all_, share(fraud, sure)) for gut, (all_, fraud, sure) in counts.items())
