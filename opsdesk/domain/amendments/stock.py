"""What is in stock of what an amendment brings in: enough, or how many too few."""

from __future__ import annotations

from collections.abc import Mapping

from opsdesk.domain.amendments.arithmetic import OrderParts


def stock_words(before: OrderParts, after: OrderParts, stock: Mapping[str, int | None]) -> tuple[list[str], list[str]]:
    """Say what there is not enough of, and what there is enough of; goods that nobody counts are passed over."""
    wanted: dict[str, int] = {}
    for sign, lines in ((-1, before.lines), (1, after.lines)):
        for line in lines:
            wanted[line.sku] = wanted.get(line.sku, 0) + sign * line.ordered
    titles = {line.sku: line.title for line in after.lines}
    short, there = [], []
    for sku, more in wanted.items():
        if more > 0 and sku not in stock:
            short.append(f"{titles[sku]} ({sku}) is not in the catalogue; nobody knows whether it is there.")
        elif more > 0 and (left := stock[sku]) is not None:
            have = max(0, left)
            said = f"{titles[sku]} ({sku}): {more} more are wanted, {have} are in stock"
            if have < more:
                short.append(f"{said}: {more - have} too few.")
            else:
                there.append(f"{said}.")
    return short, there
