"""What the fraud desk has learned so far: eight questions, each through an index and bounded, whatever is stored.

The newest `MOST` cases and samples are looked through, and the card payments of three months are counted in an index.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlmodel import Session

from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.fraud.learning.calibration import GutStep
from opsdesk.domain.fraud.learning.figures import (
    CaseWork,
    HeldBand,
    KnownCase,
    Sample,
    Samples,
    guts_of,
    holds_that_were_right,
    samples_of,
    work_of,
)
from opsdesk.domain.fraud.learning.labels import Label
from opsdesk.domain.fraud.thresholds import Sampling
from opsdesk.domain.money import Money
from opsdesk.store.fraud.aftermaths import labels_of
from opsdesk.store.fraud.linked_orders import moment
from opsdesk.store.repositories.risk import Risk
from opsdesk.store.views.fraud.programmes import MonthStanding, programme_months

MOST = 1_000
_CASES = text("""
    SELECT order_id, score, gut, was_worth_a_look, opened_at, decided_at, decided_by, verdict, touch_seconds
    FROM verification_case WHERE kind = 'fraud' ORDER BY id DESC LIMIT :most
""")
_SAMPLES = text("""
    SELECT told.order_id, told.at, told.reason, orders.number, orders.total_minor, orders.currency
    FROM order_label AS told JOIN orders ON orders.id = told.order_id
    WHERE told.label = 'sampled' ORDER BY told.at DESC, told.id DESC LIMIT :most
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """Everything that is known about how well suspicion works.

    Attributes:
        held: all holds first, then each band.
        guts: those of whoever asks; `guts_of_all` those of everybody, for the lead.
        people: for the lead, each person's.
        months: where the shop stands in each programme, this month and the last one.
        is_cut: there are more cases or samples than were looked through.
        colour_from: from so many labelled orders on a share means something.
    """

    held: tuple[HeldBand, ...]
    work: CaseWork
    guts: tuple[GutStep, ...]
    guts_of_all: tuple[GutStep, ...]
    people: tuple[tuple[str, tuple[GutStep, ...]], ...]
    samples: Samples
    sampling: Sampling
    months: tuple[MonthStanding, ...]
    is_cut: bool
    colour_from: int


def learned(
    session: Session, *, fraud: Callable[[], FraudBook], zone: ZoneInfo, now: datetime, who: str = ""
) -> Learning:
    """Return what is known at `now`; `who` asks, and sees their own gut apart."""
    book = Risk(session, now).rules_of(fraud())
    asked = {"most": MOST}
    found, passed = session.execute(_CASES, asked).all(), session.execute(_SAMPLES, asked).all()
    labels = labels_of(session, {row.order_id for row in (*found, *passed)}, book, now=now)
    cases = [_case(row, labels.get(row.order_id, Label.UNKNOWN)) for row in found]
    people = sorted({case.decided_by for case in cases if case.gut is not None})
    return Learning(
        held=holds_that_were_right(cases, book.thresholds.bands),
        work=work_of(cases),
        guts=guts_of(cases, who) if who else (),
        guts_of_all=guts_of(cases),
        people=tuple((name, guts_of(cases, name)) for name in people),
        samples=samples_of([_sample(row, labels.get(row.order_id, Label.UNKNOWN)) for row in passed]),
        sampling=book.thresholds.sampling,
        months=programme_months(session, book, zone=zone, now=now),
        is_cut=MOST in (len(found), len(passed)),
        colour_from=book.thresholds.learning.colour_from,
    )


def _case(row: Row[Any], label: Label) -> KnownCase:
    return KnownCase(
        score=row.score,
        label=label,
        opened_at=moment(row.opened_at),
        decided_at=moment(row.decided_at) if row.decided_at is not None else None,
        decided_by=row.decided_by or "",
        verdict=Verdict(row.verdict) if row.verdict else None,
        gut=row.gut,
        was_worth_a_look=bool(row.was_worth_a_look) if row.was_worth_a_look is not None else None,
        touched=timedelta(seconds=row.touch_seconds),
    )


def _sample(row: Row[Any], label: Label) -> Sample:
    return Sample(row.order_id, row.number, Money(row.total_minor, row.currency), moment(row.at), row.reason, label)
