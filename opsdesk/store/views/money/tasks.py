"""What about money waits for somebody: found through partial indexes, however many orders there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, bindparam, literal_column, select, text
from sqlmodel import Session

from opsdesk.domain.money import Money
from opsdesk.store.tables import OrderRow
from opsdesk.store.tables.amendments import AMENDMENT_OPEN
from opsdesk.store.tables.money import CALL_IN_TROUBLE, MAY_EXPIRE
from opsdesk.store.tables.refunds import REFUND_OUTSIDE, REFUND_WAITS

SOON = timedelta(hours=48)
"""An authorisation is shown so long before it ends that somebody can still ship or capture."""
MOST = 100
"""Of each kind; whoever has more works from the top."""


class TaskKind(StrEnum):
    """What has to be done, the most urgent first."""

    REFUND_FAILED = "refund_failed"
    REFUND_UNKNOWN = "refund_unknown"
    CALL_FAILED = "call_failed"
    CALL_UNKNOWN = "call_unknown"
    EVENT_HELD = "event_held"
    DISPUTE = "dispute"
    EXPIRING = "expiring"
    APPROVE = "approve"
    REFUND_OUTSIDE = "refund_outside"
    RECALL = "recall"

    @property
    def word(self) -> str:
        """What the list calls it, at most twelve letters."""
        return _WORDS[self][0]

    @property
    def advice(self) -> str:
        """What to do about it, one sentence."""
        return _WORDS[self][1]

    @property
    def operation(self) -> str | None:
        """What it is worked with, and so who may; None for what the worker finds out by itself."""
        return _WORKED_WITH.get(self)


_WORDS = {
    TaskKind.REFUND_FAILED: ("NOT REFUNDED", "Try again, choose another way, or turn it into store credit."),
    TaskKind.REFUND_UNKNOWN: ("IN DOUBT", "The gateway is being asked. Do not refund it again."),
    TaskKind.CALL_FAILED: ("FAILED", "Read why, then ask again or settle it by hand."),
    TaskKind.CALL_UNKNOWN: ("IN DOUBT", "The gateway is being asked. Do not ask for it again."),
    TaskKind.EVENT_HELD: ("UNEXPECTED", "Something came in that nobody asked for. Settle it with a note."),
    TaskKind.DISPUTE: ("DISPUTE", "Answer it at the gateway before the date, or accept it."),
    TaskKind.EXPIRING: ("EXPIRES", "Ship and capture before it ends, or ask for the money with a pay link."),
    TaskKind.APPROVE: ("TO APPROVE", "Look at what it is for, then approve or decline it."),
    TaskKind.REFUND_OUTSIDE: ("WHAT FOR?", "It went back at the gateway itself. Say which goods it was for."),
    TaskKind.RECALL: ("RECALL", "It is being packed while its contents change. Take it off the bench."),
}

_WORKED_WITH = {
    TaskKind.REFUND_FAILED: "refund.retry",
    TaskKind.CALL_FAILED: "call.settle_by_hand",
    TaskKind.EVENT_HELD: "gateway.settle_event",
    TaskKind.DISPUTE: "dispute.answer",
    TaskKind.EXPIRING: "payment.capture",
    TaskKind.APPROVE: "refund.approve",
    TaskKind.REFUND_OUTSIDE: "refund.assign",
    TaskKind.RECALL: "amendment.acknowledge_recall",
}


@dataclass(frozen=True, slots=True)
class MoneyTask:
    """One thing to be done.

    Attributes:
        subject_id: the refund, call, dispute, payment or amendment; 0 for an event, which `subject` names.
        at: until when, or since when.
        said: who asked, or what went wrong.
    """

    kind: TaskKind
    subject_id: int
    subject: str
    order_id: int | None
    number: str
    customer_name: str
    amount: Money
    at: datetime | None
    said: str


_tables = OrderRow.metadata.tables
_ORDERS = _tables["orders"]
_REFUND, _CALL, _EVENT = _tables["refund"], _tables["gateway_call"], _tables["gateway_event"]
_DISPUTE, _PAYMENT, _AMENDMENT = _tables["dispute"], _tables["payment"], _tables["amendment"]
_NAMES = (_ORDERS.c.number, _ORDERS.c.customer_name)


def _joined(table: Any, *columns: Any) -> Select[Any]:
    return select(*columns, *_NAMES).join(_ORDERS, _ORDERS.c.id == table.c.order_id).limit(MOST)


_REFUNDS = (
    _joined(_REFUND, _REFUND.c.id, _REFUND.c.order_id, _REFUND.c.state, _REFUND.c.amount_minor, _REFUND.c.currency,
            _REFUND.c.requested_at.label("at"), _REFUND.c.requested_by, _REFUND.c.problem)
    .where(text(f"refund.{REFUND_WAITS}"))
    .order_by(_REFUND.c.id)
)  # fmt: skip
_OUTSIDE = (
    _joined(_REFUND, _REFUND.c.id, _REFUND.c.order_id, _REFUND.c.amount_minor, _REFUND.c.currency,
            _REFUND.c.requested_at.label("at"))
    .where(text(f"refund.{REFUND_OUTSIDE}"))
    .order_by(_REFUND.c.id)
)  # fmt: skip
_CALLS = (
    _joined(_CALL, _CALL.c.id, _CALL.c.order_id, _CALL.c.state, _CALL.c.kind, _CALL.c.amount_minor, _CALL.c.currency,
            _CALL.c.requested_at.label("at"), _CALL.c.requested_by, _CALL.c.problem)
    .where(text(CALL_IN_TROUBLE.replace("state", "gateway_call.state")), _CALL.c.share_id.is_(None))
    .order_by(_CALL.c.id)
)  # fmt: skip
_EVENTS = (
    select(_EVENT.c.event_id, _EVENT.c.gateway, _EVENT.c.order_id, _EVENT.c.amount_minor, _EVENT.c.currency,
           _EVENT.c.received_at.label("at"), _EVENT.c.problem, *_NAMES)
    .outerjoin(_ORDERS, _ORDERS.c.id == _EVENT.c.order_id)
    .where(text("outcome = 'held' AND settled_at IS NULL"))
    .order_by(_EVENT.c.received_at)
    .limit(MOST)
)  # fmt: skip
_DISPUTES = (
    _joined(_DISPUTE, _DISPUTE.c.id, _DISPUTE.c.order_id, _DISPUTE.c.amount_minor, _DISPUTE.c.currency,
            _DISPUTE.c.due_at.label("at"), _DISPUTE.c.reason, _DISPUTE.c.answered_at)
    .where(text("closed_at IS NULL"))
    .order_by(_DISPUTE.c.due_at)
)  # fmt: skip
_EXPIRING = (
    _joined(_PAYMENT, _PAYMENT.c.id, _PAYMENT.c.order_id, _PAYMENT.c.gateway, _PAYMENT.c.instrument,
            _PAYMENT.c.currency, _PAYMENT.c.expires_at.label("at"),
            (_PAYMENT.c.authorised_minor - _PAYMENT.c.captured_minor - _PAYMENT.c.voided_minor).label("amount_minor"))
    .where(text(MAY_EXPIRE.replace("state", "payment.state")), _PAYMENT.c.expires_at <= bindparam("soon"))
    .order_by(_PAYMENT.c.expires_at)
)  # fmt: skip
_RECALLS = (
    _joined(_AMENDMENT, _AMENDMENT.c.id, _AMENDMENT.c.order_id, _AMENDMENT.c.currency,
            _AMENDMENT.c.new_total_minor.label("amount_minor"), _AMENDMENT.c.proposed_at.label("at"),
            _AMENDMENT.c.proposed_by)
    .where(text(f"amendment.{AMENDMENT_OPEN}"), _AMENDMENT.c.state == literal_column("'awaiting_packer'"))
    .order_by(_AMENDMENT.c.order_id)
)  # fmt: skip


def money_tasks(session: Session, *, now: datetime) -> tuple[MoneyTask, ...]:
    """Return what waits for somebody at `now`, the most urgent kind first."""
    found = [*_refunds(session), *_outside(session), *_calls(session), *_others(session, now)]
    rank = {kind: place for place, kind in enumerate(TaskKind)}
    return tuple(sorted(found, key=lambda task: rank[task.kind]))


def _refunds(session: Session) -> Iterator[MoneyTask]:
    kinds = {
        "failed": TaskKind.REFUND_FAILED,
        "unknown": TaskKind.REFUND_UNKNOWN,
        "pending_approval": TaskKind.APPROVE,
    }
    for row in session.execute(_REFUNDS):
        yield _task(kinds[row.state], row, row.problem or f"asked for by {row.requested_by}")


def _outside(session: Session) -> Iterator[MoneyTask]:
    for row in session.execute(_OUTSIDE):
        yield _task(TaskKind.REFUND_OUTSIDE, row, "refunded at the gateway itself: which goods was it for?")


def _calls(session: Session) -> Iterator[MoneyTask]:
    for row in session.execute(_CALLS):
        kind = TaskKind.CALL_UNKNOWN if row.state == "unknown" else TaskKind.CALL_FAILED
        yield _task(kind, row, f"{row.kind.replace('_', ' ')} by {row.requested_by}: {row.problem}".rstrip(": "))


def _others(session: Session, now: datetime) -> Iterator[MoneyTask]:
    for row in session.execute(_EVENTS):
        yield MoneyTask(
            kind=TaskKind.EVENT_HELD,
            subject_id=0,
            subject=f"{row.gateway}:{row.event_id}",
            order_id=row.order_id,
            number=row.number or "",
            customer_name=row.customer_name or "",
            amount=Money(row.amount_minor, row.currency or "EUR"),
            at=row.at,
            said=row.problem,
        )
    for row in session.execute(_DISPUTES):
        yield _task(TaskKind.DISPUTE, row, f"{row.reason.replace('_', ' ')}{', answered' if row.answered_at else ''}")
    for row in session.execute(_EXPIRING, {"soon": now + SOON}):
        yield _task(TaskKind.EXPIRING, row, f"{row.gateway} {row.instrument}".strip())
    for row in session.execute(_RECALLS):
        yield _task(TaskKind.RECALL, row, f"changed by {row.proposed_by}")


def _task(kind: TaskKind, row: Row[Any], said: str) -> MoneyTask:
    return MoneyTask(
        kind=kind,
        subject_id=row.id,
        subject="",
        order_id=row.order_id,
        number=row.number,
        customer_name=row.customer_name,
        amount=Money(row.amount_minor, row.currency),
        at=row.at,
        said=said,
    )
