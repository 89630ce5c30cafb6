"""Mails to customers: their states, when a failed one is tried again, and what may stand in a header."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from opsdesk.domain.errors import Invalid


class MailState(StrEnum):
    """Where a mail is on its way to the mail server, and whether it came back from there."""

    QUEUED = "queued"
    SENDING = "sending"
    RETRY = "retry"
    ACCEPTED = "accepted"
    HELD = "held"
    FAILED = "failed"
    BOUNCED = "bounced"
    CANCELLED = "cancelled"

    @property
    def word(self) -> str:
        """What the timeline says."""
        return _WORDS[self]

    @property
    def needs_somebody(self) -> bool:
        """True when nothing more happens by itself."""
        return self in (MailState.HELD, MailState.FAILED, MailState.BOUNCED)

    @property
    def can_be_changed(self) -> bool:
        """True while the mail has certainly not reached the mail server and is not about to."""
        return self in (MailState.QUEUED, MailState.RETRY)


_WORDS = {
    MailState.QUEUED: "queued",
    MailState.SENDING: "being sent",
    MailState.RETRY: "tried again later",
    MailState.ACCEPTED: "accepted by the mail server",
    MailState.HELD: "in doubt: it may have arrived",
    MailState.FAILED: "failed",
    MailState.BOUNCED: "came back",
    MailState.CANCELLED: "taken back",
}

GRACE = timedelta(seconds=20)
"""How long a mail waits so that whoever sent it can take it back."""

BACK_OFF = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
"""Waits after each failed attempt. RFC 5321 4.5.4.1 asks for tries over 4-5 days for mail between servers; a status
mail that is two days late misleads, so a person looks at it then."""


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """Return when to try again after this many failed attempts, or None when a person has to look."""
    return now + BACK_OFF[attempts - 1] if attempts <= len(BACK_OFF) else None


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as it will go out: what is shown in the preview is what is sent."""

    subject: str
    text: str
    html: str
    language: str


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """Everything that the mail server needs, still without bytes.

    Attributes:
        message_id: the part of the Message-ID before the at sign; ours, so that answers and bounces can be matched.
    """

    message_id: str
    recipient: str
    letter: Letter
    queued_at: datetime


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the shop's mails come from.

    Attributes:
        name: the name beside the address; may be empty.
        address: the mailbox that the mail server lets us send from.
        reply_to: where answers go; empty when it is `address`.
    """

    name: str
    address: str
    reply_to: str = ""


LONGEST_SUBJECT = 200
LONGEST_ADDRESS = 254
"""RFC 5321 4.5.3.1.3: 256 with the angle brackets."""

LONGEST_PART = 256 * 1024

# A newline smuggled into an encoded word made EmailMessage write a second header (CVE-2024-6923).
_ENCODED_WORD = re.compile(r"=\?[^?\s]*\?[A-Za-z]\?")
_ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\\\"]{1,64}@[^\s@,;:<>()\[\]\\\"]{1,253}\Z")


def header_problem(value: str, *, longest: int = LONGEST_SUBJECT) -> str | None:
    """Say why a text cannot stand in a mail header, or None if it can."""
    if len(value) > longest:
        return f"is longer than {longest} characters"
    for character in value:
        if character in "\r\n\u2028\u2029\x85":
            return "holds a line break"
        if unicodedata.category(character) in ("Cc", "Cs"):
            return "holds a control character"
    if _ENCODED_WORD.search(value):
        return "looks like an encoded header (=?...?=)"
    return None


def require_subject(subject: str) -> str:
    """Return the subject without outer spaces.

    Raises:
        Invalid: it is empty, too long, or would break out of its header.
    """
    cleaned = subject.strip(" \t")
    if not cleaned:
        raise Invalid("subject", "The mail has no subject. Write one.")
    if problem := header_problem(cleaned):
        raise Invalid("subject", f"The subject {problem}. Write it on one line, in plain words.")
    return cleaned


def require_address(address: str, field: str = "recipient") -> str:
    """Return exactly one bare e-mail address.

    Raises:
        Invalid: it is none, more than one, or holds what does not belong into an address.
    """
    cleaned = address.strip(" ")
    problem = header_problem(cleaned, longest=LONGEST_ADDRESS)
    if problem is None and not _ADDRESS.match(cleaned):
        problem = "is not one plain address"
    if problem is None and (".." in cleaned or cleaned.startswith(".") or ".@" in cleaned or "@." in cleaned):
        problem = "has a dot where none may stand"
    if problem is not None:
        raise Invalid(field, f"The e-mail address {_shown(cleaned)} {problem}. Correct it first.")
    return cleaned


def require_letter(letter: Letter) -> Letter:
    """Return the letter with a checked subject.

    Raises:
        Invalid: the subject is hostile, the text is empty, or a part is too long.
    """
    if not letter.text.strip():
        raise Invalid("text", "The mail has no text. Write one.")
    if max(len(letter.text), len(letter.html)) > LONGEST_PART or "\x00" in letter.text + letter.html:
        raise Invalid("text", "The mail is longer than 256 kB or holds a NUL character. Shorten it.")
    return Letter(require_subject(letter.subject), letter.text, letter.html, letter.language)


def _shown(value: str) -> str:
    return "".join(character if character.isprintable() else "\ufffd" for character in value[:80]) or "(empty)"


def forbidden_words(text: str, words: tuple[str, ...], *, quoted: tuple[str, ...] = ()) -> list[str]:
    """Return which forbidden beginnings of words a text holds, apart from those in `quoted` (titles of goods)."""
    plain = _folded(text)
    for title in sorted(quoted, key=len, reverse=True):
        plain = plain.replace(_folded(title), " ")
    return [word for word in words if re.search(rf"\b{re.escape(_folded(word))}", plain)]


def _folded(text: str) -> str:
    visible = "".join(character for character in text if unicodedata.category(character) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", visible).casefold().split())
