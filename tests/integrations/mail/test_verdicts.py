"""What mails that come in mean: real forms of bounces, answers, and what is neither."""

from __future__ import annotations

import re
from email import message_from_bytes
from pathlib import Path

import pytest

from opsdesk.domain.mails.received import Bounce, BounceKind, Ignored, Reply, Verdict
from opsdesk.integrations.mail.bounces import read_verdict

RECEIVED = Path(__file__).with_name("received")
OURS = "mail.0123456789abcdef0123456789abcdef"
HARD, SOFT, DELAYED = BounceKind.HARD, BounceKind.SOFT, BounceKind.DELAYED

BOUNCES = {
    "postfix_unknown": (HARD, "5.1.1", "User unknown in virtual mailbox table", True),
    "postfix_gave_up": (SOFT, "4.4.1", "Connection timed out", False),
    "postfix_delayed": (DELAYED, "4.2.0", "Greylisted", False),
    "exchange_unknown": (HARD, "5.1.10", "RecipientNotFound", True),
    "gmail_unknown": (HARD, "5.1.1", "does not exist", True),
    "gmail_full": (SOFT, "4.2.2", "over quota", False),
    "qmail_unknown": (HARD, "5.1.1", "no mailbox here by that name", True),
    "exim_unknown": (HARD, "5.1.1", "No such user here", True),
    "exim_plain": (HARD, "", "Unrouteable address", True),
    "policy_refusal": (HARD, "5.7.26", "blocked because the sender is unauthenticated", False),
}
ANSWERS = {
    "reply_gmail": ("Re: A quick question about order 104501", "I am abroad until Friday – could you ring me"),
    "reply_outlook": ("AW: Eine kurze Frage zu Ihrer Bestellung 104501", "ich rufe morgen früh an."),
    "reply_about_a_bounce": ("Undelivered Mail Returned to Sender", "Can I call you tonight?"),
}
NO_ANSWER = ("forwarded_bounce", "reply_by_subject")
NEITHER = {
    "postfix_arrived": "arrived",
    "foreign_bounce": "somebody else's",
    "holiday_notice": "no bounce",
    "read_receipt": "nobody wrote it",
    "newsletter": "nobody wrote it",
}


def verdict(name: str) -> Verdict:
    return read_verdict((RECEIVED / f"{name}.eml").read_bytes())


@pytest.mark.parametrize("name", BOUNCES)
def test_a_bounce_says_what_failed_for_good_and_for_which_mail(name: str) -> None:
    kind, status, said, is_of_address = BOUNCES[name]
    found = verdict(name)
    assert isinstance(found, Bounce)
    assert (found.kind, found.status, found.message_id) == (kind, status, OURS)
    assert found.recipient.lower() == "ada@example.com"
    assert said in found.said
    assert found.is_of_address is is_of_address


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_kept_without_what_it_quotes(name: str) -> None:
    subject, first = ANSWERS[name]
    found = verdict(name)
    assert isinstance(found, Reply)
    assert (found.answers, found.sender, found.subject) == ((OURS,), "ada@example.com", subject)
    assert first in found.text
    assert not re.search("Thank you for your order|wrote:|Von:|Guten Tag Ada|{margin", found.text)


@pytest.mark.parametrize("name", NO_ANSWER)
def test_a_mail_that_names_none_of_ours_answers_none(name: str) -> None:
    found = verdict(name)
    assert isinstance(found, Reply)
    assert found.answers == ()


@pytest.mark.parametrize("name", NEITHER)
def test_what_is_neither_bounce_nor_answer_is_left_alone(name: str) -> None:
    found = verdict(name)
    assert isinstance(found, Ignored)
    assert NEITHER[name] in found.why


@pytest.mark.parametrize(
    "line", ["Auto-Submitted: auto-replied", "Precedence: bulk", "X-Autoreply: yes", "List-Id: <x.y>"]
)
def test_a_program_that_answers_for_a_person_has_not_answered(line: str) -> None:
    written = f"In-Reply-To: <{OURS}@shop.example>\nSubject: Away\n\nI am back on Monday.\n"
    sender = "Return-Path: <ada@example.com>\nFrom: ada@example.com\n"
    assert isinstance(read_verdict(f"{sender}{written}".encode()), Reply)
    assert isinstance(read_verdict(f"{sender}Auto-Submitted: no\n{written}".encode()), Reply)
    assert isinstance(read_verdict(f"{sender}{line}\n{written}".encode()), Ignored)


def test_every_mail_of_the_folder_is_judged_here() -> None:
    assert {file.stem for file in RECEIVED.iterdir()} == {*BOUNCES, *ANSWERS, *NO_ANSWER, *NEITHER}


def test_line_ends_of_the_network_change_nothing() -> None:
    for name in BOUNCES:
        content = (RECEIVED / f"{name}.eml").read_bytes()
        assert read_verdict(content.replace(b"\n", b"\r\n")) == verdict(name)


def by_subject(raw: bytes) -> type[Verdict]:
    """The control: whoever writes such a subject has sent a bounce, and whoever answers one has answered it."""
    subject = str(message_from_bytes(raw)["Subject"])
    if re.search("undeliver|returned|failure|failed|delivery status", subject, re.IGNORECASE):
        return Bounce
    return Reply if re.search("re:|aw:|fwd:", subject, re.IGNORECASE) else Ignored


def test_trusting_the_subject_is_caught_where_people_and_machines_write_the_same() -> None:
    wrong = {file.stem for file in RECEIVED.iterdir() if by_subject(file.read_bytes()) is not type(verdict(file.stem))}
    # A customer's question taken for a bounce, a newsletter, a bounce of another mail, a delay that is nobody's subject.
    assert {"reply_about_a_bounce", "forwarded_bounce", "newsletter", "foreign_bounce", "postfix_delayed"} <= wrong


def test_a_subject_alone_makes_no_bounce_and_no_answer() -> None:
    for subject in ("Undelivered Mail Returned to Sender", f"Re: order 104501 <{OURS}@shop.example>"):
        raw = f"From: m@example.net\nSubject: {subject}\n\n550 5.1.1 <ada@example.com>: User unknown\n"
        found = read_verdict(raw.encode())
        assert isinstance(found, Reply)
        assert found.answers == ()


def test_words_of_a_person_are_never_shown_to_patterns_for_mail_systems() -> None:
    words = "This message was created automatically by mail delivery software.\n\n  rcpt to: <bob@example.com>\n"
    by_person = f"Return-Path: <m@example.net>\nFrom: m@example.net\nSubject: x\n\n{words}"
    assert isinstance(read_verdict(by_person.encode()), Reply)
    assert isinstance(read_verdict(by_person.replace("<m@example.net>", "<>").encode()), Bounce)
