"""The queue of the fraud desk: open cases by the moment until when they must be decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text
from sqlmodel import Session, col

from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.money import Money
from opsdesk.store.tables import CaseRow, OrderRow
from opsdesk.store.tables.holds import FRAUD_OPEN

MOST = 200


@dataclass(frozen=True, slots=True)
class FraudLine:
    """One open case.

    Attributes:
        decide_by: the customer's deadline or the end of the authorisation less a margin, whichever is earlier.
        next_call_at: when the customer may be called next, where a call is due.
        claimed_by: who has it, or had it until `claimed_until`.
    """

    case_id: int
    order_id: int
    number: str
    customer_name: str
    total: Money
    score: int
    state: FraudState
    reason: str
    opened_at: datetime
    decide_by: datetime | None
    next_call_at: datetime | None
    claimed_by: str
    claimed_until: datetime | None
    proposed_by: str
    is_escalated: bool

    def claimant(self, now: datetime) -> str:
        """Return who works on it now; a claim that has run out is none."""
        return self.claimed_by if self.claimed_until is not None and now < self.claimed_until else ""


_QUEUE = (
    select(
        col(CaseRow.id),
        col(CaseRow.order_id),
        col(OrderRow.number),
        col(OrderRow.customer_name),
        col(OrderRow.total_minor),
        col(OrderRow.currency),
        col(CaseRow.score),
        col(CaseRow.fraud_state),
        col(CaseRow.reason),
        col(CaseRow.opened_at),
        col(CaseRow.decide_by),
        col(CaseRow.next_call_at),
        col(CaseRow.claimed_by),
        col(CaseRow.claimed_until),
        col(CaseRow.proposed_by),
        col(CaseRow.is_escalated),
    )
    .join(OrderRow, col(OrderRow.id) == col(CaseRow.order_id))
    .where(text(f"verification_case.{FRAUD_OPEN}"))
    .order_by(
        col(CaseRow.decide_by).asc().nulls_last(),
        (col(OrderRow.total_minor) * col(CaseRow.score)).desc(),
        col(CaseRow.id),
    )
    .limit(MOST)
)


def fraud_queue(session: Session) -> tuple[FraudLine, ...]:
    """Return the most urgent 200 open cases: by the moment they must be decided, then by what is at stake."""
    return tuple(_line(row) for row in session.connection().execute(_QUEUE))


def _line(row: Row[*tuple[Any, ...]]) -> FraudLine:
    return FraudLine(
        case_id=row.id,
        order_id=row.order_id,
        number=row.number,
        customer_name=row.customer_name,
        total=Money(row.total_minor, row.currency),
        score=row.score,
        state=FraudState(row.fraud_state),
        reason=row.reason,
        opened_at=row.opened_at,
        decide_by=row.decide_by,
        next_call_at=row.next_call_at,
        claimed_by=row.claimed_by or "",
        claimed_until=row.claimed_until,
        proposed_by=row.proposed_by or "",
        is_escalated=row.is_escalated,
    )
