"""Verification cases and the review of holds in one unit of work, and what of them has become due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, text
from sqlmodel import Session, col

from opsdesk.domain.errors import Refused
from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.orders.cases import CaseState
from opsdesk.store.tables import CaseRow, ContactRow, HoldRow, OrderRow
from opsdesk.store.tables.holds import FRAUD_OPEN

_FRAUD_STATES = {
    CaseState.OPEN: FraudState.IN_REVIEW,
    CaseState.AWAITING_CUSTOMER: FraudState.AWAITING_CUSTOMER,
    CaseState.CALL_DUE: FraudState.CALL_DUE,
    CaseState.RESPONDED: FraudState.RESPONDED,
    CaseState.RELEASED: FraudState.RELEASED,
    CaseState.CANCELLED: FraudState.CANCELLED_UNVERIFIED,
}


def fraud_state_of(kind: str, state: CaseState) -> str:
    """Return where the fraud desk has a case of which only the plain state is known; other kinds it does not have."""
    return _FRAUD_STATES[state].value if kind == "fraud" else ""


def move_case(case: CaseRow, state: FraudState | CaseState) -> None:
    """Let the case be in a state, and in what the rest of the house knows of it."""
    if isinstance(state, CaseState):
        case.state = state.value
        if not case.fraud_state or FraudState(case.fraud_state).plain is not state:
            case.fraud_state = fraud_state_of(case.kind, state)
    else:
        case.fraud_state, case.state = state.value, state.plain.value


class Cases:
    """The cases, and the holds behind them, of one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def locked(self, case_id: int) -> CaseRow:
        """Return the case for change.

        Raises:
            Refused: there is no such case.
        """
        case = self._session.get(CaseRow, case_id, with_for_update=True, populate_existing=True)
        if case is None:
            raise Refused("The case no longer exists.")
        return case

    def order_of(self, case_id: int) -> int:
        """Return the order that a case is about, without locking either.

        Raises:
            Refused: there is no such case.
        """
        found = self._session.execute(select(col(CaseRow.order_id)).where(col(CaseRow.id) == case_id)).scalar()
        if found is None:
            raise Refused("The case no longer exists.")
        return int(found)

    def waiting_for_somebody(self, now: datetime, limit: int) -> list[int]:
        """Return open cases of fraud in which somebody can do something now and nobody else does, most urgent first.

        The customer is waited for elsewhere, calls have their times, and a second person looks at a proposal.
        """
        free = or_(col(CaseRow.claimed_until).is_(None), col(CaseRow.claimed_until) <= now)
        waits = (FraudState.AWAITING_CUSTOMER.value, FraudState.PENDING_SECOND.value)
        at_stake = col(OrderRow.total_minor) * col(CaseRow.score)
        found = (
            select(col(CaseRow.id))
            .join(OrderRow, col(OrderRow.id) == col(CaseRow.order_id))
            .where(text(f"verification_case.{FRAUD_OPEN}"), free, col(CaseRow.fraud_state).not_in(waits))
            .where(or_(col(CaseRow.next_call_at).is_(None), col(CaseRow.next_call_at) <= now))
            .order_by(col(CaseRow.decide_by).asc().nulls_last(), at_stake.desc(), col(CaseRow.id))
        )
        return [case_id for case_id in self._session.execute(found.limit(limit)).scalars() if case_id is not None]

    def undecided(self, order_id: int, kind: str) -> CaseRow | None:
        """Return the order's case of this kind that nobody has decided, locked."""
        found = select(CaseRow).where(
            col(CaseRow.order_id) == order_id, col(CaseRow.kind) == kind, col(CaseRow.decided_at).is_(None)
        )
        return self._session.execute(found.with_for_update()).scalar_one_or_none()

    def contacts(self, case_id: int) -> list[ContactRow]:
        """Return every contact about the case, oldest first."""
        found = select(ContactRow).where(col(ContactRow.case_id) == case_id).order_by(col(ContactRow.id))
        return list(self._session.execute(found).scalars())

    def newest(self, order_id: int, kind: str) -> CaseRow | None:
        """Return the order's newest case of this kind, decided or not, locked."""
        found = select(CaseRow).where(col(CaseRow.order_id) == order_id, col(CaseRow.kind) == kind)
        return self._session.execute(
            found.order_by(col(CaseRow.id).desc()).limit(1).with_for_update()
        ).scalar_one_or_none()

    def had_hold(self, order_id: int, kind: str) -> bool:
        """Say whether the order is or ever was held for this."""
        found = select(col(HoldRow.id)).where(col(HoldRow.order_id) == order_id, col(HoldRow.type) == kind)
        return self._session.execute(found.limit(1)).first() is not None

    def locked_hold(self, hold_id: int) -> HoldRow:
        """Return the hold for change.

        Raises:
            Refused: there is no such hold.
        """
        hold = self._session.get(HoldRow, hold_id, with_for_update=True, populate_existing=True)
        if hold is None:
            raise Refused("The hold no longer exists.")
        return hold

    def active_hold(self, order_id: int, kind: str) -> HoldRow | None:
        """Return the order's active hold of this type, locked."""
        found = select(HoldRow).where(
            col(HoldRow.order_id) == order_id, col(HoldRow.type) == kind, col(HoldRow.released_at).is_(None)
        )
        return self._session.execute(found.with_for_update()).scalar_one_or_none()


def lapsed_cases(session: Session, now: datetime, limit: int) -> list[int]:
    """Return cases whose customer was asked and has not answered in time."""
    late = select(col(CaseRow.id)).where(
        col(CaseRow.state) == CaseState.AWAITING_CUSTOMER.value, col(CaseRow.respond_by) <= now
    )
    rows = session.execute(late.order_by(col(CaseRow.respond_by)).limit(limit)).scalars()
    return [case_id for case_id in rows if case_id is not None]


def reviewable_holds(session: Session, now: datetime, limit: int) -> list[int]:
    """Return active holds whose review time has come and that nobody has been reminded of."""
    due = select(col(HoldRow.id)).where(
        col(HoldRow.released_at).is_(None), col(HoldRow.review_at) <= now, col(HoldRow.reviewed_at).is_(None)
    )
    rows = session.execute(due.order_by(col(HoldRow.review_at)).limit(limit)).scalars()
    return [hold_id for hold_id in rows if hold_id is not None]


@dataclass(frozen=True, slots=True)
class CaseHead:
    """A case and the version of it that was read."""

    case_id: int
    order_id: int
    version: int
    fraud_state: str
    suggested: str


def newest_case(session: Session, order_id: int, kind: str) -> CaseHead | None:
    """Return the order's newest case of this kind, decided or not."""
    found = select(CaseRow).where(col(CaseRow.order_id) == order_id, col(CaseRow.kind) == kind)
    row = session.execute(found.order_by(col(CaseRow.id).desc()).limit(1)).scalar_one_or_none()
    return CaseHead(row.id or 0, order_id, row.version, row.fraud_state, row.suggested) if row is not None else None
