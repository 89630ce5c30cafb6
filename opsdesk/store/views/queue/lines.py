"""A line of the queue: which columns it is read from; `queue_line` makes the value of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, Select, String, and_, bindparam, exists, func, select, text
from sqlalchemy.orm import aliased
from sqlmodel import col

from opsdesk.store.tables import ActivityRow, LookRow, MailRow, OrderRow, UserRow
from opsdesk.store.tables.mails import IN_TROUBLE

_ID = col(OrderRow.id)


def select_lines() -> Select[Any]:
    """Select the columns of queue lines, as `queue_line.line_of` reads them; parameter `user_id`."""
    order, owner, me = OrderRow, aliased(UserRow), bindparam("user_id", type_=Integer())
    columns: tuple[Any, ...] = (
        _ID, col(order.version), col(order.number), col(order.placed_at), col(order.promised_at),
        col(order.customer_name), col(order.line_count), col(order.unit_count), col(order.total_minor),
        col(order.currency), col(order.payment_status), col(order.headline), col(order.hold_type),
        col(order.stage), col(order.owner_id), col(owner.name), col(order.temperature),
        col(order.snoozed_until), col(order.note_count), col(order.touched_at), _changed(me), _mail_trouble(),
        col(order.email), col(order.phone),
    )  # fmt: skip
    return (
        select(*columns)
        .select_from(OrderRow)
        .outerjoin(owner, col(owner.id) == col(order.owner_id))
        .outerjoin(LookRow, and_(col(LookRow.order_id) == _ID, col(LookRow.user_id) == me))
    )


def _changed(me: Any) -> ColumnElement[bool]:
    """Somebody else did something after the look; without a look the comparison finds nothing."""
    my_name = select(col(UserRow.name)).where(col(UserRow.id) == me).scalar_subquery()
    return exists().where(
        col(ActivityRow.subject_kind) == "order",
        col(ActivityRow.subject_id) == _ID,
        col(ActivityRow.id) > col(LookRow.activity_id),
        col(ActivityRow.outcome) == "done",
        col(ActivityRow.actor) != my_name,
    )


def _mail_trouble() -> ColumnElement[bool]:
    return exists().where(col(MailRow.order_id) == _ID, text(f"mail.{IN_TROUBLE}"))


def among(column: Any, *, is_sqlite: bool) -> ColumnElement[bool]:
    """Say that a column is one of the parameter `ids`; one statement serves any number of them."""
    chosen: ColumnElement[bool]
    if is_sqlite:
        listed = func.json_each(bindparam("ids", type_=String())).table_valued("value")
        chosen = column.in_(select(listed.c.value))
    else:
        chosen = column.op("=", return_type=Boolean())(func.any(bindparam("ids")))
    return chosen


def listed(ids: Iterable[int], *, is_sqlite: bool) -> object:
    """Return ids as the parameter that `among` wants: JSON for SQLite, an array for Postgres."""
    return f"[{','.join(map(str, ids))}]" if is_sqlite else list(ids)
