"""What happened to an order, in words: every event, mail and payment in one list, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, bindparam, exists, func, or_, select
from sqlmodel import Session

from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.mails.outgoing import MailState
from opsdesk.domain.money import Money
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.orders.states import Headline
from opsdesk.domain.payments.gateways import CallState, DisputeState
from opsdesk.domain.payments.pay_links import LinkState
from opsdesk.domain.payments.transactions import TransactionKind
from opsdesk.domain.refunds.states import RefundState
from opsdesk.store.tables import OrderRow

MOST = 200


class MomentKind(StrEnum):
    """What a line of the timeline is about; a screen gives each its symbol."""

    PLACED = "placed"
    EVENT = "event"
    NOTE = "note"
    HOLD = "hold"
    MONEY = "money"
    GOODS = "goods"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """One thing that happened.

    Attributes:
        id: of the history row, to page on and to compare with the last look; 0 for what has none.
        before, after: readable values, empty where the words say it all.
        mail_id: the mail to open; `mail_state` is what has become of it by now.
    """

    id: int
    at: datetime
    actor: str
    kind: MomentKind
    action: str
    words: str
    before: str = ""
    after: str = ""
    mail_id: int | None = None
    mail_state: MailState | None = None
    command_id: str = ""


_tables = OrderRow.metadata.tables
_ACTIVITY, _MAILS, _ORDERS = _tables["activity"], _tables["mail"], _tables["orders"]
_MONEY = _tables["payment_transaction"]
_OF_ORDER = (_ACTIVITY.c.subject_kind == "order") & (_ACTIVITY.c.subject_id == bindparam("order_id"))
_COLUMNS = (
    _ACTIVITY.c.id,
    _ACTIVITY.c.at,
    _ACTIVITY.c.actor,
    _ACTIVITY.c.action,
    _ACTIVITY.c.summary,
    _ACTIVITY.c.before,
    _ACTIVITY.c.after,
    _ACTIVITY.c.command_id,
)
_EVENTS: Select[Any] = (
    select(*_COLUMNS)
    .where(_OF_ORDER, _ACTIVITY.c.id < bindparam("before"), _ACTIVITY.c.id > bindparam("after"))
    .order_by(_ACTIVITY.c.id.desc())
    .limit(bindparam("most"))
)
_MOMENT = select(_ACTIVITY.c.at).where(_ACTIVITY.c.id == bindparam("id"))
_QUEUED = _ACTIVITY.alias("queued")
_BOOKED = _ACTIVITY.alias("booked")
_ALL_MAILS = (
    select(
        _MAILS.c.id,
        _MAILS.c.state,
        _MAILS.c.command_id,
        _MAILS.c.queued_at,
        _MAILS.c.queued_by,
        _MAILS.c.recipient,
        _MAILS.c.subject,
        exists()
        .where(
            _QUEUED.c.command_id == _MAILS.c.command_id,
            _QUEUED.c.subject_kind == "order",
            _QUEUED.c.subject_id == _MAILS.c.order_id,
            _QUEUED.c.action == "mail.queued",
        )
        .label("is_told"),
    )
    .where(_MAILS.c.order_id == bindparam("order_id"))
    .order_by(_MAILS.c.id.desc())
    .limit(MOST)
)
_UNTOLD_MONEY = (
    select(_MONEY.c.id, _MONEY.c.kind, _MONEY.c.state, _MONEY.c.amount_minor, _MONEY.c.currency, _MONEY.c.gateway)
    .add_columns(_MONEY.c.happened_at)
    .where(
        _MONEY.c.order_id == bindparam("order_id"),
        # What a call has done is told with the call.
        _MONEY.c.call_key == "",
        ~exists().where(
            _BOOKED.c.subject_kind == "order",
            _BOOKED.c.subject_id == _MONEY.c.order_id,
            or_(*(_BOOKED.c.action.startswith(f"{noun}.") for noun in ("payment", "refund", "dispute"))),
            # What a gateway tells of happened earlier than it was written down, under its own reference.
            or_(_BOOKED.c.at == _MONEY.c.happened_at, _BOOKED.c.after == func.nullif(_MONEY.c.reference, "")),
        ),
    )
    .order_by(_MONEY.c.happened_at.desc(), _MONEY.c.id.desc())
    .limit(MOST)
)
_PLACED = select(_ORDERS.c.placed_at, _ORDERS.c.source, _ORDERS.c.channel).where(_ORDERS.c.id == bindparam("order_id"))
_ABOVE_ALL = 2**31 - 1


def timeline(session: Session, order_id: int, *, before_id: int | None = None, limit: int = 100) -> list[TimelineLine]:
    """Return the next `limit` events below `before_id`, newest first, with the mails and payments of their time.

    The last page ends with the moment at which the order was placed.
    """
    most = min(limit, MOST)
    page = session.execute(
        _EVENTS, {"order_id": order_id, "before": before_id or _ABOVE_ALL, "after": 0, "most": most + 1}
    ).all()
    is_last = len(page) <= most
    mails = session.execute(_ALL_MAILS, {"order_id": order_id}).all()
    events = [_event(row, mails) for row in page[:most]]
    others = [*(_mail(row) for row in mails if not row.is_told), *_untold_money(session, order_id)]
    until = session.execute(_MOMENT, {"id": before_id}).scalar() if before_id else None
    since = None if is_last else events[-1].at
    inside = [line for line in others if (until is None or line.at < until) and (since is None or line.at >= since)]
    lines = _woven(events, sorted(inside, key=lambda line: line.at, reverse=True))
    return [*lines, *_placed(session, order_id)] if is_last else lines


def news_since(session: Session, order_id: int, activity_id: int, *, limit: int = 100) -> list[TimelineLine]:
    """Return what happened to the order after a line of its history, newest first."""
    page = session.execute(
        _EVENTS, {"order_id": order_id, "before": _ABOVE_ALL, "after": activity_id, "most": min(limit, MOST)}
    ).all()
    mails = session.execute(_ALL_MAILS, {"order_id": order_id}).all() if page else []
    return [_event(row, mails) for row in page]


def _woven(events: list[TimelineLine], others: list[TimelineLine]) -> list[TimelineLine]:
    """Put the others among the events by time, and leave the events in the order in which they were sealed."""
    lines: list[TimelineLine] = []
    for event in events:
        while others and others[0].at > event.at:
            lines.append(others.pop(0))
        lines.append(event)
    return lines + others


def _event(row: Row[Any], mails: Any) -> TimelineLine:
    mail = None
    if row.action == "mail.queued":
        mail = next((mail for mail in mails if mail.command_id == row.command_id), None)
    return TimelineLine(
        id=row.id,
        at=row.at,
        actor=row.actor,
        kind=_kind(row.action),
        action=row.action,
        words=row.summary,
        before=_readable(row.action, row.before),
        after=_readable(row.action, row.after),
        mail_id=mail.id if mail else None,
        mail_state=MailState(mail.state) if mail else None,
        command_id=row.command_id,
    )


def _mail(row: Row[Any]) -> TimelineLine:
    words = f"Mail queued to {row.recipient}: {row.subject}"
    state = MailState(row.state)
    return TimelineLine(0, row.queued_at, row.queued_by, MomentKind.MAIL, "mail", words, "", "", row.id, state)


def _untold_money(session: Session, order_id: int) -> list[TimelineLine]:
    found = session.execute(_UNTOLD_MONEY, {"order_id": order_id})
    return [
        TimelineLine(
            0,
            row.happened_at,
            row.gateway or "payment",
            MomentKind.MONEY,
            "payment",
            f"{_MOVED[TransactionKind(row.kind)]} {Money(row.amount_minor, row.currency)} {row.state}",
        )
        for row in found
    ]


_MOVED = {
    TransactionKind.AUTHORISE: "Authorise",
    TransactionKind.CAPTURE: "Capture",
    TransactionKind.SALE: "Sale",
    TransactionKind.VOID: "Void",
    TransactionKind.REFUND: "Refund",
    TransactionKind.REFUND_REVERSAL: "Refund that came back",
    TransactionKind.MANUAL_IN: "Manual in",
    TransactionKind.MANUAL_OUT: "Paid back by hand",
    TransactionKind.DISPUTE_DEBIT: "Taken by the customer's bank",
    TransactionKind.DISPUTE_REVERSAL: "Given back by the customer's bank",
}


def _placed(session: Session, order_id: int) -> list[TimelineLine]:
    found = session.execute(_PLACED, {"order_id": order_id})
    return [
        TimelineLine(0, row.placed_at, row.source, MomentKind.PLACED, "order.placed", f"Order placed ({row.channel})")
        for row in found
    ]


_KINDS = {
    "note": MomentKind.NOTE,
    "hold": MomentKind.HOLD,
    "case": MomentKind.HOLD,
    **dict.fromkeys(("payment", "refund", "call", "link", "dispute", "credit", "gateway"), MomentKind.MONEY),
    "parcel": MomentKind.GOODS,
    "mail": MomentKind.MAIL,
    "status": MomentKind.MAIL,
}
_BY_ACTION = {
    "order.noted": MomentKind.NOTE,
    "order.shipped": MomentKind.GOODS,
    "order.parcel_recalled": MomentKind.GOODS,
    "order.delivered": MomentKind.GOODS,
    "order.undelivered": MomentKind.GOODS,
    "order.packing": MomentKind.GOODS,
    "order.packing_stopped": MomentKind.GOODS,
}


def _kind(action: str) -> MomentKind:
    return _BY_ACTION.get(action) or _KINDS.get(action.partition(".")[0], MomentKind.EVENT)


_WORDS: dict[str, dict[str, str]] = {
    "mail": {state.value: state.word for state in MailState},
    "hold": {kind.value: kind.label for kind in HoldType},
    "case": {state.value: state.value.replace("_", " ") for state in CaseState},
    "call": {state.value: state.word for state in CallState},
    "link": {state.value: state.word for state in LinkState},
    "refund": {state.value: state.word for state in RefundState},
    "amendment": {state.value: state.word for state in AmendmentState},
    "dispute": {state.value: state.value.replace("_", " ") for state in DisputeState},
    "order": {reason.value: reason.value.replace("_", " ") for reason in CancelReason}
    | {word.value: word.word.lower() for word in Headline},
}


def _readable(action: str, value: str) -> str:
    """Turn a code of one of our closed sets into the word that staff see; leave anything else as it is."""
    noun = action.partition(".")[0]
    return value.replace("_", " ") if noun == "status" else _WORDS.get(noun, {}).get(value, value)
