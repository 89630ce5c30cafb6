"""What mails that come in mean: a mail of ours came back, or a customer answered one. Nothing is released by either."""

from __future__ import annotations

from datetime import datetime, timedelta

from opsdesk.domain.mails.outgoing import MailState
from opsdesk.domain.mails.received import Bounce, BounceKind, Reply
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.operations.fraud.contact import on_bounce, on_reply
from opsdesk.operations.mails.outbox import ASKS_CASE, accept, moved
from opsdesk.operations.words import kept_line, kept_text
from opsdesk.store.repositories.mails import Mails
from opsdesk.store.tables import MailboxCursorRow, MailRow, NoteRow, OrderRow
from opsdesk.store.work import Done, Work, operation

TRIED_AGAIN_AFTER = timedelta(hours=4)
"""How long after a bounce that may pass a mail is tried once more. Full mailboxes and sleeping servers take hours."""

COMES_BACK_WITHIN = timedelta(days=6)
"""Mail servers give up after five days at most (RFC 5321 4.5.4.1)."""

ANSWERED_WITHIN = timedelta(days=30)
_STILL_NEWS = timedelta(hours=24)
_LONGEST_SAID, _LONGEST_NOTE = 200, 1_300
_OUT = (MailState.SENDING, MailState.HELD)


@operation("mail.note_bounce")
def note_bounce(work: Work, *, bounce: Bounce) -> Done:
    """Write down that a mail came back, and let its case follow; one that may pass is tried once more."""
    mail_id = find_returned(work.mails, bounce, work.now)
    if mail_id is None:
        return Done("No mail of this shop came back.")
    order = _locked_order(work, mail_id)
    mail = work.mails.locked(mail_id)
    said = kept_line(bounce.words, longest=_LONGEST_SAID)
    if bounce.kind is BounceKind.DELAYED:
        _record(work, mail, "mail.slow", f"The mail server still tries to deliver the mail: {said}")
        return Done("The mail is still on its way.", mail.id, mail.version)
    if mail.state in _OUT:
        # It came back, so it was taken, whether or not the answer to that ever arrived.
        mail.claimed_by = None
        accept(work, mail, "Mail accepted by the mail server, as its return shows")
    if mail.state != MailState.ACCEPTED:
        return Done("The mail was settled in the meantime.", mail.id, mail.version)
    is_tried_again = bounce.kind is BounceKind.SOFT and _may_be_tried_again(order, mail, work.now)
    mail.last_error, mail.returned_at = said, work.now
    if is_tried_again:
        mail.accepted_at, mail.not_before = None, work.now + TRIED_AGAIN_AFTER
        done = moved(work, mail, MailState.RETRY, "mail.bounced", f"Mail came back, it is tried once more: {said}")
    else:
        done = moved(work, mail, MailState.BOUNCED, "mail.bounced", f"Mail came back: {said}")
    if order is not None:
        if _concerns(work, order, mail):
            is_hard = bounce.kind is BounceKind.HARD
            on_bounce(work, mail, is_hard=is_hard, is_of_address=bounce.is_of_address)
        work.orders.settle(order)
    return done


@operation("case.note_reply")
def note_reply(work: Work, *, reply: Reply) -> Done:
    """Keep a customer's answer as a note, and let the case know that they answered.

    An answer is known by the Message-ID that it names; one that names none by its sender, if that customer was asked.
    """
    mail_id = find_answered(work.mails, reply, work.now)
    order = _locked_order(work, mail_id) if mail_id is not None else None
    if mail_id is None or order is None:
        return Done("It answers no mail about an order.")
    mail = work.mails.locked(mail_id)
    waits = work.cases.undecided(order.id or 0, "fraud") is not None
    if not waits and not mail.event_key.startswith(ASKS_CASE):
        return Done("No case asks about this order.", order.id, order.version)
    kept = _note(order, mail, reply)
    work.add(NoteRow(order_id=order.id or 0, author=work.actor.name, written_at=work.now, text=kept))
    order.note_count += 1
    said = kept_line(reply.subject, longest=_LONGEST_SAID) or "(no subject)"
    work.record("mail.answered", "order", order.id or 0, f"Answer by e-mail: {said}", after=kept)
    on_reply(work, mail, kept)
    work.orders.settle(order)
    return Done(f"{order.number}: the customer answered by e-mail. Call them; an answer releases nothing.", order.id)


@operation("mailbox.move_cursor")
def move_cursor(work: Work, mailbox: str, cursor: str, *, problem: str = "") -> Done:
    """Keep how far a mailbox was read, or why it cannot be read now."""
    row = work.mails.mailbox(mailbox)
    if row is None:
        row = MailboxCursorRow(mailbox=mailbox, read_at=work.now)
        work.add(row)
    row.cursor, row.read_at, row.problem = cursor or row.cursor, work.now, kept_line(problem)
    return Done(f"{mailbox}: {row.problem or 'read'}.")


def find_returned(mails: Mails, bounce: Bounce, now: datetime) -> int | None:
    """Return which of our mails a bounce means: the one it names; where it names none, the newest to its recipient."""
    if bounce.message_id:
        return mails.sent_as([bounce.message_id])
    return mails.newest_to(bounce.recipient, since=now - COMES_BACK_WITHIN) if bounce.recipient else None


def find_answered(mails: Mails, reply: Reply, now: datetime) -> int | None:
    """Return which of our mails an answer means; one that names none means the last by which its sender was asked."""
    if reply.answers:
        return mails.sent_as(reply.answers)
    return mails.newest_to(reply.sender, since=now - ANSWERED_WITHIN, asks_case=True)


def _locked_order(work: Work, mail_id: int) -> OrderRow | None:
    order_id = work.mails.order_of(mail_id)
    return work.orders.locked(order_id) if order_id is not None else None


def _may_be_tried_again(order: OrderRow | None, mail: MailRow, now: datetime) -> bool:
    """Say whether the mail would still be right: it came back soon and once, and nothing was told since."""
    if mail.returned_at is not None or mail.accepted_at is None or now - mail.accepted_at > _STILL_NEWS:
        return False
    if order is None or order.lifecycle != Lifecycle.PLACED:
        return False
    return (order.told_status, order.told_at) == (mail.status_code, mail.accepted_at)


def _concerns(work: Work, order: OrderRow, mail: MailRow) -> bool:
    """Say whether the case hears of it: not when the mail went to an address that was wrong and is corrected."""
    is_current = mail.recipient.casefold() == order.email.casefold()
    return is_current or mail.id == work.mails.last_asking(order.id or 0)


def _note(order: OrderRow, mail: MailRow, reply: Reply) -> str:
    known = {mail.recipient.casefold(), order.email.casefold()}
    origin = "" if reply.sender.casefold() in known else ", which is not the address that was written to"
    lines = (f"Answer by e-mail from {reply.sender}{origin}.", f"Subject: {reply.subject or '(none)'}", "", reply.text)
    return kept_text("\n".join(lines), longest=_LONGEST_NOTE)


def _record(work: Work, mail: MailRow, action: str, summary: str) -> None:
    kind, subject = ("order", mail.order_id) if mail.order_id is not None else ("mail", mail.id)
    work.record(action, kind, subject or 0, summary)
