"""Half-typed text: kept on every change, owned by the user and not by the terminal, gone once it is saved.

A draft is no part of the shop's record: it has its own transaction and no history row. Card numbers are masked before
it is written, as everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, select
from sqlmodel import Session, col

from opsdesk.domain.cards import mask_cards
from opsdesk.domain.text import clean_text
from opsdesk.store.engine import Store
from opsdesk.store.tables import DraftRow
from opsdesk.store.upsert import upsert

LONGEST_FIELD = 300_000
"""Characters; a mail template of 256 kB fits."""

MOST_DRAFTS = 100

_DRAFTS = DraftRow.metadata.tables["draft"]


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody had typed into a form about one record, and when it was last kept."""

    form: str
    subject_id: int
    fields: Mapping[str, str]
    saved_at: datetime


def save_draft(  # noqa: PLR0913  whose, what and about which record
    store: Store, user_id: int, form: str, subject_id: int, fields: Mapping[str, str], *, now: datetime
) -> None:
    """Keep what has been typed so far, cleaned and with card numbers masked."""
    kept = {name: clean_text(mask_cards(text).text, longest=LONGEST_FIELD) for name, text in fields.items()}
    values = {
        "user_id": user_id,
        "form": form,
        "subject_id": subject_id,
        "fields": json.dumps(kept, ensure_ascii=False),
        "saved_at": now,
    }
    with Session(store.writer) as session, session.begin():
        upsert(session, _DRAFTS, values, key=("user_id", "form", "subject_id"))


def find_draft(session: Session, user_id: int, form: str, subject_id: int) -> Draft | None:
    """Return what the user had typed into this form about this record, if anything was left."""
    query = _drafts(user_id).where(col(DraftRow.form) == form, col(DraftRow.subject_id) == subject_id)
    row = session.execute(query).one_or_none()
    return _draft(*row) if row else None


def drafts_of(session: Session, user_id: int) -> tuple[Draft, ...]:
    """Return the user's drafts, the newest first, at most 100."""
    rows = session.execute(_drafts(user_id).order_by(col(DraftRow.saved_at).desc()).limit(MOST_DRAFTS))
    return tuple(_draft(*row) for row in rows)


def drop_draft(store: Store, user_id: int, form: str, subject_id: int) -> None:
    """Forget a draft, because it was saved or thrown away."""
    with Session(store.writer) as session, session.begin():
        session.execute(
            delete(DraftRow).where(
                col(DraftRow.user_id) == user_id, col(DraftRow.form) == form, col(DraftRow.subject_id) == subject_id
            )
        )


def _drafts(user_id: int) -> Select[str, int, str, datetime]:
    columns = col(DraftRow.form), col(DraftRow.subject_id), col(DraftRow.fields), col(DraftRow.saved_at)
    return select(*columns).where(col(DraftRow.user_id) == user_id)


def _draft(form: str, subject_id: int, fields: str, saved_at: datetime) -> Draft:
    return Draft(form, subject_id, json.loads(fields), saved_at)
