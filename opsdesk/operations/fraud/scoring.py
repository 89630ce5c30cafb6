"""Score orders by the shop's rules: on arrival in the same transaction, so nothing flagged slips through, and anew.

What the rules hold waits with a fraud hold and a case that nobody has looked at yet. Nothing here ever releases.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from opsdesk.domain.errors import Refused
from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.fraud.scoring import Action, Score
from opsdesk.domain.orders.holds import DEFAULT_BLOCKS, HoldType
from opsdesk.domain.orders.rules import why_not_hold
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.operations.fraud.sampling import let_samples_pass
from opsdesk.operations.words import kept_line
from opsdesk.store.fraud.evidence import reading_of
from opsdesk.store.repositories.risk import Assessed, Cause
from opsdesk.store.tables import CaseRow, HoldRow, OrderRow
from opsdesk.store.work import Done, Work, operation

FRAUD_SCORING = "fraud_scoring"
"""Key of the setting: the JSON text `"off"` where orders are not scored when they arrive."""
_MOST_REASONS = 3


def score_arrival(work: Work, order_ids: Sequence[int], *, cause: Cause = Cause.IMPORT) -> list[Assessed]:
    """Score orders that have just been written, in the transaction that writes them: the one entrance for all of them.

    Whatever makes orders calls it, with what it is as the cause: today the import; a sync with a shop and orders taken
    by telephone, when there are any, do the same. What changes an order later calls `score_change`. What the rules
    hold is held; a few of the orders that somebody might have looked at pass as a sample.
    """
    if work.fraud is None or not order_ids or not is_scoring(work):
        return []
    book = work.risk.rules_of(work.fraud)
    found = work.risk.assess(order_ids, book, reading_of(book, work.zone), cause)
    for one in found:
        if one.score.action.holds:
            _hold(work, one)
    let_samples_pass(work, found)
    return found


def is_scoring(work: Work) -> bool:
    """Say whether orders are scored when they arrive."""
    policy = work.desks.policy(FRAUD_SCORING)
    return not policy or json.loads(policy) != "off"


def score_change(work: Work, order: OrderRow) -> str:
    """Score an order that was changed after it was placed, in the transaction that changes it.

    What the rules hold now is held. What a person has decided stands, and is never decided anew by this: it is only
    said. Returns what a clerk must know, as a sentence to go behind another one, or nothing.
    """
    if work.fraud is None or not is_scoring(work) or order.lifecycle != Lifecycle.PLACED or not order.is_open:
        return ""
    assert order.id is not None, "An order that was changed has been saved."
    before = work.risk.newest(order.id)
    found = score_again(work, order, Cause.CHANGE)
    score = found.score
    if before is not None and (before.score, before.action) == (score.total, score.action.value):
        return ""
    summary = f"Scored anew after the change: {score.total}, {score.words}"
    old = str(before.score) if before else ""
    work.record("fraud.scored", "order", order.id, summary, before=old, after=str(score.total))
    if not score.action.holds:
        return ""
    if _hold(work, found):
        return f" It is held for fraud now: {reason_of(score)}."
    case = work.cases.newest(order.id, "fraud")
    if case is None or case.decided_by is None:
        return ""
    return f" Its score is {score.total} now. {case.decided_by} decided its case before this change; look at it again."


def score_again(work: Work, order: OrderRow, cause: Cause = Cause.AGAIN) -> Assessed:
    """Score an order, which is locked, with what was learned since it was placed; its open case shows the new score.

    Raises:
        Refused: this shop was opened without the files of the fraud desk.
    """
    if work.fraud is None:
        raise Refused("The rules of the fraud desk are not known here.")
    assert order.id is not None, "An order that is scored has been saved."
    book = work.risk.rules_of(work.fraud)
    (found,) = work.risk.assess([order.id], book, reading_of(book, work.zone), cause)
    case = work.cases.undecided(order.id, "fraud")
    if case is not None and case.score != found.score.total:
        case.score = found.score.total
        case.version += 1
    return found


@operation("fraud.rescore")
def rescore(work: Work, order_id: int, *, version: int | None = None) -> Done:
    """Score an order anew; one that the rules hold now is held, and no hold ends by it.

    Raises:
        Refused: there is no such order, or the rules are not known here.
        Conflict: the order changed since `version` was read.
    """
    order = work.orders.locked(order_id, version=version)
    before = work.risk.newest(order_id)
    found = score_again(work, order)
    score = found.score
    summary = f"Scored anew: {score.total}, {score.words}"
    old = str(before.score) if before else ""
    work.record("fraud.scored", "order", order_id, summary, before=old, after=str(score.total))
    held = score.action.holds and _hold(work, found)
    if not held:
        work.orders.settle(order)
    told = f"{order.number}: {score.total}, {score.words}{', on hold' if held else ''}."
    return Done(told, order_id, order.version, details={"score": score.total, "action": score.action.value})


@operation("shop.set_fraud_scoring")
def set_fraud_scoring(work: Work, *, is_on: bool) -> Done:
    """Say whether orders are scored when they arrive."""
    row = work.desks.setting(FRAUD_SCORING)
    before, row.value = row.value, json.dumps("on" if is_on else "off")
    summary = "Orders are scored for fraud when they arrive" if is_on else "Orders are no longer scored for fraud"
    work.record("shop.fraud_scoring_set", "setting", 0, summary, before=before, after=row.value)
    return Done(f"{summary}.")


def reason_of(score: Score) -> str:
    """Say in one line why an order is held: its score, and what raised it most."""
    said = [reason.agent for reason in score.raises[:_MOST_REASONS]] or list(score.hard)
    return f"Score {score.total}: {'; '.join(said)}" if said else f"Score {score.total}"


def _hold(work: Work, found: Assessed) -> bool:
    """Hold an order and open its case, unless it is held or was decided already, or has left the house."""
    order = work.orders.locked(found.order_id)
    is_known = work.cases.newest(found.order_id, "fraud") is not None
    if is_known or work.cases.had_hold(found.order_id, HoldType.FRAUD.value):
        return False
    if why_not_hold(work.orders.facts(order), HoldType.FRAUD):
        return False
    why = kept_line(reason_of(found.score))
    ends = _authorisation_ends(work, found.order_id)
    work.add(_hold_row(work, found.order_id, why))
    work.record("hold.placed", "order", found.order_id, f"On hold: {HoldType.FRAUD.label}. {why}", after="fraud")
    work.add(
        CaseRow(
            order_id=found.order_id,
            kind="fraud",
            state=FraudState.FLAGGED.plain.value,
            fraud_state=FraudState.FLAGGED.value,
            opened_by=work.actor.name,
            opened_at=work.now,
            score=found.score.total,
            reason=why,
            suggested="cancel_fraud" if found.score.action is Action.PROPOSE_CANCEL else "",
            authorisation_ends=ends,
            decide_by=ends - work.fraud.thresholds.deadline.margin if ends and work.fraud else None,
        )
    )
    work.record("case.opened", "order", found.order_id, f"Case opened: {why}", after="fraud")
    work.orders.settle(order)
    return True


def _hold_row(work: Work, order_id: int, why: str) -> HoldRow:
    return HoldRow(
        order_id=order_id,
        type=HoldType.FRAUD.value,
        reason=why,
        blocks=",".join(sorted(DEFAULT_BLOCKS[HoldType.FRAUD])),
        placed_by=work.actor.name,
        placed_at=work.now,
    )


def _authorisation_ends(work: Work, order_id: int) -> datetime | None:
    """Return when the first of the order's authorisations ends, by the gateway's word or else rather too early."""
    if work.fraud is None:
        return None
    windows = work.fraud.codes.windows
    brands = {check.payment_id: check.brand for check in work.risk.checks(order_id)}
    ends = [
        windows.ends_at(
            payment.created_at,
            gateway=payment.gateway,
            network=brands.get(payment.id or 0, ""),
            told=payment.expires_at,
        )
        for payment in work.payments.of_order(order_id)
        if work.payments.facts(payment).capturable
    ]
    return min(ends, default=None)
