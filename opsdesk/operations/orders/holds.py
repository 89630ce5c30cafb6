"""Holds: placed with a reason and a time to look again, released by a person."""

from __future__ import annotations

from datetime import datetime

from opsdesk.domain.errors import Denied, Invalid, Refused
from opsdesk.domain.orders.holds import DEFAULT_BLOCKS, NEVER_AUTOMATIC, HoldType, OnReview
from opsdesk.domain.orders.rules import why_not_hold, why_not_release
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.operations.fraud.endings import release_case, undecide_case
from opsdesk.operations.words import kept_line, required_line
from opsdesk.store.tables import HoldRow, OrderRow
from opsdesk.store.work import Done, Work, operation

RELEASE_FRAUD = "order.release_fraud"
"""The permission that releasing a fraud hold needs besides that of releasing any hold."""


@operation("order.hold")
def hold(
    work: Work,
    order_id: int,
    *,
    kind: HoldType,
    reason: str,
    version: int | None = None,
    review_at: datetime | None = None,
    on_review: OnReview = OnReview.TASK,
) -> Done:
    """Stop an order from being packed and shipped until somebody releases it.

    Raises:
        Refused: the rules do not allow it now.
        Conflict: the order changed since `version` was read.
        Invalid: there is no reason, or the time to look again has passed.
    """
    order = work.orders.locked(order_id, version=version)
    if problem := why_not_hold(work.orders.facts(order), kind):
        raise Refused(problem)
    why = required_line(reason, "reason", "Say why the order is held; whoever releases it needs to know.")
    _require_sensible_review(work, kind, review_at, on_review)
    work.add(
        HoldRow(
            order_id=order_id,
            type=kind.value,
            reason=why,
            blocks=",".join(sorted(DEFAULT_BLOCKS[kind])),
            placed_by=work.actor.name,
            placed_at=work.now,
            review_at=review_at,
            on_review=on_review.value,
        )
    )
    work.record("hold.placed", "order", order_id, f"On hold: {kind.label}. {why}", after=kind.value)
    work.orders.settle(order)
    work.undo_with("order.release", order_id=order_id, kind=kind.value, note="Taken back.")
    return Done(f"{order.number} is on hold: {kind.label}.", order_id, order.version)


@operation("order.release")
def release(
    work: Work, order_id: int, *, kind: HoldType | str | None = None, version: int | None = None, note: str = ""
) -> Done:
    """Release one hold, the most urgent if none is named. Releasing a fraud hold decides its case too.

    Raises:
        Refused: there is no such hold; or its case takes two people, or somebody else works on it.
        Denied: a fraud hold is decided by the fraud desk or a supervisor.
        Conflict: the order changed since `version` was read.
    """
    order = work.orders.locked(order_id, version=version)
    facts = work.orders.facts(order)
    if problem := why_not_release(facts):
        raise Refused(problem)
    chosen = HoldType(kind) if kind else min((held.type for held in facts.holds), key=lambda held: held.priority)
    found = work.cases.active_hold(order_id, chosen.value)
    if found is None:
        raise Refused(f"{order.number} is not on hold for this: {chosen.label}.")
    if chosen is HoldType.FRAUD and (problem := why_not_allowed(work.actor, RELEASE_FRAUD)):
        raise Denied(problem)
    found.released_by, found.released_at, found.release_note = work.actor.name, work.now, kept_line(note)
    summary = f"Hold released: {chosen.label}. {found.release_note}".strip()
    work.record("hold.released", "order", order_id, summary, before=chosen.value)
    case = release_case(work, order, found.release_note) if chosen is HoldType.FRAUD else None
    work.orders.settle(order)
    work.undo_with(
        "order.hold_again",
        order_id=order_id,
        hold_id=found.id,
        case_id=case[0].id if case else None,
        case_state=case[1] if case else None,
    )
    return Done(f"{order.number}: hold released ({chosen.label}).", order_id, order.version)


@operation("order.hold_again")
def hold_again(work: Work, order_id: int, *, hold_id: int, case_id: int | None, case_state: str | None) -> Done:
    """Put back a hold that was released by mistake, with the case that was decided with it.

    Raises:
        Refused: the goods have left, or the order is held for the same reason again.
    """
    order = work.orders.locked(order_id)
    found = work.cases.locked_hold(hold_id)
    kind = HoldType(found.type)
    if problem := why_not_hold(work.orders.facts(order), kind):
        raise Refused(problem)
    # It stands anew: what left or was captured in between was free to.
    found.placed_at = work.now
    found.released_by, found.released_at, found.release_note = None, None, ""
    if case_id is not None and case_state is not None:
        undecide_case(work, case_id, case_state)
    work.record("hold.placed", "order", order_id, f"On hold again: {kind.label}", after=kind.value)
    work.orders.settle(order)
    return Done(f"{order.number} is on hold again: {kind.label}.", order_id, order.version)


def end_holds(work: Work, order: OrderRow, note: str) -> list[int]:
    """Release every hold of an order with which nothing more is done; return their ids."""
    ended = []
    for held in work.orders.facts(order).holds:
        row = work.cases.locked_hold(held.id)
        row.released_by, row.released_at, row.release_note = work.actor.name, work.now, note
        ended.append(held.id)
    return ended


def _require_sensible_review(work: Work, kind: HoldType, review_at: datetime | None, on_review: OnReview) -> None:
    if review_at is not None and review_at <= work.now:
        raise Invalid("review_at", "The time to look again has passed already. Choose a later one.")
    if on_review is OnReview.RELEASE and (kind in NEVER_AUTOMATIC or review_at is None):
        raise Refused(f"A hold for {kind.label} cannot release itself: a person has to decide.")
