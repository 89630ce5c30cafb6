"""The outbox as people look at it: what waits, what needs somebody, what an order's customer was sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import InstrumentedAttribute, defer
from sqlmodel import Session, col

from opsdesk.domain.mails.outgoing import MailState
from opsdesk.store.tables import MailRow, OrderRow

MOST = 200


@dataclass(frozen=True, slots=True)
class MailLine:
    """One mail in a list."""

    id: int
    version: int
    order_id: int | None
    order_number: str
    status_code: str
    recipient: str
    subject: str
    state: MailState
    queued_by: str
    queued_at: datetime
    not_before: datetime
    accepted_at: datetime | None
    attempts: int
    last_error: str


@dataclass(frozen=True, slots=True)
class MailText:
    """A mail with its words."""

    line: MailLine
    text: str
    html: str
    language: str


def outbox(session: Session, *, states: tuple[MailState, ...] = (), after_id: int = 0) -> list[MailLine]:
    """Return at most 200 mails in these states, oldest first; without states those that wait or need somebody."""
    wanted = states or tuple(state for state in MailState if state not in (MailState.ACCEPTED, MailState.CANCELLED))
    query = _lines().where(col(MailRow.state).in_([state.value for state in wanted]), col(MailRow.id) > after_id)
    return [_line(row) for row in session.execute(query.order_by(col(MailRow.id)).limit(MOST))]


def mails_of_order(session: Session, order_id: int) -> list[MailLine]:
    """Return at most 200 mails of an order, newest first."""
    query = _lines().where(col(MailRow.order_id) == order_id)
    return [_line(row) for row in session.execute(query.order_by(col(MailRow.id).desc()).limit(MOST))]


def mail_lines(session: Session, ids: Select[int | None]) -> list[MailLine]:
    """Return the mails that a statement selects the ids of, in its order."""
    wanted = [mail_id for mail_id in session.execute(ids).scalars() if mail_id is not None]
    rows = session.execute(_lines().where(col(MailRow.id).in_(wanted)))
    found = {line.id: line for line in map(_line, rows)}
    return [found[mail_id] for mail_id in wanted if mail_id in found]


def mail_text(session: Session, mail_id: int) -> MailText | None:
    """Return one mail with its words, or None when there is none."""
    found = session.execute(_lines().where(col(MailRow.id) == mail_id)).one_or_none()
    if found is None:
        return None
    words = select(col(MailRow.text), col(MailRow.html), col(MailRow.language)).where(col(MailRow.id) == mail_id)
    text, html, language = session.execute(words).one()
    return MailText(_line(found), text, html, language)


def _lines() -> Select[MailRow, str | None]:
    # The words of 200 mails can be 100 MB; a list shows none of them.
    words = (cast("InstrumentedAttribute[str]", part) for part in (MailRow.text, MailRow.html))
    wordless = [defer(part, raiseload=True) for part in words]
    query = select(MailRow, col(OrderRow.number))
    return query.outerjoin(OrderRow, col(OrderRow.id) == col(MailRow.order_id)).options(*wordless)


def _line(row: Row[MailRow, str | None]) -> MailLine:
    mail, number = row
    return MailLine(
        id=mail.id or 0,
        version=mail.version,
        order_id=mail.order_id,
        order_number=number or "",
        status_code=mail.status_code,
        recipient=mail.recipient,
        subject=mail.subject,
        state=MailState(mail.state),
        queued_by=mail.queued_by,
        queued_at=mail.queued_at,
        not_before=mail.not_before,
        accepted_at=mail.accepted_at,
        attempts=mail.attempts,
        last_error=mail.last_error,
    )
