"""Refunds, pay links, amendments, disputes, store credit and events of one unit of work, found under lock."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar, cast

from sqlalchemy import CursorResult, delete, func, select, text, update
from sqlmodel import Session, SQLModel, col

from opsdesk.domain.amendments.states import OPEN_AMENDMENTS
from opsdesk.domain.errors import Conflict, Refused
from opsdesk.domain.money import Money
from opsdesk.domain.refunds.states import NOT_COUNTED, ShareState
from opsdesk.store.bulk import table_of
from opsdesk.store.tables import (
    AmendmentRow,
    ApprovalRow,
    CustomerRow,
    DisputeRow,
    GatewayCursorRow,
    GatewayEventRow,
    OrderRow,
    PayLinkRow,
    RefundPartRow,
    RefundRow,
    RefundShareRow,
    StoreCreditRow,
)

Row = TypeVar("Row", bound=SQLModel)


class Settlements:
    """What was decided or told about money; the order is locked before any of it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def order_of(self, table: type[SQLModel], row_id: int, called: str) -> int:
        """Return which order a record is about, without locking anything.

        Raises:
            Refused: there is no such record; `called` is its name for people.
        """
        columns = table_of(table).c
        order_id = self._session.execute(select(columns.order_id).where(columns.id == row_id)).scalar_one_or_none()
        if order_id is None:
            raise Refused(f"The {called} no longer exists.")
        return cast(int, order_id)

    def refund(self, refund_id: int, *, version: int | None = None) -> RefundRow:
        """Return a refund for change.

        Raises:
            Refused: there is no such refund.
            Conflict: it moved on since `version` was read.
        """
        return self._locked(RefundRow, refund_id, "refund", version)

    def refunds(self, order_id: int) -> list[RefundRow]:
        """Return the order's refunds, oldest first."""
        found = select(RefundRow).where(col(RefundRow.order_id) == order_id).order_by(col(RefundRow.id))
        return list(self._session.execute(found).scalars())

    def parts(self, refund_id: int) -> list[RefundPartRow]:
        """Return what a refund is for."""
        found = select(RefundPartRow).where(col(RefundPartRow.refund_id) == refund_id).order_by(col(RefundPartRow.id))
        return list(self._session.execute(found).scalars())

    def counted_parts(self, order_id: int, *, besides: int | None = None) -> list[RefundPartRow]:
        """Return what went back for this order or is about to, apart from the refund `besides`."""
        found = select(RefundPartRow).join(RefundRow, col(RefundRow.id) == col(RefundPartRow.refund_id))
        counted = found.where(col(RefundRow.order_id) == order_id, col(RefundRow.state).not_in(NOT_COUNTED))
        if besides is not None:
            counted = counted.where(col(RefundRow.id) != besides)
        return list(self._session.execute(counted.order_by(col(RefundPartRow.id))).scalars())

    def shares(self, refund_id: int) -> list[RefundShareRow]:
        """Return over which payments a refund goes, for change."""
        found = select(RefundShareRow).where(col(RefundShareRow.refund_id) == refund_id)
        return list(self._session.execute(found.order_by(col(RefundShareRow.id)).with_for_update()).scalars())

    def drop_parts(self, refund_id: int) -> None:
        """Forget what a refund was said to be for."""
        self._session.execute(delete(RefundPartRow).where(col(RefundPartRow.refund_id) == refund_id))

    def share_outside(self, payment_id: int, reference: str) -> RefundShareRow | None:
        """Return the share of a refund that was made outside, by what the gateway calls it, for change."""
        found = (
            select(RefundShareRow)
            .join(RefundRow, col(RefundRow.id) == col(RefundShareRow.refund_id))
            .where(
                col(RefundShareRow.payment_id) == payment_id,
                col(RefundShareRow.reference) == reference,
                col(RefundShareRow.state) == ShareState.SUCCEEDED,
                col(RefundRow.submitted_at).is_(None),
            )
        )
        return self._session.execute(found.with_for_update()).scalars().first()

    def share(self, share_id: int) -> RefundShareRow:
        """Return one share of a refund for change."""
        return self._locked(RefundShareRow, share_id, "share of the refund", None)

    def refunded_since(self, actor: str, since: datetime) -> list[Money]:
        """Return what somebody has refunded alone since a moment, one sum for each currency (INV-A6)."""
        currency = col(RefundRow.currency)
        own = select(currency, func.sum(col(RefundRow.amount_minor))).where(
            col(RefundRow.requested_by) == actor,
            col(RefundRow.requested_at) > since,
            col(RefundRow.needs_approval).is_(False),
            col(RefundRow.state).not_in(NOT_COUNTED),
        )
        sums = self._session.execute(own.group_by(currency).order_by(currency))
        return [Money(int(minor), name) for name, minor in sums]

    def approval(self, kind: str, subject_id: int, content_hash: str) -> ApprovalRow | None:
        """Return the approval of exactly this content, if there is one."""
        found = select(ApprovalRow).where(
            col(ApprovalRow.subject_kind) == kind,
            col(ApprovalRow.subject_id) == subject_id,
            col(ApprovalRow.content_hash) == content_hash,
        )
        return self._session.execute(found).scalar_one_or_none()

    def link(self, link_id: int, *, version: int | None = None) -> PayLinkRow:
        """Return a pay link for change."""
        return self._locked(PayLinkRow, link_id, "pay link", version)

    def links(self, order_id: int, *states: str) -> list[PayLinkRow]:
        """Return the order's pay links in these states, for change, oldest first."""
        found = select(PayLinkRow).where(col(PayLinkRow.order_id) == order_id, col(PayLinkRow.state).in_(states))
        return list(self._session.execute(found.order_by(col(PayLinkRow.id)).with_for_update()).scalars())

    def link_by_reference(self, gateway: str, reference: str) -> PayLinkRow | None:
        """Return the pay link that the gateway calls by this reference, without locking it."""
        found = select(PayLinkRow).where(col(PayLinkRow.gateway) == gateway, col(PayLinkRow.reference) == reference)
        return self._session.execute(found).scalar_one_or_none()

    def amendment(self, amendment_id: int, *, version: int | None = None) -> AmendmentRow:
        """Return an amendment for change."""
        return self._locked(AmendmentRow, amendment_id, "amendment", version)

    def open_amendment(self, order_id: int) -> AmendmentRow | None:
        """Return the order's amendment that may still be applied, for change."""
        found = select(AmendmentRow).where(
            col(AmendmentRow.order_id) == order_id, col(AmendmentRow.state).in_(OPEN_AMENDMENTS)
        )
        return self._session.execute(found.with_for_update()).scalar_one_or_none()

    def first_applied_amendment(self, order_id: int) -> AmendmentRow | None:
        """Return the oldest amendment of the order that was made and stands."""
        found = select(AmendmentRow).where(col(AmendmentRow.order_id) == order_id, col(AmendmentRow.state) == "applied")
        return self._session.execute(found.order_by(col(AmendmentRow.id)).limit(1)).scalar_one_or_none()

    def dispute(self, dispute_id: int, *, version: int | None = None) -> DisputeRow:
        """Return a dispute for change."""
        return self._locked(DisputeRow, dispute_id, "dispute", version)

    def disputes(self, payment_id: int) -> list[DisputeRow]:
        """Return the disputes of a payment, for change, oldest first."""
        found = select(DisputeRow).where(col(DisputeRow.payment_id) == payment_id).order_by(col(DisputeRow.id))
        return list(self._session.execute(found.with_for_update()).scalars())

    def customer_name(self, customer_id: int) -> str:
        """Return whose credit it is going to be.

        Raises:
            Refused: there is no such customer.
        """
        found = self._session.execute(select(col(CustomerRow.name)).where(col(CustomerRow.id) == customer_id))
        name: str | None = found.scalar_one_or_none()
        if name is None:
            raise Refused("The customer no longer exists.")
        return name

    def open_disputes(self, order_id: int) -> list[DisputeRow]:
        """Return the order's disputes that are not decided, for change, oldest first."""
        found = select(DisputeRow).where(col(DisputeRow.order_id) == order_id, col(DisputeRow.closed_at).is_(None))
        return list(self._session.execute(found.order_by(col(DisputeRow.id)).with_for_update()).scalars())

    def credit(self, credit_id: int) -> StoreCreditRow:
        """Return store credit or a gift card for change."""
        return self._locked(StoreCreditRow, credit_id, "store credit", None)

    def move_credit(self, credit: StoreCreditRow, amount_minor: int) -> None:
        """Add to the balance of a credit, or take from it what is below zero.

        Raises:
            Refused: there is not that much on it.
        """
        balance = col(StoreCreditRow.balance_minor)
        moved = (
            update(StoreCreditRow)
            .where(col(StoreCreditRow.id) == credit.id, balance + amount_minor >= 0)
            .values(balance_minor=balance + amount_minor, version=col(StoreCreditRow.version) + 1)
            .execution_options(synchronize_session=False)
        )
        result = cast("CursorResult[object]", self._session.execute(moved))
        self._session.refresh(credit)
        if result.rowcount != 1:
            raise Refused("There is not that much on the credit any more. Look at its balance again.")

    def event(self, gateway: str, event_id: str) -> GatewayEventRow | None:
        """Return what was done about an event of a gateway, locked; None for one that is new."""
        return self._session.get(GatewayEventRow, (gateway, event_id), with_for_update=True)

    def standing_events(self, order_id: int) -> list[GatewayEventRow]:
        """Return the order's events that wait for somebody, locked."""
        found = select(GatewayEventRow).where(
            text("outcome = 'held' AND settled_at IS NULL"), col(GatewayEventRow.order_id) == order_id
        )
        return list(self._session.execute(found.with_for_update()).scalars())

    def problems_told(self, gateway: str, reference: str) -> set[str]:
        """Return the sentences with which events about this payment or link were ever held."""
        found = select(col(GatewayEventRow.problem)).where(
            text("outcome = 'held'"),
            col(GatewayEventRow.gateway) == gateway,
            col(GatewayEventRow.reference) == reference,
        )
        return {line for problem in self._session.execute(found).scalars() for line in problem.splitlines()}

    def order_numbered(self, number: str) -> int | None:
        """Return the one order that has this number; None when there is none, or more than one."""
        if not number:
            return None
        found = select(col(OrderRow.id)).where(col(OrderRow.number) == number).limit(2)
        ids = self._session.execute(found).scalars().all()
        return ids[0] if len(ids) == 1 else None

    def overpayment_returned(self, order_id: int) -> int:
        """Return what was paid too much for an order and went back or is about to, in minor units."""
        returned = (
            select(func.coalesce(func.sum(col(RefundPartRow.amount_minor)), 0))
            .join(RefundRow, col(RefundRow.id) == col(RefundPartRow.refund_id))
            .where(
                col(RefundRow.order_id) == order_id,
                col(RefundRow.state).not_in(NOT_COUNTED),
                col(RefundPartRow.kind) == "overpayment",
            )
        )
        return int(self._session.execute(returned).scalar_one())

    def cursor(self, gateway: str) -> GatewayCursorRow | None:
        """Return how far the events of a gateway were read."""
        return self._session.get(GatewayCursorRow, gateway, with_for_update=True)

    def _locked(self, table: type[Row], row_id: int, called: str, version: int | None) -> Row:
        row = self._session.get(table, row_id, with_for_update=True, populate_existing=True)
        if row is None:
            raise Refused(f"The {called} no longer exists.")
        if version is not None and getattr(row, "version", version) != version:
            raise Conflict(f"The {called} moved on in the meantime. Look at it again first.")
        return row
