"""What a shop with a fraud desk of some years has: a score for each order as it came in, and hundreds of open cases.

Scoring a million orders takes an hour. So some thousand are scored in truth, and all others get the stored scores of
these in turn: rows of the same length with the same rules fired as often, which is all that reading them back feels.
"""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlmodel import Session

from benchmarks.figures import Row
from benchmarks.shops import Shop
from opsdesk.domain.errors import Refused
from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.moments import system_clock
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.operations.fraud.cases import open_by_hand
from opsdesk.store.fraud.evidence import reading_of
from opsdesk.store.repositories.risk import Cause, Risk
from opsdesk.store.work import Performer

ZONE = ZoneInfo("Europe/London")
CASES = 400
AMY = Actor(user_id=1, name="ada", role=Role.ADMIN, terminal="benchmark")
_SCORED = 10_000
_BATCH, _PIECE = 500, 50_000
_UNSCORED = """
    SELECT id FROM orders AS o WHERE id % :every = :rest AND NOT EXISTS
        (SELECT 1 FROM risk_assessment AS s WHERE s.order_id = o.id) ORDER BY id LIMIT :batch
"""
_COLUMNS = "scored_at, cause, score, band, action, coverage, book, fired, result, facts"
_TEMPLATES = f"""
    INSERT INTO scored (n, {_COLUMNS})
    SELECT row_number() OVER (ORDER BY id) - 1, {_COLUMNS} FROM risk_assessment WHERE cause = 'import' AND book = :book
"""
_FILL = f"""
    INSERT INTO risk_assessment (order_id, {_COLUMNS})
    SELECT o.id, o.placed_at, {_COLUMNS.partition(", ")[2]}
    FROM orders AS o JOIN scored AS t ON t.n = o.id % :templates
    WHERE o.id > :last AND o.id <= :last + :piece
    AND NOT EXISTS (SELECT 1 FROM risk_assessment AS s WHERE s.order_id = o.id)
"""
_LIKELY = """
    SELECT o.id FROM orders AS o WHERE o.is_open AND o.stage = 'to_ship' AND o.hold_type IS NULL AND NOT EXISTS
        (SELECT 1 FROM verification_case AS c WHERE c.order_id = o.id) ORDER BY o.id DESC LIMIT :most
"""


def fill(shop: Shop, book: FraudBook) -> list[Row]:
    """Give each order a score of its arrival, and the desk its open cases, unless that was done in an earlier run."""
    began = time.perf_counter()
    copied = 0
    if not _is_filled(shop):
        _score_some(shop, book)
        copied = _copy_scores(shop, book)
    took = time.perf_counter() - began
    opened = _open_cases(shop)
    words = f"{copied:,} scores copied" if copied else "done before"
    return [
        Row("Scores of arrivals, open cases", {"what": f"{words}, {opened} cases", "p95 or whole": f"{took:,.1f} s"})
    ]


def _is_filled(shop: Shop) -> bool:
    """Look at the oldest orders, which nobody scores otherwise."""
    oldest = "SELECT id FROM orders ORDER BY id LIMIT 100"
    scored = f"SELECT count(*) FROM ({oldest}) AS o JOIN risk_assessment AS s ON s.order_id = o.id"
    with shop.store.reading() as session:
        return bool(session.execute(text(scored)).scalar_one() >= 100)


def _score_some(shop: Shop, book: FraudBook) -> None:
    reading = reading_of(book, ZONE)
    with shop.store.reading() as session:
        newest = session.execute(text("SELECT coalesce(max(id), 1) FROM orders")).scalar_one()
    every = max(1, newest // _SCORED)
    asked = {"every": every, "rest": every // 2, "batch": _BATCH}
    while True:
        with Session(shop.store.writer) as session, session.begin():
            ids = list(session.execute(text(_UNSCORED), asked).scalars())
            if ids:
                Risk(session, system_clock()).assess(ids, book, reading, Cause.IMPORT)
        if len(ids) < _BATCH:
            return


def _copy_scores(shop: Shop, book: FraudBook) -> int:
    """Copy the scores; SQLite and Postgres count what they have written alike."""
    copied = 0
    with shop.store.writer.connect() as connection:
        with connection.begin():
            connection.execute(
                text(f"CREATE TEMPORARY TABLE scored AS SELECT 0 AS n, {_COLUMNS} FROM risk_assessment LIMIT 0")
            )
            templates = connection.execute(text(_TEMPLATES), {"book": book.rules.version}).rowcount
            connection.execute(text("CREATE INDEX scored_n ON scored (n)"))
        newest = connection.execute(text("SELECT coalesce(max(id), 0) FROM orders")).scalar_one()
        connection.rollback()
        for last in range(0, newest if templates else 0, _PIECE):
            with connection.begin():
                given = {"templates": templates, "last": last, "piece": _PIECE}
                copied += connection.execute(text(_FILL), given).rowcount
        with connection.begin():
            connection.execute(text("DROP TABLE scored"))
    if copied:
        _look_at_it_anew(shop)
    return copied


def _look_at_it_anew(shop: Shop) -> None:
    with shop.store.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE risk_assessment")


def _open_cases(shop: Shop) -> int:
    """Open cases as staff would, until there are some hundred; return how many there are."""
    open_now = text("SELECT count(*) FROM verification_case WHERE kind = 'fraud' AND decided_at IS NULL")
    with shop.store.reading() as session:
        there = session.execute(open_now).scalar_one()
        wanted = list(session.execute(text(_LIKELY), {"most": max(0, CASES - there)}).scalars())
    performer = Performer(shop.store, AMY)
    for order_id in wanted:
        try:
            performer.perform(open_by_hand, order_id, reason="High amount for a first order")
        except Refused:
            continue
        there += 1
    return int(there)
