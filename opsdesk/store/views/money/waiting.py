"""What about the money of one order waits for somebody: in one statement, by the order's own indexes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, String, bindparam, case, literal_column, text, union_all
from sqlalchemy import select as sql_select
from sqlmodel import Session

from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.money import Money
from opsdesk.store.tables import OrderRow
from opsdesk.store.tables.amendments import AMENDMENT_OPEN
from opsdesk.store.tables.money import MAY_EXPIRE
from opsdesk.store.views.money.tasks import SOON


class Waits(StrEnum):
    """What waits, in the order in which it is shown."""

    REFUND = "refund"
    DISPUTE = "dispute"
    ENDING = "ending"
    CHANGE = "change"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class WaitingMoney:
    """One thing that waits.

    Attributes:
        id: the refund, dispute, payment, amendment or link.
        at: until when it can be answered, captured or paid; since when a refund or a change waits.
        said: who asked for a refund, a change or a link; why a refund failed; a dispute's reason; a payment's gateway.
    """

    what: Waits
    id: int
    state: str
    amount: Money
    at: datetime | None
    said: str


_tables = OrderRow.metadata.tables
_REFUND, _DISPUTE, _PAYMENT = _tables["refund"], _tables["dispute"], _tables["payment"]
_LINK, _AMENDMENT = _tables["pay_link"], _tables["amendment"]
_LEFT = (
    _PAYMENT.c.authorised_minor
    - _PAYMENT.c.captured_minor
    - _PAYMENT.c.capturing_minor
    - _PAYMENT.c.voided_minor
    - _PAYMENT.c.voiding_minor
)


def _part(
    what: Waits, table: Any, amount: ColumnElement[int], at: ColumnElement[Any], said: ColumnElement[str]
) -> Select[Any]:
    kind = literal_column(f"'{what.value}'", String).label("what")
    found = sql_select(
        kind, table.c.id, table.c.state, amount.label("amount_minor"), table.c.currency, at.label("at"),
        said.label("said"),
    )  # fmt: skip
    return found.where(table.c.order_id == bindparam("order_id"))


_WHO_OR_WHY = case((_REFUND.c.state == "pending_approval", _REFUND.c.requested_by), else_=_REFUND.c.problem)
_ALL = union_all(
    _part(Waits.REFUND, _REFUND, _REFUND.c.amount_minor, _REFUND.c.requested_at, _WHO_OR_WHY).where(
        _REFUND.c.state.in_(("pending_approval", "failed", "unknown"))
    ),
    _part(Waits.DISPUTE, _DISPUTE, _DISPUTE.c.amount_minor, _DISPUTE.c.due_at, _DISPUTE.c.reason).where(
        _DISPUTE.c.closed_at.is_(None)
    ),
    _part(Waits.ENDING, _PAYMENT, _LEFT, _PAYMENT.c.expires_at, _PAYMENT.c.gateway).where(
        text(MAY_EXPIRE.replace("state", "payment.state")),
        _PAYMENT.c.expires_at <= bindparam("soon"),
    ),
    _part(
        Waits.CHANGE, _AMENDMENT, _AMENDMENT.c.new_total_minor, _AMENDMENT.c.proposed_at, _AMENDMENT.c.proposed_by
    ).where(text(f"amendment.{AMENDMENT_OPEN}")),
    _part(Waits.LINK, _LINK, _LINK.c.amount_minor, _LINK.c.expires_at, _LINK.c.asked_by).where(
        _LINK.c.state.in_(("requested", "open"))
    ),
)


def waiting_money(session: Session, order_id: int, *, now: datetime) -> tuple[WaitingMoney, ...]:
    """Return what about an order's money waits at `now`: refunds, disputes, authorisations, a change, pay links."""
    found = session.execute(_ALL, {"order_id": order_id, "soon": now + SOON})
    waiting = [
        WaitingMoney(Waits(row.what), row.id, row.state, Money(row.amount_minor, row.currency), row.at, row.said)
        for row in found
    ]
    places = {what: place for place, what in enumerate(Waits)}
    return tuple(sorted(waiting, key=lambda each: (places[each.what], each.id)))


def recall_of(waiting: Iterable[WaitingMoney]) -> int | None:
    """Return the change that waits until whoever packs the order has put it back."""
    packer = AmendmentState.AWAITING_PACKER
    return next((each.id for each in waiting if each.what is Waits.CHANGE and each.state == packer), None)


def recall_id(session: Session, order_id: int, *, now: datetime) -> int | None:
    """Return the change of an order that waits until whoever packs it has put it back."""
    return recall_of(waiting_money(session, order_id, now=now))
