"""An order that changed at its source: what the source owns follows it, what staff did here stands."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from opsdesk.domain.incoming import IncomingOrder
from opsdesk.store import chain


def update_order(
    session: Session, order_id: int, order: IncomingOrder, *, now: datetime, author: str
) -> list[chain.Entry]:
    """Bring an order up to what its source says, and return what changed; nothing if it was so already."""
    return []
