"""The rules as they were: each book by which orders may have been scored since the shop writes rules of its own."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.drafting.versions import Kept
from opsdesk.domain.fraud.rules import RuleBook
from opsdesk.store.repositories.risk import rules_with
from opsdesk.store.tables import RuleRow

_MOST = 200


def past_books(session: Session, shipped: FraudBook) -> dict[str, RuleBook]:
    """Return the shipped book, and what it became with each version that the shop has saved, by version.

    A book's version says what its rules ask and how they weigh, so what is stored under it was answered by just these.
    Of a release with other shipped rules nothing is known, and nothing here has its name.
    """
    newest: dict[tuple[str, bool], RuleRow] = {}
    books = {shipped.rules.version: shipped.rules}
    for row in session.execute(select(RuleRow).order_by(col(RuleRow.id)).limit(_MOST)).scalars():
        # A version beside the one that counts is there until another one is saved.
        newest.pop((row.rule_id, True), None)
        newest[row.rule_id, row.state == Kept.TRIAL.value] = row
        rows = sorted(newest.values(), key=lambda one: (one.rule_id, one.id or 0))
        book = rules_with(shipped, rows)
        books[book.version] = book
    return books
