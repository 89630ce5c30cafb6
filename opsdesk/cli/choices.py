"""Words of the command line turned into the values that the rules know, or refused with what is known."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from opsdesk.domain.errors import Invalid

if TYPE_CHECKING:
    from opsdesk.domain.orders.holds import HoldType
    from opsdesk.domain.orders.rules import CancelReason
    from opsdesk.store.views.orders.detail import OrderDetail

T = TypeVar("T", bound=StrEnum)


def hold_type(name: str) -> HoldType:
    """Return the hold of this name.

    Raises:
        Invalid: there is none; the sentence lists those that there are.
    """
    from opsdesk.domain.orders.holds import HoldType

    return chosen(HoldType, name, "kind")


def cancel_reason(name: str) -> CancelReason:
    """Return the reason of this name.

    Raises:
        Invalid: there is none; the sentence lists those that there are.
    """
    from opsdesk.domain.orders.rules import CancelReason

    return chosen(CancelReason, name, "reason")


def chosen(kind: type[T], name: str, field: str) -> T:
    """Return the member of this name.

    Raises:
        Invalid: there is none; the sentence lists those that there are.
    """
    try:
        return kind(name)
    except ValueError as error:
        raise Invalid(field, f"{name[:40]!r} is not known as {field}. Known are: {', '.join(kind)}.") from error


def units_by_line(order: OrderDetail, words: Sequence[str]) -> dict[int, int] | None:
    """Read `SKU=UNITS` words into units by line; None when there are none, for all that is open.

    Raises:
        Invalid: a word is not of that form, or the order has no such line.
    """
    if not words:
        return None
    found: dict[int, int] = {}
    for word in words:
        sku, _, units = word.rpartition("=")
        ids = [line.id for line in order.lines if line.sku == sku and line.id not in found]
        if not ids or not units.isascii() or not units.isdigit() or len(units) > 6:
            raise Invalid("line", f"{word[:60]!r} is not SKU=UNITS of a line of {order.number}.")
        found[ids[0]] = int(units)
    return found
