"""What somebody typed or scanned into the find line, read as all that it may be, most exact first.

`read_query` decides nothing: it lists what is worth looking up, in order. The first kind that is found wins; words come
last and are found by likeness. It never raises, whatever is scanned.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from opsdesk.domain.cards import mask_cards
from opsdesk.domain.searching import digits, folded
from opsdesk.domain.text import clean_line

_LONGEST = 200
_LONGEST_RAW = 2_000
_SYMBOLOGY = re.compile(r"^\](?:C1|E0|E4|d2|Q3|e0)")
_SEPARATORS = re.compile(r"[\s()/.\-\u2010-\u2015]+")
_ONLY_DIGITS = re.compile(r"\+?[\d\s()/.\-\u2010-\u2015]+\Z")
_TRUNK = re.compile(r"\(0\)")
_SCREEN = re.compile(r":\s*([^\W\d_][\w!?-]*|\?)(?:\s+(.*))?\Z", re.DOTALL)
_RMA = re.compile(r"(?:RMA|R)[-\s]?(\d{1,12})\Z", re.IGNORECASE)
_UPS = re.compile(r"1Z[0-9A-Z]{16}\Z")
_LETTERED_TRACKING = re.compile(r"(?:J?JD\d{12,20}|[A-Z]{2}\d{9}[A-Z]{2}|TBA\d{9,15}|[A-Z]{1,4}\d{8,24}[A-Z]{0,4})\Z")
_EMAIL = re.compile(r"[^\s@<>,;]*@[^\s@<>,;]*")
_GS1 = re.compile(r"(?:\(00\)|00)(\d{18})\Z|(?:\(01\)|01)(\d{14})(?:\D|1[0157]|21|$)")


class Kind(StrEnum):
    """What a typed or scanned text may be."""

    SCREEN = "screen"
    """The name of a screen or command, typed behind a colon; what follows it is `Asked.argument`."""
    ORDER = "order"
    """A whole order number."""
    ORDER_TAIL = "order_tail"
    """The last digits of an order number, at least four."""
    EMAIL = "email"
    """An e-mail address or a part of one, in small letters."""
    PHONE = "phone"
    """Digits that a telephone number ends in."""
    TRACKING = "tracking"
    """A parcel's number, without spaces."""
    EAN = "ean"
    """An article's bar code, with its check digit found right."""
    SKU = "sku"
    """An article number of the shop, as it was typed."""
    RMA = "rma"
    """The number of a return, as `R-` and digits."""
    WORDS = "words"
    """Words of names, articles, notes: folded, so that accents and capitals do not matter."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One thing that the text may be, with the value as it is looked up."""

    kind: Kind
    value: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A text of the find line.

    Attributes:
        text: what was typed, on one line, fit to be shown: a card number in it is masked.
        guesses: what to look up, in this order.
        argument: what stands behind the name of a screen or command.
        warning: what to tell the clerk when a card number was typed.
    """

    text: str
    guesses: tuple[Guess, ...] = ()
    argument: str = ""
    warning: str | None = field(default=None)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds in order, each once."""
        return tuple(dict.fromkeys(guess.kind for guess in self.guesses))

    def values(self, kind: Kind) -> tuple[str, ...]:
        """Return what to look up as this kind."""
        return tuple(guess.value for guess in self.guesses if guess.kind is kind)


def read_query(text: str) -> Asked:
    """Read a text of the find line."""
    typed = _as_typed(text)
    if screen := _SCREEN.match(typed):
        return Asked(typed, (Guess(Kind.SCREEN, screen[1].lower()),), argument=(screen[2] or "").strip())
    typed = typed.removeprefix(":").strip()
    masked = mask_cards(typed)
    guesses = _in_order(typed)
    if masked.found or masked.codes:
        # A parcel number may look like a card. What is a card is looked for as nothing else, and shown nowhere.
        codes = (Kind.TRACKING, Kind.EAN)
        return Asked(masked.text, tuple(guess for guess in guesses if guess.kind in codes), warning=masked.warning)
    return Asked(typed, guesses)


def has_check_digit(number: str) -> bool:
    """Say whether the last ASCII digit of an EAN, UPC, GTIN or SSCC is right."""
    if not number.isascii() or not number.isdigit():
        return False
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(number)))
    return total % 10 == 0


def _as_typed(text: str) -> str:
    # The group separator of GS1 codes parts two elements; every other control character is noise.
    text = text[:_LONGEST_RAW].replace("\x1d", " ").replace("\x00", "")
    text = unicodedata.normalize("NFKC", text)
    text = "".join(_ascii_digit(letter) for letter in text)
    return _SYMBOLOGY.sub("", clean_line(text, longest=_LONGEST))


def _ascii_digit(letter: str) -> str:
    return str(unicodedata.decimal(letter)) if letter.isdecimal() else letter


def _in_order(typed: str) -> tuple[Guess, ...]:
    if not typed:
        return ()
    found = list(_guesses(typed))
    if words := folded(typed.removeprefix("#")):
        found.append(Guess(Kind.WORDS, words))
    return tuple(dict.fromkeys(found))


def _guesses(typed: str) -> Iterator[Guess]:
    if typed.startswith("#"):
        yield from _order(typed.removeprefix("#").strip())
        return
    if "@" in typed:
        yield from (Guess(Kind.EMAIL, found.strip(".").lower()) for found in _EMAIL.findall(typed) if found != "@")
        return
    yield from _scanned(typed)
    if _ONLY_DIGITS.match(typed) and digits(typed):
        yield from _number(typed)
    elif " " not in typed:
        yield from _code(typed)


def _order(typed: str) -> Iterator[Guess]:
    if typed and " " not in typed:
        yield Guess(Kind.ORDER, typed)
    if len(number := digits(typed)) >= 4:
        yield Guess(Kind.ORDER_TAIL, number)


def _scanned(typed: str) -> Iterator[Guess]:
    """Read what only a label looks like."""
    compact = _SEPARATORS.sub("", typed).upper()
    if _UPS.match(compact):
        yield Guess(Kind.TRACKING, compact)
    if gs1 := _GS1.match(typed.replace(" ", "")):
        number = gs1[1] or gs1[2]
        if has_check_digit(number) and gs1[1]:
            yield from (Guess(Kind.TRACKING, f"00{number}"), Guess(Kind.TRACKING, number))
        elif has_check_digit(number):
            yield from _article(number)
    if _LETTERED_TRACKING.match(compact):
        yield Guess(Kind.TRACKING, compact)
    if rma := _RMA.match(typed):
        yield Guess(Kind.RMA, f"R-{rma[1]}")


def _number(typed: str) -> Iterator[Guess]:
    number = digits(_TRUNK.sub("", typed))
    is_one = typed.isdigit()
    is_dialled = typed.startswith("+") or (number.startswith("0") and len(number) >= (9 if is_one else 6))
    if is_dialled:
        yield from _phone(typed, number)
    if " " not in typed and not typed.startswith("+"):
        yield Guess(Kind.ORDER, typed)
    if is_one and 4 <= len(number) <= 12:
        yield Guess(Kind.ORDER_TAIL, number)
    yield from _article(number)
    if 12 <= len(number) <= 22 and not typed.startswith("+"):
        yield Guess(Kind.TRACKING, number)
    if is_one:
        yield Guess(Kind.SKU, number)
    if not is_dialled:
        yield from _phone(typed, number)


def _phone(typed: str, number: str) -> Iterator[Guess]:
    """Give the digits that a number ends in: with the country if it was typed, without the zeros before the town."""
    if typed.startswith("+") or number.startswith("00"):
        number = number.removeprefix("00")
        if 7 <= len(number) <= 15:
            yield from (Guess(Kind.PHONE, number), Guess(Kind.PHONE, number[-9:]))
    elif 6 <= len(number) <= 15:
        yield Guess(Kind.PHONE, number.lstrip("0") or number)


def _article(number: str) -> Iterator[Guess]:
    if len(number) in (8, 12, 13, 14) and has_check_digit(number):
        yield Guess(Kind.EAN, number)
        short = number.lstrip("0")
        yield from (Guess(Kind.EAN, short.zfill(length)) for length in (8, 12, 13) if len(short) <= length)
    if len(number) == 8 and (whole := _unfolded_upc(number)):
        yield Guess(Kind.EAN, whole)


def _unfolded_upc(short: str) -> str | None:
    """Return the UPC-A that a UPC-E stands for; eight digits can be either this or an EAN-8."""
    system, body, check = short[0], short[1:7], short[7]
    if system not in "01":
        return None
    last = body[5]
    if last in "012":
        middle = f"{body[:2]}{last}0000{body[2:5]}"
    elif last == "3":
        middle = f"{body[:3]}00000{body[3:5]}"
    elif last == "4":
        middle = f"{body[:4]}00000{body[4]}"
    else:
        middle = f"{body[:5]}0000{last}"
    whole = f"{system}{middle}{check}"
    return whole if has_check_digit(whole) else None


def _code(typed: str) -> Iterator[Guess]:
    """Read one word that is no mere number: an order number of another shop, an article number, a part of a name."""
    if any(letter.isdigit() for letter in typed):
        yield Guess(Kind.ORDER, typed)
        compact = _SEPARATORS.sub("", typed).upper()
        yield Guess(Kind.SKU, typed)
        if 10 <= len(compact) <= 35 and compact.isalnum():
            yield Guess(Kind.TRACKING, compact)
    else:
        yield Guess(Kind.SKU, typed)
