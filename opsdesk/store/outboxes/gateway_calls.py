"""Taking calls to gateways out of their outbox: each claim is a transaction of its own; nothing is asked inside one.

A call is sent once under its key. One that was sent before and is due again is looked up, unless the gateway knew of
none while its key was young: only then does it wait to be sent once more.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select, text, update
from sqlmodel import Session, col

from opsdesk.domain.moments import Clock
from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import Blocks
from opsdesk.domain.payments.gateways import KEY_LASTS, CallKind, CallState, GatewayCall
from opsdesk.store.desk.leases import Lease, is_held
from opsdesk.store.engine import Store
from opsdesk.store.tables import GatewayCallRow, GatewayCursorRow, HoldRow, OrderRow, PayLinkRow
from opsdesk.store.tables.money import CALL_OPEN

_ASKED = (CallState.PENDING.value, CallState.UNKNOWN.value)
_WAITS_FOR_GATEWAY = "OpsDesk is not connected to {gateway} here. The call waits until it is."
_WAITS_FOR_RELEASE = "The order is on hold. The capture goes out when it is released."


@dataclass(frozen=True, slots=True)
class ClaimedCall:
    """A call that this worker, and nobody else, may now ask a gateway about.

    Attributes:
        is_look_up: it may have happened already; the gateway is asked what became of it.
    """

    call_id: int
    claim: str
    gateway: str
    call: GatewayCall
    is_look_up: bool


def claim_next_call(store: Store, lease: Lease, gateways: Collection[str], *, clock: Clock) -> ClaimedCall | None:
    """Claim the call that has been due longest at one of these gateways; None when none is, or the lease is lost.

    A capture waits while a hold stops it, however long ago it was asked for.
    """
    with Session(store.writer) as session, session.begin():
        if not is_held(session, lease, clock=clock):
            return None
        now = clock()
        due = (
            select(GatewayCallRow)
            .where(text(CALL_OPEN), col(GatewayCallRow.not_before) <= now)
            .where(or_(col(GatewayCallRow.state).in_(_ASKED), ~_is_stopped()))
            .where(col(GatewayCallRow.state) != CallState.SENDING.value)
            .where(col(GatewayCallRow.gateway).in_(gateways))
            .order_by(col(GatewayCallRow.not_before), col(GatewayCallRow.id))
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = session.execute(due).scalar_one_or_none()
        return None if row is None else _claimed(session, row, lease, now)


def abandoned_calls(session: Session) -> list[tuple[int, str]]:
    """Return the calls that are being sent, with the claim of whoever does: to a worker that sends nothing, abandoned.

    A worker asks before it sends anything. Its own claim is among them when it could not record an answer.
    """
    stuck = select(col(GatewayCallRow.id), col(GatewayCallRow.claimed_by)).where(
        text(CALL_OPEN), col(GatewayCallRow.state) == CallState.SENDING.value
    )
    return [(call_id, claim or "") for call_id, claim in session.execute(stuck.order_by(col(GatewayCallRow.id)))]


def explain_waiting(store: Store, gateways: Collection[str], *, clock: Clock) -> int:
    """Write on calls that are due why they wait: nothing here talks to their gateway, or a hold. Return on how many."""
    waiting = select(col(GatewayCallRow.id), col(GatewayCallRow.gateway)).where(
        text(CALL_OPEN), col(GatewayCallRow.not_before) <= clock(), col(GatewayCallRow.problem) == ""
    )
    elsewhere = waiting.where(col(GatewayCallRow.gateway).not_in(gateways))
    held = waiting.where(col(GatewayCallRow.state) == CallState.REQUESTED.value, _is_stopped())
    with store.reading() as session:
        why = {call_id: _WAITS_FOR_RELEASE for call_id, _ in session.execute(held)}
        why |= {call_id: _WAITS_FOR_GATEWAY.format(gateway=gateway) for call_id, gateway in session.execute(elsewhere)}
    for call_id, problem in why.items():
        # One at a time: whoever has locked an order may hold several of its calls.
        with Session(store.writer) as session, session.begin():
            is_same = and_(col(GatewayCallRow.id) == call_id, col(GatewayCallRow.problem) == "", text(CALL_OPEN))
            session.execute(update(GatewayCallRow).where(is_same).values(problem=problem))
    return len(why)


def has_gateway(session: Session) -> bool:
    """Say whether a gateway was ever asked for news: what is over by the clock then waits for what it says."""
    return session.execute(select(col(GatewayCursorRow.gateway)).limit(1)).first() is not None


def _is_stopped() -> ColumnElement[bool]:
    stopped = exists().where(
        col(HoldRow.order_id) == col(GatewayCallRow.order_id),
        col(HoldRow.released_at).is_(None),
        col(HoldRow.blocks).contains(Blocks.CAPTURE.value),
    )
    return and_(col(GatewayCallRow.kind) == CallKind.CAPTURE.value, stopped)


def _claimed(session: Session, row: GatewayCallRow, lease: Lease, now: datetime) -> ClaimedCall:
    is_key_old = row.first_sent_at is not None and now - row.first_sent_at >= KEY_LASTS
    is_look_up = row.state != CallState.REQUESTED or is_key_old
    row.claimed_by, row.claimed_at = lease.claim, now
    row.attempts += 1
    row.problem = ""
    if is_look_up:
        row.state = row.state if row.state in _ASKED else CallState.UNKNOWN.value
    else:
        row.state = CallState.SENDING.value
        row.first_sent_at = row.first_sent_at or now
        row.version += 1
    session.flush()
    assert row.id is not None, "What is claimed has been saved."
    return ClaimedCall(row.id, lease.claim, row.gateway, _call(session, row), is_look_up)


def _call(session: Session, row: GatewayCallRow) -> GatewayCall:
    number = session.execute(select(col(OrderRow.number)).where(col(OrderRow.id) == row.order_id)).scalar_one()
    link = session.get(PayLinkRow, row.link_id) if row.link_id is not None else None
    kind = CallKind(row.kind)
    is_whole = kind in (CallKind.VOID, CallKind.CANCEL_LINK)
    return GatewayCall(
        kind=kind,
        key=row.key,
        reference=row.reference,
        amount=Money(0 if is_whole else row.amount_minor, row.currency),
        order_number=number,
        reason=row.reason,
        expires_at=link.expires_at if link else None,
        authorise_only=link.authorise_only if link else False,
        first_sent_at=row.first_sent_at,
    )
