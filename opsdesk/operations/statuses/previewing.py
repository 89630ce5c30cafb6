"""What the Order Status menu shows: what can be told, and the mail as it will go out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.thresholds import DeadlineSettings
from opsdesk.domain.mails.letters import LetterFacts, ShopFacts
from opsdesk.domain.mails.outgoing import Letter, forbidden_words
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.orders.states import OrderFacts
from opsdesk.domain.statuses.menu import (
    MenuEntry,
    Status,
    StatusBook,
    answer_by,
)
from opsdesk.integrations.ports import LetterWriter


@dataclass(frozen=True, slots=True)
class Preview:
    """The mail as it will go out, and the deadline that it names."""

    status: Status
    letter: Letter
    deadline: datetime | None


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told: the status, the letter as it was last seen on screen, and what the desk was asked for.

    Attributes:
        letter: None when the customer is not told by mail this time.
        deadline: the moment that the letter names; the clock runs to exactly this.
    """

    status: Status
    letter: Letter | None
    deadline: datetime | None = None
    cancel_reason: CancelReason | None = None


def status_menu(book: StatusBook, facts: OrderFacts) -> tuple[MenuEntry, ...]:
    """Return every status of the shop with the reason why it cannot be chosen now, if there is one."""
    return book.menu(facts)


def preview(
    writer: LetterWriter,
    shop: ShopFacts,
    status: Status,
    facts: LetterFacts,
    *,
    now: datetime,
    expected_on: date | None = None,
    fraud: Callable[[], FraudBook] | None = None,
) -> Preview:
    """Write the mail of a status for one order, exactly as it will go out; `fraud` reads the shop's own margins.

    Raises:
        Invalid: there is no template, it cannot be filled in, or the deadline that it repeats has passed.
        Refused: the customer could not answer before the money that is held for the order is lost.
    """
    wanted = answer_by(status, now, shop.zone, of_case=facts.deadline)
    deadline = _in_time(wanted, facts, now, fraud) if status.opens_case else wanted
    letter = writer.write(status.template, replace(facts, deadline=deadline, expected_on=expected_on))
    return Preview(status, letter, deadline)


def _in_time(
    wanted: datetime | None, facts: LetterFacts, now: datetime, fraud: Callable[[], FraudBook] | None
) -> datetime | None:
    """Return by when to answer: never later than the money that is held for the order can wait."""
    if wanted is None or facts.held_until is None or facts.held_until <= now:
        return wanted
    settings = fraud().thresholds.deadline if fraud is not None else DeadlineSettings()
    latest = facts.held_until - settings.margin
    if latest <= now:
        raise Refused(f"The money of {facts.order_number} is held for too short for a mail. Call the customer now.")
    return min(wanted, latest)


def telling(
    writer: LetterWriter,
    seen: Preview,
    *,
    subject: str,
    text: str,
    titles: tuple[str, ...] = (),
    cancel_reason: CancelReason | None = None,
) -> Telling:
    """Make what is told of a preview and of the words that staff left in it.

    Raises:
        Invalid: the words cannot be sent, or let a suspicion show.
    """
    letter = writer.reword(seen.letter, subject=subject, text=text)
    if letter is not seen.letter:
        require_neutral(writer, seen.status, letter, titles=titles)
    return Telling(seen.status, letter, seen.deadline, cancel_reason)


def require_neutral(writer: LetterWriter, status: Status, letter: Letter, *, titles: tuple[str, ...]) -> None:
    """Make sure that staff's own words let no suspicion show; titles of goods may hold any word.

    Raises:
        Invalid: a word stands in the mail that must not.
    """
    if not status.neutral:
        return
    words = forbidden_words(f"{letter.subject}\n{letter.text}", writer.forbidden(letter.language), quoted=titles)
    if words:
        raise Invalid("text", f"The mail must not hold the word {words[0]!r}: the customer reads it. Say it neutrally.")
