"""Money: whole minor units and an ISO 4217 currency. No float ever touches it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from opsdesk.domain.errors import Invalid

# ISO 4217 minor units that are not two. Source: ISO 4217 list one, column "minor unit".
_EXPONENTS = {
    **dict.fromkeys(
        (
            "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG",
            "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    "CLF": 4,
    "UYW": 4,
}  # fmt: skip
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_PLAIN_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)\Z", re.ASCII)
# A signed 64-bit column holds the largest amount; four digits are left for sums over many orders.
LARGEST_MINOR = 10**15 - 1


def exponent(currency: str) -> int:
    """Return how many decimal places the currency has (JPY 0, EUR 2, KWD 3)."""
    return _EXPONENTS.get(currency, 2)


def currencies_with(decimals: int) -> tuple[str, ...]:
    """Return the currencies that have this many decimal places, where that is not the usual two."""
    return tuple(currency for currency, places in _EXPONENTS.items() if places == decimals)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units (cents for EUR, yen for JPY, fils for KWD)."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.minor, bool) or not isinstance(self.minor, int):
            raise TypeError("Money counts whole minor units.")
        if not _CURRENCY.match(self.currency):
            raise Invalid("currency", f"{self.currency!r} is not a currency code of three capital letters.")

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Return nothing, in this currency."""
        return cls(0, currency)

    @classmethod
    def parse(cls, text: str, currency: str, *, field: str = "amount") -> Money:
        """Read a plain decimal such as `12.50` or `.5`.

        Raises:
            Invalid: not a plain number, more decimals than the currency has, or too large.
        """
        cleaned = text.strip()
        if not _PLAIN_NUMBER.match(cleaned):
            raise Invalid(field, f"{text.strip()[:40]!r} is not an amount. Write it like 12.50.")
        return cls.from_decimal(Decimal(cleaned), currency, field=field)

    @classmethod
    def from_decimal(cls, amount: Decimal, currency: str, *, field: str = "amount") -> Money:
        """Turn an exact decimal in major units into money; more decimals than the currency has are refused."""
        try:
            scaled = amount.scaleb(exponent(currency))
        except InvalidOperation as error:
            raise Invalid(field, f"The amount {amount} cannot be represented.") from error
        if not scaled.is_finite() or abs(scaled) > LARGEST_MINOR:
            raise Invalid(field, "The amount is too large to be a price.")
        if scaled != scaled.to_integral_value():
            raise Invalid(field, f"{amount} has more decimals than {currency} allows.")
        return cls(int(scaled), currency)

    @property
    def amount(self) -> Decimal:
        """The amount in major units, with the currency's own number of decimals."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __mul__(self, quantity: int) -> Money:
        return Money(self.minor * quantity, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other).minor

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other).minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.amount:,.{exponent(self.currency)}f} {self.currency}"

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Split by weight so that the parts add up exactly (largest remainder, earlier parts first on a tie).

        Raises:
            ValueError: no weights, a negative one, or all of them zero.
        """
        if not weights or min(weights) < 0 or sum(weights) == 0:
            raise ValueError("Allocation needs weights that are not negative and not all zero.")
        whole, sign = abs(self.minor), -1 if self.minor < 0 else 1
        total = sum(weights)
        shares = [whole * weight // total for weight in weights]
        rests = sorted(range(len(weights)), key=lambda i: (-(whole * weights[i] % total), i))
        for index in rests[: whole - sum(shares)]:
            shares[index] += 1
        return [Money(sign * share, self.currency) for share in shares]

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added or compared.")
        return other


def rounded(amount: Decimal, currency: str) -> Money:
    """Round half up to the currency's decimals: for sources that send computed prices with more of them."""
    step = Decimal(1).scaleb(-exponent(currency))
    return Money.from_decimal(amount.quantize(step, ROUND_HALF_UP), currency)
