"""The demo shop's catalogue, with the price of each article in every currency that its customers pay in."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from opsdesk.domain.money import exponent

SHOP_CURRENCY = "EUR"
# What a euro is roughly worth; a demo shop needs believable prices, not rates.
_RATES = {
    "EUR": 1.0, "GBP": 0.86, "USD": 1.1, "CHF": 0.96, "PLN": 4.3, "SEK": 11.2, "DKK": 7.46, "JPY": 162.0,
    "KRW": 1_480.0, "CAD": 1.5, "AUD": 1.65,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Article:
    """One article; `prices` in minor units by currency, `weight` in grams."""

    sku: str
    title: str
    variant: str
    temperature: str
    weight: int
    ean: str
    prices: dict[str, int]


def read_catalogue(folder: Path) -> tuple[Article, ...]:
    """Read the articles from the shipped file."""
    with (folder / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_article(row) for row in csv.DictReader(file))


def price_in(currency: str, cents: int) -> int:
    """Return about the same price in another currency, rounded as shops do; minor units."""
    amount = cents / 100 * _RATES[currency]
    if exponent(currency) == 0:
        return max(10, round(amount / 10) * 10)
    return cents if currency == SHOP_CURRENCY else max(10, round(amount * 10) * 10)


def _article(row: dict[str, str]) -> Article:
    cents = round(float(row["price"]) * 100)
    prices = {currency: price_in(currency, cents) for currency in _RATES}
    return Article(
        row["sku"], row["title"], row["variant"], row["temperature"], int(row["weight_g"]), _ean(row["sku"]), prices
    )


def _ean(sku: str) -> str:
    """Return an article number from the range that shops use inside the house, with its check digit."""
    body = f"2000000{sku}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"
