"""Telling a status: the mail and what it does to the order, in one step; and taking both back."""

from __future__ import annotations

import json
from datetime import timedelta

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.mails.outgoing import GRACE
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.statuses.menu import (
    EffectKind,
    Question,
    Status,
    why_not_tell,
)
from opsdesk.operations.mails.outbox import ASKS_CASE, queue_mail, take_back
from opsdesk.operations.statuses.effects import APPLY
from opsdesk.operations.statuses.previewing import Telling
from opsdesk.store.repositories.cases import move_case
from opsdesk.store.tables import MailRow
from opsdesk.store.work import OPERATIONS, Done, Work, operation


@operation("status.tell")
def tell(work: Work, order_id: int, *, version: int, telling: Telling, grace: timedelta = GRACE) -> Done:
    """Tell the customer a status: queue the mail and change the order, both or neither.

    Raises:
        Refused: the rules do not allow the status now.
        Conflict: the order changed since `version` was read.
        Invalid: the mail cannot be sent like this, or something that the status asks for is missing.
    """
    order = work.orders.locked(order_id, version=version)
    status = telling.status
    if problem := why_not_tell(status, work.orders.facts(order)):
        raise Refused(problem)
    _require_answers(telling)
    done = [APPLY[effect.kind](work, order, effect, telling) for effect in status.effects]
    if telling.letter is None:
        order.told_status, order.told_at = status.code, work.now
        work.record("status.set", "order", order_id, f"Status {status.name}, without a mail", after=status.code)
    else:
        work.record("status.told", "order", order_id, f"Status {status.name}", after=status.code)
        mail = queue_mail(
            work,
            order,
            telling.letter,
            event_key=_event_key(work, order_id, telling),
            status_code=status.code,
            grace=grace,
        )
        _offer_undo(work, order_id, status, mail)
    work.orders.settle(order)
    sentences = [f"{order.number}: {status.name}.", *filter(None, done)]
    return Done(" ".join(sentences), order_id, order.version)


@operation("status.take_back")
def take_back_telling(
    work: Work, order_id: int, *, mail_id: int, holds: str = "", case_id: int | None = None, also: str = ""
) -> Done:
    """Take back a status with its mail, its holds and its case, as long as the mail has not been sent.

    `also` is the JSON of a further operation that takes back what the status did besides.

    Raises:
        Refused: the mail has been sent, or is being sent now.
    """
    order = work.orders.locked(order_id)
    take_back(work, mail_id)
    if also:
        name, arguments = json.loads(also)
        OPERATIONS[name](work, **arguments)
    for hold_id in filter(None, holds.split(",")):
        hold = work.cases.locked_hold(int(hold_id))
        if hold.released_at is None:
            hold.released_by, hold.released_at, hold.release_note = work.actor.name, work.now, "Taken back."
            work.record("hold.released", "order", order_id, "Hold taken back with its mail", before=hold.type)
    case = work.cases.locked(case_id) if case_id is not None else None
    if case is not None and case.fraud_state not in ("", FraudState.FLAGGED):
        raise Refused(f"Somebody works on the case of {order.number} already. Decide it instead.")
    if case is not None and case.decided_at is None:
        move_case(case, CaseState.CANCELLED)
        case.decided_by, case.decided_at = work.actor.name, work.now
        work.record("case.taken_back", "order", order_id, "Case taken back with its mail", before=case.kind)
    work.orders.settle(order)
    return Done(f"{order.number}: taken back; the customer was not told.", order_id, order.version)


def _offer_undo(work: Work, order_id: int, status: Status, mail: MailRow) -> None:
    """Let the telling be taken back with everything that it did; where a hold was released, a person decides anew."""
    also = json.dumps(work.undo) if work.undo else ""
    work.undo = None
    if mail.id is None or any(effect.kind is EffectKind.RELEASE_HOLD for effect in status.effects):
        return
    kinds = [effect.hold for effect in status.effects if effect.hold is not None]
    holds = [work.cases.active_hold(order_id, kind.value) for kind in kinds]
    new_holds = [str(hold.id) for hold in holds if hold is not None and hold.placed_at == work.now]
    case = work.cases.undecided(order_id, status.opens_case) if status.opens_case else None
    case_id = case.id if case is not None and case.opened_at == work.now else None
    held = ",".join(new_holds)
    work.undo_with("status.take_back", order_id=order_id, mail_id=mail.id, holds=held, case_id=case_id, also=also)


def _require_answers(telling: Telling) -> None:
    status = telling.status
    if Question.CANCEL_REASON in status.asks and telling.cancel_reason is None:
        raise Invalid("cancel_reason", "Say why the order is cancelled.")
    if status.opens_case and telling.letter is None:
        raise Refused(f"{status.name} asks the customer to answer; it cannot be set without its mail.")
    if status.has_deadline and telling.deadline is None:
        raise Invalid("deadline", "Say by when the customer is asked to answer.")


def _event_key(work: Work, order_id: int, telling: Telling) -> str:
    kind = telling.status.opens_case
    case = work.cases.undecided(order_id, kind) if kind else None
    if case is not None:
        return f"{ASKS_CASE}{case.id}:{work.command_id}"
    return f"order:{order_id}:{telling.status.code}:{work.command_id}"
