"""What the readers of products share: what a product must have, and how cold it travels."""

from __future__ import annotations

import re
from decimal import Decimal

from opsdesk.domain.errors import Invalid
from opsdesk.domain.incoming.arrivals import LONGEST_ID, IncomingProduct
from opsdesk.integrations.files.values import quantity_of, rounded_minor_of

_TEMPERATURES = ("ambient", "chilled", "frozen")
_LONGEST_SKU = 80
_LARGEST = 2_000_000_000
_COLD = {"frozen": "frozen", "tiefk": "frozen", "chilled": "chilled", "refrigerated": "chilled", "gekühlt": "chilled"}
_GRAMS = {
    "g": Decimal(1),
    "kg": Decimal(1000),
    "lb": Decimal("453.59237"),
    "lbs": Decimal("453.59237"),
    "oz": Decimal("28.349523125"),
}


def checked_product(product: IncomingProduct) -> IncomingProduct:
    """Return the product if it can be kept.

    Raises:
        Invalid: the field that makes it impossible.
    """
    if not product.sku.strip() or len(product.sku) > _LONGEST_SKU or not product.sku.isprintable():
        raise Invalid("sku", "The product has no article number (SKU); orders could not name it.")
    if not product.external_id or len(product.external_id) > LONGEST_ID or not product.external_id.isprintable():
        raise Invalid("external_id", "The product has no id by which it could be known again.")
    if product.price_minor < 0:
        raise Invalid("price", "A price cannot be less than nothing.")
    if product.temperature not in _TEMPERATURES:
        raise Invalid("temperature", f"{product.temperature[:40]!r} is none of: {', '.join(_TEMPERATURES)}.")
    return product


def temperature_from(*texts: str) -> str:
    """Return how cold it travels, as far as tags, categories or a shipping class say so."""
    words = re.split(r"[,;|>/]", " , ".join(texts).lower())
    return next((kind for word in words for mark, kind in _COLD.items() if mark in word), "ambient")


def whole_number(value: object, field: str) -> int | None:
    """Return a whole number, or None where none is given.

    Raises:
        Invalid: it is no whole number.
    """
    if value is None or value == "":
        return None
    number = quantity_of(value, field)
    if abs(number) > _LARGEST:
        raise Invalid(field, f"{field} is too large.")
    return number


def grams(value: object, unit: str, field: str) -> int | None:
    """Return a weight in grams, or None where none is given.

    Raises:
        Invalid: it is no number.
    """
    if value is None or value == "":
        return None
    # A currency of three decimals keeps what scales tell.
    thousandths = rounded_minor_of(value, "KWD", field)
    return min(_LARGEST, max(0, round(thousandths * _GRAMS.get(unit.strip().lower(), Decimal(1)) / 1000)))
