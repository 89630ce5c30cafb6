"""How rules have done so far: among the newest scored orders, how many they hit that turned out to be fraud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.fraud.codes.disputes import DisputeTable
from opsdesk.domain.fraud.evidence.facts import Outcome
from opsdesk.domain.fraud.learning.precision import Share, share
from opsdesk.store.fraud.linked_orders import Ends, ends_of
from opsdesk.store.tables import AssessmentRow, OrderRow

MOST = 5_000
"""So many scorings are looked through, the newest first: enough to judge by, and read within the blink of an eye."""
_LAST = 5


@dataclass(frozen=True, slots=True)
class RuleSoFar:
    """The record of one rule among the newest scored orders.

    Attributes:
        precision: fraud among the orders that it hit and of which somebody knows how they ended.
        last: number and end of the newest orders that it hit.
    """

    hits: int
    precision: Share
    last: tuple[tuple[str, Outcome], ...]


def rules_so_far(
    session: Session, rule_ids: Sequence[str], *, disputes: DisputeTable, now: datetime, good_after: timedelta
) -> dict[str, RuleSoFar]:
    """Return the record of each rule at `now`; a delivered order counts as good once `good_after` has gone by."""
    hits = _hits(session, set(rule_ids))
    ends = ends_of(session, {order_id for some in hits.values() for order_id in some}, disputes)
    shown = {order_id for some in hits.values() for order_id in some[:_LAST]}
    numbers = _numbers(session, shown)
    return {rule_id: _record(some, ends, numbers, now, good_after) for rule_id, some in hits.items()}


def _hits(session: Session, wanted: set[str]) -> dict[str, list[int]]:
    newest = select(col(AssessmentRow.order_id), col(AssessmentRow.fired)).order_by(col(AssessmentRow.id).desc())
    hits: dict[str, list[int]] = {rule_id: [] for rule_id in wanted}
    seen: set[int] = set()
    for order_id, fired in session.execute(newest.limit(MOST)):
        if order_id in seen:
            continue
        seen.add(order_id)
        for rule_id in wanted.intersection(fired.split()):
            hits[rule_id].append(order_id)
    return hits


def _numbers(session: Session, ids: set[int]) -> dict[int, str]:
    found = select(col(OrderRow.id), col(OrderRow.number)).where(col(OrderRow.id).in_(ids))
    return {order_id: number for order_id, number in session.execute(found) if order_id is not None}


def _record(
    hits: Sequence[int], ends: Ends, numbers: dict[int, str], now: datetime, good_after: timedelta
) -> RuleSoFar:
    ended = [ends.at(order_id, now) for order_id in hits]
    fraud = sum(outcome is Outcome.FRAUD for outcome, _ in ended)
    good = sum(
        outcome is Outcome.DELIVERED and known is not None and known + good_after <= now for outcome, known in ended
    )
    last = tuple((numbers[order_id], ends.at(order_id, now)[0]) for order_id in hits[:_LAST] if order_id in numbers)
    return RuleSoFar(len(hits), share(fraud, fraud + good), last)
