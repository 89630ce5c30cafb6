"""Asking a store everything that must be true of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import TextClause, bindparam, text
from sqlmodel import Session
from sqlmodel.sql.sqltypes import UTCDateTime

from opsdesk.store.audit import verify_audit
from opsdesk.store.engine import Store
from opsdesk.store.verify import concurrency, goods, history, holds, mails, money, totals
from opsdesk.store.verify.checks import MOST_TOLD, Check, Violation
from opsdesk.store.verify.derived import wrong_columns
from opsdesk.store.verify.text import unsafe_texts

CHECKS: tuple[Check, ...] = (
    *totals.CHECKS,
    *money.CHECKS,
    *goods.CHECKS,
    *holds.CHECKS,
    *mails.CHECKS,
    *history.CHECKS,
    *concurrency.CHECKS,
)
_SENDING_AT_MOST = timedelta(minutes=15)


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
    """Check every invariant that this store has tables for; everything is read from one consistent state.

    Without `with_seals` the seals of the history are left to whoever asks, as for a copy on a machine without the key.

    Raises:
        Refused: the key or the notes of the history are missing.
        Unavailable: the store cannot be reached.
    """
    violations: list[Violation] = []
    is_cut = False
    with store.reading() as session:
        orders = session.execute(text("SELECT count(*) FROM orders")).scalar_one()
        for check in CHECKS:
            progress(check.invariant)
            found = list(_ask(session, check, now, on_sqlite=store.is_sqlite))
            violations += found[:MOST_TOLD]
            is_cut = is_cut or len(found) > MOST_TOLD
        for name, look in (("derived", wrong_columns), ("X", unsafe_texts)):
            progress(name)
            violations += look(session)
    if with_seals:
        progress("A3")
        violations += (
            Violation("A3", "history row", str(problem.row_id), problem.sentence)
            for problem in verify_audit(store).problems
        )
    return Report(orders, len(CHECKS) + 3, tuple(violations), is_cut)


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
