"""Customers, invented one by one from their number, so that none of them has to be remembered."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from math import gcd
from pathlib import Path

from opsdesk.domain.searching import folded

_MASK = (1 << 64) - 1
_PLAIN = re.compile(r"[^a-z0-9]")
_ENDINGS = "ABDEFGHJLNPQRSTUWXYZ"
"""Letters that the last part of a British postcode may hold."""


@dataclass(frozen=True, slots=True)
class Place:
    """A postal address without the name."""

    line1: str
    city: str
    region: str
    postcode: str
    country: str


@dataclass(frozen=True, slots=True)
class Person:
    """A customer of the demo shop."""

    number: int
    name: str
    company: str
    email: str
    phone: str
    language: str
    currency: str
    place: Place


@dataclass(frozen=True, slots=True)
class _Country:
    code: str
    currency: str
    language: str
    domains: tuple[str, ...]
    phones: tuple[str, ...]
    street: str
    streets: tuple[str, ...]
    cities: tuple[tuple[str, str, str], ...]
    first: tuple[tuple[str, str], ...]
    last: tuple[tuple[str, str], ...]
    companies: tuple[str, ...]
    order: str
    step: int


class People:
    """Invents the customer with any number; the same number is always the same person."""

    def __init__(self, folder: Path, seed: int) -> None:
        groups = tomllib.loads((folder / "people.toml").read_text("utf-8"))
        entries = tomllib.loads((folder / "countries.toml").read_text("utf-8"))
        self._seed = mixed(seed)
        self._countries = [_country(code, entry, groups[entry["names"]]) for code, entry in entries.items()]
        self._bounds = list(accumulate(entry["share"] for entry in entries.values()))

    @property
    def codes(self) -> tuple[str, ...]:
        """The countries, the one with the most customers first."""
        return tuple(country.code for country in self._countries)

    def person(self, number: int, code: str = "") -> Person:
        """Return the customer with this number, from a given country if one is named."""
        dice = mixed(self._seed ^ number)
        country = self._country_of(dice, code)
        dice = mixed(dice)
        pairs = len(country.first) * len(country.last)
        again, place = number // pairs, number * country.step % pairs
        first = country.first[place % len(country.first)]
        last = country.last[place // len(country.first)]
        local = f"{first[1]}.{last[1]}{again or ''}"
        return Person(
            number,
            _full_name(country.order, first[0], last[0]),
            country.companies[dice % len(country.companies)] if dice % 100 < 7 else "",
            f"{local}@{country.domains[(dice >> 8) % len(country.domains)]}",
            _filled(country.phones[(dice >> 16) % len(country.phones)], mixed(dice + 1)),
            country.language if dice % 10 else "en",
            country.currency,
            self._place(country, mixed(dice + 2)),
        )

    def place(self, number: int, code: str) -> Place:
        """Return some address in a country: where somebody else lives."""
        dice = mixed(self._seed ^ mixed(number))
        return self._place(self._country_of(dice, code), dice)

    def _country_of(self, dice: int, code: str) -> _Country:
        if code:
            return next(country for country in self._countries if country.code == code)
        return self._countries[bisect_right(self._bounds, dice % self._bounds[-1])]

    @staticmethod
    def _place(country: _Country, dice: int) -> Place:
        city, region, pattern = country.cities[dice % len(country.cities)]
        street = country.streets[(dice >> 12) % len(country.streets)]
        line = country.street.replace("{street}", street).replace("{number}", str(1 + (dice >> 24) % 140))
        return Place(line, city, region, _filled(pattern, dice >> 20), country.code)


def mixed(number: int) -> int:
    """Return 64 bits that look like chance and are not (splitmix64, Steele, Lea and Flood 2014)."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)


def _country(code: str, entry: dict[str, object], names: dict[str, object]) -> _Country:
    def texts(source: dict[str, object], key: str) -> tuple[str, ...]:
        found = source[key]
        return tuple(map(str, found)) if isinstance(found, list) else ()

    cities = entry["cities"]
    assert isinstance(cities, list)
    first, last = (tuple(_spelt(name) for name in texts(names, part)) for part in ("first", "last"))
    return _Country(
        code=code,
        currency=str(entry["currency"]),
        language=str(entry["language"]),
        domains=texts(entry, "domains"),
        phones=texts(entry, "phones"),
        street=str(entry["street"]),
        streets=texts(entry, "streets"),
        cities=tuple((str(city), str(region), str(postcode)) for city, region, postcode in cities),
        first=first,
        last=last,
        companies=texts(names, "companies"),
        order=str(names.get("order", "first last")),
        step=_step(len(first) * len(last)),
    )


def _step(pairs: int) -> int:
    """Return a wide step that visits every pair of names once before any comes again."""
    step = max(1, pairs * 618 // 1_000)
    while gcd(step, pairs) != 1:
        step += 1
    return step


def _spelt(name: str) -> tuple[str, str]:
    """Return a name and how an e-mail address spells it; names in other scripts bring their own spelling."""
    if name.isascii() or any("a" <= letter.lower() <= "z" for letter in folded(name.split(" ", maxsplit=1)[0])):
        return name, _PLAIN.sub("", folded(name))
    shown, _, spelling = name.rpartition(" ")
    return shown, spelling


def _full_name(order: str, first: str, last: str) -> str:
    if order == "lastfirst":
        return f"{last}{first}"
    return f"{last} {first}" if order == "last first" else f"{first} {last}"


def _filled(pattern: str, dice: int) -> str:
    letters = []
    for letter in pattern:
        if letter == "#":
            dice, digit = divmod(dice, 10)
            letters.append(str(digit))
        elif letter == "@":
            dice, place = divmod(dice, len(_ENDINGS))
            letters.append(_ENDINGS[place])
        else:
            letters.append(letter)
    return "".join(letters)
