"""The newest scored orders with what was known of them, for trying a rule while it is written."""

from __future__ import annotations

import json

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.fraud.drafting.lately import MOST, Recent
from opsdesk.store.tables import AssessmentRow, OrderRow


def recent_orders(session: Session, most: int = MOST) -> tuple[Recent, ...]:
    """Return the orders of the newest scorings, the newest first, each once and as it was scored last."""
    newest = (
        select(col(OrderRow.number), col(AssessmentRow.order_id), col(AssessmentRow.facts))
        .join(OrderRow, col(OrderRow.id) == col(AssessmentRow.order_id))
        .order_by(col(AssessmentRow.id).desc())
        .limit(most)
    )
    found: dict[int, tuple[str, str]] = {}
    for number, order_id, told in session.execute(newest):
        found.setdefault(order_id, (number, told))
    return tuple(Recent(number, json.loads(told)) for number, told in found.values())
