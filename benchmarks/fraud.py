"""How long it takes to score one order as it comes in, and to try a rule over every order of the store."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlmodel import Session

from benchmarks.figures import Row, Table, ms, percentile, timed, undisturbed
from benchmarks.shops import Shop
from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.moments import system_clock
from opsdesk.integrations.fraud_files import open_fraud
from opsdesk.operations.fraud.backtests import rule_in, try_rule
from opsdesk.settings import data_folder
from opsdesk.store.fraud.evidence import read_evidence, reading_of
from opsdesk.store.repositories.risk import Cause, Risk

_ROUNDS = 300
_SCORE_S, _BACKTEST_S = 0.020, 60.0
_MILLION = 1_000_000
_BATCH = 500
_ZONE = ZoneInfo("Europe/London")
_RULE = """
id = "TRY-01"
name = "many units to an address that differs"
when = "order.units >= 5 and shipping.differs"
points = 30
group = "order"
agent = "many units, and the addresses differ"
since = 2026-11-01
author = "benchmark"
"""


def measure_fraud(shops: Sequence[Shop]) -> list[Table]:
    """Measure scoring and back-tests on both stores."""
    book = open_fraud(data_folder())
    return [_measure(shop, book) for shop in shops]


def _measure(shop: Shop, book: FraudBook) -> Table:
    table = Table(
        f"Fraud desk, {shop.kind}",
        "scoring one arriving order p95 <= 20 ms among 1,000,000; a rule over 1,000,000 past orders <= 60 s",
    )
    table.rows += [_scoring(shop, book), _history(shop, book), _backtest(shop, book)]
    return table


def _scoring(shop: Shop, book: FraudBook) -> Row:
    """Score orders from all over the store, each as of its own moment."""
    reading, dice = reading_of(book, _ZONE), random.Random(7)
    with shop.store.reading() as session:
        newest = session.execute(text("SELECT max(id) FROM orders")).scalar_one()
        ids = [dice.randint(max(1, newest * 9 // 10), newest) for _ in range(_ROUNDS)]

        def score(order_id: int) -> None:
            for told in read_evidence(session, [order_id], reading):
                book.score(book.facts(told.evidence), snoozed=told.snoozed)

        score(ids[0])
        with undisturbed():
            times = [timed(partial(score, order_id)) for order_id in ids]
    p95 = percentile(times, 0.95)
    figures = {"what": f"{percentile(times, 0.5) * 1e3:.2f} ms p50", "p95 or whole": f"{ms(p95)} ms"}
    return Row("Scoring one arriving order", figures, () if p95 <= _SCORE_S else ("20 ms",))


def _history(shop: Shop, book: FraudBook) -> Row:
    """Score every order that nobody has scored, as an import would have."""
    began, done = time.perf_counter(), 0
    reading = reading_of(book, _ZONE)
    missing = text(
        "SELECT id FROM orders WHERE id > :last AND NOT EXISTS (SELECT 1 FROM risk_assessment "
        "WHERE order_id = orders.id AND cause <> 'again') ORDER BY id LIMIT :batch"
    )
    last = 0
    while True:
        with Session(shop.store.writer) as session, session.begin():
            ids = list(session.execute(missing, {"last": last, "batch": _BATCH}).scalars())
            if not ids:
                break
            Risk(session, system_clock()).assess(ids, book, reading, Cause.IMPORT)
        last, done = ids[-1], done + len(ids)
    took = time.perf_counter() - began
    figures = {"what": f"{done / took:,.0f} orders/s" if done else "done before", "p95 or whole": f"{took:,.1f} s"}
    return Row("Scoring all past orders", figures)


def _backtest(shop: Shop, book: FraudBook) -> Row:
    store = replace(shop.store, fraud=cache(lambda: book), zone=_ZONE)
    rule = rule_in(_RULE, book)
    began = time.perf_counter()
    report = try_rule(store, book, rule, now=system_clock())
    took = time.perf_counter() - began
    rate = report.whole.orders / took
    whole = _MILLION / rate
    figures = {"what": f"{rate:,.0f} orders/s", "p95 or whole": f"{took:,.1f} s, {whole:,.0f} s for 1,000,000"}
    return Row("A rule over every order", figures, () if whole <= _BACKTEST_S else ("60 s",))
