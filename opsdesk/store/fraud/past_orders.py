"""Past orders as samples for a back-test: what was known when each was placed, and what it turned out to be.

They are read in pieces by their ids, so that memory stays flat. Of orders that were scored when they came in, facts and
answers are stored; the others are judged now by what was known then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlmodel import Session

from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.codes.disputes import decode_dispute, decode_warning
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.fraud.learning.backtest import Sample
from opsdesk.domain.fraud.learning.labels import Aftermath, Label, label_of
from opsdesk.domain.money import Money
from opsdesk.store.fraud.evidence import read_evidence
from opsdesk.store.fraud.evidence_parts import Reading
from opsdesk.store.fraud.linked_orders import among, id_list, moment

PIECE = 1_000
_HEADS = """
    SELECT id, placed_at, total_minor, currency FROM orders WHERE id > :last ORDER BY id LIMIT :piece
"""
# The first scoring is that of the arrival; later ones know what nobody could know then.
_SCORED = """
    SELECT order_id, book, fired, facts FROM risk_assessment AS scored
    WHERE {mine} AND cause <> 'again' AND NOT EXISTS (
        SELECT 1 FROM risk_assessment AS before WHERE before.order_id = scored.order_id AND before.id < scored.id
    )
"""
_AFTERWARDS = """
    SELECT order_id, 'dispute' AS kind, network_reason AS word, opened_at AS at FROM dispute WHERE {mine}
    UNION ALL SELECT order_id, 'label', label, at FROM order_label WHERE {mine}
    UNION ALL SELECT order_id, 'verdict', verdict, decided_at FROM verification_case
        WHERE {mine} AND kind = 'fraud' AND verdict <> ''
    UNION ALL SELECT order_id, 'contact', outcome, at FROM contact_attempt WHERE {mine}
    UNION ALL SELECT order_id, 'delivered', '', max(delivered_at) FROM parcel
        WHERE {mine} AND recalled_at IS NULL GROUP BY order_id HAVING count(*) = count(delivered_at)
"""
_VERIFIED = "verified"
_DENIED = "denies_order"


@dataclass(frozen=True, slots=True)
class PastOrders:
    """How past orders are read.

    Attributes:
        book: the shop's rules as they are now; what was answered by the very same need not be asked again.
        needs_facts: even of those orders the facts are asked for.
    """

    session: Session
    book: FraudBook
    reading: Reading
    now: datetime
    needs_facts: bool = True

    def samples(self) -> Iterator[Sample]:
        """Go through every stored order."""
        last = 0
        while heads := self.session.execute(text(_HEADS), {"last": last, "piece": PIECE}).all():
            last = heads[-1].id
            yield from self._piece(heads)

    def _piece(self, heads: Sequence[Row[Any]]) -> Iterator[Sample]:
        ids = [head.id for head in heads]
        labels = labels_of(self.session, ids, self.book, now=self.now)
        asked = text(_SCORED.format(mine=among(self.session, "order_id")))
        stored = {row.order_id: row for row in self.session.execute(asked, {"ids": id_list(self.session, ids)})}
        missing = [number for number in ids if number not in stored]
        told = read_evidence(self.session, missing, self.reading)
        judged = {one.order_id: self.book.facts(one.evidence).facts for one in told}
        version = self.book.rules.version
        for head in heads:
            row = stored.get(head.id)
            is_same = row is not None and row.book == version
            facts = judged.get(head.id, {})
            if row is not None and (self.needs_facts or not is_same):
                facts = json.loads(row.facts)
            yield Sample(
                placed_at=moment(head.placed_at),
                facts=facts,
                label=labels.get(head.id, Label.UNKNOWN),
                total=Money(head.total_minor, head.currency),
                fired=row.fired.split() if row is not None and is_same else None,
                book=row.book if row is not None else "",
            )


def labels_of(session: Session, ids: Sequence[int], book: FraudBook, *, now: datetime) -> dict[int, Label]:
    """Return what orders turned out to be; of those that are not in it nobody can say anything yet."""
    asked = text(_AFTERWARDS.format(mine=among(session, "order_id")))
    found: dict[int, Aftermath] = {}
    for row in session.execute(asked, {"ids": id_list(session, ids)}):
        found[row.order_id] = _with(found.get(row.order_id, Aftermath()), row, book)
    good_after = book.thresholds.learning.good_after
    return {order_id: label_of(aftermath, now, good_after) for order_id, aftermath in found.items()}


def _with(aftermath: Aftermath, row: Row[Any], book: FraudBook) -> Aftermath:
    if row.kind == "dispute":
        told = decode_dispute(book.codes.disputes, "", row.word)
        return replace(aftermath, disputes=(*aftermath.disputes, told))
    if row.kind == "delivered":
        return replace(aftermath, delivered_at=moment(row.at))
    if row.kind == "verdict":
        return replace(aftermath, verdict=Verdict(row.word))
    if row.kind == "contact":
        is_denied, is_verified = row.word == _DENIED, row.word == _VERIFIED
        return replace(
            aftermath,
            was_denied=aftermath.was_denied or is_denied,
            was_verified=aftermath.was_verified or is_verified,
        )
    if row.word == Label.FRAUD:
        return replace(aftermath, was_denied=True)
    if row.word == Label.LEGIT:
        return replace(aftermath, was_verified=True, was_denied=False)
    if row.word == "early_warning":
        return replace(aftermath, disputes=(*aftermath.disputes, decode_warning(book.codes.disputes, row.word)))
    return aftermath
