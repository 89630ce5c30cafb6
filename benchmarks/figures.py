"""Measured figures: rows of a table with a bar and a verdict, and how a time is taken."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

Act = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Row:
    """One measured thing.

    Attributes:
        figures: what was measured, by the heads of the table's columns.
        misses: the bars that were missed, in words; empty means that all are kept.
    """

    what: str
    figures: dict[str, str]
    misses: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        return "**misses " + ", ".join(self.misses) + "**" if self.misses else "kept"


@dataclass(slots=True)
class Table:
    """What one part of the benchmark found."""

    title: str
    bar: str
    rows: list[Row] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def percentile(times: Sequence[float], share: float) -> float:
    """Return the time that this share of all did not exceed."""
    ranked = sorted(times)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))]


def ms(seconds: float) -> str:
    return f"{seconds * 1e3:.2f}" if seconds < 0.1 else f"{seconds * 1e3:.0f}"


def timed(act: Act) -> float:
    """Return how many seconds an act took."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the garbage collector out of what is measured in between."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def side_by_side(acts: dict[str, Act], rounds: int) -> dict[str, list[float]]:
    """Time several acts in turn, so that whatever else the machine does hits all of them alike."""
    times: dict[str, list[float]] = {name: [] for name in acts}
    with undisturbed():
        for _ in range(rounds):
            for name, act in acts.items():
                times[name].append(timed(act))
    return times
