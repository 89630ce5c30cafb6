"""The newest scored orders with what was known of them, for trying a rule while it is written."""

from __future__ import annotations

import json

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.fraud.drafting.lately import MOST, Recent
from opsdesk.store.tables import AssessmentRow


def recent_orders(session: Session, most: int = MOST) -> tuple[Recent, ...]:
    """Return the orders of the newest scorings, the newest first, each once and as it was scored last."""
    newest = select(col(AssessmentRow.order_id), col(AssessmentRow.facts)).order_by(col(AssessmentRow.id).desc())
    facts: dict[int, str] = {}
    for order_id, told in session.execute(newest.limit(most)):
        facts.setdefault(order_id, told)
    return tuple(Recent(order_id, json.loads(told)) for order_id, told in facts.items())
