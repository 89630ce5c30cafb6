"""Let a few orders between review and hold pass unseen: how they end is the only honest rate of false alarms."""

from __future__ import annotations

from collections.abc import Iterable

from opsdesk.domain.fraud.learning.labels import Word
from opsdesk.domain.fraud.learning.sampling import lot, passes_unseen
from opsdesk.domain.fraud.scoring import Action
from opsdesk.domain.money import Money
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.store.repositories.risk import Assessed
from opsdesk.store.work import Work

SAMPLE = "sample"
"""Source of the word that says that an order passed as one."""
_LOTS_PER_PERCENT = 100


def let_samples_pass(work: Work, found: Iterable[Assessed]) -> tuple[int, ...]:
    """Note which of these new orders pass as samples, in the transaction that scores them; return their ids.

    What is held, large, over, or settled by a hard rule never does.
    """
    if work.fraud is None or not (sampling := work.fraud.thresholds.sampling).percent:
        return ()
    passed: list[int] = []
    for one in found:
        name = str(one.order_id)
        # The lot is cheap and rules out nearly all; only the rest is looked at more closely.
        if one.score.action is not Action.REVIEW or lot(name, sampling.seed) >= sampling.percent * _LOTS_PER_PERCENT:
            continue
        order = work.orders.locked(one.order_id)
        is_waiting = order.is_open and order.lifecycle == Lifecycle.PLACED and not order.hold_type
        if is_waiting and passes_unseen(name, one.score, Money(order.total_minor, order.currency), sampling):
            _note(work, one)
            passed.append(one.order_id)
    return tuple(passed)


def _note(work: Work, one: Assessed) -> None:
    why = f"Passes unseen as a sample: score {one.score.total}"
    work.risk.add_label(one.order_id, Word.SAMPLED, source=SAMPLE, reason=why, by=work.actor.name)
    work.record("fraud.sampled", "order", one.order_id, why, after=Word.SAMPLED.value)
