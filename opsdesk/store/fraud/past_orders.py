"""Past orders as samples for a back-test: what was known when each was placed, and what it turned out to be.

They are read in pieces by their ids, so that memory stays flat, through the bare driver, because there are millions. Of
orders that were scored when they came in, facts and answers are stored; the others are judged now by what was known
then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.expressions.kinds import Facts
from opsdesk.domain.fraud.learning.comparing import Sample, Trial
from opsdesk.domain.fraud.learning.labels import Label
from opsdesk.store.fraud.aftermaths import labels_between
from opsdesk.store.fraud.asking import ask
from opsdesk.store.fraud.evidence import read_evidence
from opsdesk.store.fraud.evidence_parts import Reading
from opsdesk.store.fraud.linked_orders import is_sqlite
from opsdesk.store.fraud.stored_facts import facts_reader

PIECE = 1_000
# The first scoring is that of the arrival; later ones know what nobody could know then. Facts are long, and are read
# only of orders whose stored answers do not settle everything.
_ORDERS = """
    SELECT o.id, {placed}, o.total_minor, o.currency, s.book, s.fired,
        CASE WHEN s.book {settled} THEN '' ELSE s.facts END,
        (SELECT {delivered} <= :cutoff FROM parcel AS p WHERE p.order_id = o.id AND p.recalled_at IS NULL
            HAVING count(*) = count(p.delivered_at))
    FROM orders AS o LEFT JOIN risk_assessment AS s ON s.cause NOT IN ('again', 'change')
        AND s.id = (SELECT first.id FROM risk_assessment AS first WHERE first.order_id = o.id ORDER BY first.id LIMIT 1)
    WHERE o.id > :last ORDER BY o.id LIMIT :piece
"""
_SECONDS = {True: "unixepoch(substr({of}, 1, 19))", False: "CAST(floor(extract(epoch FROM {of})) AS bigint)"}
_SETTLED = {True: "IN (SELECT value FROM json_each(:settled))", False: "= ANY(CAST(:settled AS text[]))"}
_ID, _BOOK = 0, 4


@dataclass(frozen=True, slots=True)
class PastOrders:
    """How past orders are read.

    Attributes:
        book: the shop's rules as they are now.
        trial: what they are asked.
    """

    session: Session
    book: FraudBook
    reading: Reading
    now: datetime
    trial: Trial

    def samples(self) -> Iterator[Sample]:
        """Go through every stored order."""
        asked = orders_statement(on_sqlite=is_sqlite(self.session))
        cutoff = int((self.now - self.book.thresholds.learning.good_after).timestamp())
        settled = [version for version in self.trial.stored if not self.trial.needed_facts(version)]
        known = json.dumps(settled) if is_sqlite(self.session) else settled
        given: dict[str, object] = {"cutoff": cutoff, "piece": PIECE, "settled": known}
        readers: dict[str, Callable[[str], Facts]] = {}
        last = 0
        while rows := self._rows(asked, given | {"last": last}):
            yield from self._piece(rows, readers)
            last = rows[-1][_ID]

    def _rows(self, asked: str, given: dict[str, object]) -> list[tuple[Any, ...]]:
        cursor = ask(self.session, asked, given).cursor
        return list(cursor.fetchall()) if cursor is not None else []

    def _piece(self, rows: Sequence[tuple[Any, ...]], readers: dict[str, Callable[[str], Facts]]) -> Iterator[Sample]:
        labels = labels_between(self.session, rows[0][_ID], rows[-1][_ID], self.book, now=self.now)
        unknown = Label.UNKNOWN
        judged = self._judged([row[_ID] for row in rows if row[_BOOK] is None])
        for order_id, placed_at, total, currency, book, fired, facts, is_good in rows:
            label = labels.get(order_id, unknown)
            if label is unknown and is_good:
                label = Label.LEGIT
            if book is None:
                yield Sample(placed_at, total, currency, label, judged.get(order_id, {}))
                continue
            if book not in readers:
                readers[book] = facts_reader(self.trial.needed_facts(book))
            known = readers[book](facts) if facts else {}
            yield Sample(placed_at, total, currency, label, known, fired, book)

    def _judged(self, ids: Sequence[int]) -> dict[int, Facts]:
        told = read_evidence(self.session, ids, self.reading) if ids else []
        return {one.order_id: self.book.facts(one.evidence).facts for one in told}


def orders_statement(*, on_sqlite: bool) -> str:
    """Return the question after the next piece of orders in the words of one store."""
    seconds = _SECONDS[on_sqlite]
    delivered = seconds.format(of="max(p.delivered_at)")
    return _ORDERS.format(placed=seconds.format(of="o.placed_at"), delivered=delivered, settled=_SETTLED[on_sqlite])
