"""Read what comes into the mailbox: outside any transaction; each mail is recorded in one of its own, at most once."""

from __future__ import annotations

import logging
from collections.abc import Collection

from sqlmodel import Session

from opsdesk.domain.errors import Conflict
from opsdesk.domain.mails.received import Bounce, ReceivedMail, Reply, Verdict
from opsdesk.integrations.ports import Mailbox
from opsdesk.operations.mails.received import find_answered, find_returned, move_cursor, note_bounce, note_reply
from opsdesk.store.repositories.mails import Mails
from opsdesk.store.tables import MailboxCursorRow
from opsdesk.store.views.shop import shop_texts
from opsdesk.store.work import Performer

_log = logging.getLogger("opsdesk.worker")


def read_mailbox(performer: Performer, mailbox: Mailbox) -> int:
    """Take in the next mails of a mailbox; return how many said something about ours.

    A mail's key is made of its content and names the command that records it, so that one which is read again, after a
    stop between reading and recording or in a mailbox that was made anew, is not recorded again.
    """
    with performer.store.reading() as session:
        row = session.get(MailboxCursorRow, mailbox.name)
        known, told = (row.cursor, row.problem) if row is not None else ("", "")
        texts = shop_texts(session)
    own = {texts["mail_from"].casefold(), texts["mail_reply_to"].casefold()}
    page = mailbox.read(known, now=performer.clock())
    taken = sum(_take(performer, mail, own) for mail in page.mails)
    if row is None or page.cursor != known or page.problem != told:
        performer.perform(move_cursor, mailbox.name, page.cursor, problem=page.problem)
    if page.problem and page.problem != told:
        _log.warning("%s", page.problem)
    mailbox.mark(page)
    mailbox.close()
    return taken


def _take(performer: Performer, mail: ReceivedMail, own: Collection[str]) -> bool:
    """Record what a mail says of ours, if it does. One that cannot be recorded keeps no other from being read."""
    with performer.store.reading() as session:
        if not _is_about_ours(performer, session, mail.verdict, own):
            return False
    for _ in range(2):
        try:
            match mail.verdict:
                case Bounce():
                    performer.perform_as(mail.key, note_bounce, bounce=mail.verdict)
                case Reply():
                    performer.perform_as(mail.key, note_reply, reply=mail.verdict)
        except Conflict:
            continue
        return True
    _log.warning("A mail (%s) could not be recorded. Look at it in the mailbox.", mail.uid)
    return False


def _is_about_ours(performer: Performer, session: Session, verdict: Verdict, own: Collection[str]) -> bool:
    """Say whether a mail of ours is meant. What the shop itself wrote, and most of a mailbox, is nobody's command."""
    match verdict:
        case Bounce():
            return find_returned(Mails(session), verdict, performer.clock()) is not None
        case Reply():
            is_own = verdict.sender.casefold() in own
            return not is_own and find_answered(Mails(session), verdict, performer.clock()) is not None
        case _:
            return False
