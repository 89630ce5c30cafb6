"""The queue of the fraud desk: open cases by the moment until when they must be decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
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


def fraud_queue(session: Session) -> tuple[FraudLine, ...]:
    """Return the most urgent 200 open cases: by the moment they must be decided, then by what is at stake."""
    found = (
        select(CaseRow, OrderRow)
        .join(OrderRow, col(OrderRow.id) == col(CaseRow.order_id))
        .where(text(f"verification_case.{FRAUD_OPEN}"))
        .order_by(
            col(CaseRow.decide_by).asc().nulls_last(),
            (col(OrderRow.total_minor) * col(CaseRow.score)).desc(),
            col(CaseRow.id),
        )
        .limit(MOST)
    )
    return tuple(_line(case, order) for case, order in session.execute(found))


def _line(case: CaseRow, order: OrderRow) -> FraudLine:
    assert case.id is not None, "A case that is read has been saved."
    return FraudLine(
        case_id=case.id,
        order_id=case.order_id,
        number=order.number,
        customer_name=order.customer_name,
        total=Money(order.total_minor, order.currency),
        score=case.score,
        state=FraudState(case.fraud_state),
        reason=case.reason,
        opened_at=case.opened_at,
        decide_by=case.decide_by,
        next_call_at=case.next_call_at,
        claimed_by=case.claimed_by or "",
        claimed_until=case.claimed_until,
        proposed_by=case.proposed_by or "",
        is_escalated=case.is_escalated,
    )
