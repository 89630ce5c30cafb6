"""What past orders turned out to be, where more than their delivery tells: disputes, labels, verdicts, and calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.codes.disputes import decode_dispute, decode_warning
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.fraud.learning.labels import Aftermath, Label, label_of

_DISPUTE, _LABEL, _VERDICT, _CONTACT = range(4)
_VERIFIED, _DENIED = "verified", "denies_order"
_MINE = "order_id BETWEEN :first AND :last"
_AFTERWARDS = text(
    f"""
    SELECT order_id, {_DISPUTE} AS kind, id, network_reason AS word FROM dispute WHERE {_MINE}
    UNION ALL SELECT order_id, {_LABEL}, id, label FROM order_label WHERE {_MINE}
    UNION ALL SELECT order_id, {_VERDICT}, id, verdict FROM verification_case
        WHERE {_MINE} AND kind = 'fraud' AND verdict <> ''
    UNION ALL SELECT order_id, {_CONTACT}, id, outcome FROM contact_attempt
        WHERE {_MINE} AND outcome IN ('{_VERIFIED}', '{_DENIED}')
    ORDER BY 1, 2, 3
    """  # noqa: S608  our own words
)


def labels_between(session: Session, first: int, last: int, book: FraudBook, *, now: datetime) -> dict[int, Label]:
    """Return what the orders from one id to another turned out to be, as far as anybody has said so.

    The others are good once they have been delivered for long enough.
    """
    found: dict[int, Aftermath] = {}
    for order_id, kind, _, word in session.execute(_AFTERWARDS, {"first": first, "last": last}):
        found[order_id] = _with(found.get(order_id, Aftermath()), kind, word, book)
    good_after = book.thresholds.learning.good_after
    return {order_id: label_of(aftermath, now, good_after) for order_id, aftermath in found.items()}


def _with(aftermath: Aftermath, kind: int, word: str, book: FraudBook) -> Aftermath:
    if kind == _DISPUTE:
        return replace(aftermath, disputes=(*aftermath.disputes, decode_dispute(book.codes.disputes, "", word)))
    if kind == _VERDICT:
        return replace(aftermath, verdict=Verdict(word))
    if word in (_DENIED, Label.FRAUD):
        return replace(aftermath, was_denied=True)
    if word == _VERIFIED:
        return replace(aftermath, was_verified=True)
    if word == Label.LEGIT:
        return replace(aftermath, was_verified=True, was_denied=False)
    if word == "early_warning":
        return replace(aftermath, disputes=(*aftermath.disputes, decode_warning(book.codes.disputes, word)))
    return aftermath
