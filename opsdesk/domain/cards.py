"""Card numbers never stay: wherever a text comes from, they are recognised and masked before anything is written.

A number is a card's when it begins like an issuer's, has exactly the length of that issuer, and passes the Luhn check.
Luhn alone would hit every tenth parcel number and EAN. Digits may be parted by spaces, hyphens, dots, line breaks and
invisible characters, and may be of any script. Valid IBANs, SSCCs and telephone numbers with a `+` are left alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

from opsdesk.domain.text import MARK, clean_line, clean_text

_GAP = (
    "[ \t\r\n\x0b\x0c\x85>._\u00a0\u00ad\u00b7\u1680\u2000-\u2015\u2028-\u202f\u2060-\u2064\u2212\u3000"
    "\u20e3\ufe0f\ufeff\uff0d\ufe63-]"
)
_RUN = re.compile(rf"\d(?:(?:{_GAP}{{0,6}}|/)\d){{12,}}")
_GROUP = re.compile(r"\d+")
_ENOUGH_DIGITS = re.compile(r"\d\D{0,8}\d\D{0,8}\d")
_SHORTEST, _LONGEST = 14, 19


class _Brand(NamedTuple):
    name: str
    prefixes: tuple[tuple[int, int], ...]
    lengths: frozenset[int]


# Issuer ranges as the card schemes publish them; 13-digit Visa numbers have not been issued for decades.
_BRANDS: Final = (
    _Brand("Amex", ((34, 34), (37, 37)), frozenset({15})),
    _Brand("Mir", ((2200, 2204),), frozenset({16, 17, 18, 19})),
    _Brand("Mastercard", ((51, 55), (2221, 2720)), frozenset({16})),
    _Brand("JCB", ((3528, 3589),), frozenset({16, 17, 18, 19})),
    _Brand("Diners", ((300, 305), (3095, 3095), (36, 36), (38, 39)), frozenset({14, 16, 19})),
    _Brand("Discover", ((6011, 6011), (644, 649), (65, 65)), frozenset({16, 17, 18, 19})),
    _Brand("UnionPay", ((62, 62), (8100, 8171)), frozenset({16, 17, 18, 19})),
    _Brand(
        "Maestro",
        ((5018, 5018), (5020, 5020), (5038, 5038), (5893, 5893), (6304, 6304), (6759, 6759), (6761, 6763)),
        frozenset({16, 17, 18, 19}),
    ),
    _Brand("RuPay", ((5085, 5089), (6069, 6085), (6521, 6522), (8172, 8172), (8200, 8299)), frozenset({16})),
    _Brand("Visa", ((4, 4),), frozenset({16, 19})),
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]){11,30}")
_MARKETPLACE_ORDER = re.compile(r"(?<!\d)\d{3}-\d{7}-\d{7}(?!\d)")
_IBAN_LENGTHS = range(15, 35)
_CODE_WORDS = (
    r"cvv2?|cvc2?|cav2|card (?:verification|security) (?:code|number|value)"
    r"|karten(?:pr(?:ü|ue|u\u0308)f|sicherheits)\w*|pr(?:ü|ue|u\u0308)f(?:ziffer|nummer|zahl|code)n?|cryptogramme|criptograma|kaartcode|kortkode"
)
_CODE_WORDS_BESIDE_A_CARD = r"csc|cid|security code|sicherheits(?:code|nummer)|secure code"
_EXPIRY = (
    r"\s*[,;|/]?\s*(?:(?:exp\w*|valid\w*|g(?:ü|ue|u\u0308)ltig\w*|bis|thru|until)\W{0,3}\s*)*\d{1,2}\s*[/.-]\s*\d{2,4}"
)
_QUICK_WORDS = re.compile(r"(?i)cv[vc]|cav2|card|karte|pr(?:ü|u\u0308|ue)f|crypto|cripto|kaart|kort")


@cache
def _code(words: str) -> re.Pattern[str]:
    digits = r"(?<![\d*])\d(?:[ .-]?\d){2,3}(?![ .-]?\d)"
    return re.compile(
        rf"(?i)(?<![a-z])(?:{words})(?![a-z])(?P<after>[^\d\n]{{0,40}}\n?[^\d\n]{{0,8}}){digits}"
        rf"|(?<![a-z]){digits}(?P<before>\W{{0,4}}(?:is |= |als |the |my |der |die |\()*\W{{0,3}}(?:{words})(?![a-z]))"
    )


_PLACE = "\ue000"
_CODE_AFTER_EXPIRY = re.compile(rf"(?i)({_PLACE}{_EXPIRY}[\s,;|/]{{1,4}})\d{{3,4}}(?!\d)")
_CODE_AFTER_CARD = re.compile(rf"({_PLACE}[\s,;|/]{{1,3}})\d{{3,4}}(?=\s*(?:$|[\n,;|]))")
_HIDDEN_CODE = "***"


@dataclass(frozen=True, slots=True)
class FoundCard:
    """A card number that was in a text."""

    brand: str
    last4: str

    def __str__(self) -> str:
        return f"{self.brand} ****{self.last4}"


@dataclass(frozen=True, slots=True)
class Masked:
    """A text that may be stored.

    Attributes:
        text: the text, with brand and last four digits in place of each card number.
        found: the cards that were in it; `codes` says how many check codes were.
    """

    text: str
    found: tuple[FoundCard, ...] = ()
    codes: int = 0

    @property
    def warning(self) -> str | None:
        """Say what was taken out, or None if nothing was."""
        if not self.found and not self.codes:
            return None
        cards = ", ".join(str(card) for card in self.found)
        if not cards:
            return "A card's check code was removed. It may never be written down."
        return f"A card number was masked ({cards}). Take card payments by pay link, never in a text."


def mask_cards(text: str) -> Masked:
    """Return the text with card numbers and check codes masked. A text without digits costs next to nothing."""
    if not _ENOUGH_DIGITS.search(text):
        return Masked(text)
    cards = _cards_in(text) if _RUN.search(text) else []
    if not cards and not _QUICK_WORDS.search(text):
        return Masked(text)
    if not cards:
        masked, codes = _mask_codes(text, beside_a_card=False)
        return Masked(masked, (), codes)
    # Codes are looked for with a sign in place of each card, so that its last four digits are not taken for one.
    masked, codes = _mask_codes(_with_places(text, cards), beside_a_card=True)
    return Masked(_with_names(masked, cards), tuple(card for *_, card in cards), codes)


def safe_line(text: str, *, longest: int) -> Masked:
    """Mask, then clean into one line: all that a stored line needs."""
    masked = mask_cards(text)
    return Masked(clean_line(masked.text, longest=longest), masked.found, masked.codes)


def safe_text(text: str, *, longest: int) -> Masked:
    """Mask, then clean, keeping the lines: all that a stored note or mail needs."""
    masked = mask_cards(text)
    return Masked(clean_text(masked.text, longest=longest), masked.found, masked.codes)


def passes_luhn(digits: str) -> bool:
    """Say whether ASCII digits pass the check that card numbers, but also every tenth other number, pass."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def brand_of(digits: str) -> str | None:
    """Return the brand of a number of ASCII digits, or None if no card has that beginning, length and check digit."""
    for brand in _brands(digits[:4]):
        if len(digits) in brand.lengths:
            return brand.name if passes_luhn(digits) else None
    return None


@cache
def _brands(beginning: str) -> tuple[_Brand, ...]:
    return tuple(
        brand
        for brand in _BRANDS
        if any(first <= int(beginning[: len(str(first))] or 0) <= last for first, last in brand.prefixes)
    )


def _with_places(text: str, cards: list[tuple[int, int, FoundCard]]) -> str:
    text = text.replace(_PLACE, MARK)
    pieces: list[str] = []
    done = 0
    for start, end, _card in cards:
        pieces += (text[done:start], _PLACE)
        done = end
    return "".join(pieces) + text[done:]


def _with_names(text: str, cards: list[tuple[int, int, FoundCard]]) -> str:
    first, *rest = text.split(_PLACE)
    pieces = [first]
    for piece, (_start, _end, card) in zip(rest, cards, strict=True):
        is_named = pieces[-1].rstrip(" :").casefold().endswith(card.brand.casefold())
        pieces += (f"****{card.last4}" if is_named else str(card), piece)
    return "".join(pieces)


def _cards_in(text: str) -> list[tuple[int, int, FoundCard]]:
    """Find the cards from left to right; where two readings overlap, all their digits go, under the first's name."""
    cards: list[tuple[int, int, FoundCard]] = []
    spared: list[tuple[int, int]] | None = None
    for run in _RUN.finditer(text):
        groups = [found.span() for found in _GROUP.finditer(text, *run.span())]
        numbers = ["".join(str(int(digit)) for digit in text[start:end]) for start, end in groups]
        for first in range(len(groups)):
            hit = _card_from(numbers, first)
            if hit is None:
                continue
            spared = _spared(text) if spared is None else spared
            if _is_spared(text, groups, first, spared):
                continue
            start, end = groups[first][0], groups[hit[0]][1]
            if cards and start < cards[-1][1]:
                before = cards.pop()
                cards.append((before[0], max(before[1], end), before[2]))
            else:
                cards.append((start, end, hit[1]))
    return cards


def _spared(text: str) -> list[tuple[int, int]]:
    ibans = [span for found in _IBAN.finditer(text) if (span := _iban_span(found))]
    return ibans + [found.span() for found in _MARKETPLACE_ORDER.finditer(text)]


def _card_from(numbers: list[str], first: int) -> tuple[int, FoundCard] | None:
    """Find the longest card that begins with this group of digits."""
    digits = ""
    best: tuple[int, FoundCard] | None = None
    for last in range(first, len(numbers)):
        digits += numbers[last]
        if len(digits) > _LONGEST or (len(digits) >= 4 and not _brands(digits[:4])):
            break
        brand = brand_of(digits) if len(digits) >= _SHORTEST else None
        if brand:
            best = last, FoundCard(brand, digits[-4:])
    return best


def _is_spared(text: str, groups: list[tuple[int, int]], first: int, spared: list[tuple[int, int]]) -> bool:
    start, end = groups[first]
    if any(left <= start < right for left, right in spared):
        return True
    rest = sum(right - left for left, right in groups[first:])
    if start and text[start - 1] == "+" and rest <= 15:
        return True
    return end - start == 20 and text.startswith("00", start)


def _iban_span(found: re.Match[str]) -> tuple[int, int] | None:
    """Return where the IBAN is, by its check digits, if it is one; the words behind it may have been caught too."""
    text = found.group()
    if not text.isascii():
        return None
    letters = text.replace(" ", "").upper()
    for length in _IBAN_LENGTHS:
        if length > len(letters):
            return None
        if int("".join(str(int(letter, 36)) for letter in letters[4:length] + letters[:4])) % 97 == 1:
            end = re.match(rf"(?:\S *){{{length}}}", text)
            return found.start(), found.start() + (end.end() if end else len(text))
    return None


def _mask_codes(text: str, *, beside_a_card: bool) -> tuple[str, int]:
    def hide(found: re.Match[str]) -> str:
        if found["before"] is not None:
            return _HIDDEN_CODE + found["before"]
        word = found.group()[: found.start("after") - found.start()]
        return word + found["after"] + _HIDDEN_CODE

    words = f"{_CODE_WORDS}|{_CODE_WORDS_BESIDE_A_CARD}" if beside_a_card else _CODE_WORDS
    text, count = _code(words).subn(hide, text)
    if beside_a_card:
        for bare in (_CODE_AFTER_EXPIRY, _CODE_AFTER_CARD):
            text, more = bare.subn(rf"\g<1>{_HIDDEN_CODE}", text)
            count += more
    return text, count
