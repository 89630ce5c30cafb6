"""Mails to customers: written into the outbox with what they belong to, taken back, changed, sent again, settled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from uuid import uuid4

from opsdesk.domain.cards import mask_cards
from opsdesk.domain.errors import Refused
from opsdesk.domain.mails.outgoing import GRACE, Letter, MailState, next_attempt, require_address, require_letter
from opsdesk.domain.searching import digits
from opsdesk.integrations.ports import SendOutcome, SendResult
from opsdesk.store.tables import MailRow, OrderRow
from opsdesk.store.work import Done, Work, operation

ASKS_CASE = "case:"
"""Begins the event key of a mail that asks the customer about a case; the case's id follows."""


def queue_mail(
    work: Work, order: OrderRow, letter: Letter, *, event_key: str, status_code: str, grace: timedelta = GRACE
) -> MailRow:
    """Write a mail into the outbox, in the transaction of what it tells; one event writes one mail.

    Raises:
        Invalid: the address or the subject cannot stand in a mail.
    """
    if earlier := work.mails.of_event(event_key):
        return earlier
    checked = _without_cards(work, order.id, require_letter(letter))
    mail = work.mails.add(
        MailRow(
            order_id=order.id,
            event_key=event_key,
            status_code=status_code,
            language=checked.language,
            recipient=require_address(order.email, "email"),
            subject=checked.subject,
            text=checked.text,
            html=checked.html,
            message_id=f"mail.{uuid4().hex}",
            state=MailState.QUEUED.value,
            queued_by=work.actor.name,
            queued_at=work.now,
            not_before=work.now + grace,
            command_id=work.command_id,
        )
    )
    _record(work, mail, "mail.queued", f"Mail queued to {mail.recipient}: {mail.subject}")
    return mail


@operation("mail.take_back")
def take_back(work: Work, mail_id: int, *, version: int | None = None) -> Done:
    """Take a mail out of the outbox before it is sent.

    Raises:
        Refused: it has been sent, or is being sent now.
    """
    mail = _changeable(work, mail_id, version, "taken back")
    return moved(work, mail, MailState.CANCELLED, "mail.taken_back", f"Mail taken back: {mail.subject}")


@operation("mail.edit")
def edit(work: Work, mail_id: int, *, version: int, letter: Letter) -> Done:
    """Replace the words of a mail that has not been sent yet.

    Raises:
        Refused: it has been sent, or is being sent now.
        Invalid: the subject or the text cannot stand in a mail.
    """
    mail = _changeable(work, mail_id, version, "changed")
    checked = _without_cards(work, mail.order_id, require_letter(letter))
    before = f"{mail.subject}\n\n{mail.text}"
    mail.subject, mail.text, mail.html = checked.subject, checked.text, checked.html
    mail.version += 1
    _record(work, mail, "mail.edited", f"Mail changed: {mail.subject}", before, f"{mail.subject}\n\n{mail.text}")
    return Done(f"Changed the mail to {mail.recipient}.", mail.id, mail.version)


@operation("mail.send_now")
def send_now(work: Work, mail_id: int, *, version: int) -> Done:
    """Let a waiting or failed mail go out without waiting longer; one that failed goes to the order's address of now.

    Raises:
        Refused: it has been sent, is being sent, was taken back, or is in doubt.
        Invalid: the order's address is none.
    """
    mail = work.mails.locked(mail_id, version=version)
    if mail.state not in (MailState.QUEUED, MailState.RETRY, MailState.FAILED, MailState.BOUNCED):
        raise Refused(f"The mail is {MailState(mail.state).word}; it cannot be sent now.")
    if mail.order_id is not None and mail.state in (MailState.FAILED, MailState.BOUNCED):
        mail.recipient = require_address(work.orders.locked(mail.order_id).email, "email")
    mail.not_before, mail.accepted_at = work.now, None
    mail.attempts = 0
    return moved(work, mail, MailState.QUEUED, "mail.sent_now", f"Mail sent at once: {mail.subject}")


@operation("mail.settle_doubt")
def settle_doubt(work: Work, mail_id: int, *, version: int, arrived: bool) -> Done:
    """Decide about a mail of which nobody knows whether the mail server took it: it arrived, or send it again.

    Raises:
        Refused: the mail is not in doubt.
    """
    mail = work.mails.locked(mail_id, version=version)
    if mail.state != MailState.HELD:
        raise Refused(f"The mail is {MailState(mail.state).word}; there is nothing to decide.")
    mail.claimed_by = None
    if arrived:
        return accept(work, mail, "Mail marked as arrived")
    mail.not_before = work.now
    return moved(work, mail, MailState.QUEUED, "mail.sent_again", f"Mail sent again: {mail.subject}")


@operation("mail.record_outcome")
def record_outcome(work: Work, mail_id: int, *, claim: str, outcome: SendOutcome) -> Done:
    """Write down what the mail server answered to whoever claimed the mail.

    A claim that was taken away in the meantime, because its holder seemed dead, still counts while nobody has decided:
    what the mail server said is the truth.
    """
    mail = work.mails.locked(mail_id)
    if mail.claimed_by != claim or mail.state not in (MailState.SENDING, MailState.HELD):
        return Done("The mail was settled by somebody else.", mail_id)
    mail.last_error = "" if outcome.result is SendResult.ACCEPTED else outcome.reply
    if outcome.result is SendResult.ACCEPTED:
        return accept(work, mail, "Mail accepted by the mail server")
    if outcome.result is SendResult.REJECTED:
        return _failed(work, mail, f"Mail refused: {outcome.reply}")
    if outcome.result is SendResult.IN_DOUBT:
        return moved(work, mail, MailState.HELD, "mail.held", f"Mail in doubt: {outcome.reply}")
    later = next_attempt(mail.attempts, work.now)
    if later is None:
        return _failed(work, mail, f"Mail given up: {outcome.reply}")
    mail.not_before = later
    return moved(work, mail, MailState.RETRY, "mail.delayed", f"Mail not taken yet: {outcome.reply}")


@operation("mail.hold_abandoned")
def hold_abandoned(work: Work, mail_id: int, *, claim: str) -> Done:
    """Hold a mail whose sender stopped in the middle: whether the mail server took it, nobody knows.

    `claim` is that of the worker that found it.
    """
    mail = work.mails.locked(mail_id)
    if mail.state != MailState.SENDING or mail.claimed_by == claim:
        return Done("The mail was settled in the meantime.", mail_id)
    mail.last_error = "The program stopped while the mail was being sent."
    return moved(work, mail, MailState.HELD, "mail.held", f"Mail in doubt: {mail.last_error}")


def _without_cards(work: Work, order_id: int | None, letter: Letter) -> Letter:
    """Mask card numbers that staff wrote into a mail; a parcel's number that looks like one stays."""
    parcels = work.orders.parcels(order_id) if order_id is not None else []
    known = {digits(parcel.tracking_number)[-4:] for parcel in parcels}

    def masked(text: str) -> str:
        found = mask_cards(text)
        return text if found.found and all(card.last4 in known for card in found.found) else found.text

    return replace(letter, subject=masked(letter.subject), text=masked(letter.text), html=masked(letter.html))


def _changeable(work: Work, mail_id: int, version: int | None, done: str) -> MailRow:
    mail = work.mails.locked(mail_id, version=version)
    if not MailState(mail.state).can_be_changed:
        raise Refused(f"The mail is {MailState(mail.state).word}; it cannot be {done} any more.")
    return mail


def accept(work: Work, mail: MailRow, summary: str) -> Done:
    """Note that a mail server has taken the mail; what it tells is told now, unless that was told once before."""
    mail.accepted_at = work.now
    done = moved(work, mail, MailState.ACCEPTED, "mail.accepted", f"{summary}: {mail.subject}")
    if mail.order_id is not None and mail.returned_at is None:
        _let_the_order_follow(work, mail, mail.order_id)
    return done


def _failed(work: Work, mail: MailRow, summary: str) -> Done:
    done = moved(work, mail, MailState.FAILED, "mail.failed", summary)
    if mail.order_id is not None and mail.event_key.startswith(ASKS_CASE):
        _fraud_asking().mail_refused(work, work.orders.locked(mail.order_id), mail)
    return done


def _let_the_order_follow(work: Work, mail: MailRow, order_id: int) -> None:
    """The customer has been told now: the status shows, and a case that was opened waits for the answer.

    The order's version stands still: whoever has a form open has seen nothing of it that is not so any more.
    """
    order = work.orders.locked(order_id)
    order.told_status, order.told_at = mail.status_code, work.now
    if mail.event_key.startswith(ASKS_CASE):
        _fraud_asking().mail_accepted(work, order, mail)
    work.orders.settle(order, moves=False)


def _fraud_asking() -> ModuleType:
    # Imported here, not above: the fraud desk sends mails itself.
    from opsdesk.operations.fraud import asking

    return asking


def moved(work: Work, mail: MailRow, state: MailState, action: str, summary: str) -> Done:
    """Move a mail on, and write down why."""
    before, mail.state = mail.state, state.value
    mail.version += 1
    _record(work, mail, action, summary, before, mail.state)
    return Done(f"{summary}.", mail.id, mail.version)


def _record(work: Work, mail: MailRow, action: str, summary: str, before: str = "", after: str = "") -> None:
    kind, subject = ("order", mail.order_id) if mail.order_id is not None else ("mail", mail.id)
    work.record(action, kind, subject or 0, summary, before=before, after=after)
