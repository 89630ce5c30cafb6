"""Make the bytes of a mail. Headers are checked here and once more in the finished bytes.

The standard library alone is not enough: until CPython 3.12.5 a newline inside an encoded word came out as a header
of its own (CVE-2024-6923).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.utils import format_datetime, getaddresses

from opsdesk.domain.errors import Invalid
from opsdesk.domain.mails.outgoing import (
    OutgoingMail,
    Sender,
    header_problem,
    require_address,
    require_letter,
)

_HEADERS = (
    "from",
    "to",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "auto-submitted",
    "mime-version",
    "content-type",
    "content-language",
    "content-transfer-encoding",
)
_LONGEST_NAME = 120
_MESSAGE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is handed to the mail server: addresses for the envelope, and the bytes."""

    sender: str
    recipient: str
    content: bytes
    needs_utf8: bool


def compose(mail: OutgoingMail, sender: Sender) -> Envelope:
    """Make the bytes of a mail to exactly one recipient.

    Raises:
        Invalid: an address, the subject or a name would break out of its header.
    """
    letter = require_letter(mail.letter)
    recipient = _ascii_domain(require_address(mail.recipient))
    origin = _ascii_domain(require_address(sender.address, "sender"))
    answers = _ascii_domain(require_address(sender.reply_to or sender.address, "reply_to"))
    needs_utf8 = not (recipient + origin + answers).isascii()
    message = EmailMessage(policy=policy.SMTPUTF8 if needs_utf8 else policy.SMTP)
    message["From"] = _named(sender.name, origin)
    message["To"] = _named("", recipient)
    message["Reply-To"] = _named("", answers)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(mail.queued_at)
    message["Message-ID"] = _message_id(mail.message_id, origin)
    # RFC 3834: tells holiday notices not to answer; these mails are triggered by an event, not typed as a reply.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = _plain(letter.language, "language")
    content = message.as_bytes()
    _verify(content, recipient)
    return Envelope(origin, recipient, content, needs_utf8)


def _verify(content: bytes, recipient: str) -> None:
    """Read the finished bytes back as a mail server would, and refuse anything that we did not write."""
    headers = BytesHeaderParser(policy=policy.compat32).parsebytes(content)
    names = [name.lower() for name in headers]
    if len(names) != len(set(names)) or not set(names) <= set(_HEADERS):
        raise Invalid(
            "subject",
            "The mail would have carried a header that nobody wrote. It was not sent.",
        )
    addresses = [address for _, address in getaddresses([str(headers["To"])])]
    if len(addresses) != 1 or (recipient.isascii() and addresses != [recipient]):
        raise Invalid("recipient", "The mail would have gone to somebody else. It was not sent.")


def _named(name: str, address: str) -> Address:
    user, _, domain = address.rpartition("@")
    return Address(_plain(name, "sender name", longest=_LONGEST_NAME), user, domain)


def _plain(value: str, field: str, *, longest: int = 60) -> str:
    if problem := header_problem(value, longest=longest):
        raise Invalid(field, f"The {field} of the mail {problem}. Correct it first.")
    return value


def _message_id(value: str, origin: str) -> str:
    if not _MESSAGE_ID.match(value):
        raise Invalid("message_id", "The identity of the mail is not one.")
    return f"<{value}@{origin.rpartition('@')[2]}>"


def _ascii_domain(address: str) -> str:
    user, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{user}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError as error:
        raise Invalid(
            "recipient",
            f"The domain of the e-mail address {address!r} does not exist like this.",
        ) from error
