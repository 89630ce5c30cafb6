"""What of the fraud desk's cases has become due: found by looking, so that a restart neither loses nor repeats one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, text
from sqlmodel import Session, col

from opsdesk.domain.fraud.cases.states import Desk, FraudState
from opsdesk.domain.fraud.cases.working import why_escalate
from opsdesk.store.fraud.cases import CaseMoney, case_facts
from opsdesk.store.tables import CaseRow, OrderRow, PaymentRow
from opsdesk.store.tables.holds import FRAUD_OPEN

_MOST_LOOKED_AT = 500
_LAPSED = FraudState.PAYMENT_LAPSED.value
_HELD = select(col(PaymentRow.id)).where(
    col(PaymentRow.order_id) == col(CaseRow.order_id),
    col(PaymentRow.ended) == "",
    col(PaymentRow.authorised_minor) > col(PaymentRow.captured_minor) + col(PaymentRow.voided_minor),
)
_TAKEN = select(col(PaymentRow.id)).where(
    col(PaymentRow.order_id) == col(CaseRow.order_id), col(PaymentRow.captured_minor) > col(PaymentRow.refunded_minor)
)


def lapsed_payments(session: Session, now: datetime, limit: int) -> list[int]:
    """Return open cases of fraud whose authorisation should have ended, and whose order holds no money any more.

    Where money was taken, nothing is lost.
    """
    late = select(col(CaseRow.id)).where(text(f"verification_case.{FRAUD_OPEN}"), ~_HELD.exists(), ~_TAKEN.exists())
    late = late.where(col(CaseRow.authorisation_ends) <= now, col(CaseRow.fraud_state) != _LAPSED)
    late = late.order_by(col(CaseRow.id))
    return [case_id for case_id in session.execute(late.limit(limit)).scalars() if case_id is not None]


def regained_payments(session: Session, limit: int) -> list[int]:
    """Return cases whose payment lapsed and whose order holds money, or was paid, since."""
    back = select(col(CaseRow.id)).where(text(f"verification_case.{FRAUD_OPEN}"), or_(_HELD.exists(), _TAKEN.exists()))
    back = back.where(col(CaseRow.fraud_state) == _LAPSED).order_by(col(CaseRow.id))
    return [case_id for case_id in session.execute(back.limit(limit)).scalars() if case_id is not None]


def cases_for_the_lead(session: Session, desk: Desk, limit: int) -> list[int]:
    """Return open cases of fraud that a lead should see now and has not seen."""
    found = (
        select(CaseRow, OrderRow)
        .join(OrderRow, col(OrderRow.id) == col(CaseRow.order_id))
        .where(text(f"verification_case.{FRAUD_OPEN}"), col(CaseRow.is_escalated).is_(False))
        .order_by(col(CaseRow.decide_by).asc().nulls_last(), col(CaseRow.id))
    )
    due = []
    for row, order in session.execute(found.limit(_MOST_LOOKED_AT)):
        case = case_facts(row, order, (), CaseMoney(row.authorisation_ends), ())
        if row.id is not None and why_escalate(case, desk):
            due.append(row.id)
    return due[:limit]


@dataclass(frozen=True, slots=True)
class ToRemind:
    """A case whose customer is to be reminded, and who asked them.

    Attributes:
        answer_by: the day that the customer was given, or when the case must be decided if the money ends before that.
    """

    case_id: int
    order_id: int
    answer_by: datetime | None
    asked_by: str


def cases_to_remind(session: Session, now: datetime, limit: int) -> list[ToRemind]:
    """Return cases whose customer is to be reminded now."""
    due = select(CaseRow).where(col(CaseRow.remind_at).is_not(None), col(CaseRow.remind_at) <= now)
    found = session.execute(due.order_by(col(CaseRow.remind_at)).limit(limit)).scalars()
    return [
        ToRemind(
            row.id or 0,
            row.order_id,
            min((moment for moment in (row.respond_by, row.decide_by) if moment is not None), default=None),
            row.claimed_by or row.opened_by,
        )
        for row in found
    ]
