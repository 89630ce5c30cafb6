"""How names, numbers and telephone numbers are written down so that they can be found again.

Neither store folds letters well enough by itself (SQLite's trigrams keep accents, neither maps ł to l), so both search
a text that is folded here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

# Letters that decompose into nothing: Unicode has no mark to take away from them.
_STROKED = str.maketrans(
    {"ł": "l", "Ł": "l", "ø": "o", "Ø": "o", "đ": "d", "Đ": "d", "ß": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe",
     "þ": "th", "Þ": "th", "ı": "i"}
)  # fmt: skip
LONGEST_SEARCH_TEXT = 600
"""Enough for a name, an address of e-mail and some dozen article numbers; the index grows with each letter."""


def folded(text: str) -> str:
    """Return the text without accents, case and doubled spaces: `José  Łukasz` becomes `jose lukasz`."""
    if text.isascii():
        return " ".join(text.lower().split())
    apart = unicodedata.normalize("NFKD", text.translate(_STROKED))
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(bare.casefold().split())


def digits(text: str) -> str:
    """Return the ASCII digits of a text, those of other scripts translated: `+49 (0)30-12` becomes `4903012`."""
    if text.isascii():
        return "".join(filter(str.isdigit, text))
    return "".join(str(unicodedata.digit(letter)) for letter in text if unicodedata.digit(letter, None) is not None)


def reversed_digits(text: str) -> str:
    """Return the digits from the last to the first, so that an index finds a number by its end."""
    return digits(text)[::-1]


def order_search_text(number: str, customer_name: str, email: str, skus: Iterable[str] = (), company: str = "") -> str:
    """Return what the words of the find line are looked up in for one order."""
    parts = (number, customer_name, company, email, *dict.fromkeys(skus))
    return folded(" ".join(part for part in parts if part))[:LONGEST_SEARCH_TEXT]


def product_search_text(sku: str, title: str, variant: str = "", ean: str = "") -> str:
    """Return what the words of the find line are looked up in for one product."""
    return folded(" ".join(part for part in (sku, title, variant, ean) if part))[:LONGEST_SEARCH_TEXT]
