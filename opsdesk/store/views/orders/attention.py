"""What a person should be told of, whatever screen they are on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from opsdesk.store.views.mails.outbox import MailView, outbox_counts
from opsdesk.store.views.money.counts import money_counts
from opsdesk.store.views.money.tasks import TaskKind
from opsdesk.store.views.orders.following import FollowedNews, followed_news


@dataclass(frozen=True, slots=True)
class Attention:
    """How many mails stand where, what about money waits, and what moved of the orders that somebody follows."""

    mails: Mapping[MailView, int]
    money: Mapping[TaskKind, int]
    followed: tuple[FollowedNews, ...]


def attention(session: Session, *, user_id: int, now: datetime) -> Attention:
    """Return what `user_id` should be told of at `now`."""
    return Attention(outbox_counts(session), money_counts(session, now=now), followed_news(session, user_id=user_id))
