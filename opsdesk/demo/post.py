"""The mails of the demo shop: written from the shipped templates, and in every state that a mail can be in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from opsdesk.demo.history import Line
from opsdesk.demo.moments import moment_of, stamp
from opsdesk.demo.sheets import Sheets
from opsdesk.demo.staff import WORKER, Clerk
from opsdesk.demo.tales import Tale
from opsdesk.domain.mails.letters import LetterFacts, LetterLine, LetterParcel
from opsdesk.domain.mails.outgoing import BACK_OFF, Letter, MailState
from opsdesk.domain.money import Money
from opsdesk.domain.orders.cases import CaseState

_GRACE = 20
_NAMES = {
    "received": "Received", "awaiting_payment": "Awaiting payment", "payment_received": "Payment received",
    "potential_fraud": "Potential Fraud", "awaiting_confirmation": "Awaiting confirmation of delivery",
    "on_hold": "On hold", "backordered": "Backordered", "being_packed": "Being packed", "shipped": "Shipped",
    "delivered": "Delivered", "cancelled": "Cancelled", "refunded": "Refunded",
}  # fmt: skip


class Writes(Protocol):
    """Writes letters from the shop's templates."""

    def write(self, template: str, facts: LetterFacts) -> Letter:
        """Fill in the template of the language nearest to the order's."""
        ...


class Fate(StrEnum):
    """What becomes of a mail."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    DELAYED = "delayed"
    IN_DOUBT = "in_doubt"
    WAITING = "waiting"
    TAKEN_BACK = "taken_back"


_REPLIES = {
    Fate.REFUSED: "550 5.1.1 The mailbox does not exist.",
    Fate.DELAYED: "451 4.7.1 Greylisted, try again in five minutes.",
    Fate.IN_DOUBT: "The connection broke after the whole mail had been handed over.",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A mail that somebody wants to have sent.

    Attributes:
        event_key: the same event never writes a second mail.
        subject_id: the command that it belongs to.
    """

    code: str
    event_key: str
    command_id: str
    deadline: int | None = None
    expected_on: date | None = None


class Post:
    """Writes mails and lets them meet their fate."""

    def __init__(self, sheets: Sheets, writer: Writes, end: int) -> None:
        self._sheets = sheets
        self._writer = writer
        self._end = end

    def tell(
        self, tale: Tale, at: int, who: Clerk, code: str, *lines: Line, fate: Fate = Fate.ACCEPTED,
        deadline: int | None = None, expected_on: date | None = None, case_id: int | None = None,
    ) -> None:  # fmt: skip
        """Tell the customer a status, together with what it does to the order (`lines`)."""
        name = _NAMES[code]
        told = Line("status.told", f"Status {name}", after=code)
        command_id = tale.act(at, who, "status.tell", *lines, told, message=name)
        key = f"case:{case_id}:{command_id}" if case_id else f"order:{tale.id}:{code}:{command_id}"
        self.send(tale, at, who, Wanted(code, key, command_id, deadline, expected_on), fate)

    def send(self, tale: Tale, at: int, who: Clerk, wanted: Wanted, fate: Fate = Fate.ACCEPTED) -> None:
        """Put a mail into the outbox and settle what becomes of it until now."""
        if not tale.email:
            return
        letter = self._writer.write(wanted.code, _facts(tale, who, wanted))
        mail_id = self._sheets.next_id("mail")
        queued = Line("mail.queued", f"Mail queued to {tale.email}: {letter.subject}")
        tale.history.happened(at, who, tale.id, wanted.command_id, queued)
        if fate is Fate.ACCEPTED and at + 2 * _GRACE >= self._end:
            fate = Fate.WAITING
        state, version, tried_at = self._settle(tale, at, who, fate, wanted, letter.subject, mail_id)
        attempts = int(tried_at is not None)
        later = tried_at + int(BACK_OFF[0].total_seconds()) if tried_at and state is MailState.RETRY else None
        self._sheets.add("mail", (
            mail_id, tale.id, wanted.event_key, wanted.code, letter.language, tale.email, letter.subject, letter.text,
            letter.html, f"mail.{wanted.command_id.replace('-', '')}", state.value, who.name, stamp(at),
            stamp(later or at + _GRACE), attempts, "demo#1" if attempts else None,
            stamp(tried_at) if tried_at else None, _REPLIES.get(fate, ""),
            stamp(tried_at + 1) if tried_at and state is MailState.ACCEPTED else None, wanted.command_id, version,
        ))  # fmt: skip

    def _settle(
        self, tale: Tale, at: int, who: Clerk, fate: Fate, wanted: Wanted, subject: str, mail_id: int
    ) -> tuple[MailState, int, int | None]:
        """Return the state, the version and the moment of the try, after writing what became of the mail."""
        if fate is Fate.WAITING:
            return MailState.QUEUED, 1, None
        if fate is Fate.TAKEN_BACK:
            line = Line("mail.taken_back", f"Mail taken back: {subject}", "queued", "cancelled")
            command = tale.history.command(at + 9, who, "mail.take_back", mail_id, 2, f"Mail taken back: {subject}")
            tale.history.happened(at + 9, who, tale.id, command, line)
            return MailState.CANCELLED, 2, None
        tried = at + _GRACE + 2
        state, action, summary = {
            Fate.ACCEPTED: (MailState.ACCEPTED, "mail.accepted", f"Mail accepted by the mail server: {subject}"),
            Fate.REFUSED: (MailState.FAILED, "mail.failed", f"Mail refused: {_REPLIES.get(fate)}"),
            Fate.DELAYED: (MailState.RETRY, "mail.delayed", f"Mail not taken yet: {_REPLIES.get(fate)}"),
            Fate.IN_DOUBT: (MailState.HELD, "mail.held", f"Mail in doubt: {_REPLIES.get(fate)}"),
        }[fate]
        command = tale.history.command(tried + 1, WORKER, "mail.record_outcome", mail_id, 2, summary)
        tale.history.happened(tried + 1, WORKER, tale.id, command, Line(action, summary, "sending", state.value))
        if state is MailState.ACCEPTED:
            self._follow(tale, tried + 1, wanted, command)
        return state, 2, tried

    @staticmethod
    def _follow(tale: Tale, at: int, wanted: Wanted, command_id: str) -> None:
        """The customer has been told now: the status shows, and a case that was opened waits for the answer."""
        tale.told = (wanted.code, at)
        tale.version += 1
        tale.changed_at = at
        if wanted.event_key.startswith("case:") and tale.case is not None and tale.case.state is CaseState.OPEN:
            tale.case.state = CaseState.AWAITING_CUSTOMER
            line = Line("case.asked", "The customer has been asked; the answer is awaited")
            tale.history.happened(at, WORKER, tale.id, command_id, line)


def _facts(tale: Tale, who: Clerk, wanted: Wanted) -> LetterFacts:
    basket, person, place = tale.basket, tale.person, tale.ship_to
    money = tale.facts().money
    lines = {
        line.id: LetterLine(line.title, line.ordered, Money(line.amount, basket.currency), line.variant, line.sku)
        for line in basket.lines
    }
    town = f"{place.postcode} {place.city}".strip()
    rows = (person.name, person.company, place.line1, town, place.region, place.country)
    return LetterFacts(
        order_number=tale.number,
        placed_at=moment_of(tale.placed_at),
        customer_name=person.name,
        language=person.language,
        lines=tuple(lines.values()),
        address=tuple(row for row in rows if row),
        total=Money(basket.total, basket.currency),
        paid=Money(money.paid, basket.currency),
        refunded=Money(money.refunded, basket.currency),
        parcels=tuple(
            LetterParcel(
                sent.carrier, sent.tracking, sent.url,
                tuple(LetterLine(lines[line_id].title, units, lines[line_id].price) for line_id, units in sent.inside),
            )
            for sent in tale.parcels if sent.recalled_at is None
        ),
        agent=who.full_name,
        deadline=moment_of(wanted.deadline) if wanted.deadline else None,
        expected_on=wanted.expected_on,
    )  # fmt: skip
