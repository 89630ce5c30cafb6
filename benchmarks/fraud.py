"""What the fraud desk costs among a million orders: scoring one that arrives, trying a rule over all, reading cases."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any

from sqlalchemy import event, text
from sqlmodel import Session

from benchmarks.figures import Row, Table, ms, percentile, timed, undisturbed
from benchmarks.fraud_screens import measure_case_screens
from benchmarks.fraud_shop import ZONE, fill
from benchmarks.shops import Shop
from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.rules import Rule, RuleState
from opsdesk.domain.moments import system_clock
from opsdesk.integrations.fraud_files import open_fraud
from opsdesk.operations.fraud.backtests import rule_in, try_rule
from opsdesk.settings import data_folder
from opsdesk.store.fraud.asking import ask
from opsdesk.store.fraud.evidence import reading_of
from opsdesk.store.fraud.past_orders import orders_statement
from opsdesk.store.repositories.risk import Cause, Risk
from opsdesk.store.views.fraud.case import fraud_case
from opsdesk.store.views.fraud.queue import fraud_queue

_ROUNDS, _CASES = 300, 60
_SCORE_S, _VIEW_S, _BACKTEST_S = 0.020, 0.010, 60.0
_MILLION = 1_000_000
_PIECE = 1_000
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
    """Measure scoring, back-tests and the desk on both stores."""
    book = open_fraud(data_folder())
    tables = []
    for shop in shops:
        opened = replace(shop, store=replace(shop.store, fraud=cache(lambda: book), zone=ZONE))
        tables += [_measure_store(opened, book), _measure_backtests(opened, book), measure_case_screens(opened)]
    return tables


@dataclass(slots=True)
class _Heard:
    """Statements with their parameters as the driver got them."""

    asked: list[tuple[str, Any]] = field(default_factory=list)

    def hear(self, *told: Any) -> None:
        self.asked.append((told[2], told[3]))


def _measure_store(shop: Shop, book: FraudBook) -> Table:
    table = Table(
        f"Fraud desk in the store, {shop.kind}",
        "scoring one arriving order p95 <= 20 ms among 1,000,000; views p95 <= 10 ms. The limit is the same "
        "statements, one after the other through the bare driver",
    )
    table.rows += [*fill(shop, book), _scoring(shop, book), *_views(shop, book)]
    return table


def _scoring(shop: Shop, book: FraudBook) -> Row:
    """Score orders from the newest tenth of the store in the transaction in which they would be written."""
    reading, dice = reading_of(book, ZONE), random.Random(7)
    with shop.store.reading() as session:
        newest = session.execute(text("SELECT max(id) FROM orders")).scalar_one()

    def score(session: Session, order_id: int) -> None:
        risk = Risk(session, system_clock())
        risk.assess([order_id], risk.rules_of(book), reading, Cause.IMPORT)

    ids = [dice.randint(max(1, newest * 9 // 10), newest) for _ in range(_ROUNDS)]
    return _beside_raw("scoring one arriving order", shop, shop.store.writer, score, ids, _SCORE_S)


def _views(shop: Shop, book: FraudBook) -> list[Row]:
    def read(session: Session, case_id: int) -> None:
        fraud_case(session, case_id, fraud=lambda: book, zone=ZONE, now=system_clock())

    with shop.store.reading() as session:
        ids = [line.case_id for line in fraud_queue(session)][:_CASES]
    reader = shop.store.reader
    return [
        _beside_raw("the queue of cases", shop, reader, lambda session, _: fraud_queue(session), ids, _VIEW_S),
        _beside_raw("one case with its evidence", shop, reader, read, ids, _VIEW_S),
    ]


def _beside_raw(
    what: str, shop: Shop, engine: Any, act: Callable[[Session, int], object], ids: Sequence[int], bar_s: float
) -> Row:
    """Time an act, and then each time what it has asked, through a bare cursor of the same connection."""
    ours, raw, cpu, asked = [], [], [], 0
    with undisturbed():
        for turn, order_id in enumerate(ids):
            heard = _Heard()
            with Session(engine) as session:
                connection = session.connection()
                event.listen(engine, "before_cursor_execute", heard.hear)
                began = time.process_time()
                taken = timed(partial(act, session, order_id))
                used = time.process_time() - began
                event.remove(engine, "before_cursor_execute", heard.hear)
                session.rollback()
                connection = session.connection()
                bare = timed(partial(_replay, connection, heard))
                session.rollback()
            if turn >= len(ids) // 10:
                ours.append(taken)
                raw.append(bare)
                cpu.append(used)
                asked = max(asked, len(heard.asked))
    p95 = percentile(ours, 0.95)
    figures = {
        "statements": str(asked),
        "limit, median": ms(percentile(raw, 0.5)),
        "median": ms(percentile(ours, 0.5)),
        "p95": ms(p95),
        "of it CPU, median": ms(percentile(cpu, 0.5)),
        "median : limit": f"{percentile(ours, 0.5) / percentile(raw, 0.5):.1f}",
    }
    return Row(what, figures, () if p95 <= bar_s else (f"{bar_s * 1e3:.0f} ms",))


def _replay(connection: Any, heard: _Heard) -> None:
    cursor = connection.connection.cursor()
    for statement, given in heard.asked:
        if not statement.lstrip().startswith(("INSERT", "UPDATE", "COPY")):
            cursor.execute(statement, given)
            cursor.fetchall()
    cursor.close()


def _measure_backtests(shop: Shop, book: FraudBook) -> Table:
    table = Table(
        f"A rule over all past orders, {shop.kind}",
        "<= 60 s for 1,000,000 orders; the limit is reading the same columns, and doing nothing with them",
    )
    new = rule_in(_RULE, book)
    known = next(rule for rule in book.rules.rules if rule.state is RuleState.LIVE and rule.points > 0)
    taken_anew = replace(known, points=known.points // 2)
    raw = _reading_alone(shop)
    for what, rule in (("a new rule of two facts", new), ("a known rule with other points", taken_anew)):
        table.rows.append(_backtest(shop, book, what, rule, raw))
    table.remarks.append(
        "The stored scores are of the rules as they are. The orders that nobody scored as they came in, a demo's open "
        "ones, are judged on the way."
    )
    return table


def _reading_alone(shop: Shop) -> float:
    """Return how many seconds reading all orders takes without looking at them."""
    words = orders_statement(on_sqlite=shop.store.is_sqlite)
    given = {"settled": "[]" if shop.store.is_sqlite else [], "cutoff": 0, "piece": _PIECE}
    began, last = time.perf_counter(), 0
    with shop.store.reading() as session:
        while rows := ask(session, words, given | {"last": last}).cursor.fetchall():
            last = rows[-1][0]
    return time.perf_counter() - began


def _backtest(shop: Shop, book: FraudBook, what: str, rule: Rule, raw: float) -> Row:
    began, used = time.perf_counter(), time.process_time()
    report = try_rule(shop.store, book, rule, now=system_clock(), progress=lambda _done: True)
    took, cpu = time.perf_counter() - began, time.process_time() - used
    orders = report.whole.orders
    whole = took * _MILLION / orders
    figures = {
        "orders": f"{orders:,}",
        "limit, s": f"{raw:,.1f}",
        "s": f"{took:,.1f}",
        "our CPU, us an order": f"{cpu / orders * 1e6:.1f}",
        "s for 1,000,000": f"{whole:,.0f}",
        "ratio": f"{took / raw:.2f}",
    }
    return Row(what, figures, () if whole <= _BACKTEST_S else ("60 s",))
