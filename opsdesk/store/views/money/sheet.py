"""The money of one order: every payment with what is left of it, calls, links, refunds, disputes, and the ledger."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, bindparam, case, func, select
from sqlmodel import Session

from opsdesk.domain.amendments.states import OPEN_AMENDMENTS, AmendmentState
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import CallKind, CallState, DisputeState
from opsdesk.domain.payments.transactions import Ended, Method, PaymentFacts, PaymentState
from opsdesk.domain.refunds.credit_notes import note_number
from opsdesk.store.tables import OrderRow
from opsdesk.store.views.money.parts import (
    AmendmentView,
    CallView,
    CreditView,
    DisputeView,
    LinkView,
    MoneySheet,
    PaymentView,
    RefundPartView,
    RefundShareView,
    RefundView,
)

MOST = 100
"""No order has more links, refunds or calls than people can read; what is older is in the timeline."""


_tables = OrderRow.metadata.tables
_ORDERS, _JOURNAL = _tables["orders"], _tables["journal"]
_ORDER = select(
    _ORDERS.c.id, _ORDERS.c.number, _ORDERS.c.version, _ORDERS.c.customer_id, _ORDERS.c.currency,
    _ORDERS.c.total_minor, _ORDERS.c.paid_minor,
).where(_ORDERS.c.id == bindparam("order_id"))  # fmt: skip
_BALANCE = select(
    func.coalesce(
        func.sum(
            case(
                (_JOURNAL.c.credit == "order", _JOURNAL.c.amount_minor),
                (_JOURNAL.c.debit == "order", -_JOURNAL.c.amount_minor),
                else_=0,
            )
        ),
        0,
    )
).where(_JOURNAL.c.order_id == bindparam("order_id"))


def _of_order(name: str) -> Select[Any]:
    table = _tables[name]
    return select(table).where(table.c.order_id == bindparam("order_id")).order_by(table.c.id.desc()).limit(MOST)


_PAYMENTS, _CALLS, _LINKS = _of_order("payment"), _of_order("gateway_call"), _of_order("pay_link")
_CALLS = _CALLS.where(
    _tables["gateway_call"].c.state.in_(("requested", "sending", "pending", "unknown"))
    # What became of a refund's share is the refund's to say.
    | (
        (_tables["gateway_call"].c.state == "failed")
        & _tables["gateway_call"].c.settled_by.is_(None)
        & _tables["gateway_call"].c.share_id.is_(None)
    )
)
_REFUNDS, _DISPUTES = _of_order("refund"), _of_order("dispute")
_AMENDMENT = _of_order("amendment").where(_tables["amendment"].c.state.in_(OPEN_AMENDMENTS))


def _of_refunds(name: str) -> Select[Any]:
    table, refund = _tables[name], _tables["refund"]
    joined = select(table, refund.c.currency).join(refund, refund.c.id == table.c.refund_id)
    return joined.where(refund.c.order_id == bindparam("order_id")).order_by(table.c.id)


_PARTS, _SHARES = _of_refunds("refund_part"), _of_refunds("refund_share")
_NOTE = _tables["credit_note"]
_NOTES = (
    select(_NOTE.c.refund_id, _NOTE.c.series, _NOTE.c.number)
    .where(_NOTE.c.order_id == bindparam("order_id"))
    .order_by(_NOTE.c.id)
)
_CREDIT_TABLE = _tables["store_credit"]
_CREDITS = (
    select(_CREDIT_TABLE)
    .where(_CREDIT_TABLE.c.customer_id == bindparam("customer_id"), _CREDIT_TABLE.c.balance_minor > 0)
    .order_by(_CREDIT_TABLE.c.id)
    .limit(MOST)
)


def money_sheet(session: Session, order_id: int) -> MoneySheet | None:
    """Return the money of one order, or None when there is no such order."""
    by_order = {"order_id": order_id}
    order = session.execute(_ORDER, by_order).one_or_none()
    if order is None:
        return None
    disputes = tuple(_dispute(row) for row in session.execute(_DISPUTES, by_order))
    disputed = {dispute.payment_id for dispute in disputes if dispute.closed_at is None}
    amendment = session.execute(_AMENDMENT, by_order).first()
    credit = session.execute(_CREDITS, {"customer_id": order.customer_id})
    return MoneySheet(
        order_id=order_id,
        number=order.number,
        version=order.version,
        customer_id=order.customer_id,
        total=Money(order.total_minor, order.currency),
        paid=Money(order.paid_minor, order.currency),
        ledger=Money(int(session.execute(_BALANCE, by_order).scalar_one()), order.currency),
        payments=tuple(reversed([_payment(row, disputed) for row in session.execute(_PAYMENTS, by_order)])),
        calls=tuple(_call(row) for row in session.execute(_CALLS, by_order)),
        links=tuple(_link(row) for row in session.execute(_LINKS, by_order)),
        refunds=_refunds(session, by_order),
        disputes=disputes,
        amendment=_amendment(amendment) if amendment else None,
        credits=tuple(_credit(row) for row in credit if row.currency == order.currency),
    )


def _payment(row: Row[Any], disputed: set[int]) -> PaymentView:
    facts = PaymentFacts(
        currency=row.currency,
        gateway=row.gateway,
        method=Method(row.method),
        authorised=row.authorised_minor,
        capturing=row.capturing_minor,
        captured=row.captured_minor,
        voiding=row.voiding_minor,
        voided=row.voided_minor,
        refunding=row.refunding_minor,
        refunded=row.refunded_minor,
        charged_back=row.charged_back_minor,
        has_open_dispute=row.id in disputed,
        ended=Ended(row.ended),
        expires_at=row.expires_at,
    )
    return PaymentView(
        row.id, row.gateway, facts.method, row.instrument, row.reference, PaymentState(row.state), facts, row.created_at
    )


def _call(row: Row[Any]) -> CallView:
    return CallView(
        id=row.id,
        version=row.version,
        kind=CallKind(row.kind),
        state=CallState(row.state),
        amount=Money(row.amount_minor, row.currency),
        payment_id=row.payment_id,
        not_before=row.not_before,
        requested_by=row.requested_by,
        problem=row.problem,
    )


def _link(row: Row[Any]) -> LinkView:
    return LinkView(
        id=row.id,
        version=row.version,
        state=row.state,
        url=row.url,
        amount=Money(row.amount_minor, row.currency),
        expires_at=row.expires_at,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        paid_at=row.paid_at,
        problem=row.problem,
    )


def _refunds(session: Session, by_order: dict[str, int]) -> tuple[RefundView, ...]:
    rows = session.execute(_REFUNDS, by_order).all()
    if not rows:
        return ()
    parts: dict[int, list[RefundPartView]] = {}
    for row in session.execute(_PARTS, by_order):
        amount, tax = Money(row.amount_minor, row.currency), Money(row.tax_minor, row.currency)
        parts.setdefault(row.refund_id, []).append(
            RefundPartView(row.kind, row.line_id, row.quantity, amount, tax, row.label)
        )
    shares: dict[int, list[RefundShareView]] = {}
    for row in session.execute(_SHARES, by_order):
        amount = Money(row.amount_minor, row.currency)
        shares.setdefault(row.refund_id, []).append(
            RefundShareView(row.id, row.payment_id, row.method, row.reference, amount, row.state, row.problem)
        )
    notes: dict[int, list[str]] = {}
    for row in session.execute(_NOTES, by_order):
        notes.setdefault(row.refund_id, []).append(note_number(row.number, row.series))
    return tuple(
        _refund(row, tuple(parts.get(row.id, ())), tuple(shares.get(row.id, ())), tuple(notes.get(row.id, ())))
        for row in rows
    )


def _refund(
    row: Row[Any], parts: tuple[RefundPartView, ...], shares: tuple[RefundShareView, ...], notes: tuple[str, ...]
) -> RefundView:
    return RefundView(
        id=row.id,
        version=row.version,
        state=row.state,
        reason=row.reason,
        note=row.note,
        amount=Money(row.amount_minor, row.currency),
        content_hash=row.content_hash,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        problem=row.problem,
        parts=parts,
        shares=shares,
        credit_notes=notes,
    )


def _dispute(row: Row[Any]) -> DisputeView:
    return DisputeView(
        id=row.id,
        version=row.version,
        payment_id=row.payment_id,
        reference=row.reference,
        state=DisputeState(row.state),
        reason=row.reason,
        amount=Money(row.amount_minor, row.currency),
        due_at=row.due_at,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
    )


def _amendment(row: Row[Any]) -> AmendmentView:
    return AmendmentView(
        id=row.id,
        version=row.version,
        state=AmendmentState(row.state),
        reason=row.reason,
        edits=row.edits,
        old_total=Money(row.old_total_minor, row.currency),
        new_total=Money(row.new_total_minor, row.currency),
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        expires_at=row.expires_at,
        link_id=row.link_id,
        problem=row.problem,
    )


def _credit(row: Row[Any]) -> CreditView:
    return CreditView(row.id, row.kind, Money(row.balance_minor, row.currency), row.code_end, row.expires_at)
