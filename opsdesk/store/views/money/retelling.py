"""A refund that stands, as a new letter tells of it: what it is for, and the ways that it goes now."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from opsdesk.domain.errors import Refused
from opsdesk.domain.mails.letters import LetterRefund
from opsdesk.domain.payments.transactions import Method
from opsdesk.domain.refunds.parts import RefundPart, RefundPlan
from opsdesk.domain.refunds.preview import letter_refund
from opsdesk.domain.refunds.shares import Share, Source
from opsdesk.domain.refunds.states import PartKind, ShareState
from opsdesk.store.tables import OrderRow, RefundRow
from opsdesk.store.views.money.parts import MoneySheet, RefundShareView, RefundView
from opsdesk.store.views.money.sheet import money_sheet

_DID_NOT_GO = (ShareState.FAILED, ShareState.CANCELLED)


@dataclass(frozen=True, slots=True)
class StandingRefund:
    """A refund with the money of its order, and whether the customer has an address."""

    refund: RefundView
    sheet: MoneySheet
    has_email: bool


def standing_refund(session: Session, refund_id: int) -> StandingRefund:
    """Return a refund by its number.

    Raises:
        Refused: there is none.
    """
    row = session.get(RefundRow, refund_id)
    order = session.get(OrderRow, row.order_id) if row is not None else None
    sheet = money_sheet(session, row.order_id) if row is not None else None
    found = next((each for each in sheet.refunds if each.id == refund_id), None) if sheet is not None else None
    if order is None or sheet is None or found is None:
        raise Refused(f"There is no refund {refund_id}. `opsdesk refund list NUMBER` lists those of an order.")
    return StandingRefund(found, sheet, bool(order.email))


def did_not_go(refund: RefundView) -> list[RefundShareView]:
    """Return the shares of a failed refund whose money is still here."""
    return [share for share in refund.shares if share.state in _DID_NOT_GO]


def sent_another_way(sheet: MoneySheet, refund: RefundView, method: Method) -> LetterRefund:
    """Return what the customer is told of a failed refund once what did not go has gone by this method."""
    parts = (
        RefundPart(PartKind(part.kind), part.amount.minor, part.tax.minor, part.line_id, part.quantity, part.label)
        for part in refund.parts
    )
    failed = did_not_go(refund)
    shares = [
        Share(share.payment_id, share.amount.minor, method if share in failed else Method(share.method))
        for share in refund.shares
        if share in failed or share.state == ShareState.SUCCEEDED
    ]
    sources = [Source(payment.id, payment.facts) for payment in sheet.payments]
    return letter_refund(RefundPlan(refund.amount.currency, tuple(parts)), shares, sources)
