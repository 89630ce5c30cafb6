"""The orders of one unit of work: loaded under lock, their facts collected, their repeated columns settled."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.address_digests import address_digest
from opsdesk.domain.amendments.states import OPEN_AMENDMENTS, AmendmentState
from opsdesk.domain.errors import Conflict, Refused
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import ActiveHold, Blocks, HoldType
from opsdesk.domain.orders.settled import settled_columns
from opsdesk.domain.orders.states import Lifecycle, LineFacts, OrderFacts
from opsdesk.domain.payments.transactions import Movement, TransactionKind, TransactionState, money_facts
from opsdesk.domain.searching import order_search_text
from opsdesk.store.tables import (
    ActivityRow,
    AddressRow,
    AmendmentRow,
    CancellationRow,
    CaseRow,
    DisputeRow,
    HoldRow,
    OrderLineRow,
    OrderRow,
    ParcelLineRow,
    ParcelRow,
    TransactionRow,
)

_MOST_CHANGES_TOLD = 5


_STANDS_STILL = ("order.followed", "order.unfollowed", "mail.accepted", "mail.delayed", "mail.failed", "mail.held",
                 "case.asked")  # fmt: skip
"""Actions that leave the version as it is, so that they are never what a change conflicts with."""


class Orders:
    """The orders of one unit of work."""

    def __init__(self, session: Session, now: datetime, *, by_person: bool = True) -> None:
        self._session = session
        self._now = now
        self._by_person = by_person
        self._versions: dict[int, int] = {}

    def locked(self, order_id: int, *, version: int | None = None) -> OrderRow:
        """Return the order for change, provided nobody changed it since `version`.

        Raises:
            Refused: there is no such order.
            Conflict: it changed; `who` and `changes` say by whom and how.
        """
        order = self._session.get(OrderRow, order_id, with_for_update=True, populate_existing=True)
        if order is None:
            raise Refused("The order no longer exists.")
        base = self._versions.setdefault(order_id, order.version)
        # A larger operation may pass the version on that it began with, although a part of it has moved the order.
        if version is not None and version not in (order.version, base):
            raise self.conflict(order)
        return order

    def facts(self, order: OrderRow) -> OrderFacts:
        """Collect everything that the rules about this order look at."""
        return OrderFacts(
            number=order.number,
            lifecycle=Lifecycle(order.lifecycle),
            version=order.version,
            lines=tuple(_line_facts(line) for line in self.lines(_id(order))),
            money=money_facts(
                order.total_minor, self._movements(_id(order)), is_disputed=self._is_disputed(_id(order))
            ),
            holds=self._holds(_id(order)),
            case=self._case(_id(order)),
            packing_since=order.packing_since,
            has_email=bool(order.email),
            amendment=self._amendment(_id(order)),
        )

    def lines(self, order_id: int) -> list[OrderLineRow]:
        """Return the lines in the order of the document; whoever has locked the order may change them."""
        wanted = select(OrderLineRow).where(col(OrderLineRow.order_id) == order_id)
        return list(self._session.execute(wanted.order_by(col(OrderLineRow.position))).scalars())

    def address(self, order_id: int, kind: str) -> AddressRow | None:
        """Return the shipping or billing address for change."""
        return self._session.get(AddressRow, (order_id, kind))

    def standing_cancellation(self, order_id: int) -> CancellationRow | None:
        """Return the newest cancellation that nobody has taken back, for change."""
        standing = select(CancellationRow).where(
            col(CancellationRow.order_id) == order_id, col(CancellationRow.reopened_at).is_(None)
        )
        return self._session.execute(standing.order_by(col(CancellationRow.id).desc()).limit(1)).scalar_one_or_none()

    def parcel(self, parcel_id: int) -> tuple[ParcelRow, list[ParcelLineRow]]:
        """Return a parcel and what is in it, for change.

        Raises:
            Refused: there is no such parcel.
        """
        parcel = self._session.get(ParcelRow, parcel_id, with_for_update=True)
        if parcel is None:
            raise Refused("The parcel no longer exists.")
        inside = select(ParcelLineRow).where(col(ParcelLineRow.parcel_id) == parcel_id)
        return parcel, list(self._session.execute(inside).scalars())

    def parcels(self, order_id: int) -> list[ParcelRow]:
        """Return the order's parcels that were not recalled, for change."""
        sent = select(ParcelRow).where(col(ParcelRow.order_id) == order_id, col(ParcelRow.recalled_at).is_(None))
        return list(self._session.execute(sent.order_by(col(ParcelRow.id))).scalars())

    def settle(self, order: OrderRow, *, moves: bool = True) -> None:
        """Write down what the facts say now, and move the order's version by one for this command.

        Without `moves` the version stands still: for news that no change of a clerk's can conflict with.
        """
        self._session.flush()
        for name, value in asdict(settled_columns(self.facts(order))).items():
            setattr(order, name, value)
        order.search_text = order_search_text(
            order.number, order.customer_name, order.email, [line.sku for line in self.lines(_id(order))]
        )
        shipping = self.address(_id(order), "shipping")
        order.ship_digest = _digest(shipping) if shipping else ""
        base = self._versions.setdefault(_id(order), order.version)
        order.version = base + 1 if moves else order.version
        order.changed_at = self._now
        if self._by_person and order.touched_at is None:
            order.touched_at = self._now
        self._session.flush()

    def conflict(self, order: OrderRow) -> Conflict:
        """Say who changed the order or what belongs to it in the meantime, and how."""
        newest = (
            select(col(ActivityRow.actor), col(ActivityRow.summary))
            .where(
                col(ActivityRow.subject_kind) == "order",
                col(ActivityRow.subject_id) == order.id,
                col(ActivityRow.outcome) == "done",
                col(ActivityRow.action).not_in(_STANDS_STILL),
            )
            .order_by(col(ActivityRow.id).desc())
            .limit(_MOST_CHANGES_TOLD)
        )
        found = self._session.execute(newest).all()
        who = found[0].actor if found else None
        by = f" by {who}" if who else ""
        what = f": {found[0].summary}" if found else ""
        message = f"{order.number} was changed{by} in the meantime{what}. Nothing was saved; look, then try again."
        return Conflict(message, who=who, changes=tuple(f"{row.actor}: {row.summary}" for row in found))

    def _movements(self, order_id: int) -> list[Movement]:
        wanted = select(col(TransactionRow.kind), col(TransactionRow.state), col(TransactionRow.amount_minor))
        rows = self._session.execute(wanted.where(col(TransactionRow.order_id) == order_id))
        return [Movement(TransactionKind(kind), TransactionState(state), amount) for kind, state, amount in rows]

    def _holds(self, order_id: int) -> tuple[ActiveHold, ...]:
        active = select(HoldRow).where(col(HoldRow.order_id) == order_id, col(HoldRow.released_at).is_(None))
        return tuple(_active_hold(row) for row in self._session.execute(active.order_by(col(HoldRow.id))).scalars())

    def _is_disputed(self, order_id: int) -> bool:
        undecided = select(col(DisputeRow.id)).where(
            col(DisputeRow.order_id) == order_id, col(DisputeRow.closed_at).is_(None)
        )
        return self._session.execute(undecided.limit(1)).first() is not None

    def _amendment(self, order_id: int) -> AmendmentState | None:
        standing = select(col(AmendmentRow.state)).where(
            col(AmendmentRow.order_id) == order_id, col(AmendmentRow.state).in_(OPEN_AMENDMENTS)
        )
        state = self._session.execute(standing.limit(1)).scalar_one_or_none()
        return AmendmentState(state) if state else None

    def _case(self, order_id: int) -> CaseState | None:
        open_case = select(col(CaseRow.state)).where(
            col(CaseRow.order_id) == order_id, col(CaseRow.decided_at).is_(None)
        )
        state = self._session.execute(open_case.order_by(col(CaseRow.id)).limit(1)).scalar_one_or_none()
        return CaseState(state) if state else None


def _digest(row: AddressRow) -> str:
    return address_digest(row.country, row.postcode, row.city, row.line1, row.line2)


def _id(order: OrderRow) -> int:
    assert order.id is not None, "An order that is worked on has been saved."
    return order.id


def _line_facts(line: OrderLineRow) -> LineFacts:
    return LineFacts(line.ordered, line.cancelled, line.shipped, line.delivered, line.returned, line.needs_shipping)


def _active_hold(row: HoldRow) -> ActiveHold:
    blocks = frozenset(Blocks(step) for step in row.blocks.split(",") if step)
    return ActiveHold(row.id or 0, HoldType(row.type), blocks, row.reason, row.placed_by, row.placed_at, row.review_at)
