"""The outbox as a desk: what waits, what somebody has to decide, what went out, and whether a worker sends it.

Most mails of a shop went out long ago. Each question here is answered from an index that holds the others alone, and
the index is only found when its condition stands in the statement word for word, so the states are no parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, TextClause, func, literal_column, select, text, tuple_, union_all
from sqlmodel import Session, col

from opsdesk.domain.mails.outgoing import MailState
from opsdesk.store.desk.leases import find_lease
from opsdesk.store.tables import MailRow
from opsdesk.store.tables.mails import UNSETTLED
from opsdesk.store.views.mails.listing import MailLine, mail_lines

PAGE = 100
MOST_COUNTED = 1_000
_WORKER = "worker"
_WAITING = text("mail.state IN ('queued', 'retry')")
_UNSETTLED = text(f"mail.{UNSETTLED}")
_FAILED = (MailState.FAILED, MailState.BOUNCED)


class MailView(StrEnum):
    """What the outbox can show."""

    OPEN = "open"
    IN_DOUBT = "in doubt"
    FAILED = "failed"
    WAITING = "waiting"
    SENT = "sent"

    @property
    def label(self) -> str:
        """What the row of views calls it."""
        return self.value.capitalize()


@dataclass(frozen=True, slots=True)
class OutboxPage:
    """Some mails of a view, and after which id or moment the next ones come."""

    lines: tuple[MailLine, ...]
    next: tuple[datetime, int] | None


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """Whether a worker sends mails now, and when one was last seen."""

    is_running: bool
    last_seen: datetime | None


def outbox_page(session: Session, view: MailView, *, after: tuple[datetime, int] | None = None) -> OutboxPage:
    """Return at most 100 mails: those that somebody has to decide about, then those that wait, the next due first.

    What went out comes newest first. `after` is the last page's `next`.
    """
    if view is MailView.SENT:
        return _page(mail_lines(session, _sent(after)))
    unsettled: list[MailLine] = []
    if view is not MailView.WAITING and after is None:
        unsettled = mail_lines(session, _needing(view))
    waiting = mail_lines(session, _waiting(after)) if view in (MailView.OPEN, MailView.WAITING) else []
    return OutboxPage((*unsettled, *waiting), _page(waiting).next)


def mails_by_id(session: Session, mail_ids: Sequence[int]) -> list[MailLine]:
    """Return these mails as they are now, whatever view they belong to by now."""
    return mail_lines(session, select(col(MailRow.id)).where(col(MailRow.id).in_(mail_ids)))


def outbox_counts(session: Session) -> Mapping[MailView, int]:
    """Return how many mails the views have, at most 1,000 each. What went out is not counted."""
    states = (*_FAILED, MailState.HELD, MailState.SENDING)
    parts = [*(_count(_UNSETTLED, col(MailRow.state) == state) for state in states), _count(_WAITING)]
    refused, bounced, held, sending, waiting = session.execute(union_all(*parts)).scalars().all()
    failed = refused + bounced
    found = (held + failed + sending + waiting, held, failed, waiting)
    views = (MailView.OPEN, MailView.IN_DOUBT, MailView.FAILED, MailView.WAITING)
    return dict(zip(views, (min(count, MOST_COUNTED) for count in found), strict=True))


def worker_seen(session: Session, *, now: datetime) -> WorkerSeen:
    """Say whether a worker runs that sends mails."""
    lease = find_lease(session, _WORKER)
    return WorkerSeen(lease is not None and lease.expires_at > now, lease.beat_at if lease else None)


def _needing(view: MailView) -> Select[int | None]:
    wanted = select(col(MailRow.id)).where(_UNSETTLED)
    if view is not MailView.OPEN:
        states = (MailState.HELD,) if view is MailView.IN_DOUBT else _FAILED
        wanted = wanted.where(col(MailRow.state).in_([state.value for state in states]))
    return wanted.order_by(col(MailRow.state), col(MailRow.id)).limit(PAGE)


def _waiting(after: tuple[datetime, int] | None) -> Select[int | None]:
    wanted = select(col(MailRow.id)).where(_WAITING)
    if after is not None:
        wanted = wanted.where(tuple_(col(MailRow.not_before), col(MailRow.id)) > tuple_(*after))
    return wanted.order_by(col(MailRow.not_before), col(MailRow.id)).limit(PAGE)


def _sent(after: tuple[datetime, int] | None) -> Select[int | None]:
    wanted = select(col(MailRow.id)).where(col(MailRow.state).in_((MailState.ACCEPTED.value,)))
    if after is not None:
        wanted = wanted.where(col(MailRow.id) < after[1])
    return wanted.order_by(col(MailRow.id).desc()).limit(PAGE)


def _page(lines: list[MailLine]) -> OutboxPage:
    last = lines[-1] if len(lines) == PAGE else None
    return OutboxPage(tuple(lines), (last.not_before, last.id) if last else None)


def _count(*conditions: ColumnElement[bool] | TextClause) -> Select[int]:
    standing: Select[int] = (
        select(literal_column("1").label("one")).select_from(MailRow).where(*conditions).limit(MOST_COUNTED)
    )
    return select(func.count()).select_from(standing.subquery())
