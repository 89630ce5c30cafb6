"""When money that a gateway holds is taken, and how much of it is due once some of the goods have left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class CapturePolicy(StrEnum):
    """When held money is captured; a setting of the shop.

    A gateway that captures an authorisation only once lets go of the rest with the first parcel: `ON_SHIPPING` is for
    shops that send each order whole, or whose gateway captures in parts.
    """

    BY_HAND = "by_hand"
    ON_SHIPPING = "on_shipping"


@dataclass(frozen=True, slots=True)
class SentGoods:
    """One line of an order: its price for all units, and how many of them are wanted and have left."""

    price: int
    ordered: int
    wanted: int
    shipped: int


def due_when_shipped(total: int, goods: Iterable[SentGoods], *, is_last: bool) -> int:
    """Return how much of the total has left with the goods so far: by value, everything with the last parcel."""
    if is_last:
        return total
    lines = list(goods)
    wanted = sum(line.price * line.wanted // line.ordered for line in lines if line.ordered)
    shipped = sum(line.price * line.shipped // line.ordered for line in lines if line.ordered)
    return min(total, total * shipped // wanted) if wanted else 0
