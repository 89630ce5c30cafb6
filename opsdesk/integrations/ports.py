"""What OpsDesk asks of the outside world. Providers are chosen by the command line, the app and the worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from opsdesk.domain.incoming.arrivals import IncomingOrder, IncomingProduct, Rejection
from opsdesk.domain.mails.letters import LetterFacts
from opsdesk.domain.mails.outgoing import Letter, OutgoingMail
from opsdesk.domain.mails.received import MailboxPage
from opsdesk.domain.payments.gateways import Answer, EventPage, GatewayCall, GatewayEvent, PaymentSnapshot

Plain = None | bool | int | str | list["Plain"] | dict[str, "Plain"]
"""All that a template may ever see."""


class SendResult(StrEnum):
    """What is known after a mail was handed to a mail server."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    TRY_LATER = "try_later"
    IN_DOUBT = "in_doubt"


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """The result, and the mail server's own words or the cause."""

    result: SendResult
    reply: str


class Mailer(Protocol):
    """Hands mails to a mail server."""

    def send(self, mail: OutgoingMail) -> SendOutcome:
        """Hand over one mail. Never raises for what a server or a network can do."""
        ...

    def check(self) -> str | None:
        """Say why no mail can be sent now, or None if it can."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


@dataclass(frozen=True, slots=True)
class TemplateText:
    """The three parts of a template as they are edited; `html` may be empty."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """Why a template cannot be saved: which part, which line (from 1), and what is wrong."""

    part: str
    line: int
    message: str


class LetterWriter(Protocol):
    """Writes letters from the shop's templates."""

    def write(self, template: str, facts: LetterFacts) -> Letter:
        """Fill in the template of the language nearest to the order's.

        Raises:
            Invalid: there is no such template, or it cannot be filled in; the sentence says where.
        """
        ...

    def reword(self, letter: Letter, *, subject: str, text: str) -> Letter:
        """Return the letter with staff's own words; its HTML part follows the text."""
        ...

    def source(self, template: str, language: str) -> TemplateText:
        """Return the parts of a template for editing; empty parts where there is none yet."""
        ...

    def languages(self, template: str) -> tuple[str, ...]:
        """Return the languages in which the template exists."""
        ...

    def lint(
        self, template: str, language: str, source: TemplateText, *, has_deadline: bool
    ) -> tuple[TemplateProblem, ...]:
        """Return everything that is wrong with a template, in order of its lines."""
        ...

    def example(self, template: str, language: str, source: TemplateText) -> Letter:
        """Fill in an unsaved template with an example order."""
        ...

    def save(self, template: str, language: str, source: TemplateText) -> None:
        """Keep the template as the shop's own."""
        ...

    def forbidden(self, language: str) -> tuple[str, ...]:
        """Return the words that no mail in this language may hold."""
        ...


class OrderFile(Protocol):
    """A file of orders that was found whole and readable."""

    @property
    def name(self) -> str:
        """Its name without folders."""
        ...

    @property
    def format(self) -> str:
        """Which format it is in."""
        ...

    def orders(self) -> Iterator[IncomingOrder | Rejection]:
        """Read the orders one after the other, each that cannot be read as a rejection.

        Raises:
            Invalid: the file changed or went away while it was read.
        """
        ...


class ProductFile(Protocol):
    """A file of products that was found whole and readable."""

    @property
    def name(self) -> str:
        """Its name without folders."""
        ...

    @property
    def format(self) -> str:
        """Which format it is in."""
        ...

    def products(self) -> Iterator[IncomingProduct | Rejection]:
        """Read the products one after the other, each that cannot be read as a rejection.

        Raises:
            Invalid: the file changed or went away while it was read.
        """
        ...


class Gateway(Protocol):
    """A payment gateway. No method but `read_webhook` raises for what a gateway or a network can do."""

    @property
    def name(self) -> str:
        """What payments call it, e.g. `stripe`."""
        ...

    def carry_out(self, call: GatewayCall) -> Answer:
        """Ask for one effect under its key. No answer, a cut one or a server error is `UNKNOWN`, never `FAILED`."""
        ...

    def look_up(self, call: GatewayCall) -> Answer:
        """Say what became of a call that may have been carried out; `NOT_FOUND` when the gateway knows of none."""
        ...

    def payment(self, reference: str) -> PaymentSnapshot | None:
        """Return the payment as the gateway has it now; None when it does not answer or knows of none."""
        ...

    def events(self, after: str) -> EventPage:
        """Return what happened after the cursor; the empty cursor stands for now less one day."""
        ...

    def read_webhook(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> GatewayEvent:
        """Return the event that a signed message tells of.

        Raises:
            Refused: the signature is wrong or old, or the message is none.
        """
        ...

    def check(self) -> str | None:
        """Say why the gateway cannot be used now, or None if it can."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class Mailbox(Protocol):
    """A mailbox into which bounces and answers come. No method raises for what a server or a network can do."""

    @property
    def name(self) -> str:
        """Whose it is and where, without the password; the cursor is kept under it."""
        ...

    def read(self, after: str, *, now: datetime) -> MailboxPage:
        """Return the next mails after the cursor; without one, or in a mailbox made anew, those of the last days."""
        ...

    def mark(self, page: MailboxPage) -> None:
        """Note in the mailbox itself that these were read, where that is wanted. Nothing depends on it."""
        ...

    def check(self) -> str | None:
        """Say why the mailbox cannot be read now, or None if it can."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...
