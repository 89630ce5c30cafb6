"""Pay links: a page of the gateway where a customer pays one amount once; and the letters that bring the link."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from html import escape

from opsdesk.domain.errors import Invalid
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.money import Money
from opsdesk.domain.orders.states import Lifecycle, OrderFacts

LINK_GATEWAY = "stripe"
"""The gateway that makes pay links."""
LASTS = timedelta(days=3)
SHORTEST, LONGEST = timedelta(minutes=30), timedelta(days=30)

ADDRESS_COMES = "https://pay-link.invalid/"
"""Stands in a letter where the link's address belongs, until the gateway has made the link. `.invalid` can never be
anybody's address (RFC 2606)."""

LINK_STATUS, PAID_STATUS = "awaiting_payment", "payment_received"
"""What the customer has been told once the mail with the link, or the thanks for the money, has been sent."""

_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?(/[A-Za-z0-9._~!$&()*+,;=:@%/?#-]*)?\Z")
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost)(:\d+)?/[A-Za-z0-9._~!$&()*+,;=:@%/?#-]*\Z")
_LONGEST_ADDRESS = 2_000


class LinkState(StrEnum):
    """How far a pay link is."""

    REQUESTED = "requested"
    OPEN = "open"
    PAID = "paid"
    EXPIRED = "expired"
    VOIDED = "voided"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        """True while a payment over it is waited for."""
        return self in (LinkState.REQUESTED, LinkState.OPEN)

    @property
    def word(self) -> str:
        """What staff read."""
        return _WORDS[self]


_WORDS = {
    LinkState.REQUESTED: "being made",
    LinkState.OPEN: "open",
    LinkState.PAID: "paid",
    LinkState.EXPIRED: "expired",
    LinkState.VOIDED: "void, the amount changed",
    LinkState.FAILED: "failed",
    LinkState.CANCELLED: "taken back",
}
OPEN_LINKS = tuple(state.value for state in LinkState if state.is_open)


@dataclass(frozen=True, slots=True)
class Dues:
    """What an order still has to bring in, in minor units.

    Attributes:
        total: what it costs, or will cost once the change that waits for the money is made.
        captured: what came in. What went back for goods is not owed again.
        given_back: what was paid too much and went back; it counts as never paid.
        coming: authorised and not captured yet, or on its way.
        asked: what other open links ask for.
    """

    total: int
    captured: int = 0
    given_back: int = 0
    coming: int = 0
    asked: int = 0

    @property
    def due(self) -> int:
        """What nobody has paid, promised or been asked for."""
        return max(0, self.total - self.captured + self.given_back - self.coming - self.asked)


def why_not_ask(facts: OrderFacts, dues: Dues, amount: Money, open_amounts: tuple[Money, ...] = ()) -> str | None:
    """Say why no pay link over this amount can be made, or None if one can."""
    if facts.lifecycle is Lifecycle.CANCELLED:
        return f"{facts.number} is cancelled. Reopen it first."
    if amount in open_amounts:
        return f"A pay link over {amount} is open for {facts.number} already. Send that one, or take it back first."
    due = Money(dues.due, amount.currency)
    if not due and dues.asked:
        return f"What {facts.number} still costs is asked for with another pay link already. Take that back first."
    if not due:
        return f"Nothing is due for {facts.number}: it is paid, or authorised in full."
    if amount.minor <= 0:
        return "A pay link must be over more than nothing."
    if amount.minor > due.minor:
        return f"Only {due} is due for {facts.number}. Ask for no more than that."
    return None


def is_outdated(amount: int, due_when_asked: int, due_now: int) -> bool:
    """Say whether a link no longer asks for what is due: all of it, or a part of it that is still owed."""
    return amount != due_now if amount == due_when_asked else amount > due_now


def require_lasting(expires_in: timedelta) -> timedelta:
    """Return how long a link can be paid.

    Raises:
        Invalid: shorter than somebody needs to pay, or longer than a price is promised.
    """
    if not SHORTEST <= expires_in <= LONGEST:
        raise Invalid("expires_in", "A pay link lasts between half an hour and 30 days.")
    return expires_in


def why_not_address(url: str) -> str | None:
    """Say why an address from a gateway cannot stand in a mail, or None if it can."""
    if len(url) <= _LONGEST_ADDRESS and (_ADDRESS.match(url) or _LOOPBACK.match(url)):
        return None
    return (
        "The gateway gave an address for the pay link that is none of the web. Take the link back and make a new one."
    )


def require_place(letter: Letter) -> Letter:
    """Return a letter in which the link has its place.

    Raises:
        Invalid: the customer would get a mail without the link.
    """
    if ADDRESS_COMES not in letter.text:
        raise Invalid("text", f"The mail lost its link. Leave {ADDRESS_COMES} where the link belongs.")
    return letter


def filled_in(letter: Letter, url: str) -> Letter:
    """Put the address where the letter has left its place. Both are plain text here: nothing is read as a template."""
    return replace(
        letter,
        text=letter.text.replace(ADDRESS_COMES, url),
        html=letter.html.replace(ADDRESS_COMES, escape(url, quote=True)),
    )


@dataclass(frozen=True, slots=True)
class PaidLink:
    """How a link was paid; `is_first` is False when another payment came in over it before."""

    state: LinkState
    asked: Money
    paid: Money
    at: datetime
    expires_at: datetime
    is_first: bool = True


def why_paid_oddly(link: PaidLink) -> tuple[str, ...]:
    """Say what is odd about a payment that came in over a link; each sentence says what to do."""
    asked, paid, found = link.asked, link.paid, []
    if not link.is_first:
        found.append(f"The pay link over {asked} was paid more than once. Give back what is too much.")
    if paid != asked:
        found.append(
            f"The pay link asked for {asked}, and {paid} came in. Ask for the rest, or give back what is more."
        )
    if link.state in (LinkState.VOIDED, LinkState.CANCELLED, LinkState.FAILED):
        found.append(f"The pay link over {asked} was paid after it had ended. Keep what is due, give back the rest.")
    elif link.at > link.expires_at:
        found.append(f"The pay link over {asked} was paid after its last day. Keep what is due, give back the rest.")
    return tuple(found)
