"""What a rule, new or changed, would have done to past orders; and scores of orders that are not stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from opsdesk.domain.errors import Invalid
from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.drafting.rule_text import table_in
from opsdesk.domain.fraud.expressions.kinds import Facts
from opsdesk.domain.fraud.learning.backtest import BacktestReport, backtest, trial_of
from opsdesk.domain.fraud.learning.comparing import Trial
from opsdesk.domain.fraud.rule_entries import read_rule
from opsdesk.domain.fraud.rules import Rule, RuleState
from opsdesk.domain.fraud.score_json import score_to_json
from opsdesk.domain.fraud.scoring import Score
from opsdesk.domain.incoming.arrivals import IncomingOrder, Rejection
from opsdesk.integrations.ports import OrderFile
from opsdesk.store.engine import Store
from opsdesk.store.fraud.evidence import evidence_for, read_evidence, reading_of
from opsdesk.store.fraud.incoming_evidence import FileHistory
from opsdesk.store.fraud.past_books import past_books
from opsdesk.store.fraud.past_orders import PastOrders
from opsdesk.store.repositories.risk import Risk

_BATCH = 500


def rules_now(store: Store, now: datetime) -> FraudBook:
    """Return the rules of the fraud desk with the shop's own versions.

    Raises:
        Invalid: this shop was opened without the files of the fraud desk.
    """
    if store.fraud is None:
        raise Invalid("rules", "The rules of the fraud desk are not known here.")
    with store.reading() as session:
        return Risk(session, now).rules_of(store.fraud())


def rule_in(text: str, book: FraudBook) -> Rule:
    """Read the one rule of a TOML text: a `[[rule]]`, or the keys of a rule alone.

    Raises:
        Invalid: it is no rule, or there are several; the sentence says what is wrong.
    """
    return read_rule(table_in(text), book.vocabulary, book.phrases, book.rules.groups)


def trial_of_rule(book: FraudBook, rule: Rule) -> Trial:
    """Compare the shop's rules with and without this one: a rule that counts already is tried by taking it away."""
    known = book.rules.find(rule.id)
    bands, minutes = book.thresholds.bands, book.thresholds.learning.touch_minutes
    if known is not None and known.state is RuleState.LIVE and known.version == rule.version:
        return Trial(old=book.rules.without_rule(rule.id), new=book.rules, bands=bands, touch_minutes=minutes)
    return trial_of(book.rules, rule, bands=bands, touch_minutes=minutes)


def try_rule(
    store: Store,
    book: FraudBook,
    rule: Rule,
    *,
    now: datetime,
    progress: Callable[[int], bool] | None = None,
) -> BacktestReport:
    """Run a rule over every stored order as of the moment when it was placed, and tell the difference.

    `progress` hears how many orders are done, and ends the test by answering False.

    Raises:
        Unavailable: the store cannot be reached.
    """
    with store.reading() as session:
        known = past_books(session, store.fraud() if store.fraud is not None else book)
        trial = replace(trial_of_rule(book, rule), stored=known | {book.rules.version: book.rules})
        past = PastOrders(session, book, reading_of(book, store.zone), now, trial)
        return backtest(trial, past.samples(), progress=progress)


def score_file(
    store: Store, book: FraudBook, file: OrderFile, *, refused: Callable[[Rejection], None]
) -> Iterator[dict[str, Any]]:
    """Score the orders of a file against the stored history and each other, each by what was before it alone.

    Nothing is written. Each score is a plain table with the order's number, in the order of the file.
    """
    history = FileHistory()
    with store.reading() as session:
        for orders in _batches(file.orders(), refused):
            history.add(session, orders)
    reading = reading_of(book, store.zone)
    for orders in _batches(file.orders(), lambda _rejection: None):
        with store.reading() as session:
            told = evidence_for(session, [history.judged(order) for order in orders], reading, beside=history)
        for order, one in zip(orders, told, strict=True):
            score = book.score(book.facts(one.evidence), snoozed=one.snoozed)
            yield {"number": order.number, "placed_at": order.placed_at.isoformat(), **score_to_json(score)}


@dataclass(frozen=True, slots=True)
class Explained:
    """Why an order scores as it does: what is stored of it, and what the rules say of it now."""

    score: Score
    facts: Facts
    stored: int | None = None
    scored_at: datetime | None = None
    cause: str = ""


def explain(session: Session, store: Store, order_id: int, *, now: datetime) -> Explained:
    """Score a stored order by what is known of it now, with all reasons; nothing is written.

    Raises:
        Invalid: this shop was opened without the files of the fraud desk.
    """
    risk = Risk(session, now)
    if store.fraud is None:
        raise Invalid("rules", "The rules of the fraud desk are not known here.")
    book = risk.rules_of(store.fraud())
    (told,) = read_evidence(session, [order_id], reading_of(book, store.zone), now=now)
    sheet = book.facts(told.evidence)
    before = risk.newest(order_id)
    score = book.score(sheet, snoozed=told.snoozed)
    if before is None:
        return Explained(score, sheet.facts)
    return Explained(score, sheet.facts, before.score, before.scored_at, before.cause)


def order_count(session: Session) -> int:
    """Return about how many orders there are, for those who wait."""
    return int(session.execute(text("SELECT coalesce(max(id), 0) FROM orders")).scalar_one())


def _batches(
    records: Iterable[IncomingOrder | Rejection], refused: Callable[[Rejection], None]
) -> Iterator[list[IncomingOrder]]:
    def good() -> Iterator[IncomingOrder]:
        for record in records:
            if isinstance(record, Rejection):
                refused(record)
            else:
                yield record

    orders = good()
    while batch := list(islice(orders, _BATCH)):
        yield batch
