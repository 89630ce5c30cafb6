"""Hostile text in the headers of a mail: refused or encoded, never a second header or a second recipient."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from opsdesk.domain.errors import Invalid
from opsdesk.domain.mails.outgoing import Letter, OutgoingMail, Sender
from opsdesk.integrations.mail.messages import compose

BREAKS = ["\r", "\n", "\r\n", "\r\n ", "\n\t", "\0", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
HOSTILE = [
    *(f"Order 1{gap}Bcc: evil@attacker.example" for gap in BREAKS),
    *(f"{gap}Bcc: evil@attacker.example" for gap in BREAKS[:4]),
    *(f"Order 1{gap}{gap}<b>body</b>" for gap in BREAKS[:4]),
    "A \U0001f4a9 s =?UTF-8?Q?=0A?=Bcc: evil@attacker.example",
    "A \U0001f4a9 s =?utf-8?q?=0D=0A?=Bcc: evil@attacker.example",
    "=?UTF-8?B?DQpCY2M6IGV2aWxAYXR0YWNrZXIuZXhhbXBsZQ==?=",
    "=?ISO-8859-1?Q?a?= =?UTF-8?Q?=0ABcc:_evil@attacker.example?=",
    "x" * 10_240,
    "ä" * 10_240,
    "ada@example.com, evil@attacker.example",
    "ada@example.com; evil@attacker.example",
    "ada@example.com,evil@attacker.example",
    '"Ada" <ada@example.com>, <evil@attacker.example>',
    "group: ada@example.com, evil@attacker.example;",
    "ada@example.com>, <evil@attacker.example",
    "ada@example.com (evil@attacker.example)",
    '"ada@example.com, "@attacker.example',
    "ada@example.com evil@attacker.example",
    "\ud800",
    "Ada\x1b]0;title\x07",
    "",
]  # fmt: skip
FIELDS = ("subject", "recipient", "sender_name", "sender_address", "reply_to", "language", "message_id")


def _mail(field: str, text: str) -> tuple[OutgoingMail, Sender]:
    values = {
        "subject": "Order 1",
        "recipient": "ada@example.com",
        "sender_name": "Shop",
        "sender_address": "orders@shop.example",
        "reply_to": "hello@shop.example",
        "language": "en",
        "message_id": "mail.1",
    }
    values[field] = text
    letter = Letter(values["subject"], "Hello", "<p>Hello</p>", values["language"])
    mail = OutgoingMail(values["message_id"], values["recipient"], letter, datetime(2026, 3, 2, tzinfo=UTC))
    return mail, Sender(values["sender_name"], values["sender_address"], values["reply_to"])


def _is_clean(content: bytes) -> bool:
    message = message_from_bytes(content, policy=policy.default)
    names = [name.lower() for name in message]
    recipients = [address.addr_spec for address in message["To"].addresses]
    return "bcc" not in names and "cc" not in names and len(names) == 10 and recipients == ["ada@example.com"]


@pytest.mark.parametrize("field", FIELDS)
def test_hostile_text_adds_no_header_and_no_recipient(field: str) -> None:
    assert len(HOSTILE) >= 40
    for text in HOSTILE:
        mail, sender = _mail(field, text)
        try:
            content = compose(mail, sender).content
        except Invalid:
            continue
        assert _is_clean(content), (field, text[:60])


@pytest.mark.parametrize("field", ["subject", "recipient", "reply_to"])
def test_everyday_text_is_not_refused(field: str) -> None:
    everyday = {
        "subject": ["Ihre Bestellung Nr. 5 – „Größe XL“ ist da!", "Order #5: 20% off? No, =5 pieces", "订单 5"],
        "recipient": ["o'brien+shop@example.com", "a.b-c_d@sub.example.com"],
        "reply_to": ["hello@shop.example", ""],
    }
    for text in everyday[field]:
        mail, sender = _mail(field, text)
        assert compose(mail, sender).content


def test_the_standard_library_alone_lets_some_of_it_through() -> None:
    """The control: the same texts in a bare EmailMessage, on whatever interpreter runs the tests."""

    def bare(subject: str, recipient: str) -> bytes | None:
        message = EmailMessage(policy=policy.SMTP)
        try:
            message["Subject"], message["To"] = subject, recipient
            message.set_content("Hello")
            return message.as_bytes()
        except (ValueError, UnicodeError, IndexError, AttributeError):
            return None

    slipped = []
    for text in HOSTILE:
        content = bare("Order 1", text)
        if content is not None and len(message_from_bytes(content, policy=policy.default)["To"].addresses) > 1:
            slipped.append(text)
    assert slipped, "a comma list makes several recipients of one unless somebody looks"
