"""Asking a store everything that must be true of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import get_context

from sqlalchemy import TextClause, bindparam, text
from sqlmodel import Session
from sqlmodel.sql.sqltypes import UTCDateTime

from opsdesk.store.audit.checking import verify_audit
from opsdesk.store.engine import Store, connect
from opsdesk.store.verify import (
    concurrency,
    credit_notes,
    fraud,
    gateways,
    goods,
    history,
    holds,
    journal,
    mails,
    money,
    refunds,
    totals,
)
from opsdesk.store.verify.checks import MOST_TOLD, Check, Violation
from opsdesk.store.verify.derived import wrong_columns
from opsdesk.store.verify.text import unsafe_texts

CHECKS: tuple[Check, ...] = (
    *totals.CHECKS,
    *money.CHECKS,
    *journal.CHECKS,
    *refunds.CHECKS,
    *credit_notes.CHECKS,
    *gateways.CHECKS,
    *goods.CHECKS,
    *holds.CHECKS,
    *fraud.CHECKS,
    *mails.CHECKS,
    *history.CHECKS,
    *concurrency.CHECKS,
)
_SENDING_AT_MOST = timedelta(minutes=15)
_MANY = 20_000
"""From so many orders on a second process is worth its start."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found.

    Attributes:
        orders: how many orders there are.
        checks: how many questions were asked.
        violations: what is wrong, at most 100 of each kind.
        is_cut: there are more of some kind than are told.
    """

    orders: int
    checks: int
    violations: tuple[Violation, ...]
    is_cut: bool


def verify_store(
    store: Store,
    *,
    now: datetime,
    progress: Callable[[str], None] = lambda _name: None,
    with_seals: bool = True,
) -> Report:
    """Check every invariant that this store has tables for.

    Without `with_seals` the seals of the history are left to whoever asks, as for a copy on a machine without the key.

    Raises:
        Refused: the key or the notes of the history are missing.
        Unavailable: the store cannot be reached.
    """
    with store.reading() as session:
        orders = session.execute(text("SELECT count(*) FROM orders")).scalar_one()
    with _walking(store, beside=orders >= _MANY, with_seals=with_seals) as walked:
        found = _asked(store, now, progress)
        progress("what is computed, and the seals of the history")
        by_row = walked()
    return Report(orders, len(CHECKS) + 3, (*found.violations, *by_row.violations), found.is_cut or by_row.is_cut)


@dataclass(frozen=True, slots=True)
class _Found:
    violations: tuple[Violation, ...]
    is_cut: bool


def _asked(store: Store, now: datetime, progress: Callable[[str], None]) -> _Found:
    """Ask what the store can answer by itself."""
    violations: list[Violation] = []
    is_cut = False
    with _patient(store) as session:
        for check in CHECKS:
            progress(check.invariant)
            found = list(_ask(session, check, now, on_sqlite=store.is_sqlite))
            violations += found[:MOST_TOLD]
            is_cut = is_cut or len(found) > MOST_TOLD
        progress("texts")
        violations += unsafe_texts(session)
    return _Found(tuple(violations), is_cut)


@contextmanager
def _patient(store: Store) -> Iterator[Session]:
    """Read without being cut off by Postgres, which ends a transaction in which we compute for a while."""
    with store.reading() as session:
        if not store.is_sqlite:
            session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        yield session


@contextmanager
def _walking(store: Store, *, beside: bool, with_seals: bool) -> Iterator[Callable[[], _Found]]:
    """Look at what has to be computed row by row: in a second process beside the questions where there is much."""
    if not beside:
        yield lambda: _walk(store, with_seals=with_seals)
        return
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        walking = pool.submit(_walk_through, store.url, with_seals=with_seals)

        def walked() -> _Found:
            try:
                return walking.result()
            except BrokenProcessPool:
                return _walk(store, with_seals=with_seals)

        yield walked


def _walk_through(url: str, *, with_seals: bool) -> _Found:
    store = connect(url)
    try:
        return _walk(store, with_seals=with_seals)
    finally:
        store.close()


def _walk(store: Store, *, with_seals: bool) -> _Found:
    """Compute anew what orders repeat of their facts, and the seal of each row of the history."""
    with _patient(store) as session:
        violations = list(wrong_columns(session))
    if not with_seals:
        return _Found(tuple(violations), is_cut=False)
    sealed = verify_audit(store)
    violations += (Violation("A3", "history row", str(found.row_id), found.sentence) for found in sealed.problems)
    return _Found(tuple(violations), sealed.problem_count > len(sealed.problems))


def _ask(session: Session, check: Check, now: datetime, *, on_sqlite: bool) -> Iterator[Violation]:
    for key, detail in session.execute(_bound(check.statement(on_sqlite=on_sqlite), now)):
        wrong = f"{check.wrong} ({detail})" if detail else check.wrong
        yield Violation(check.invariant, check.subject, str(key), wrong)


def _bound(statement: str, now: datetime) -> TextClause:
    if ":quarter_ago" not in statement:
        # A colon before a word would otherwise be taken for a parameter.
        return text(statement.replace("::", "\\:\\:"))
    moment = bindparam("quarter_ago", now - _SENDING_AT_MOST, type_=UTCDateTime())
    return text(statement).bindparams(moment)
