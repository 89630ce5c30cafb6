"""What a person should be told of, whatever screen they are on."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session

from opsdesk.store.views.following import FollowedNews, followed_news
from opsdesk.store.views.outbox import MailView, outbox_counts


def attention(session: Session, *, user_id: int) -> tuple[Mapping[MailView, int], tuple[FollowedNews, ...]]:
    """Return how many mails stand where, and what moved of the orders that the user follows."""
    return outbox_counts(session), followed_news(session, user_id=user_id)
