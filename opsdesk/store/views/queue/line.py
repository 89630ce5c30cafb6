"""One row of the queue made a value. It knows no database library, so that the first page can be made of it early."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.queues import IN_HOUSE, QueueLine
from opsdesk.domain.orders.states import Headline, Stage
from opsdesk.domain.payments.order_money import PaymentStatus

_PAYMENTS = {word.value: word for word in PaymentStatus}
_HEADLINES = {word.value: word for word in Headline}
_STAGES = {word.value: word for word in Stage}
_HOLDS = {word.value: word for word in HoldType}


def line_of(row: Sequence[Any]) -> QueueLine:
    """Make the value of one row of `queue_lines.select_lines`."""
    (
        order_id, version, number, placed_at, promised_at, customer_name, line_count, unit_count, total_minor, currency,
        payment, headline, hold_type, stage, owner_id, owner_name, temperature, snoozed_until, note_count, touched_at,
        changed, trouble, email, phone,
    ) = row  # fmt: skip
    desk = _STAGES[stage]
    return QueueLine(
        order_id, version, number, placed_at, promised_at, customer_name, line_count, unit_count,
        Money(total_minor, currency), _PAYMENTS[payment], _HEADLINES[headline],
        _HOLDS[hold_type] if hold_type else None, desk, owner_id, owner_name or "", temperature, snoozed_until,
        note_count, touched_at is None and desk in IN_HOUSE, bool(changed), bool(trouble), email, phone,
    )  # fmt: skip
