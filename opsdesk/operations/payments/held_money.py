"""What becomes of money that a gateway holds when its order is cancelled or a parcel leaves."""

from __future__ import annotations

import json

from opsdesk.domain.errors import Refused
from opsdesk.domain.money import Money
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.domain.payments.captures import CapturePolicy, SentGoods, due_when_shipped
from opsdesk.domain.payments.gateways import LIVE_GATEWAYS, Answer, CallKind, CallState
from opsdesk.domain.payments.transactions import why_not_capture, why_not_void
from opsdesk.operations.payments.gateway_calls import concludes, in_words, withdraw
from opsdesk.operations.payments.pay_links import void_outdated_links
from opsdesk.operations.payments.taking import request_capture, request_void
from opsdesk.store.tables import GatewayCallRow, OrderLineRow, OrderRow, PaymentRow
from opsdesk.store.work import Work

CAPTURE_POLICY = "capture_policy"
"""Key of the setting: the JSON text of a `CapturePolicy`."""


def give_back_held(work: Work, order: OrderRow) -> tuple[list[int], str]:
    """Ask for the void of all that is held for an order that was cancelled, and end its pay links.

    Returns:
        the ids of the voids, and what staff have to know about the rest of its money: nothing, or sentences.
    """
    assert order.id is not None, "An order that is cancelled has been saved."
    for call in work.calls.open_of_order(order.id):
        if call.kind == CallKind.CAPTURE and _can_be_taken_back(call):
            withdraw(work, call)
    voids, told = [], []
    for payment in work.payments.of_order(order.id):
        sums = work.payments.facts(payment)
        if payment.capturing_minor:
            under_way = Money(payment.capturing_minor, payment.currency)
            told.append(f"A capture of {under_way} is under way: refund it when it is done.")
        elif not _is_live(payment) and sums.capturable:
            told.append(f"{Money(sums.capturable, payment.currency)} is held at {payment.gateway}: give it back there.")
        elif why_not_void(sums) is None:
            voids.append(request_void(work, order, payment).id or 0)
    if void_outdated_links(work, order):
        told.append("Its pay link has ended.")
    paid = work.orders.facts(order).money.paid
    if paid > 0:
        told.insert(0, f"{Money(paid, order.currency)} is still to be refunded.")
    return voids, " ".join(told)


@concludes(CallKind.CAPTURE)
def capture_answered(work: Work, call: GatewayCallRow, answer: Answer) -> None:
    """Give back what is still held when a capture ends whose order was cancelled in the meantime."""
    order = work.orders.locked(call.order_id)
    if order.lifecycle == Lifecycle.CANCELLED and not CallState(call.state).is_open:
        give_back_held(work, order)


def capture_sent(work: Work, order: OrderRow) -> list[int]:
    """Ask for the capture of what has left with the goods so far, if the shop captures with each parcel.

    Raises:
        Refused: the money that is held for the goods cannot be captured, so they stay in the house.
    """
    assert order.id is not None, "An order that is shipped has been saved."
    policy = work.desks.policy(CAPTURE_POLICY)
    if not policy or json.loads(policy) != CapturePolicy.ON_SHIPPING:
        return []
    facts, payments = work.orders.facts(order), work.payments.of_order(order.id)
    goods = [_sent(line) for line in work.orders.lines(order.id) if line.needs_shipping]
    due = due_when_shipped(order.total_minor, goods, is_last=facts.open_units == 0)
    due -= facts.money.paid + sum(payment.capturing_minor for payment in payments)
    asked = []
    for payment in payments:
        sums = work.payments.facts(payment)
        amount = Money(min(due, sums.capturable), payment.currency)
        if amount.minor <= 0 or not _is_live(payment):
            continue
        if problem := why_not_capture(facts, sums, work.now, amount):
            raise Refused(f"The money for this parcel cannot be captured. {problem}")
        asked.append(request_capture(work, order, payment, amount).id or 0)
        due -= amount.minor
    return asked


def take_back_unsent(work: Work, call_ids: str) -> str:
    """Take calls back that have not been sent, as part of an undo; return what staff have to know of the others."""
    told = []
    for call_id in filter(None, call_ids.split(",")):
        call = work.calls.locked(int(call_id))
        if _can_be_taken_back(call):
            withdraw(work, call)
        elif call.state not in (CallState.CANCELLED, CallState.FAILED):
            told.append(f"The {in_words(call)} has been asked for at the gateway already.")
    return " ".join(told)


def _can_be_taken_back(call: GatewayCallRow) -> bool:
    return call.state == CallState.REQUESTED and call.first_sent_at is None


def _is_live(payment: PaymentRow) -> bool:
    return payment.gateway in LIVE_GATEWAYS and bool(payment.reference)


def _sent(line: OrderLineRow) -> SentGoods:
    price = line.unit_price_minor * line.ordered - line.discount_minor
    return SentGoods(price, line.ordered, line.ordered - line.cancelled, line.shipped)
