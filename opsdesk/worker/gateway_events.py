"""Read what gateways tell, and end what is over by the clock once they had their say."""

from __future__ import annotations

from collections.abc import Mapping

from opsdesk.domain.errors import Conflict
from opsdesk.domain.payments.gateways import LIVE_GATEWAYS, GatewayEvent
from opsdesk.integrations.ports import Gateway
from opsdesk.operations.amendments.changing import expire as expire_amendment
from opsdesk.operations.payments.expiry import expire_authorisation
from opsdesk.operations.payments.gateway_events import move_cursor, take_event
from opsdesk.operations.payments.pay_links import expire_link
from opsdesk.store.tables import GatewayCursorRow
from opsdesk.store.views.money.due import DueMoney, due_amendments, due_authorisations, due_links
from opsdesk.store.work import Performer

CANNOT_BOOK = (
    "What the gateway tells does not fit what is booked here. Compare the payment with the gateway's own screens."
)


def read_events(performer: Performer, gateways: Mapping[str, Gateway], *, limit: int = 100) -> int:
    """Take in what each gateway tells after its cursor, then end what is due; return how many things were done.

    A payment that came in at the last moment is told before its link ends. Of a gateway that does not answer nothing
    ends: it may have taken the money.
    """
    done, answering = 0, set()
    for name, gateway in gateways.items():
        taken, is_answering = _read(performer, name, gateway)
        done += taken
        if is_answering:
            answering.add(name)
    is_sure = len(answering) == len(gateways)
    return done + _end_due(performer, {name: gateways[name] for name in answering}, limit, is_sure=is_sure)


def _read(performer: Performer, name: str, gateway: Gateway) -> tuple[int, bool]:
    """Take in the events of one gateway, each in its own transaction, and move its cursor behind them."""
    with performer.store.reading() as session:
        row = session.get(GatewayCursorRow, name)
        known, told = (row.cursor, row.problem) if row is not None else ("", "")
    page = gateway.events(known)
    for event in page.events:
        _take(performer, name, event)
    if page.cursor != known or page.problem != told or row is None:
        performer.perform(move_cursor, name, page.cursor, problem=page.problem)
    return len(page.events), not page.problem


def _take(performer: Performer, name: str, event: GatewayEvent) -> None:
    """Take in one event. One that cannot be booked is held for somebody and keeps no other from being read."""
    try:
        performer.perform(take_event, name, event)
    except Conflict:
        try:
            performer.perform(take_event, name, event)
        except Conflict:
            performer.perform(take_event, name, event, problem=CANNOT_BOOK)


def _end_due(performer: Performer, answering: Mapping[str, Gateway], limit: int, *, is_sure: bool) -> int:
    now = performer.clock()
    with performer.store.reading() as session:
        links = [link for link in due_links(session, now, limit) if link.gateway in answering or not link.reference]
        payments = due_authorisations(session, now, limit)
        amendments = due_amendments(session, now, limit) if is_sure else []
    for link in links:
        performer.perform(expire_link, link.id)
    ended = sum(_expire(performer, payment, answering) for payment in payments)
    for amendment_id in amendments:
        performer.perform(expire_amendment, amendment_id)
    return len(links) + ended + len(amendments)


def _expire(performer: Performer, payment: DueMoney, answering: Mapping[str, Gateway]) -> bool:
    """End an authorisation; one that a live gateway holds only when it has said how it stands."""
    snapshot = None
    if payment.gateway in LIVE_GATEWAYS:
        gateway = answering.get(payment.gateway)
        snapshot = gateway.payment(payment.reference) if gateway is not None and payment.reference else None
        if snapshot is None:
            return False
    performer.perform(expire_authorisation, payment.id, snapshot=snapshot)
    return True
