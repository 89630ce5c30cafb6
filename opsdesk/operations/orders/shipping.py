"""Sending out: parcels with carrier and tracking number, in full or in part, recalled, delivered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.mails.outgoing import GRACE, Letter
from opsdesk.domain.orders.rules import why_not_deliver, why_not_ship
from opsdesk.domain.text import clean_line
from opsdesk.operations.amendments.steps import outrun
from opsdesk.operations.mails.outbox import queue_mail, take_back
from opsdesk.operations.payments.held_money import capture_sent, take_back_unsent
from opsdesk.operations.words import kept_line, required_line
from opsdesk.store.tables import OrderLineRow, OrderRow, ParcelLineRow, ParcelRow
from opsdesk.store.work import Done, Work, operation

SHIPPED_STATUS = "shipped"
"""Code of the status whose mail goes out with a parcel."""


@operation("order.ship")
def ship(
    work: Work,
    order_id: int,
    *,
    carrier: str,
    version: int | None = None,
    tracking_number: str = "",
    tracking_url: str = "",
    quantities: Mapping[int, int] | None = None,
    letter: Letter | None = None,
    grace: timedelta = GRACE,
) -> Done:
    """Send one parcel: `quantities` says how many units of which line are in it, all open ones if None.

    Raises:
        Refused: the rules do not allow it now, or the shop captures with each parcel and cannot.
        Conflict: the order changed since `version` was read.
        Invalid: the carrier is missing, or a quantity is not what is open.
    """
    order = work.orders.locked(order_id, version=version)
    if problem := why_not_ship(work.orders.facts(order)):
        raise Refused(problem)
    parcel = _parcel(work, order_id, carrier, tracking_number, tracking_url)
    inside = _contents(work.orders.lines(order_id), quantities)
    work.add(parcel)
    for line, units in inside:
        line.shipped += units
        work.add(ParcelLineRow(parcel_id=parcel.id or 0, line_id=line.id or 0, quantity=units))
    mail_id = _tell(work, order, letter, parcel, grace)
    units_sent = sum(units for _, units in inside)
    summary = f"Shipped {units_sent} by {parcel.carrier} {parcel.tracking_number}".strip()
    work.record("order.shipped", "order", order_id, summary, after=parcel.tracking_number)
    captures = ",".join(map(str, capture_sent(work, order)))
    too_late = outrun(work, order)
    work.orders.settle(order)
    work.undo_with("order.recall_parcel", order_id=order_id, parcel_id=parcel.id, mail_id=mail_id, captures=captures)
    left = work.orders.facts(order).open_units
    rest = f" {left} still to go." if left else ""
    done = f"{order.number}: {summary[:1].lower()}{summary[1:]}.{rest} {too_late}"
    return Done(done.strip(), order_id, order.version)


@operation("order.recall_parcel")
def recall_parcel(work: Work, order_id: int, *, parcel_id: int, mail_id: int | None = None, captures: str = "") -> Done:
    """Take back a parcel that was marked shipped by mistake, with its mail and captures if they have not been sent.

    Raises:
        Refused: it was delivered or recalled, or the customer has been told.
    """
    order = work.orders.locked(order_id)
    parcel, inside = work.orders.parcel(parcel_id)
    if parcel.order_id != order_id or parcel.recalled_at is not None:
        raise Refused("The parcel was recalled already.")
    if parcel.delivered_at is not None:
        raise Refused("The parcel was delivered; take it back with a return.")
    if mail_id is not None:
        take_back(work, mail_id)
    lines = {line.id: line for line in work.orders.lines(order_id)}
    for content in inside:
        lines[content.line_id].shipped -= content.quantity
    parcel.recalled_at = work.now
    summary = f"Parcel recalled: {parcel.carrier} {parcel.tracking_number}".strip()
    about_money = take_back_unsent(work, captures)
    work.record("order.parcel_recalled", "order", order_id, summary)
    work.orders.settle(order)
    return Done(f"{order.number}: the parcel is back in the house. {about_money}".strip(), order_id, order.version)


@operation("order.deliver")
def deliver(work: Work, order_id: int, *, version: int | None = None) -> Done:
    """Mark everything that was shipped as delivered.

    Raises:
        Refused: nothing is on its way.
        Conflict: the order changed since `version` was read.
    """
    order = work.orders.locked(order_id, version=version)
    if problem := why_not_deliver(work.orders.facts(order)):
        raise Refused(problem)
    before = {line.id: line.delivered for line in work.orders.lines(order_id)}
    for line in work.orders.lines(order_id):
        line.delivered = line.shipped
    arrived = [parcel for parcel in work.orders.parcels(order_id) if parcel.delivered_at is None]
    for parcel in arrived:
        parcel.delivered_at = work.now
    work.record("order.delivered", "order", order_id, "Delivered")
    work.orders.settle(order)
    work.undo_with(
        "order.undeliver",
        order_id=order_id,
        parcels=",".join(str(parcel.id) for parcel in arrived),
        delivered=",".join(f"{line_id}:{units}" for line_id, units in before.items()),
    )
    return Done(f"{order.number} is delivered.", order_id, order.version)


@operation("order.undeliver")
def undeliver(work: Work, order_id: int, *, parcels: str, delivered: str) -> Done:
    """Take back a delivery that was marked by mistake; `delivered` is `line:units` of before, `parcels` their ids.

    Raises:
        Refused: goods have come back since, so they did arrive.
    """
    order = work.orders.locked(order_id)
    before = {int(line_id): int(units) for line_id, units in (pair.split(":") for pair in delivered.split(","))}
    for line in work.orders.lines(order_id):
        units = before.get(line.id or 0, line.delivered)
        if line.returned > units:
            raise Refused(f"Goods of {order.number} have come back; it was delivered.")
        line.delivered = units
    for parcel_id in filter(None, parcels.split(",")):
        parcel, _ = work.orders.parcel(int(parcel_id))
        parcel.delivered_at = None
    work.record("order.undelivered", "order", order_id, "Delivery taken back")
    work.orders.settle(order)
    return Done(f"{order.number} is on its way again.", order_id, order.version)


def _parcel(work: Work, order_id: int, carrier: str, tracking_number: str, tracking_url: str) -> ParcelRow:
    url = kept_line(tracking_url, longest=500)
    if url and not url.startswith("https://"):
        raise Invalid("tracking_url", "The link must begin with https://. Correct it, or leave it empty.")
    return ParcelRow(
        order_id=order_id,
        carrier=required_line(carrier, "carrier", "Say which carrier takes the parcel."),
        tracking_number=clean_line(tracking_number, longest=80).replace(" ", ""),
        tracking_url=url,
        shipped_by=work.actor.name,
        shipped_at=work.now,
    )


def _contents(lines: list[OrderLineRow], quantities: Mapping[int, int] | None) -> list[tuple[OrderLineRow, int]]:
    open_units = {line.id or 0: line.ordered - line.cancelled - line.shipped for line in lines if line.needs_shipping}
    wanted = {line_id: units for line_id, units in (quantities or open_units).items() if units}
    for line_id, units in wanted.items():
        if not 0 < units <= open_units.get(line_id, 0):
            raise Invalid(f"line_{line_id}", f"{open_units.get(line_id, 0)} can be sent, not {units}.")
    if not wanted:
        raise Invalid("quantities", "The parcel is empty. Say how many of which line are in it.")
    return [(line, wanted[line.id]) for line in lines if line.id in wanted]


def _tell(work: Work, order: OrderRow, letter: Letter | None, parcel: ParcelRow, grace: timedelta) -> int | None:
    if letter is None:
        return None
    key = f"parcel:{parcel.id}:{SHIPPED_STATUS}"
    return queue_mail(work, order, letter, event_key=key, status_code=SHIPPED_STATUS, grace=grace).id
