"""Text that comes in with orders and products, made fit to be stored: cards masked, then cleaned."""

from __future__ import annotations

import json

from opsdesk.domain.cards import mask_cards
from opsdesk.domain.text import clean_line, clean_text

LONGEST_LINE = 200
LONGEST_NOTE = 4_000
LONGEST_CODE = 80
LONGEST_LINK = 500
# Fewer digits than any card number has; what holds no more of them need not be looked at closely.
_FEWEST_CARD_DIGITS = 12


def kept_line(text: str) -> str:
    """Return one line of text as it may be stored."""
    if len(text) > _FEWEST_CARD_DIGITS or not text.isascii():
        text = mask_cards(text).text
    return clean_line(text, longest=LONGEST_LINE)


def kept_text(text: str) -> str:
    """Return text of several lines as it may be stored."""
    return clean_text(mask_cards(text).text, longest=LONGEST_NOTE) if text else ""


def kept_code(text: str) -> str:
    """Return a code such as an article or tracking number: cleaned, never masked, for it is no free text."""
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
    if "\\" not in payload and mask_cards(payload).text == payload:
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
