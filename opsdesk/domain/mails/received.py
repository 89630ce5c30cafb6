"""Mails that come in, as far as they say something about mails that went out: bounces and customers' answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

OWN_ID = re.compile(r"\bmail\.[0-9a-f]{32}(?=@)")
"""How the Message-IDs of our mails begin: nobody guesses one, so whoever names one has had the mail."""

_OF_SOMETHING_ELSE = re.compile(r"5\.(2\.[23]|[3567]\.\d{1,3})\Z")
"""Codes of RFC 3463 that speak of space, size, protocol, content and policy."""


class BounceKind(StrEnum):
    """What a bounce means for the mail that it tells of."""

    HARD = "hard"
    SOFT = "soft"
    DELAYED = "delayed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A mail system says that a mail of ours did not arrive.

    Attributes:
        kind: hard: it never will; soft: not this time; delayed: it is still being tried, and nothing has failed.
        status: the code of RFC 3463, e.g. `5.1.1`; empty where none was given.
        said: the mail system's own words, one clean line.
        message_id: the beginning of our Message-ID that the bounce names; empty where it names none.
        recipient: whom the mail did not reach; empty where nobody is named.
    """

    kind: BounceKind
    status: str = ""
    said: str = ""
    message_id: str = ""
    recipient: str = ""

    @property
    def is_of_address(self) -> bool:
        """True when the address is at fault; not for a full mailbox, or a server that dislikes our mails."""
        return self.kind is BounceKind.HARD and _OF_SOMETHING_ELSE.match(self.status) is None

    @property
    def words(self) -> str:
        """What staff read: the code and what the other side said."""
        told = self.said if self.status in self.said else f"{self.status} {self.said}".strip()
        return told or "no reason was given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A person wrote, perhaps about a mail of ours. Who it says it is from proves nothing.

    Attributes:
        answers: the beginnings of our Message-IDs that it refers to, the one it answers first.
        sender: the bare address that it says it comes from.
        text: the first lines that the person wrote, without what they quote.
    """

    answers: tuple[str, ...]
    sender: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A mail that says nothing about ours, or that cannot be read; `why` is a few words for the log."""

    why: str


Verdict = Bounce | Reply | Ignored


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """One mail of a mailbox and what it means.

    Attributes:
        key: made of its content; the same mail has the same key however often and wherever it is read.
        uid: its number in the mailbox.
    """

    key: str
    uid: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class MailboxPage:
    """Mails that came in after a cursor, oldest first, and how far the mailbox was read with them.

    Attributes:
        problem: why the mailbox cannot be read now; empty when it can. The cursor stands still then.
        has_more: further mails wait behind these.
    """

    mails: tuple[ReceivedMail, ...]
    cursor: str
    problem: str = ""
    has_more: bool = False


def own_ids(text: str) -> tuple[str, ...]:
    """Return the beginnings of our Message-IDs in a text, each once, in the order in which they stand."""
    return tuple(dict.fromkeys(OWN_ID.findall(text)))
