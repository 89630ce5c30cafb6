"""Scores for the orders that the fraud desk of the demo shop looks at; suspicious ones get checks of their payments.

Nothing is held by it; what the demo's people hold, they hold in its tale.
"""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.learning.labels import Word
from opsdesk.store.engine import open_store
from opsdesk.store.fraud.evidence import reading_of
from opsdesk.store.repositories.risk import Cause, Risk
from opsdesk.store.tables import CaseRow, LabelRow, OrderRow, PaymentCheckRow, PaymentRow

_BATCH = 500
_MOST = 5_000
"""In a shop of a million orders the newest ones are enough to look at."""
_FEW = 10
_CARDS = (("visa", "4242", "fail", "fail", "FR"), ("mastercard", "1881", "fail", "pass", "NL"))


def score_open(url: str, book: FraudBook, zone: ZoneInfo, now: datetime) -> int:
    """Score the open orders of a demo shop that was just built, and return how many there are."""
    store = open_store(url)
    try:
        with Session(store.writer) as session, session.begin():
            cases = _cases(session)
            for place, case in enumerate(cases):
                _add_check(session, case, *_CARDS[place % len(_CARDS)], now)
            session.flush()
            risk, reading = Risk(session, now), reading_of(book, zone)
            decided = {case.order_id for case in cases if case.decided_at is not None}
            ids = iter(sorted({*_open_orders(session), *decided, *_sampled(session)}, reverse=True))
            scores: dict[int, int] = {}
            while batch := list(islice(ids, _BATCH)):
                scores |= {one.order_id: one.score.total for one in risk.assess(batch, book, reading, Cause.AGAIN)}
            for case in cases:
                if case.decided_at is None:
                    case.score = scores.get(case.order_id, case.score)
            return len(scores)
    finally:
        store.close()


def _open_orders(session: Session) -> list[int]:
    wanted = select(col(OrderRow.id)).where(col(OrderRow.is_open).is_(True), col(OrderRow.stage) != "on_its_way")
    return [
        order_id
        for order_id in session.execute(wanted.order_by(col(OrderRow.id).desc()).limit(_MOST)).scalars()
        if order_id
    ]


def _cases(session: Session) -> list[CaseRow]:
    """Return the cases that wait, and a few that were decided last: enough for their rules to have a record."""
    fraud = select(CaseRow).where(col(CaseRow.kind) == "fraud").order_by(col(CaseRow.id))
    waiting = session.execute(fraud.where(col(CaseRow.decided_at).is_(None))).scalars()
    decided = session.execute(fraud.where(col(CaseRow.decided_at).is_not(None))).scalars()
    return [*waiting, *list(decided)[-_FEW:]]


def _sampled(session: Session) -> set[int]:
    found = select(col(LabelRow.order_id)).where(col(LabelRow.label) == Word.SAMPLED.value)
    return set(session.execute(found.order_by(col(LabelRow.at).desc()).limit(_FEW)).scalars())


def _add_check(
    session: Session, case: CaseRow, brand: str, last4: str, cvv_check: str, line: str, country: str, now: datetime
) -> None:
    order = session.get_one(OrderRow, case.order_id)
    paid = select(PaymentRow).where(col(PaymentRow.order_id) == case.order_id).order_by(col(PaymentRow.id)).limit(1)
    payment = session.execute(paid).scalar_one_or_none()
    if payment is None or payment.id is None:
        return
    session.merge(
        PaymentCheckRow(
            payment_id=payment.id,
            order_id=case.order_id,
            placed_at=order.placed_at,
            told_at=now,
            kind="card",
            brand=brand,
            last4=last4,
            funding="credit",
            country=country,
            fingerprint=f"demo-{last4}-{case.order_id}",
            cvv_check=cvv_check,
            line_check=line,
            postcode_check="fail",
        )
    )
