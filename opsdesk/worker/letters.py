"""Letters that nobody is there to write: a customer who was asked and has not answered is reminded."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.fraud.cases.letters import LAST_NOTICE, REMINDER
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.integrations.ports import LetterWriter
from opsdesk.operations.fraud.reminding import remind as remind_customer
from opsdesk.store.fraud.due import ToRemind, cases_to_remind
from opsdesk.store.views.mails.letters import letter_facts
from opsdesk.store.work import Performer

_LAST_DAY = timedelta(hours=25)
"""Less than this before the deadline the last notice goes out; it is due a day before, or the next morning."""


def remind(performer: Performer, letters: LetterWriter, *, limit: int = 20) -> int:
    """Queue the reminders that are due, at most `limit`; return how many cases were looked at.

    A reminder that cannot be written, for want of a template, is left out; the case says so.
    """
    now = performer.clock()
    with performer.store.reading() as session:
        due = cases_to_remind(session, now, limit)
    for case in due:
        is_last = case.answer_by is not None and case.answer_by - now < _LAST_DAY
        status = LAST_NOTICE if is_last else REMINDER
        letter = _written(performer, letters, status, case)
        performer.perform(remind_customer, case.case_id, letter=letter, status=status)
    return len(due)


def _written(performer: Performer, letters: LetterWriter, template: str, case: ToRemind) -> Letter | None:
    with performer.store.reading() as session:
        facts = letter_facts(session, case.order_id, agent=case.asked_by)
    try:
        return letters.write(template, replace(facts, deadline=case.answer_by))
    except OpsDeskError:
        return None
