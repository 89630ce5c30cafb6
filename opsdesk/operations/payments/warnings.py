"""Early fraud warnings: a bank says that a payment was fraud, before it takes the money back (fraud.md 7.7).

The order is labelled once for each report. While giving the money back can spare the dispute, somebody is told to; what
has not left the house is held, and its case proposes to cancel.
"""

from __future__ import annotations

from opsdesk.domain.fraud.codes.disputes import decode_warning
from opsdesk.domain.fraud.learning.labels import Word
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import why_not_hold
from opsdesk.domain.payments.gateways import EarlyWarning
from opsdesk.operations.fraud.cases import begin_case
from opsdesk.operations.fraud.endings import FRAUD_CASE
from opsdesk.operations.fraud.moves import place_fraud_hold
from opsdesk.operations.words import kept_line
from opsdesk.store.tables import GatewayEventRow, OrderRow, PaymentRow
from opsdesk.store.work import Work

WARNED = "The cardholder's bank reports this payment as fraud. Give the money back now, before it becomes a dispute."
_SUGGESTED = "cancel_fraud"


def take_warning(work: Work, order: OrderRow, gateway: str, told: EarlyWarning) -> list[str]:
    """Label a locked order as a bank reports it, once; return what somebody has to do about it."""
    assert order.id is not None, "An order that was paid has been saved."
    if work.risk.has_report(gateway, told.reference):
        return []
    why = _words(work, told)
    work.risk.add_label(
        order.id, Word.WARNED, source=gateway, reference=kept_line(told.reference), reason=why, by=work.actor.name
    )
    summary = f"The cardholder's bank reports fraud: {why}"
    work.record("fraud.warned", "order", order.id, summary, after=Word.WARNED.value)
    _hold_what_is_here(work, order, summary)
    payment = work.payments.by_reference(gateway, told.payment_reference)
    return [WARNED] if told.is_actionable and (payment is None or _can_be_spared(work, payment)) else []


def let_warnings_go(work: Work, order: OrderRow) -> None:
    """Ask nobody any more to give back what went back, or what the bank has taken by now."""
    for event in work.settlements.standing_events(order.id or 0):
        if WARNED not in event.problem.splitlines():
            continue
        payment = work.payments.by_reference(event.gateway, event.reference)
        if payment is not None and not _can_be_spared(work, payment):
            let_go(work, event, WARNED)


def let_go(work: Work, event: GatewayEventRow, problem: str) -> None:
    """Take one sentence from an event that waits; without any it waits for nobody."""
    left = [line for line in event.problem.splitlines() if line != problem]
    if left:
        event.problem = "\n".join(left)
        return
    event.settled_by, event.settled_at = work.actor.name, work.now
    event.settled_note = "It settled itself."


def _can_be_spared(work: Work, payment: PaymentRow) -> bool:
    """Say whether money is there that no dispute is about yet."""
    sums = work.payments.facts(payment)
    left = sums.captured - sums.refunded
    return bool(left > 0 or sums.capturable) and not work.settlements.disputes(payment.id or 0)


def _hold_what_is_here(work: Work, order: OrderRow, why: str) -> None:
    assert order.id is not None, "An order that is held has been saved."
    if work.cases.undecided(order.id, FRAUD_CASE) is not None:
        return
    if work.cases.active_hold(order.id, HoldType.FRAUD.value) is None:
        if why_not_hold(work.orders.facts(order), HoldType.FRAUD):
            return
        place_fraud_hold(work, order.id, why)
    newest = work.risk.newest(order.id)
    at = begin_case(work, order, reason=why, score=newest.score if newest is not None else 0)
    at.row.suggested = _SUGGESTED
    work.orders.settle(order)


def _words(work: Work, told: EarlyWarning) -> str:
    if work.fraud is None:
        return kept_line(told.kind.replace("_", " ")) or "no reason given"
    return decode_warning(work.fraud.codes.disputes, told.kind).words
