"""Amounts as Stripe counts them, which is not always in the minor unit of ISO 4217 (Stripe's list of currencies)."""

from __future__ import annotations

from opsdesk.domain.errors import Refused
from opsdesk.domain.money import LARGEST_MINOR, Money, exponent

_WHOLE = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
"""Counted in whole units. MGA is among them, although ISO 4217 gives it two decimals."""
_WHOLE_IN_HUNDREDTHS = frozenset({"ISK", "UGX"})
"""Counted in hundredths, as they used to be, and only whole units are taken."""
_IN_THOUSANDTHS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
"""Counted in thousandths, and the last digit must be a zero."""


def to_stripe(amount: Money) -> int:
    """Return the amount as Stripe wants it.

    Raises:
        Refused: Stripe does not take so small a part of this currency.
    """
    shift = _decimals(amount.currency) - exponent(amount.currency)
    counted, rest = _scaled(amount.minor, shift)
    if rest or counted % _step(amount.currency):
        raise Refused(f"Stripe does not take {amount} exactly; choose an amount in steps of {_smallest(amount)}.")
    return counted


def from_stripe(counted: int, currency: str) -> Money:
    """Return money for an amount of Stripe's.

    Raises:
        ValueError: it has a part that the currency does not have, or is larger than any price.
    """
    code = currency.upper()
    shift = exponent(code) - _decimals(code)
    minor, rest = _scaled(counted, shift)
    if rest or abs(minor) > LARGEST_MINOR:
        raise ValueError(f"{counted} is no amount in {code}.")
    return Money(minor, code)


def _scaled(amount: int, places: int) -> tuple[int, int]:
    """Move the decimal point; the second number is what does not fit."""
    factor: int = 10 ** abs(places)
    return (amount * factor, 0) if places >= 0 else divmod(amount, factor)


def _decimals(currency: str) -> int:
    if currency in _WHOLE:
        return 0
    return 3 if currency in _IN_THOUSANDTHS else 2


def _step(currency: str) -> int:
    if currency in _WHOLE_IN_HUNDREDTHS:
        return 100
    return 10 if currency in _IN_THOUSANDTHS else 1


def _smallest(amount: Money) -> Money:
    return from_stripe(_step(amount.currency), amount.currency)
