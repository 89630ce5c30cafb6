"""One order with everything that its screen shows, in a fixed number of statements by key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, exists, select, text
from sqlmodel import Session

from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.errors import Refused
from opsdesk.domain.money import Money
from opsdesk.domain.orders.states import FulfilmentStatus, Headline, Lifecycle, OrderFacts, Stage
from opsdesk.domain.payments.order_money import MoneyFacts, PaymentStatus
from opsdesk.domain.payments.transactions import Movement, money_facts
from opsdesk.store.desk.presence import who_is_here
from opsdesk.store.tables import OrderRow, UserRow
from opsdesk.store.tables.amendments import AMENDMENT_OPEN
from opsdesk.store.views.money.waiting import WaitingMoney, recall_of, waiting_money
from opsdesk.store.views.orders import reading
from opsdesk.store.views.orders.parts import (
    AddressDetail,
    Amounts,
    CancellationDetail,
    CaseDetail,
    CustomerDetail,
    HoldDetail,
    LastLook,
    LineDetail,
    NoteDetail,
    OrderHead,
    ParcelDetail,
    Present,
    TransactionDetail,
)


@dataclass(frozen=True, slots=True)
class OrderDetail:
    """One order as its screen shows it.

    Attributes:
        facts: what the rules look at; a screen greys its keys with them.
        notes: at most 50, newest first.
        present: who has the order open now, the reader among them.
        newest_activity: id of the newest line of its history; 0 when it has none.
        waiting: what about its money waits for somebody.
    """

    head: OrderHead
    amounts: Amounts
    facts: OrderFacts
    lines: tuple[LineDetail, ...]
    shipping_address: AddressDetail
    billing_address: AddressDetail | None
    transactions: tuple[TransactionDetail, ...]
    holds: tuple[HoldDetail, ...]
    case: CaseDetail | None
    parcels: tuple[ParcelDetail, ...]
    notes: tuple[NoteDetail, ...]
    cancellations: tuple[CancellationDetail, ...]
    customer: CustomerDetail
    present: tuple[Present, ...]
    last_look: LastLook | None
    newest_activity: int
    is_followed: bool
    waiting: tuple[WaitingMoney, ...] = ()

    @property
    def id(self) -> int:
        """The row of the order."""
        return self.head.id

    @property
    def number(self) -> str:
        """What people call the order."""
        return self.head.number

    @property
    def version(self) -> int:
        """What a command must name, so that nobody overwrites what they have not seen."""
        return self.head.version

    @property
    def money(self) -> MoneyFacts:
        """The sums of its transactions, in minor units."""
        return self.facts.money

    @property
    def due(self) -> Money:
        """What has still to be paid; never less than nothing."""
        return Money(max(0, self.money.total - self.money.paid), self.amounts.total.currency)

    @property
    def recall_id(self) -> int | None:
        """The change that waits until whoever packs the order has put it back."""
        return recall_of(self.waiting)

    @property
    def active_holds(self) -> tuple[HoldDetail, ...]:
        """The holds that stand, the most urgent first."""
        return tuple(sorted((hold for hold in self.holds if hold.is_active), key=lambda hold: hold.type.priority))


_ORDERS = OrderRow.metadata.tables["orders"]
_USERS = UserRow.metadata.tables["users"]
_DISPUTES, _AMENDMENTS = OrderRow.metadata.tables["dispute"], OrderRow.metadata.tables["amendment"]
_IS_DISPUTED = exists().where(_DISPUTES.c.order_id == _ORDERS.c.id, _DISPUTES.c.closed_at.is_(None))
_AMENDMENT = (
    select(_AMENDMENTS.c.state)
    .where(_AMENDMENTS.c.order_id == _ORDERS.c.id, text(f"amendment.{AMENDMENT_OPEN}"))
    .limit(1)
    .scalar_subquery()
)
_ORDER = (
    select(
        _ORDERS,
        _USERS.c.name.label("owner_name"),
        _IS_DISPUTED.label("is_disputed"),
        _AMENDMENT.label("amendment"),
    )
    .outerjoin(_USERS, _USERS.c.id == _ORDERS.c.owner_id)
    .where(_ORDERS.c.id == bindparam("order_id"))
)
_BY_NUMBER = (
    select(_ORDERS.c.id, _ORDERS.c.source)
    .where(_ORDERS.c.number == bindparam("number"))
    .order_by(_ORDERS.c.id)
    .limit(5)
)
_BY_SOURCE = (
    select(_ORDERS.c.id)
    .where(_ORDERS.c.number == bindparam("number"), _ORDERS.c.source == bindparam("source"))
    .order_by(_ORDERS.c.id.desc())
    .limit(1)
)


def order_id_of(session: Session, number: str) -> int | None:
    """Return the id of the order with exactly this number, also written `#NUMBER` or `SOURCE:NUMBER`.

    Raises:
        Refused: several sources have an order of this number; the sentence names them.
    """
    wanted = number.strip().removeprefix("#")
    found = session.execute(_BY_NUMBER, {"number": wanted}).all()
    if len(found) > 1:
        ways = ", ".join(f"{row.source}:{wanted}" for row in found)
        raise Refused(f"{wanted} is the number of several orders. Say which one: {ways}.")
    if found:
        return int(found[0].id)
    source, separator, rest = wanted.partition(":")
    if not separator:
        return None
    exact: int | None = session.execute(_BY_SOURCE, {"number": rest.removeprefix("#"), "source": source}).scalar()
    return exact


def order_detail(session: Session, order_id: int, *, user_id: int | None, now: datetime) -> OrderDetail | None:
    """Return the order as `user_id` sees it at `now`, or None when there is none."""
    row = session.execute(_ORDER, {"order_id": order_id}).one_or_none()
    if row is None:
        return None
    lines = reading.lines(session, order_id, row.currency)
    transactions = reading.transactions(session, order_id)
    holds = reading.holds(session, order_id)
    case = reading.open_case(session, order_id)
    addresses = reading.addresses(session, order_id)
    return OrderDetail(
        head=_head(row),
        amounts=_amounts(row),
        facts=_facts(row, lines, transactions, holds, case),
        lines=lines,
        shipping_address=addresses.get("shipping", AddressDetail()),
        billing_address=addresses.get("billing"),
        transactions=transactions,
        holds=holds,
        case=case,
        parcels=reading.parcels(session, order_id),
        notes=reading.notes(session, order_id) if row.note_count else (),
        cancellations=reading.cancellations(session, order_id),
        customer=reading.customer(session, row.customer_id, order_id),
        present=who_is_here(session, "order", order_id, now=now),
        last_look=reading.last_look(session, order_id, user_id),
        newest_activity=reading.newest_activity(session, order_id),
        is_followed=reading.is_followed(session, order_id, user_id),
        waiting=waiting_money(session, order_id, now=now),
    )


def _head(row: Row[Any]) -> OrderHead:
    return OrderHead(
        id=row.id,
        version=row.version,
        number=row.number,
        source=row.source,
        external_id=row.external_id,
        channel=row.channel,
        placed_at=row.placed_at,
        promised_at=row.promised_at,
        changed_at=row.changed_at,
        customer_name=row.customer_name,
        email=row.email,
        phone=row.phone,
        language=row.language,
        headline=Headline(row.headline),
        stage=Stage(row.stage),
        payment=PaymentStatus(row.payment_status),
        fulfilment=FulfilmentStatus(row.fulfilment_status),
        shipping_method=row.shipping_method,
        temperature=row.temperature,
        risk_level=row.risk_level,
        tags=row.tags,
        owner_id=row.owner_id,
        owner_name=row.owner_name,
        snoozed_until=row.snoozed_until,
        told_status=row.told_status,
        told_at=row.told_at,
    )


def _amounts(row: Row[Any]) -> Amounts:
    return Amounts(
        goods=Money(row.goods_minor, row.currency),
        discount=Money(row.discount_minor, row.currency),
        shipping=Money(row.shipping_minor, row.currency),
        tax=Money(row.tax_minor, row.currency),
        total=Money(row.total_minor, row.currency),
        tax_included=row.tax_included,
    )


def _facts(
    row: Row[Any],
    lines: tuple[LineDetail, ...],
    transactions: tuple[TransactionDetail, ...],
    holds: tuple[HoldDetail, ...],
    case: CaseDetail | None,
) -> OrderFacts:
    movements = (Movement(paid.kind, paid.state, paid.amount.minor) for paid in transactions)
    return OrderFacts(
        number=row.number,
        lifecycle=Lifecycle(row.lifecycle),
        version=row.version,
        lines=tuple(line.quantities for line in lines),
        money=money_facts(row.total_minor, movements, is_disputed=bool(row.is_disputed)),
        holds=tuple(hold.active for hold in holds if hold.is_active),
        case=case.state if case else None,
        packing_since=row.packing_since,
        has_email=bool(row.email),
        amendment=AmendmentState(row.amendment) if row.amendment else None,
    )
