"""What an order is known to have turned out to be: the newest word on it, whose it is and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from opsdesk.domain.fraud.learning.labels import Word
from opsdesk.store.tables import LabelRow

_NEWEST = (
    select(LabelRow)
    .where(col(LabelRow.order_id) == bindparam("order_id"), col(LabelRow.label) != Word.SAMPLED.value)
    .order_by(col(LabelRow.id).desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEnd:
    """The newest word on an order.

    Attributes:
        source: `person`, `case`, or the gateway that told of it.
    """

    label_id: int
    word: Word
    source: str
    by: str
    at: datetime
    reason: str


def known_end(session: Session, order_id: int) -> KnownEnd | None:
    """Return what is known of how the order ended; None where nobody has said, or it was taken back."""
    row = session.execute(_NEWEST, {"order_id": order_id}).scalar_one_or_none()
    if row is None or row.label == Word.WITHDRAWN.value:
        return None
    word = Word(row.label)
    return KnownEnd(label_id=row.id or 0, word=word, source=row.source, by=row.by, at=row.at, reason=row.reason)
