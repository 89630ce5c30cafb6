"""Tell bounces from answers, and both from what nobody wrote: by their form, never by their subject.

A delivery report (RFC 3464) is read first, with the standard library. What a mail system wrote without one is shown to
flufl.bounce, cut down to what bounces are made of, because its patterns are slow on long lines.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from email import policy
from email.message import Message
from email.parser import BytesParser, HeaderParser

from opsdesk.domain.mails.received import OWN_ID, Bounce, BounceKind, Ignored, Reply, Verdict, own_ids
from opsdesk.domain.text import clean_line
from opsdesk.integrations.mail.incoming import address_in, header, leaves, take_apart, text_of
from opsdesk.integrations.mail.replies import first_lines, is_automatic

LONGEST_SAID = 200
_MOST_RECIPIENTS = 20
_LONGEST_FOR_PATTERNS, _LONGEST_LINE = 24_000, 200
_MOST_TEXT = 32_000
_NOT_PLAIN = re.compile(rb"[^\t\n\x20-\x7e]")
_SYSTEMS = re.compile(r"(?:mailer-daemon|postmaster|mail-daemon|mdaemon|mailer_daemon|microsoftexchange[0-9a-f]{32})\Z")
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])", re.ASCII)
_REPLY_CODE = re.compile(r"(?<![\d.])([45])\d\d(?=[ -])", re.ASCII)
_KINDS = {"5": BounceKind.HARD, "4": BounceKind.SOFT}
_WEIGHT = {BounceKind.DELAYED: 0, BounceKind.SOFT: 1, BounceKind.HARD: 2}


def read_verdict(raw: bytes) -> Verdict:
    """Say what a mail means for ours. Takes any bytes, and raises nothing for what is in them."""
    message = take_apart(raw)
    if isinstance(message, str):
        return Ignored(message)
    report = _report(message)
    if report is not None:
        return _from_report(message, report)
    if is_from_system(message):
        return _second_opinion(message, raw) or Ignored("from a mail system, and no bounce")
    if is_automatic(message):
        return Ignored("nobody wrote it")
    sender = address_in(header(message, "from"))
    if not sender:
        return Ignored("it does not say who wrote it")
    asked, before = own_ids(header(message, "in-reply-to")), own_ids(header(message, "references"))
    answers = tuple(dict.fromkeys((*asked, *reversed(before))))
    subject = clean_line(header(message, "subject"), longest=LONGEST_SAID)
    return Reply(answers=answers, sender=sender, subject=subject, text=first_lines(message))


def is_from_system(message: Message) -> bool:
    """Say whether a mail system wrote it: it wants no answer, or its name says so."""
    if header(message, "return-path") == "<>":
        return True
    return _SYSTEMS.match(address_in(header(message, "from")).rpartition("@")[0].lower()) is not None


# Delivery reports.


def _report(message: Message) -> Message | None:
    """Return the machine-readable part of a delivery report; one that a person forwards is not one."""
    if not message.is_multipart() or (message.get_content_type() != "multipart/report" and not is_from_system(message)):
        return None
    return next((part for part in _children(message) if part.get_content_type() == "message/delivery-status"), None)


def _from_report(message: Message, report: Message) -> Verdict:
    returned = _returned_id(message)
    if returned is not None and not OWN_ID.match(returned.strip("<> ")):
        return Ignored("a bounce of somebody else's mail")
    found = [bounce for bounce in map(_of_recipient, _recipients(report)) if bounce is not None]
    if not found:
        return Ignored("a report of a mail that arrived")
    worst = max(found, key=lambda bounce: _WEIGHT[bounce.kind])
    message_id = next(iter(own_ids(returned or "")), "") or _own_id(message)
    return Bounce(
        kind=worst.kind,
        status=worst.status,
        said=worst.said,
        message_id=message_id,
        recipient=worst.recipient or address_in(header(message, "x-failed-recipients")),
    )


def _recipients(report: Message) -> Iterator[Message]:
    """Yield the blocks that speak of one recipient each."""
    blocks = (block for block in _children(report) if "action" in block)
    for count, block in enumerate(blocks):
        if count >= _MOST_RECIPIENTS:
            return
        yield block


def _of_recipient(block: Message) -> Bounce | None:
    """Read one recipient's block; None when the mail reached them, or another server took it over."""
    action = header(block, "action").lower()
    said = header(block, "diagnostic-code").partition(";")[2].strip() or header(block, "diagnostic-code")
    status = _status(header(block, "status"), said)
    if action.startswith("delayed"):
        kind = BounceKind.DELAYED
    elif action.startswith(("fail", "error")):
        kind = _kind(status, said)
    else:
        return None
    recipient = next(filter(None, (_addressee(block, f"{name}-recipient") for name in ("original", "final"))), "")
    return Bounce(kind=kind, status=status, said=clean_line(said, longest=LONGEST_SAID), recipient=recipient)


def _addressee(block: Message, name: str) -> str:
    kind, parted, address = header(block, name).partition(";")
    return address_in(address.strip() if parted else kind.strip())


def _status(told: str, said: str) -> str:
    """Return the code of RFC 3463; where it says no more than that it failed, what the other server said is better."""
    code, spoken = _STATUS.search(told), _STATUS.search(said)
    if spoken is not None and (code is None or code[0].endswith(".0.0")):
        return spoken[0]
    return code[0] if code is not None else ""


def _kind(status: str, said: str) -> BounceKind:
    """Return whether it failed for good. A report that says neither was written when a server had given up."""
    if status[:1] in _KINDS:
        return _KINDS[status[:1]]
    code = _REPLY_CODE.search(said)
    return _KINDS[code[1]] if code is not None else BounceKind.HARD


def _returned_id(message: Message) -> str | None:
    """Return the Message-ID of the mail that came back with the report, if its head did."""
    for part in _children(message):
        kind = part.get_content_type()
        if kind == "message/rfc822" and part.is_multipart():
            return next((header(returned, "message-id") for returned in _children(part)), "") or None
        if kind == "text/rfc822-headers":
            returned = HeaderParser(policy=policy.compat32).parsestr(text_of(part)[:_MOST_TEXT])
            return header(returned, "message-id") or None
    return None


# What is no report.


def _second_opinion(message: Message, raw: bytes) -> Bounce | None:
    delayed, failed = _by_patterns(raw)
    found = sorted(filter(None, (address_in(address.decode("ascii", "replace")) for address in failed or delayed)))
    if not found:
        return None
    text = _text_before_returned(message)
    status, code = _STATUS.search(text), _REPLY_CODE.search(text)
    kind = _kind(status[0] if status else "", text) if failed else BounceKind.DELAYED
    place = status or code
    said = _line_at(text, place.start()) if place else _line_at(text, text.find("\n", text.find(found[0])) + 1)
    return Bounce(
        kind=kind,
        status=status[0] if status else "",
        said=clean_line(said, longest=LONGEST_SAID),
        message_id=_own_id(message),
        recipient=found[0],
    )


def _by_patterns(raw: bytes) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Return whom flufl.bounce finds not reached yet, and not reached at all."""
    from flufl.bounce import all_failures

    # It writes a traceback for each mail that it cannot read, and an app would show that on its screen.
    logging.getLogger("flufl.bounce").disabled = True
    lines = (line[:_LONGEST_LINE] for line in raw[:_LONGEST_FOR_PATTERNS].splitlines())
    # It stumbles over a mail from nobody and over bytes beyond ASCII.
    plain = _NOT_PLAIN.sub(b"?", b"\n".join(lines))
    try:
        cut = BytesParser(policy=policy.compat32).parsebytes(plain)
        if not header(cut, "from"):
            del cut["from"]
            cut["From"] = "<>"
        delayed, failed = all_failures(cut)
    except (AttributeError, IndexError, LookupError, RecursionError, TypeError, ValueError):
        # What its patterns were not written for is no bounce.
        return frozenset(), frozenset()
    return frozenset(delayed), frozenset(failed)


def _line_at(text: str, place: int) -> str:
    return text[text.rfind("\n", 0, place) + 1 :].partition("\n")[0]


def _text_before_returned(message: Message) -> str:
    """Return what the mail system itself wrote, as far as it can be told from the mail that came back."""
    text = text_of(next(leaves(message), message))[:_MOST_TEXT]
    returned = re.search(r"^(?:return-path|received|message-id):", text, re.IGNORECASE | re.MULTILINE)
    return text[: returned.start()] if returned else text


def _own_id(message: Message) -> str:
    """Return the first of our Message-IDs that the mail names anywhere."""
    for name in ("in-reply-to", "references", "original-envelope-id"):
        if found := own_ids(header(message, name)):
            return found[0]
    for part in message.walk():
        if found := own_ids(header(part, "message-id")):
            return found[0]
        if not part.is_multipart() and (found := own_ids(text_of(part)[:_MOST_TEXT])):
            return found[0]
    return ""


def _children(message: Message) -> list[Message]:
    payload = message.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []
