"""Asking the customer to call: the Order Status menu asks, the mail server's yes starts the clock, its no warns."""

from __future__ import annotations

from datetime import datetime

from opsdesk.domain.fraud.cases import contacting
from opsdesk.domain.fraud.cases.deadlines import answer_by, reminders
from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.fraud.cases.working import insist
from opsdesk.domain.orders.cases import CaseState
from opsdesk.operations.fraud.cases import begin_case
from opsdesk.operations.fraud.endings import FRAUD_CASE
from opsdesk.operations.fraud.moves import OpenCase, at_work, carry_out
from opsdesk.operations.mails.outbox import ASKS_CASE
from opsdesk.store.repositories.cases import move_case
from opsdesk.store.tables import CaseRow, MailRow, OrderRow
from opsdesk.store.work import Work


def ask(work: Work, order: OrderRow, *, days: int, respond_by: datetime | None, reason: str) -> str:
    """Let the case of an order ask its customer, or open one; the clock starts when the mail server takes the mail.

    Raises:
        Refused: the case is decided or waits for a second person, or the customer was asked a short while ago.
    """
    assert order.id is not None, "An order whose customer is asked has been saved."
    row, told = work.cases.undecided(order.id, FRAUD_CASE), ""
    if row is None:
        at, told = (
            begin_case(work, order, reason=reason),
            "The clock starts when the mail server has accepted the mail.",
        )
    else:
        at = at_work(work, order, row)
    insist(contacting.why_not_ask(at.case, at.desk))
    at.row.answer_days, at.row.respond_by = days, respond_by
    if at.row.previous_status is None and at.row.mail_sent_at is None:
        at.row.previous_status = order.told_status
    at.row.version += 1
    return told


def mail_accepted(work: Work, order: OrderRow, mail: MailRow) -> None:
    """Wait for the customer from now on, no longer than the money waits less a margin; the order is locked already."""
    row = case_asked_by(work, mail)
    if not row.fraud_state:
        _wait_plainly(work, row)
        return
    at = at_work(work, order, row)
    if at.case.state.is_closed:
        return
    by = answer_by(at.case.respond_by or work.now, at.case, work.now, at.desk.settings.deadline)
    waited = at.case.state is FraudState.AWAITING_CUSTOMER
    move = contacting.mail_accepted(at.case, by.at, work.now)
    carry_out(work, at, move, "case.asked", "The customer has been asked; the answer is awaited", moves_order=False)
    if move.case.state is FraudState.AWAITING_CUSTOMER and not waited:
        row.remind_at = next_reminder(at, after=work.now)
    if by.is_short:
        work.record("case.hurried", "order", row.order_id, "The money is held for so short that a call is better")


def mail_refused(work: Work, order: OrderRow, mail: MailRow) -> None:
    """Warn the desk that the mail that asks went nowhere; nothing else moves. The order is locked already."""
    row = case_asked_by(work, mail)
    if not row.fraud_state or row.decided_at is not None:
        return
    at = at_work(work, order, row)
    move = contacting.mail_refused(at.case)
    row.remind_at = None
    carry_out(work, at, move, "case.mail_refused", f"The customer could not be asked by mail: {mail.last_error}")


def case_asked_by(work: Work, mail: MailRow) -> CaseRow:
    """Return the case that a mail asks about, locked."""
    return work.cases.locked(int(mail.event_key.removeprefix(ASKS_CASE).partition(":")[0]))


def _wait_plainly(work: Work, row: CaseRow) -> None:
    if row.state == CaseState.OPEN:
        move_case(row, CaseState.AWAITING_CUSTOMER)
        work.record("case.asked", "order", row.order_id, "The customer has been asked; the answer is awaited")


def next_reminder(at: OpenCase, *, after: datetime) -> datetime | None:
    """Return when the customer is to be reminded next, None when they were reminded enough."""
    asked, by = at.case.mail_sent_at, at.case.respond_by
    if asked is None or by is None:
        return None
    moments = reminders(asked, by, at.desk.zone, at.desk.settings.calls)
    return min((moment for moment in moments if moment > after), default=None)
