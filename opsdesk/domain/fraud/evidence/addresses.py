"""Addresses compared as a postman would: three spellings of one flat are one flat."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from opsdesk.domain.searching import folded

_TOKEN = re.compile(r"[^\W\d_]+|\d+")
_UNIT_WORDS = frozenset(
    {"apartment", "apartments", "apt", "suite", "ste", "unit", "flat", "room", "rm", "floor", "fl", "no", "nr",
     "number", "wohnung", "whg", "appartement", "app", "etage", "og", "stock"}
)  # fmt: skip
"""Forwarders and fraudsters change these words to look like somebody else; the number behind them stays."""
_STREET_WORDS = {
    **dict.fromkeys(("street", "str", "strasse", "st"), "st"),
    **dict.fromkeys(("road", "rd"), "rd"),
    **dict.fromkeys(("avenue", "av", "ave"), "ave"),
    **dict.fromkeys(("boulevard", "bvd", "blvd"), "blvd"),
    **dict.fromkeys(("drive", "dr"), "dr"),
    **dict.fromkeys(("lane", "ln"), "ln"),
    **dict.fromkeys(("court", "ct"), "ct"),
    **dict.fromkeys(("place", "pl", "platz"), "pl"),
    **dict.fromkeys(("square", "sq"), "sq"),
    **dict.fromkeys(("highway", "hwy"), "hwy"),
    **dict.fromkeys(("north", "n"), "n"),
    **dict.fromkeys(("south", "s"), "s"),
    **dict.fromkeys(("east", "e"), "e"),
    **dict.fromkeys(("west", "w"), "w"),
}
_JOINED_STREET = re.compile(r"([a-z]{3,})(strasse|str|platz)\Z")
_PO_BOX = re.compile(
    r"\b(?:p\W{0,2}o\W{0,2}box|post office box|postfach|postbus|postboks|apartado|casella postale|boite postale"
    r"|bp \d+)\b"
)
_LOCKER = re.compile(r"\b(?:packstation|parcel ?locker|paketbox|inpost|paczkomat|pickup point|point relais)\b")


class Nearness(StrEnum):
    """How far apart two addresses are where nobody has measured it."""

    SAME = "same"
    POSTCODE = "postcode"
    CITY = "city"
    COUNTRY = "country"
    ABROAD = "abroad"


@dataclass(frozen=True, slots=True)
class Place:
    """An address as the customer typed it.

    Attributes:
        country: two capital letters.
        fits: the postcode belongs to the city or region; None where nobody has checked.
        is_served: a carrier of the shop delivers there; None where nobody has checked.
    """

    name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    fits: bool | None = None
    is_served: bool | None = None

    @property
    def street(self) -> str:
        """Both lines of the street as one."""
        return f"{self.line1} {self.line2}".strip()


@dataclass(frozen=True, slots=True)
class Forwarder:
    """The warehouse of a firm that sends parcels on, from the shop's list."""

    name: str
    place: Place


def street_words(place: Place) -> tuple[str, ...]:
    """Return the words and numbers of the street in one spelling and one order, without words for a flat or floor."""
    found: list[str] = []
    for token in _TOKEN.findall(folded(place.street)):
        if len(token) == 1 and token.isalpha() and found and found[-1].isdigit():
            found[-1] += token
        elif token not in _UNIT_WORDS:
            joined = _JOINED_STREET.match(token)
            found += [joined[1], _STREET_WORDS[joined[2]]] if joined else [_STREET_WORDS.get(token, token)]
    return tuple(sorted(found))


def address_key(place: Place) -> str:
    """Return the address in one spelling, so that the same flat has the same key; empty where there is no street."""
    words = street_words(place)
    if not words:
        return ""
    where = _postcode(place) or folded(place.city)
    return f"{place.country.upper()}|{where}|{' '.join(words)}"


def nearness(one: Place, other: Place) -> Nearness | None:
    """Say how near the two are; None where a country is missing."""
    if not one.country or not other.country:
        return None
    if one.country.upper() != other.country.upper():
        return Nearness.ABROAD
    if (key := address_key(one)) and key == address_key(other):
        return Nearness.SAME
    if (postcode := _postcode(one)) and postcode == _postcode(other):
        return Nearness.POSTCODE
    if (city := folded(one.city)) and city == folded(other.city):
        return Nearness.CITY
    return Nearness.COUNTRY


def is_po_box(place: Place) -> bool:
    """Say whether it is a box at a post office, where many carriers do not deliver."""
    return _PO_BOX.search(folded(f"{place.company} {place.street}")) is not None


def is_locker(place: Place) -> bool:
    """Say whether it is a parcel locker or a shop that takes parcels in."""
    return _LOCKER.search(folded(f"{place.company} {place.street}")) is not None


def forwarder_at(place: Place, forwarders: tuple[Forwarder, ...]) -> Forwarder | None:
    """Return the forwarder at this address, whatever suite the customer was given there."""
    postcode, words = _postcode(place), frozenset(street_words(place))
    for forwarder in forwarders:
        theirs = forwarder.place
        is_there = theirs.country == place.country.upper() and _postcode(theirs) == postcode
        if is_there and words.issuperset(street_words(theirs)):
            return forwarder
    return None


_NEARNESS_WORDS = {
    Nearness.SAME: "the same address",
    Nearness.POSTCODE: "the same postcode",
    Nearness.CITY: "the same town",
    Nearness.COUNTRY: "elsewhere in the country",
    Nearness.ABROAD: "another country",
}


def distance_words(near: Nearness | None, km: int | None) -> str:
    """Say the distance for staff: measured where somebody has, else what the two addresses show."""
    if near is Nearness.SAME or km is None:
        return _NEARNESS_WORDS[near] if near is not None else "not known"
    if km < 10:
        return "under 10 km"
    return f"{km} km" if near is not Nearness.ABROAD else f"{km} km, another country"


def _postcode(place: Place) -> str:
    plain = "".join(letter for letter in folded(place.postcode) if letter.isalnum())
    return plain[:5] if place.country.upper() == "US" else plain
