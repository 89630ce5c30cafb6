"""What telling a status does to the order besides the mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import DEFAULT_BLOCKS, HoldType
from opsdesk.domain.statuses.menu import (
    Effect,
    EffectKind,
)
from opsdesk.operations.fraud.asking import ask
from opsdesk.operations.fraud.endings import FRAUD_CASE
from opsdesk.operations.orders.cancelling import cancel
from opsdesk.operations.orders.packing import start_packing
from opsdesk.operations.orders.shipping import deliver
from opsdesk.operations.statuses.previewing import Telling
from opsdesk.store.tables import CaseRow, HoldRow, OrderRow
from opsdesk.store.work import Work


def _place_hold(work: Work, order: OrderRow, effect: Effect, telling: Telling) -> str:
    kind = effect.hold or HoldType.MANUAL
    if order.id is None or work.cases.active_hold(order.id, kind.value):
        return ""
    work.add(
        HoldRow(
            order_id=order.id,
            type=kind.value,
            reason=effect.reason,
            blocks=",".join(sorted(DEFAULT_BLOCKS[kind])),
            placed_by=work.actor.name,
            placed_at=work.now,
            review_at=telling.deadline if effect.review else None,
        )
    )
    work.record("hold.placed", "order", order.id, f"On hold: {kind.label}. {effect.reason}", after=kind.value)
    return f"On hold: {kind.label}."


def _release_hold(work: Work, order: OrderRow, effect: Effect, telling: Telling) -> str:
    kind = effect.hold or HoldType.MANUAL
    hold = work.cases.active_hold(order.id, kind.value) if order.id is not None else None
    if hold is None:
        return ""
    hold.released_by, hold.released_at = work.actor.name, work.now
    hold.release_note = f"The customer was told: {telling.status.name}."
    work.record("hold.released", "order", hold.order_id, f"Hold released: {kind.label}", before=kind.value)
    return f"Hold released: {kind.label}."


def _open_case(work: Work, order: OrderRow, effect: Effect, telling: Telling) -> str:
    if order.id is None:
        return ""
    days = telling.status.answer_days or 0
    if effect.case == FRAUD_CASE:
        reason = f"The customer was told: {telling.status.name}."
        return ask(work, order, days=days, respond_by=telling.deadline, reason=reason)
    if case := work.cases.undecided(order.id, effect.case):
        case.answer_days, case.respond_by = days, telling.deadline
        return ""
    work.add(
        CaseRow(
            order_id=order.id,
            kind=effect.case,
            state=CaseState.OPEN.value,
            opened_by=work.actor.name,
            opened_at=work.now,
            answer_days=days,
            respond_by=telling.deadline,
        )
    )
    work.record("case.opened", "order", order.id, f"Case opened: {effect.case}", after=effect.case)
    return "The clock starts when the mail server has accepted the mail."


def _start_packing(work: Work, order: OrderRow, effect: Effect, telling: Telling) -> str:
    return start_packing(work, order.id or 0, version=order.version).message


def _deliver(work: Work, order: OrderRow, effect: Effect, telling: Telling) -> str:
    return deliver(work, order.id or 0, version=order.version).message


def _cancel(work: Work, order: OrderRow, effect: Effect, telling: Telling) -> str:
    note = f"Told: {telling.status.name}."
    return cancel(work, order.id or 0, version=order.version, reason=telling.cancel_reason, note=note).message


APPLY: Mapping[EffectKind, Callable[[Work, OrderRow, Effect, Telling], str]] = {
    EffectKind.PLACE_HOLD: _place_hold,
    EffectKind.RELEASE_HOLD: _release_hold,
    EffectKind.OPEN_CASE: _open_case,
    EffectKind.START_PACKING: _start_packing,
    EffectKind.DELIVER: _deliver,
    EffectKind.CANCEL: _cancel,
}
"""What each effect of a status does to the order; each says it in a sentence, or with nothing."""
