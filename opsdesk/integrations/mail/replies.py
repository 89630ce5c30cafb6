"""What a person wrote in an answer, without what they quote, and how to tell that nobody wrote it."""

from __future__ import annotations

import re
from email.message import Message
from itertools import pairwise

from opsdesk.domain.text import clean_text
from opsdesk.integrations.mail.incoming import header, leaves, plain_of, text_of

MOST_LINES, LONGEST_TEXT = 12, 1_000
_MOST_READ = 64_000
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_AUTOMATIC_HEADERS = ("x-autoreply", "x-autorespond", "x-autoresponse", "list-id", "list-unsubscribe", "feedback-id")
_ABOVE_A_QUOTE = re.compile(
    r"(?:on|am|le) .{4,200}(?:wrote|schrieb.{0,120}|a écrit)\s?:|-{2,} ?(?:original message|ursprüngliche nachricht"
    r"|message d'origine) ?-{2,}|_{10,}|(?:from|von|de): .{0,200}@.{0,200}",
    re.IGNORECASE,
)
_LONGEST_LINE = 500


def is_automatic(message: Message) -> bool:
    """Say whether a program sent it: a holiday notice, a newsletter, a list (RFC 3834)."""
    submitted = header(message, "auto-submitted").partition(";")[0].strip().lower()
    if submitted not in ("", "no"):
        return True
    if header(message, "precedence").strip().lower() in _BULK:
        return True
    if message.get_content_type() in ("multipart/report", "text/calendar"):
        return True
    return any(name in message for name in _AUTOMATIC_HEADERS)


def first_lines(message: Message) -> str:
    """Return the first lines that the person wrote, clean; empty where there are none."""
    parts = [part for part in leaves(message) if part.get_content_disposition() != "attachment"]
    plain = next((part for part in parts if part.get_content_type() == "text/plain"), None)
    marked_up = next((part for part in parts if part.get_content_type() == "text/html"), None)
    text = text_of(plain)[:_MOST_READ] if plain is not None else ""
    if not text.strip() and marked_up is not None:
        text = plain_of(text_of(marked_up)[:_MOST_READ])
    kept: list[str] = []
    lines = [line.strip()[:_LONGEST_LINE] for line in text.splitlines()]
    for words, following in pairwise([*lines, ""]):
        # Some programs wrap the line above what they quote.
        if words == "--" or _ABOVE_A_QUOTE.fullmatch(words) or _ABOVE_A_QUOTE.fullmatch(f"{words} {following}"):
            break
        if not words.startswith(">") and (words or (kept and kept[-1])):
            kept.append(words)
        if len(kept) >= MOST_LINES:
            break
    return clean_text("\n".join(kept), longest=LONGEST_TEXT)
