"""The rules as they were: each book by which orders may have been scored since the shop writes rules of its own."""

from __future__ import annotations

import json

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.errors import Invalid
from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.rule_entries import read_rule
from opsdesk.domain.fraud.rules import Rule, RuleBook
from opsdesk.store.tables import RuleRow

_MOST = 500


def past_books(session: Session, shipped: FraudBook) -> dict[str, RuleBook]:
    """Return the shipped book, and what it became with each version of a rule that the shop has written, by version.

    The versions of rules are looked at, not what the book was called at the time: of a release with other shipped rules
    nothing is known, and nothing here has its name.
    """
    newest: dict[str, Rule] = {}
    books = {shipped.rules.version: shipped.rules}
    for row in session.execute(select(RuleRow).order_by(col(RuleRow.id)).limit(_MOST)).scalars():
        try:
            definition = json.loads(row.definition)
            newest[row.rule_id] = read_rule(definition, shipped.vocabulary, shipped.phrases, shipped.rules.groups)
        except Invalid:
            # It names what this program does not know any more; books with it are not recognised.
            newest.pop(row.rule_id, None)
        book = shipped.rules
        for _, rule in sorted(newest.items()):
            book = book.with_rule(rule)
        books[book.version] = book
    return books
