"""The money of Shopify's export: whether tax is included, what was discounted, and what its status says was paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from opsdesk.domain.incoming.arrivals import IncomingOrder, IncomingPayment
from opsdesk.domain.incoming.rules import with_conflict
from opsdesk.domain.payments.transactions import TransactionKind, TransactionState
from opsdesk.integrations.files.shops import Reading, fee_line, first
from opsdesk.integrations.files.values import minor_of, moment_of

_UNPAID = frozenset({"", "pending", "unpaid"})


def with_sums(order: IncomingOrder, cells: Mapping[str, str]) -> IncomingOrder:
    """Add discount and duties, and find out whether prices include the tax: the export does not say."""
    currency = order.currency
    subtotal = minor_of(cells.get("Subtotal"), currency, "Subtotal")
    if duties := minor_of(cells.get("Duties"), currency, "Duties"):
        order = replace(order, lines=(*order.lines, fee_line("Duties", duties)))
    without_tax = subtotal + order.shipping_minor + duties
    is_added = order.tax_minor != 0 and without_tax + order.tax_minor == order.total_minor
    if not cells.get("Subtotal"):
        return replace(order, discount_minor=minor_of(cells.get("Discount Amount"), currency, "Discount Amount"))
    discount = max(0, order.goods_minor - duties - subtotal)
    return replace(order, discount_minor=discount, tax_included=not is_added)


def payments(order: IncomingOrder, cells: Mapping[str, str], reading: Reading) -> IncomingOrder:
    """Add the movements of money that the financial status stands for."""
    currency, total = order.currency, order.total_minor
    status = cells.get("Financial Status", "").lower()
    at = moment_of(cells.get("Paid at"), "Paid at", reading.zone) or order.placed_at
    outstanding = minor_of(cells.get("Outstanding Balance"), currency, "Outstanding Balance")
    refunded = minor_of(cells.get("Refunded Amount"), currency, "Refunded Amount")
    made = _Payments(first(cells, "Payment Method"), first(cells, "Payment Reference", "Payment ID"), at)
    moved = {
        "authorized": ((TransactionKind.AUTHORISE, total),),
        "expired": ((TransactionKind.AUTHORISE, total), (TransactionKind.VOID, total)),
        "voided": ((TransactionKind.AUTHORISE, total), (TransactionKind.VOID, total)),
        "paid": ((TransactionKind.CAPTURE, total),),
        "partially_paid": ((TransactionKind.CAPTURE, max(0, total - outstanding)),),
        "partially_refunded": ((TransactionKind.CAPTURE, total), (TransactionKind.REFUND, refunded)),
        "refunded": ((TransactionKind.CAPTURE, total), (TransactionKind.REFUND, refunded or total)),
    }
    if status in moved:
        found = tuple(made.succeeded(kind, amount) for kind, amount in moved[status] if amount > 0)
        return replace(order, payments=found)
    if status in _UNPAID:
        return order
    return with_conflict(order, f"The shop says {status!r} of the payment; nothing here means that.")


class _Payments:
    """Makes movements of one payment."""

    def __init__(self, gateway: str, reference: str, at: datetime) -> None:
        self._gateway, self._reference, self._at = gateway, reference or "shop", at

    def succeeded(self, kind: TransactionKind, amount: int) -> IncomingPayment:
        """Return one movement that went through."""
        state = TransactionState.SUCCEEDED.value
        return IncomingPayment(kind.value, state, amount, self._gateway, self._reference, self._at)
