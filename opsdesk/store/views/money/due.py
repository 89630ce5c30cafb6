"""What about money is due by the clock: pay links, authorisations and changes of orders whose time is up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select, text
from sqlmodel import Session, col

from opsdesk.domain.payments.gateways import CallKind, CallState
from opsdesk.store.tables import AmendmentRow, GatewayCallRow, PayLinkRow, PaymentRow
from opsdesk.store.tables.money import MAY_EXPIRE

_OPEN_LINK = "state IN ('requested', 'open')"
_WAITS_FOR_MONEY = "state = 'awaiting_payment'"


@dataclass(frozen=True, slots=True)
class DueMoney:
    """A pay link or an authorisation whose time is up; `reference` is what the gateway calls it."""

    id: int
    gateway: str
    reference: str


def due_links(session: Session, now: datetime, limit: int) -> list[DueMoney]:
    """Return pay links that nobody may pay over any more, the longest due first."""
    found = select(col(PayLinkRow.id), col(PayLinkRow.gateway), col(PayLinkRow.reference)).where(
        text(_OPEN_LINK), col(PayLinkRow.expires_at) <= now, ~_is_being_made()
    )
    rows = session.execute(found.order_by(col(PayLinkRow.expires_at)).limit(limit))
    return [DueMoney(link_id or 0, gateway, reference) for link_id, gateway, reference in rows]


def is_link_open(session: Session) -> bool:
    """Say whether a customer can pay over a link now, or soon."""
    return session.execute(select(col(PayLinkRow.id)).where(text(_OPEN_LINK)).limit(1)).first() is not None


def _is_being_made() -> ColumnElement[bool]:
    """Nobody knows yet whether the gateway made the link; the answer ends it, if it did."""
    return exists().where(
        col(GatewayCallRow.order_id) == col(PayLinkRow.order_id),
        col(GatewayCallRow.link_id) == col(PayLinkRow.id),
        col(GatewayCallRow.kind) == CallKind.CREATE_LINK.value,
        col(GatewayCallRow.state).in_((CallState.SENDING.value, CallState.PENDING.value, CallState.UNKNOWN.value)),
    )


def due_authorisations(session: Session, now: datetime, limit: int) -> list[DueMoney]:
    """Return payments whose authorisation is over by its own time and of which no capture is under way."""
    found = select(col(PaymentRow.id), col(PaymentRow.gateway), col(PaymentRow.reference)).where(
        text(MAY_EXPIRE), col(PaymentRow.expires_at) <= now, col(PaymentRow.capturing_minor) == 0
    )
    rows = session.execute(found.order_by(col(PaymentRow.expires_at)).limit(limit))
    return [DueMoney(payment_id or 0, gateway, reference) for payment_id, gateway, reference in rows]


def due_amendments(session: Session, now: datetime, limit: int) -> list[int]:
    """Return changes of orders that have waited for money long enough."""
    found = select(col(AmendmentRow.id)).where(text(_WAITS_FOR_MONEY), col(AmendmentRow.expires_at) <= now)
    rows = session.execute(found.order_by(col(AmendmentRow.expires_at)).limit(limit)).scalars()
    return [amendment_id for amendment_id in rows if amendment_id is not None]
