"""Rows of what comes along with an order: holds, cases, parcels, notes, cancellations; and where rows are collected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from opsdesk.domain.incoming.arrivals import IncomingHold, IncomingOrder
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import DEFAULT_BLOCKS
from opsdesk.store.intake.words import kept_code, kept_line, kept_link, kept_text
from opsdesk.store.repositories.cases import fraud_state_of

Row = dict[str, object]
_DESK: Row = {
    "score": 0, "reason": "", "touch_seconds": 0, "was_extended": False, "is_escalated": False, "suggested": "",
    "proposal": "", "proposal_content": "", "proposal_why": "", "verdict": "", "reason_code": "", "decision_note": "",
    "version": 1,
}  # fmt: skip
"""What the fraud desk knows of a case on which it has not worked."""


@dataclass(slots=True)
class Rows:
    """New rows by table, to be written together in the order in which they refer to each other."""

    customers: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)
    addresses: list[Row] = field(default_factory=list)
    payments: list[Row] = field(default_factory=list)
    transactions: list[Row] = field(default_factory=list)
    journal: list[Row] = field(default_factory=list)
    parcels: list[Row] = field(default_factory=list)
    parcel_lines: list[Row] = field(default_factory=list)
    holds: list[Row] = field(default_factory=list)
    cases: list[Row] = field(default_factory=list)
    notes: list[Row] = field(default_factory=list)
    cancellations: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Arrival:
    """When and from where an order comes in, and the ids that were reserved for it.

    Attributes:
        author: who stands in the history for what came with the order, e.g. `import`.
    """

    now: datetime
    author: str
    order_id: int
    customer_id: int
    line_ids: Sequence[int]
    parcel_ids: Sequence[int]
    payment_ids: Sequence[int] = ()
    transaction_ids: Sequence[int] = ()


def hold_row(hold: IncomingHold, order_id: int, *, now: datetime, author: str) -> Row:
    """Return the row of a hold."""
    blocks = ",".join(sorted(DEFAULT_BLOCKS[hold.type])) if hold.blocks is None else hold.blocks
    return {
        "order_id": order_id,
        "type": hold.type.value,
        "reason": kept_text(hold.reason),
        "blocks": blocks,
        "placed_by": kept_code(hold.placed_by) or author,
        "placed_at": hold.placed_at or now,
        "review_at": hold.review_at,
        "on_review": hold.on_review,
        "reviewed_at": hold.reviewed_at,
        "released_by": kept_code(hold.released_by) if hold.released_by else None,
        "released_at": hold.released_at,
        "release_note": kept_text(hold.release_note),
    }


def add_holds(rows: Rows, order: IncomingOrder, arrival: Arrival) -> None:
    """Add the rows of the holds and cases that come with a new order."""
    for hold in order.holds:
        rows.holds.append(hold_row(hold, arrival.order_id, now=arrival.now, author=arrival.author))
    for case in order.cases:
        rows.cases.append(
            {
                "order_id": arrival.order_id,
                "kind": kept_code(case.kind),
                "state": case.state,
                "opened_by": kept_code(case.opened_by),
                "opened_at": case.opened_at,
                "answer_days": case.answer_days,
                "respond_by": case.respond_by,
                "decided_by": kept_code(case.decided_by) if case.decided_by else None,
                "decided_at": case.decided_at,
                **_DESK,
                "fraud_state": fraud_state_of(case.kind, CaseState(case.state)),
            }
        )


def add_parcels(rows: Rows, order: IncomingOrder, arrival: Arrival) -> None:
    """Add the rows of what has left the house."""
    for parcel_id, parcel in zip(arrival.parcel_ids, order.parcels, strict=True):
        rows.parcels.append(
            {
                "id": parcel_id,
                "order_id": arrival.order_id,
                "carrier": kept_line(parcel.carrier),
                "tracking_number": kept_code(parcel.tracking_number),
                "tracking_url": kept_link(parcel.tracking_url),
                "shipped_by": kept_code(parcel.shipped_by) or arrival.author,
                "shipped_at": parcel.shipped_at,
                "delivered_at": parcel.delivered_at,
                "recalled_at": parcel.recalled_at,
            }
        )
        rows.parcel_lines.extend(
            {"parcel_id": parcel_id, "line_id": arrival.line_ids[position - 1], "quantity": quantity}
            for position, quantity in parcel.contents
        )


def add_notes(rows: Rows, order: IncomingOrder, arrival: Arrival) -> None:
    """Add the rows of notes and cancellations."""
    for note in order.notes:
        rows.notes.append(
            {
                "order_id": arrival.order_id,
                "author": kept_code(note.author) or order.source,
                "written_at": note.written_at,
                "text": kept_text(note.text),
            }
        )
    for record in order.cancellations:
        pairs = (f"{arrival.line_ids[position - 1]}:{units}" for position, units in record.lines)
        rows.cancellations.append(
            {
                "order_id": arrival.order_id,
                "reason": record.reason,
                "note": kept_text(record.note),
                "cancelled_by": kept_code(record.cancelled_by) or order.source,
                "cancelled_at": record.cancelled_at,
                "lines": ",".join(pairs),
                "reopened_by": kept_code(record.reopened_by) if record.reopened_by else None,
                "reopened_at": record.reopened_at,
            }
        )
