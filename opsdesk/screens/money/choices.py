"""What can be done with the money of an order now; what cannot stays in its place and says why."""

from __future__ import annotations

from datetime import datetime

from opsdesk.domain.orders.states import Lifecycle
from opsdesk.domain.payments.gateways import LIVE_GATEWAYS
from opsdesk.domain.payments.transactions import why_not_capture, why_not_record_payment, why_not_void
from opsdesk.domain.people.actors import Actor
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.screens.money.words import REFUND_WORDS
from opsdesk.store.views.money.parts import MoneySheet, PaymentView
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.widgets.choices import Choice

_WAITING = ("pending_approval", "failed", "unknown")


def money_choices(sheet: MoneySheet, detail: OrderDetail, actor: Actor, now: datetime) -> list[Choice]:
    """Return the numbered list; the same thing has the same digit on every order."""
    offered = (
        _record(sheet, detail),
        _link(sheet, detail),
        _capture(sheet, detail, now),
        _refund(sheet),
        _void(sheet),
        _use_credit(sheet, detail),
        _on_account(sheet, detail),
        _look_at_refund(sheet),
        _call(sheet),
        _dispute(sheet),
    )
    return [_allowed(choice, operation, actor) for choice, operation in offered]


def _allowed(choice: Choice, operation: str, actor: Actor) -> Choice:
    problem = why_not_allowed(actor, operation) if choice.why_not is None else choice.why_not
    return Choice(choice.key, choice.label, choice.detail, problem)


def _record(sheet: MoneySheet, detail: OrderDetail) -> tuple[Choice, str]:
    problem = why_not_record_payment(detail.facts)
    words = "transfer, cash, cheque"
    return Choice("record_payment", "record a payment", words, problem), "payment.record"


def _link(sheet: MoneySheet, detail: OrderDetail) -> tuple[Choice, str]:
    if (link := sheet.open_link) is not None:
        return Choice("pay_link", "show the pay link", f"{link.amount}, QR code"), "link.create"
    problem = None if sheet.to_ask.minor > 0 else f"{sheet.number} has nothing left to be paid."
    if problem and sheet.due.minor > 0:
        problem = f"All that is due for {sheet.number} is authorised or being captured."
    if detail.facts.lifecycle is Lifecycle.CANCELLED:
        problem = f"{sheet.number} is cancelled. Reopen it first."
    return Choice("pay_link", "send a pay link", str(sheet.to_ask) if problem is None else "", problem), "link.create"


def live(sheet: MoneySheet) -> tuple[PaymentView, ...]:
    """Return the payments that OpsDesk can move at their gateway."""
    return tuple(each for each in sheet.payments if each.gateway in LIVE_GATEWAYS and each.reference)


def _capture(sheet: MoneySheet, detail: OrderDetail, now: datetime) -> tuple[Choice, str]:
    elsewhere = [each for each in sheet.payments if each.facts.capturable and each not in live(sheet)]
    problems = [why_not_capture(detail.facts, each.facts, now) for each in live(sheet)]
    problem = None if None in problems else next(iter(problems), "Nothing is authorised that could be captured.")
    if problem and elsewhere:
        problem = f"It was authorised at {elsewhere[0].gateway}. Capture it there; the next import brings it."
    return Choice("capture", "capture", str(sheet.capturable) if problem is None else "", problem), "payment.capture"


def _refund(sheet: MoneySheet) -> tuple[Choice, str]:
    problem = None if sheet.refundable else "Nothing is here that could go back."
    words = f"up to {sheet.refundable}" if problem is None else ""
    return Choice("refund", "refund", words, problem), "refund.request"


def _void(sheet: MoneySheet) -> tuple[Choice, str]:
    problems = [why_not_void(each.facts) for each in live(sheet)]
    problem = None if None in problems else next(iter(problems), "No authorisation stands.")
    return Choice("void", "give the authorisation back", "", problem), "payment.void"


def _use_credit(sheet: MoneySheet, detail: OrderDetail) -> tuple[Choice, str]:
    problem = why_not_record_payment(detail.facts)
    if problem is None and not sheet.credits:
        problem = "The customer has no credit and no gift card with us."
    words = str(sheet.credits[0].balance) if problem is None else ""
    return Choice("use_credit", "use credit or a gift card", words, problem), "payment.use_credit"


def _on_account(sheet: MoneySheet, detail: OrderDetail) -> tuple[Choice, str]:
    problem = why_not_record_payment(detail.facts)
    return Choice("on_account", "let the customer pay on account", "", problem), "payment.take_on_account"


def _look_at_refund(sheet: MoneySheet) -> tuple[Choice, str]:
    waiting = [refund for refund in sheet.refunds if refund.state in _WAITING]
    outside = [refund for refund in sheet.refunds if refund.state == "outside"]
    if outside and not waiting:
        words = f"{outside[-1].amount} went back outside"
        return Choice("refund_outside", "say what it was for", words), "refund.assign"
    if not waiting:
        return Choice("refund_review", "look at a refund", "", "No refund waits for anybody."), "refund.request"
    first = waiting[0]
    words = f"{first.amount} {REFUND_WORDS[first.state][0]}"
    return Choice("refund_review", "look at a refund", words), "refund.request"


def _call(sheet: MoneySheet) -> tuple[Choice, str]:
    problem = None if sheet.calls else "Nothing is under way at a gateway."
    words = f"{len(sheet.calls)} under way" if sheet.calls else ""
    return Choice("gateway_call", "send now, take back, settle", words, problem), "call.take_back"


def _dispute(sheet: MoneySheet) -> tuple[Choice, str]:
    is_open = any(dispute.closed_at is None for dispute in sheet.disputes)
    is_paid = any(payment.facts.captured for payment in sheet.payments)
    problem = None if is_paid else "Nothing was paid that could be disputed."
    return Choice("dispute", "dispute", "answer it" if is_open else "note one", problem), "dispute.record"
