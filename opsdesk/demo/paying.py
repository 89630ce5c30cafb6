"""How the money of a demo order moves: over which of its payments, and what the outside calls it."""

from __future__ import annotations

from opsdesk.demo.parts import Payment
from opsdesk.demo.sheets import Sheets
from opsdesk.domain.incoming.paying_in import method_of
from opsdesk.domain.payments.transactions import TransactionKind

STRIPE = "stripe"
CARD = "card"
"""The terminal of the old shop: OpsDesk does not talk to it."""
_DAY = 86_400
_LASTS, _LONGEST = 7 * _DAY, 30 * _DAY
_OUT = frozenset({TransactionKind.REFUND, TransactionKind.MANUAL_OUT})


def payment_of(
    payments: list[Payment], sheets: Sheets, kind: TransactionKind, amount: int, gateway: str, order_id: int
) -> Payment:
    """Return the payment that a movement belongs to, a new one where there is none."""
    if kind in _OUT:
        for payment in payments:
            if payment.captured - payment.refunded - payment.refunding >= amount:
                return payment
    for payment in reversed(payments):
        if payment.gateway == gateway:
            return payment
    reference = f"pi_{_mark(order_id, len(payments))}" if gateway == STRIPE else ""
    payment = Payment(sheets.next_id("payment"), gateway, method_of(gateway), reference)
    payments.append(payment)
    return payment


def reference_of(payment: Payment, kind: TransactionKind, order_id: int, number: int) -> str:
    """Return what the outside calls the n-th movement of an order."""
    if payment.gateway != STRIPE:
        return f"{payment.gateway[:2]}-{order_id}-{number}"
    mark = payment.reference.removeprefix("pi_")
    return f"re_{mark}{number}" if kind is TransactionKind.REFUND else f"ch_{mark}"


def lasts_until(authorised_at: int, end: int) -> int:
    """Return when an authorisation ends: after a week, or a month where the bank allows that; it has not yet."""
    expires = authorised_at + _LASTS
    return expires if expires > end else authorised_at + _LONGEST


def _mark(order_id: int, place: int) -> str:
    return f"3Qd{order_id:07}KsHafen{'ABCD'[place % 4]}"
