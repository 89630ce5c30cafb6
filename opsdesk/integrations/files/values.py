"""Single values of records from outside: each is read strictly, or refused with the name of its field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from opsdesk.domain.errors import Invalid
from opsdesk.domain.money import Money, exponent, rounded

Fields = Mapping[str, object]

_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_SHORTEST_YEAR, _LATEST_YEAR = 1970, 2200
_LONGEST_WHOLE = 12
_LONGEST_NUMBER = 40
# `2025-10-07 09:50:26 +0200`: ISO 8601 but for the space before the offset.
_SPACED_OFFSET = re.compile(r" (?=[+-]\d{2}:?\d{2}\Z)")
_YES = frozenset({"true", "yes", "1", "y"})
_NO = frozenset({"false", "no", "0", "n", ""})


def text_of(record: Fields, field: str, default: str = "") -> str:
    """Return a text; what is missing or null is `default`.

    Raises:
        Invalid: it is something else than a text or a whole number.
    """
    value = record.get(field)
    if type(value) is str:
        return value
    if value is None:
        return default
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise Invalid(field, f"{field} must be a text.")


def list_of(record: Fields, field: str) -> list[Fields]:
    """Return a list of records; what is missing or null is empty.

    Raises:
        Invalid: it is something else.
    """
    value = record.get(field)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise Invalid(field, f"{field} must be a list of records.")
    return value


def record_of(record: Fields, field: str) -> Fields:
    """Return a record inside a record; what is missing or null is empty.

    Raises:
        Invalid: it is something else.
    """
    value = record.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Invalid(field, f"{field} must be a record.")
    return value


def currency_of(text: str, field: str = "currency") -> str:
    """Return a currency code of three capital letters.

    Raises:
        Invalid: it is none.
    """
    if not _CURRENCY.match(text):
        raise Invalid(field, f"{text[:20]!r} is not a currency code of three capital letters such as EUR.")
    return text


def minor_of(value: object, currency: str, field: str) -> int:
    """Return an exact amount such as `12.50` in minor units; nothing is 0.

    Raises:
        Invalid: no plain number, or more decimals than the currency has.
    """
    if type(value) is str:
        whole, _, fraction = value.partition(".")
        if len(fraction) == exponent(currency) and len(whole) <= _LONGEST_WHOLE and whole.isdigit() and value.isascii():
            both = whole + fraction
            if both.isdigit():
                return int(both)
        return Money.parse(value, currency, field=field).minor if value.strip() else 0
    if value is None:
        return 0
    return Money.from_decimal(_decimal(value, field), currency, field=field).minor


def rounded_minor_of(value: object, currency: str, field: str) -> int:
    """Return a computed amount in minor units, rounded half up to what the currency has.

    Raises:
        Invalid: no plain number, or too large.
    """
    if value is None or value == "":
        return 0
    amount = _decimal(value, field)
    if not amount.is_finite() or abs(amount.adjusted()) > _LONGEST_WHOLE + 4:
        if amount == 0:
            return 0
        raise Invalid(field, f"{str(value)[:20]} is too large, or has too many decimals, to be an amount.")
    return rounded(amount, currency).minor


def quantity_of(value: object, field: str) -> int:
    """Return a whole number of units; it may be negative.

    Raises:
        Invalid: it is no whole number.
    """
    if type(value) is int:
        return value
    amount = _decimal(value, field)
    if not amount.is_finite() or amount.adjusted() > _LONGEST_WHOLE or amount != amount.to_integral_value():
        raise Invalid(field, f"{str(value)[:20]!r} is not a whole number of units.")
    return int(amount)


def flag_of(value: object, field: str, *, default: bool = False) -> bool:
    """Return yes or no, in JSON or in words.

    Raises:
        Invalid: it is neither.
    """
    if isinstance(value, bool):
        return value
    if value is None or value == "":
        return default
    word = str(value).strip().lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise Invalid(field, f"{str(value)[:20]!r} is neither true nor false.")


def moment_of(value: object, field: str, zone: ZoneInfo | None) -> datetime | None:
    """Return a moment in UTC, or None where none is given.

    A moment without an offset is wall time in `zone`; of an hour that the clocks repeat it is the first.

    Raises:
        Invalid: it is no moment, or has no offset and there is no zone to read it in.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Invalid(field, f"{field} must be a moment such as 2026-11-24T09:30:00+01:00.")
    try:
        found = datetime.fromisoformat(_SPACED_OFFSET.sub("", value.strip()))
    except ValueError as error:
        raise Invalid(field, f"{value[:40]!r} is no moment. Write it like 2026-11-24T09:30:00+01:00.") from error
    if not _SHORTEST_YEAR <= found.year <= _LATEST_YEAR:
        raise Invalid(field, f"The year {found.year} cannot be right.")
    if found.tzinfo is None:
        if zone is None:
            raise Invalid(field, f"{value[:40]!r} does not say its offset from UTC.")
        found = found.replace(tzinfo=zone)
    return found.astimezone(UTC)


def required_moment(value: object, field: str, zone: ZoneInfo | None) -> datetime:
    """Return a moment in UTC.

    Raises:
        Invalid: none is given, or it is no moment.
    """
    found = moment_of(value, field, zone)
    if found is None:
        raise Invalid(field, f"{field} is missing.")
    return found


def country_of(text: str) -> str:
    """Return the country as two capital letters where it is given so, otherwise as it came."""
    return text.strip().upper() if len(text.strip()) == 2 else text.strip()


def language_of(country: str) -> str:
    """Return the language to write in when the source does not say; most often right, and changed with one key."""
    return {"DE": "de", "AT": "de", "LI": "de", "FR": "fr", "MC": "fr"}.get(country, "en")


def _decimal(value: object, field: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Invalid(field, f"{field} must be a number.")
    text = str(value).strip() if not isinstance(value, int) or abs(value) < 10**_LONGEST_NUMBER else ""
    if not text or len(text) > _LONGEST_NUMBER or "_" in text:
        raise Invalid(field, f"{field} is not a number that can be used.")
    try:
        found = Decimal(text)
    except InvalidOperation as error:
        raise Invalid(field, f"{text!r} is not a number. Write it like 12.50.") from error
    if not found.is_finite():
        raise Invalid(field, f"{text!r} is not a number.")
    return found
