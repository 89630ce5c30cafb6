"""Reminding a customer who was asked to call and has not: twice at most, by day, and never once they have answered."""

from __future__ import annotations

from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.operations.fraud.asking import next_reminder
from opsdesk.operations.fraud.moves import REMINDS, open_case
from opsdesk.operations.mails.outbox import queue_mail
from opsdesk.store.work import Done, Work, operation


@operation("case.remind")
def remind(work: Work, case_id: int, *, letter: Letter | None, status: str) -> Done:
    """Queue the reminder that is due, and say when the next one is; without a letter it is left out.

    `status` is the code of the status that the letter tells.
    """
    at = open_case(work, case_id)
    if at.row.remind_at is None or at.row.remind_at > work.now:
        return Done("The customer was reminded in the meantime.", case_id)
    due, by = at.row.remind_at, at.row.respond_by
    waits = at.case.state is FraudState.AWAITING_CUSTOMER and by is not None and by > work.now
    at.row.remind_at = next_reminder(at, after=work.now) if waits else None
    at.row.version += 1
    if not waits:
        return Done("Nobody waits for the customer any more.", case_id)
    if letter is None or not at.order.email:
        work.record(
            "case.not_reminded", "order", at.row.order_id, "The reminder could not be written: call the customer"
        )
    else:
        key = f"{REMINDS}{case_id}:{due:%Y%m%d%H%M}"
        queue_mail(work, at.order, letter, event_key=key, status_code=status)
        work.record("case.reminded", "order", at.row.order_id, "The customer is reminded")
    work.orders.settle(at.order)
    return Done(f"{at.order.number}: the customer is reminded.", case_id)
