"""What the fraud desk has learned: holds that were right, samples that were good, guts that felt right. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.fraud.learning.calibration import GutStep, gut_calibration
from opsdesk.domain.fraud.learning.labels import Label
from opsdesk.domain.fraud.learning.precision import Share, share
from opsdesk.domain.fraud.scoring import Band, Bands
from opsdesk.domain.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCase:
    """One case with what its order turned out to be.

    Attributes:
        gut: 1 (surely good) to 5 (surely fraud), asked before the score was talked about; None where nobody said.
        touched: how long people sat over it.
    """

    score: int
    label: Label
    opened_at: datetime
    decided_at: datetime | None = None
    decided_by: str = ""
    verdict: Verdict | None = None
    gut: int | None = None
    was_worth_a_look: bool | None = None
    touched: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Sample:
    """One order that passed unseen, and what became of it."""

    order_id: int
    number: str
    total: Money
    passed_at: datetime
    why: str
    label: Label


@dataclass(frozen=True, slots=True)
class HeldBand:
    """The holds of one band of score; None stands for all of them."""

    band: Band | None
    held: int
    right: Share


@dataclass(frozen=True, slots=True)
class CaseWork:
    """How cases are worked on; times are None where there is none to tell."""

    decided: int
    released: Share
    worth: Share
    median_wait: timedelta | None
    slow_wait: timedelta | None
    median_touch: timedelta | None


@dataclass(frozen=True, slots=True)
class Samples:
    """The orders that passed unseen: `false_alarms` is the share of good ones among those of which it is known."""

    passed: int
    false_alarms: Share
    newest: tuple[Sample, ...]


def holds_that_were_right(cases: Sequence[KnownCase], bands: Bands) -> tuple[HeldBand, ...]:
    """Return for all holds, and for each band of score, how many turned out to be fraud."""
    whole = _held(None, cases)
    parts = (_held(band, [case for case in cases if bands.of(case.score) is band]) for band in reversed(Band))
    return (whole, *(part for part in parts if part.held))


def work_of(cases: Iterable[KnownCase]) -> CaseWork:
    """Say how cases were worked on."""
    decided = [case for case in cases if case.decided_at is not None]
    waits = sorted(case.decided_at - case.opened_at for case in decided if case.decided_at is not None)
    touches = sorted(case.touched for case in decided if case.touched)
    answered = [case for case in decided if case.was_worth_a_look is not None]
    return CaseWork(
        decided=len(decided),
        released=share(sum(case.verdict is Verdict.RELEASE for case in decided), len(decided)),
        worth=share(sum(case.was_worth_a_look is True for case in answered), len(answered)),
        median_wait=_at(waits, 50),
        slow_wait=_at(waits, 90),
        median_touch=_at(touches, 50),
    )


def guts_of(cases: Iterable[KnownCase], who: str = "") -> tuple[GutStep, ...]:
    """Return how often each answer of the gut was fraud: one person's, or everybody's."""
    return gut_calibration(
        (case.gut, case.label) for case in cases if case.gut is not None and who in ("", case.decided_by)
    )


def samples_of(samples: Sequence[Sample]) -> Samples:
    """Say what became of the orders that passed unseen."""
    known = [sample.label for sample in samples if sample.label.is_sure]
    good = sum(label is Label.LEGIT for label in known)
    return Samples(len(samples), share(good, len(known)), tuple(samples))


def _held(band: Band | None, cases: Sequence[KnownCase]) -> HeldBand:
    known = [case.label for case in cases if case.label.is_sure]
    return HeldBand(band, len(cases), share(sum(label is Label.FRAUD for label in known), len(known)))


def _at(ordered: Sequence[timedelta], percent: int) -> timedelta | None:
    """Return the value that so many percent do not exceed."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else None
