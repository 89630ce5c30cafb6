"""What past orders turned out to be: from disputes, words of people and banks, verdicts, calls, and their delivery."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlmodel import Session

from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.codes.disputes import decode_dispute
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.fraud.learning.labels import Aftermath, Label, Word, label_of
from opsdesk.domain.refunds.states import NOT_COUNTED
from opsdesk.store.fraud.linked_orders import among, id_list, moment

_DISPUTE, _WORD, _VERDICT, _CONTACT, _SUSPECT, _DELIVERED = range(6)
_VERIFIED, _DENIED = "verified", "denies_order"
_CLAIMS = (_DISPUTE, _CONTACT)
_BACK = ", ".join(f"'{state}'" for state in NOT_COUNTED)
# A dispute that the shop has won proves no fraud: the bank has believed that the cardholder bought it.
_AFTERWARDS = f"""
    SELECT order_id, {_DISPUTE} AS kind, id, network_reason AS word, opened_at AS at FROM dispute
        WHERE {{mine}} AND state <> 'won'
    UNION ALL SELECT order_id, {_WORD}, id, label, at FROM order_label WHERE {{mine}} AND label <> 'sampled'
    UNION ALL SELECT order_id, {_VERDICT}, id, verdict, decided_at FROM verification_case
        WHERE {{mine}} AND kind = 'fraud' AND verdict <> ''
    UNION ALL SELECT order_id, {_CONTACT}, id, outcome, at FROM contact_attempt
        WHERE {{mine}} AND outcome IN ('{_VERIFIED}', '{_DENIED}')
    UNION ALL SELECT order_id, {_SUSPECT}, id, reason, cancelled_at FROM cancellation
        WHERE {{mine}} AND reason = 'fraud' AND reopened_at IS NULL
    UNION ALL SELECT order_id, {_SUSPECT}, id, reason, requested_at FROM refund
        WHERE {{mine}} AND reason = 'fraud' AND state NOT IN ({_BACK})
"""  # noqa: S608  our own words
_ARRIVED = f"""
    UNION ALL SELECT order_id, {_DELIVERED}, 0, '', max(delivered_at) FROM parcel
        WHERE {{mine}} AND recalled_at IS NULL GROUP BY order_id HAVING count(*) = count(delivered_at)
"""  # noqa: S608  our own words
_BETWEEN = text(_AFTERWARDS.format(mine="order_id BETWEEN :first AND :last"))


@dataclass(slots=True)
class _Told:
    """What is told of one order, before it is known how much of it the newest word has settled."""

    rows: list[Row[Any]] = field(default_factory=list)
    said: Row[Any] | None = None

    def add(self, row: Row[Any]) -> None:
        if row.kind != _WORD:
            self.rows.append(row)
        elif self.said is None or row.id > self.said.id:
            self.said = row

    def aftermath(self, book: FraudBook) -> Aftermath:
        word = Word(self.said.word) if self.said is not None else None
        settled = moment(self.said.at) if self.said is not None and word is not None and word.label else None
        found = Aftermath(said=word)
        for row in self.rows:
            if settled is None or row.kind not in _CLAIMS or moment(row.at) > settled:
                found = _with(found, row, book)
        return found


def labels_between(session: Session, first: int, last: int, book: FraudBook, *, now: datetime) -> dict[int, Label]:
    """Return what the orders from one id to another turned out to be, as far as anybody has said so.

    The others are good once they have been delivered for long enough.
    """
    return _labels(session.execute(_BETWEEN, {"first": first, "last": last}), book, now)


def labels_of(session: Session, ids: Iterable[int], book: FraudBook, *, now: datetime) -> dict[int, Label]:
    """Return what orders turned out to be; of those that are not in it nobody can say anything yet. One question."""
    listed = set(ids)
    if not listed:
        return {}
    asked = text((_AFTERWARDS + _ARRIVED).format(mine=among(session, "order_id")))
    return _labels(session.execute(asked, {"ids": id_list(session, listed)}), book, now)


def _labels(rows: Iterable[Row[Any]], book: FraudBook, now: datetime) -> dict[int, Label]:
    told: dict[int, _Told] = {}
    for row in rows:
        told.setdefault(row.order_id, _Told()).add(row)
    good_after = book.thresholds.learning.good_after
    return {order_id: label_of(found.aftermath(book), now, good_after) for order_id, found in told.items()}


def _with(found: Aftermath, row: Row[Any], book: FraudBook) -> Aftermath:
    if row.kind == _DISPUTE:
        return replace(found, disputes=(*found.disputes, decode_dispute(book.codes.disputes, "", row.word)))
    if row.kind == _VERDICT:
        return replace(found, verdict=Verdict(row.word))
    if row.kind == _SUSPECT:
        return replace(found, is_suspect=True)
    if row.kind == _DELIVERED:
        return replace(found, delivered_at=moment(row.at))
    return replace(found, was_denied=True) if row.word == _DENIED else replace(found, was_verified=True)
