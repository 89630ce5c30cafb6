"""Money for an order: seen by hand, on account, from a credit, or held by a gateway and captured or voided there."""

from __future__ import annotations

from opsdesk.domain.errors import Denied, Invalid, Refused
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import LIVE_GATEWAYS, CallKind
from opsdesk.domain.payments.transactions import (
    Method,
    TransactionKind,
    why_not_capture,
    why_not_record_payment,
    why_not_void,
)
from opsdesk.domain.people.permissions import why_not_within
from opsdesk.operations.payments.arrivals import missing_for_change, money_has_come
from opsdesk.operations.payments.gateway_calls import request_call
from opsdesk.operations.payments.pay_links import void_outdated_links
from opsdesk.operations.words import kept_line, required_line
from opsdesk.store.repositories.payments import Booking
from opsdesk.store.tables import GatewayCallRow, OrderRow, PaymentRow, StoreCreditRow
from opsdesk.store.work import Done, Work, operation


@operation("payment.record")
def record_payment(
    work: Work,
    order_id: int,
    *,
    amount: Money,
    method: Method = Method.BANK_TRANSFER,
    reference: str = "",
    version: int | None = None,
) -> Done:
    """Record a payment that somebody has seen with their own eyes.

    Raises:
        Refused: the order is paid or cancelled, or the method is not one that is seen by hand.
        Invalid: the amount is nothing, or in another currency than the order.
        Denied: it is more than this person may record alone.
        Conflict: the order changed since `version` was read, or the reference was recorded before.
    """
    order = work.orders.locked(order_id, version=version)
    _require_currency(order, amount)
    if not method.is_by_hand:
        raise Invalid("method", "Only a bank transfer, cash or a cheque is recorded by hand.")
    if problem := why_not_record_payment(work.orders.facts(order), amount):
        raise Refused(problem)
    if problem := why_not_within(work.actor, "payment.record", amount):
        raise Denied(problem)
    payment = work.payments.open_payment(order, gateway="manual", method=method)
    kept = kept_line(reference) or work.command_id
    work.payments.book(payment, TransactionKind.MANUAL_IN, amount, Booking(kept))
    summary = f"Payment recorded ({method.label}): {amount}"
    work.record("payment.recorded", "order", order_id, summary, after=kept_line(reference))
    void_outdated_links(work, order)
    said = money_has_come(work, order)
    work.orders.settle(order)
    return Done(f"{order.number}: {amount} recorded. {said}".strip(), order_id, order.version)


@operation("payment.take_on_account")
def take_on_account(work: Work, order_id: int, *, version: int, note: str) -> Done:
    """Let the customer owe what is due: the order counts as paid, and the customer's account is charged.

    Where a change waits for money, that is what the change lacks, and it is made now.

    Raises:
        Refused: the order is paid or cancelled, or all that is due is on its way.
        Invalid: nothing says who agreed to it.
        Conflict: the order changed since `version` was read.
    """
    order = work.orders.locked(order_id, version=version)
    facts = work.orders.facts(order)
    if problem := why_not_record_payment(facts):
        raise Refused(problem)
    why = required_line(note, "note", "Say who agreed to it and when it is paid.")
    amount = _to_be_paid(work, order)
    payment = work.payments.open_payment(order, gateway="manual", method=Method.ON_ACCOUNT)
    work.payments.book(payment, TransactionKind.MANUAL_IN, amount, Booking(work.command_id))
    work.record("payment.on_account", "order", order_id, f"On account: {amount}. {why}")
    void_outdated_links(work, order)
    said = money_has_come(work, order)
    work.orders.settle(order)
    return Done(f"{order.number}: {amount} on account. {said}".strip(), order_id, order.version)


@operation("payment.use_credit")
def use_credit(work: Work, order_id: int, *, version: int, credit_id: int, amount: Money) -> Done:
    """Pay with store credit or a gift card of the customer's.

    Raises:
        Refused: the order is paid or cancelled, or the credit is somebody else's, has ended, or is not that much.
        Invalid: the amount is nothing, more than is due, or in another currency.
        Conflict: the order changed since `version` was read.
    """
    order = work.orders.locked(order_id, version=version)
    _require_currency(order, amount)
    if problem := why_not_record_payment(work.orders.facts(order), amount):
        raise Refused(problem)
    due = _to_be_paid(work, order)
    if amount.minor > due.minor:
        raise Invalid("amount", f"Only {due} is due. Take no more than that from the credit.")
    credit = work.settlements.credit(credit_id)
    _require_usable(work, order, credit)
    work.settlements.move_credit(credit, -amount.minor)
    method = Method.GIFT_CARD if credit.kind == Method.GIFT_CARD else Method.STORE_CREDIT
    payment = work.payments.open_payment(
        order, gateway="manual", method=method, instrument=_named(credit), credit_id=credit_id
    )
    work.payments.book(payment, TransactionKind.MANUAL_IN, amount, Booking(work.command_id))
    left = Money(credit.balance_minor, credit.currency)
    work.record("payment.credit_used", "order", order_id, f"Paid with {_named(credit)}: {amount}, {left} is left")
    void_outdated_links(work, order)
    said = f"{amount} paid with {_named(credit)}; {left} is left on it. {money_has_come(work, order)}".strip()
    work.orders.settle(order)
    return Done(f"{order.number}: {said}", order_id, order.version)


@operation("payment.capture")
def capture(work: Work, payment_id: int, *, version: int, amount: Money | None = None) -> Done:
    """Have the gateway take what it holds, by default all that the order still costs; it is sent after a minute.

    Raises:
        Refused: the rules do not allow it now, the money lies elsewhere, or captures under way take what is due.
        Conflict: the order changed since `version` was read.
    """
    order = work.orders.locked(work.payments.order_of(payment_id), version=version)
    payment = work.payments.locked(payment_id)
    if amount is not None:
        _require_currency(order, amount)
    require_live(payment, "capture it there")
    facts, sums = work.orders.facts(order), work.payments.facts(payment)
    if problem := why_not_capture(facts, sums, work.now, amount):
        raise Refused(problem)
    due = _still_due(work, order)
    taken = amount or Money(min(sums.capturable, due.minor), order.currency)
    if taken.minor > due.minor:
        raise Refused(f"Other captures are under way: only {due} more is due. Capture no more than that.")
    call = request_capture(work, order, payment, taken)
    work.orders.settle(order)
    work.undo_with("call.take_back", call_id=call.id)
    return Done(f"{order.number}: {taken} is captured in a minute.", order.id, order.version, {"call_id": call.id})


@operation("payment.void")
def void(work: Work, payment_id: int, *, version: int) -> Done:
    """Have the gateway give back what it holds and has not taken; it is sent after a minute.

    Raises:
        Refused: nothing is held, a capture is under way, or the money lies elsewhere.
        Conflict: the order changed since `version` was read.
    """
    order = work.orders.locked(work.payments.order_of(payment_id), version=version)
    payment = work.payments.locked(payment_id)
    require_live(payment, "give it back there")
    if problem := why_not_void(work.payments.facts(payment)):
        raise Refused(problem)
    call = request_void(work, order, payment)
    work.orders.settle(order)
    work.undo_with("call.take_back", call_id=call.id)
    held = Money(call.amount_minor, call.currency)
    return Done(f"{order.number}: {held} is given back in a minute.", order.id, order.version, {"call_id": call.id})


def require_live(payment: PaymentRow, there: str) -> None:
    """Refuse what OpsDesk cannot ask for, because it does not talk to where the money lies.

    Raises:
        Refused: the payment is not with a gateway that OpsDesk talks to, or nobody knows what that calls it.
    """
    if payment.gateway not in LIVE_GATEWAYS or not payment.reference:
        raise Refused(f"This payment was taken at {payment.gateway}; {there}.")


def request_capture(work: Work, order: OrderRow, payment: PaymentRow, amount: Money) -> GatewayCallRow:
    """Ask for a capture that the rules allow."""
    call = request_call(
        work,
        order,
        kind=CallKind.CAPTURE,
        payment=payment,
        amount=amount,
        gateway=payment.gateway,
        reference=payment.reference,
    )
    work.record(
        "payment.capture_requested", "order", payment.order_id, f"Capture of {amount} asked for", after=call.key
    )
    return call


def request_void(work: Work, order: OrderRow, payment: PaymentRow) -> GatewayCallRow:
    """Ask for the void of all that is held of a payment."""
    held = Money(work.payments.facts(payment).capturable, payment.currency)
    call = request_call(
        work,
        order,
        kind=CallKind.VOID,
        payment=payment,
        amount=held,
        gateway=payment.gateway,
        reference=payment.reference,
    )
    work.record("payment.void_requested", "order", payment.order_id, f"Void of {held} asked for", after=call.key)
    return call


def _to_be_paid(work: Work, order: OrderRow) -> Money:
    """Return what somebody pays now who does not pay with a card: what a waiting change lacks, or what is still due.

    Raises:
        Refused: that is nothing.
    """
    for_change = missing_for_change(work, order)
    return _still_due(work, order) if for_change is None else for_change


def _still_due(work: Work, order: OrderRow) -> Money:
    """Return what the order costs beyond what is paid and what is being captured.

    Raises:
        Refused: that is nothing.
    """
    assert order.id is not None, "An order that is paid has been saved."
    under_way = sum(payment.capturing_minor for payment in work.payments.of_order(order.id))
    money = work.orders.facts(order).money
    due = money.total - money.paid - under_way
    if due <= 0:
        raise Refused(f"All that {order.number} costs is paid or being captured.")
    return Money(due, order.currency)


def _require_currency(order: OrderRow, amount: Money) -> None:
    if amount.currency != order.currency:
        raise Invalid("amount", f"{order.number} is in {order.currency}. Enter the amount in that currency.")


def _require_usable(work: Work, order: OrderRow, credit: StoreCreditRow) -> None:
    if credit.currency != order.currency:
        raise Invalid("credit", f"{order.number} is in {order.currency}, the credit in {credit.currency}.")
    if credit.customer_id is not None and credit.customer_id != order.customer_id:
        raise Refused("The credit is another customer's.")
    if credit.expires_at is not None and credit.expires_at <= work.now:
        raise Refused("The credit has ended.")


def _named(credit: StoreCreditRow) -> str:
    kind = "gift card" if credit.kind == Method.GIFT_CARD else "store credit"
    return f"{kind} ..{credit.code_end}" if credit.code_end else kind
