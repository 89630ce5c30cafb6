"""Cancel an order as far as it is still in the house, and reopen it."""

from __future__ import annotations

from opsdesk.domain.errors import Denied, Invalid, Refused
from opsdesk.domain.mails.outgoing import MailState
from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import DEFAULT_BLOCKS, HoldType
from opsdesk.domain.orders.rules import CancelReason, why_not_cancel, why_not_reopen
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.domain.people.permissions import why_not_within
from opsdesk.operations.amendments.steps import end_with_order
from opsdesk.operations.fraud.endings import cancel_case, undecide_case
from opsdesk.operations.mails.outbox import take_back
from opsdesk.operations.orders.holds import end_holds
from opsdesk.operations.payments.held_money import give_back_held, take_back_unsent
from opsdesk.operations.words import kept_line, kept_text
from opsdesk.store.tables import CancellationRow, HoldRow
from opsdesk.store.work import Done, Work, operation


@operation("order.cancel")
def cancel(
    work: Work, order_id: int, *, reason: CancelReason | None, version: int | None = None, note: str = ""
) -> Done:
    """Cancel everything that has not left the house; holds and case end, waiting mails and held money are taken back.

    Raises:
        Refused: the rules do not allow it now.
        Denied: the order is worth more than this person may cancel alone.
        Conflict: the order changed since `version` was read.
    """
    order = work.orders.locked(order_id, version=version)
    if problem := why_not_cancel(work.orders.facts(order)):
        raise Refused(problem)
    if problem := why_not_within(work.actor, "order.cancel", Money(order.total_minor, order.currency)):
        raise Denied(problem)
    if reason is None:
        raise Invalid("reason", "Say why the order is cancelled.")
    row = CancellationRow(
        order_id=order_id,
        reason=reason.value,
        note=kept_text(note),
        cancelled_by=work.actor.name,
        cancelled_at=work.now,
        lines=_cancel_lines(work, order_id),
    )
    work.add(row)
    holds = end_holds(work, order, "The order was cancelled.")
    case = cancel_case(work, order, reason)
    _take_back_mails(work, order_id)
    order.lifecycle = Lifecycle.CANCELLED.value
    end_with_order(work, order)
    voids, about_money = give_back_held(work, order)
    summary = f"Cancelled: {reason.value}. {row.note}".strip()
    work.record("order.cancelled", "order", order_id, summary, before="placed", after="cancelled")
    work.orders.settle(order)
    work.undo_with(
        "order.uncancel",
        order_id=order_id,
        cancellation_id=row.id,
        holds=",".join(map(str, holds)),
        case_id=case[0].id if case else None,
        case_state=case[1] if case else None,
        voids=",".join(map(str, voids)),
    )
    return Done(f"{order.number} is cancelled. {about_money}".strip(), order_id, order.version)


@operation("order.reopen")
def reopen(work: Work, order_id: int, *, version: int | None = None, note: str = "") -> Done:
    """Work on a cancelled or completed order again; a cancelled one stays on hold until somebody has looked at it.

    Raises:
        Refused: it is open.
        Conflict: the order changed since `version` was read.
    """
    order = work.orders.locked(order_id, version=version)
    if problem := why_not_reopen(work.orders.facts(order)):
        raise Refused(problem)
    before, why = order.lifecycle, kept_line(note)
    order.lifecycle = Lifecycle.PLACED.value
    if before == Lifecycle.CANCELLED:
        _restore_lines(work, order_id, work.orders.standing_cancellation(order_id))
        _hold_for_a_look(work, order_id)
    work.record("order.reopened", "order", order_id, f"Reopened. {why}".strip(), before=before, after="placed")
    work.orders.settle(order)
    return Done(
        f"{order.number} is open again. Look at payment and stock, then release it (h).", order_id, order.version
    )


@operation("order.uncancel")
def uncancel(
    work: Work,
    order_id: int,
    *,
    cancellation_id: int,
    holds: str,
    case_id: int | None,
    case_state: str | None,
    voids: str = "",
) -> Done:
    """Take a cancellation back as if it had not been: lines, holds, case and held money as they were.

    Raises:
        Refused: it is not cancelled any more, or was cancelled again since.
    """
    order = work.orders.locked(order_id)
    standing = work.orders.standing_cancellation(order_id)
    if order.lifecycle != Lifecycle.CANCELLED or standing is None or standing.id != cancellation_id:
        raise Refused(f"{order.number} has moved on since it was cancelled. Reopen it instead.")
    order.lifecycle = Lifecycle.PLACED.value
    _restore_lines(work, order_id, standing)
    for hold_id in filter(None, holds.split(",")):
        held = work.cases.locked_hold(int(hold_id))
        held.released_by, held.released_at, held.release_note = None, None, ""
    if case_id is not None and case_state is not None:
        undecide_case(work, case_id, case_state)
    about_money = take_back_unsent(work, voids)
    work.record("order.reopened", "order", order_id, "Cancellation taken back", before="cancelled", after="placed")
    work.orders.settle(order)
    return Done(f"{order.number} is not cancelled any more. {about_money}".strip(), order_id, order.version)


def _cancel_lines(work: Work, order_id: int) -> str:
    """Cancel what is open of each line, and return how many units of which line that was."""
    cancelled = []
    for line in work.orders.lines(order_id):
        units = line.ordered - line.cancelled - line.shipped
        if units:
            line.cancelled += units
            cancelled.append(f"{line.id}:{units}")
    return ",".join(cancelled)


def _restore_lines(work: Work, order_id: int, standing: CancellationRow | None) -> None:
    """Put back the units that the cancellation took; one that came with an import took all that was open."""
    took = dict(_pairs(standing.lines)) if standing and standing.lines else None
    for line in work.orders.lines(order_id):
        line.cancelled -= line.cancelled if took is None else min(line.cancelled, took.get(line.id or 0, 0))
    if standing is not None:
        standing.reopened_by, standing.reopened_at = work.actor.name, work.now


def _pairs(lines: str) -> list[tuple[int, int]]:
    pairs = (pair.split(":") for pair in lines.split(","))
    return [(int(line_id), int(units)) for line_id, units in pairs]


def _hold_for_a_look(work: Work, order_id: int) -> None:
    kind, reason = HoldType.MANUAL, "Reopened: look at payment and stock first."
    work.add(
        HoldRow(
            order_id=order_id,
            type=kind.value,
            reason=reason,
            blocks=",".join(sorted(DEFAULT_BLOCKS[kind])),
            placed_by=work.actor.name,
            placed_at=work.now,
        )
    )
    work.record("hold.placed", "order", order_id, f"On hold: {kind.label}. {reason}", after=kind.value)


def _take_back_mails(work: Work, order_id: int) -> None:
    for mail in work.mails.waiting(order_id):
        if mail.id is not None and MailState(mail.state).can_be_changed and mail.command_id != work.command_id:
            take_back(work, mail.id)
