"""Take apart a mail that anybody may have sent: within limits, without a guess, and never with an error.

The parser of the standard library recurses into parts and measures parameters by trial, so what would make it slow or
deep is found in the bytes first. Only the head of a mail is ever read: bounces and answers say what they have to say
there.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from email import policy
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser

from opsdesk.domain.mails.outgoing import LONGEST_ADDRESS
from opsdesk.domain.text import clean_line, is_clean, visible

LONGEST_HEAD = 128 * 1024
"""Bytes. What follows belongs to the returned mail or to attachments."""

MOST_CONTAINERS, MOST_PARTS, MOST_BLOCKS = 16, 500, 4_000
_LONGEST_PARAMETERS = 2_000
_LONGEST_HEADER = 4_000
_MOST_LEAVES = 40
_CONTAINER = re.compile(rb"^content-type:[ \t\r\n]*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)
_CONTENT_HEADER = re.compile(rb"^content-[a-z-]{1,40}:(?:[^\r\n]|\r?\n[ \t])*", re.IGNORECASE | re.MULTILINE)
_BOUNDARY = re.compile(rb"^--", re.MULTILINE)
_BLANK = re.compile(rb"^\r?$", re.MULTILINE)
_BLANKS = re.compile(rb"(?:\r?\n){4,}")
_CHARSET = re.compile(
    r"(?:us-ascii|ascii|utf-?8|iso-?8859-\d{1,2}|latin-?1|(?:windows|cp)-?125\d|koi8-[ru]|gb2312|gbk|gb18030|big5"
    r"|shift[_-]jis|euc-(?:jp|kr)|iso-2022-jp)\Z",
    re.IGNORECASE,
)
"""Others are slow to decode (idna), are no charsets (zlib, rot13), or hide what they say (utf-7, unicode_escape)."""

_SIMPLE_ENCODINGS = frozenset({"", "7bit", "8bit", "binary", "quoted-printable", "base64"})
_ADDRESS = r"[^\s<>,;:\"()\[\]\\@]{1,64}@[^\s<>,;:\"()\[\]\\@]{1,190}"
_IN_BRACKETS = re.compile(rf"<({_ADDRESS})>\s*\Z")
_BARE = re.compile(rf"\s*(?:<({_ADDRESS})>|({_ADDRESS}))\s*\Z")
_UNSEEN_TAGS = ("style", "script", "head", "title", "blockquote")


def take_apart(raw: bytes) -> Message | str:
    """Return the mail with its parts, or a few words on why it is not read."""
    head = _BLANKS.sub(b"\n\n\n", raw[:LONGEST_HEAD].replace(b"\x00", b""))
    if problem := why_not_read(head):
        return problem
    try:
        return BytesParser(policy=policy.compat32).parsebytes(head)
    except ValueError:
        # Parameters can name a charset of their own (RFC 2231), and one that is none is no boundary.
        return "parameters that cannot be read"


def why_not_read(head: bytes) -> str | None:
    """Say why the bytes of a mail are kept from the parser, or None if they may reach it."""
    if _more_than(MOST_CONTAINERS, _CONTAINER, head):
        return "mails inside mails, too deep"
    if _more_than(MOST_PARTS, _BOUNDARY, head):
        return "too many parts"
    if _more_than(MOST_BLOCKS, _BLANK, head):
        return "too many blocks"
    if any(len(found.group()) > _LONGEST_PARAMETERS for found in _CONTENT_HEADER.finditer(head)):
        return "a header without end"
    return None


def header(message: Message, name: str) -> str:
    """Return a header as one clean line, its encoded words read; empty where there is none."""
    value = message.get(name)
    if value is None:
        return ""
    text = str(value)[:_LONGEST_HEADER]
    return clean_line(_words_read(text) if "=?" in text else text, longest=_LONGEST_HEADER)


def address_in(text: str) -> str:
    """Return the one address that a header names: the one in angle brackets, or what stands there alone."""
    text = text[:_LONGEST_HEADER]
    found = _IN_BRACKETS.search(text[-LONGEST_ADDRESS - 4 :]) or _BARE.match(text)
    address = next((group for group in found.groups() if group), "") if found else ""
    return address if is_clean(address) else ""


def leaves(message: Message) -> Iterator[Message]:
    """Yield the parts that hold content themselves, in their order, those of returned mails too."""
    for count, part in enumerate(part for part in message.walk() if not part.is_multipart()):
        if count >= _MOST_LEAVES:
            return
        yield part


def text_of(part: Message) -> str:
    """Return the content of a part as text with LF; what cannot be decoded shows marks."""
    if str(part.get("content-transfer-encoding", "")).strip().lower() not in _SIMPLE_ENCODINGS:
        del part["content-transfer-encoding"]
    content = part.get_payload(decode=True)
    try:
        charset = part.get_content_charset("utf-8")
    except ValueError:
        charset = "utf-8"
    raw = content if isinstance(content, bytes) else b""
    text = raw.decode(charset if _CHARSET.match(charset) else "utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def plain_of(markup: str) -> str:
    """Return what HTML shows, roughly: text without tags, blocks on lines of their own. Linear in its length."""
    shown: list[str] = []
    unseen = ""
    for place, piece in enumerate(markup.split("<")):
        tag, end, text = piece.partition(">") if place else ("", ">", piece)
        name = tag[:12].strip("/ \n").lower().split(" ")[0]
        if unseen:
            unseen = "" if tag.lower().startswith(f"/{unseen}") else unseen
        elif name in _UNSEEN_TAGS and not tag.startswith("/"):
            unseen = name
        if unseen or not end:
            continue
        if name in ("br", "br/", "p", "div", "tr", "li", "hr"):
            shown.append("\n")
        shown.append(text)
    return html.unescape("".join(shown))


def _more_than(most: int, pattern: re.Pattern[bytes], content: bytes) -> bool:
    return any(count >= most for count, _ in enumerate(pattern.finditer(content)))


def _words_read(text: str) -> str:
    try:
        pieces = decode_header(text)
    except (MessageError, ValueError):
        return visible(text)
    words = []
    for piece, charset in pieces:
        if isinstance(piece, bytes):
            words.append(piece.decode(charset if charset and _CHARSET.match(charset) else "utf-8", "replace"))
        else:
            words.append(piece)
    return "".join(words)
