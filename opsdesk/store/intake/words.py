"""Text that comes in with orders and products, made fit to be stored: cards masked, then cleaned."""

from __future__ import annotations

import json
import re
from functools import lru_cache

from opsdesk.domain.cards import mask_cards
from opsdesk.domain.text import clean_line, clean_text

LONGEST_LINE = 200
LONGEST_NOTE = 4_000
LONGEST_CODE = 80
LONGEST_LINK = 500
# Fewer digits than any card number has; what holds no more of them need not be looked at closely.
_FEWEST_CARD_DIGITS = 12
# A quick look at a whole record, so that only those are taken apart in which there may be a card: as many digits as the
# shortest card has, whatever parts them, or a word that names a check code.
_LONG_NUMBER = re.compile(r"(?<!\d)\d(?:[\W_]{0,6}\d){13}")
_LONG_ASCII_NUMBER = re.compile(rb"[0-9]{14}")
_MARKS = bytes(code for code in range(128) if not chr(code).isalnum())
_CODE_WORDS = tuple(
    word.encode()
    for word in (
        "cvv", "cvc", "cav2", "csc", "cid", "verification", "security", "sicherheits", "pr\u00fcf", "pr\u00dcf",
        "pru\u0308f", "pruef", "secure", "cryptogramme", "criptograma", "kaartcode", "kortkode",
    )
)  # fmt: skip


def kept_line(text: str) -> str:
    """Return one line of text as it may be stored."""
    # Titles, towns and names come again and again; what is longer is not worth remembering.
    return _line(text) if len(text) <= LONGEST_LINE else _line.__wrapped__(text)


def kept_text(text: str) -> str:
    """Return text of several lines as it may be stored."""
    return clean_text(mask_cards(text).text, longest=LONGEST_NOTE) if text else ""


def kept_code(text: str) -> str:
    """Return a code such as an article or tracking number: cleaned, never masked, for it is no free text."""
    if len(text) <= LONGEST_CODE and text.isascii() and text.isprintable() and " " not in text:
        return text
    return clean_line(text, longest=LONGEST_CODE)


def kept_email(text: str) -> str:
    """Return an e-mail address as it is stored and looked up: in small letters."""
    return clean_line(text, longest=LONGEST_LINE).lower()


def kept_link(text: str) -> str:
    """Return a link as it may be stored; one that is not https is left out."""
    link = clean_line(text, longest=LONGEST_LINK)
    return link if link.startswith("https://") else ""


def kept_payload(payload: str) -> str:
    """Return a record as it came, without the card numbers in it."""
    if "\\" not in payload and not _is_suspicious(payload):
        return payload
    try:
        value = json.loads(payload, parse_float=str)
    except (ValueError, RecursionError):
        return mask_cards(payload).text
    without = _without_cards(value)
    # What stands beside its word only in the text as a whole, such as a check code under its name, goes too.
    return mask_cards(payload if without == value else json.dumps(without, ensure_ascii=False)).text


def _without_cards(value: object) -> object:
    if isinstance(value, str):
        return mask_cards(value).text
    if isinstance(value, list):
        return [_without_cards(entry) for entry in value]
    if isinstance(value, dict):
        return {mask_cards(name).text: _without_cards(entry) for name, entry in value.items()}
    if type(value) is int and abs(value) >= 10**_FEWEST_CARD_DIGITS and mask_cards(str(value)).found:
        return mask_cards(str(value)).text
    return value


def _is_suspicious(payload: str) -> bool:
    data = payload.encode(errors="replace")
    small = data.lower()
    if any(word in small for word in _CODE_WORDS):
        return True
    if payload.isascii():
        return _LONG_ASCII_NUMBER.search(data.translate(None, _MARKS)) is not None
    return _LONG_NUMBER.search(payload) is not None


@lru_cache(maxsize=16_384)
def _line(text: str) -> str:
    if len(text) > _FEWEST_CARD_DIGITS or not text.isascii():
        text = mask_cards(text).text
    return clean_line(text, longest=LONGEST_LINE)
