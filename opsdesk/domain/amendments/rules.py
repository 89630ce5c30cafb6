"""When an order may be changed after it was placed, and which changes need a supervisor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from opsdesk.domain.amendments.arithmetic import scaled
from opsdesk.domain.amendments.edits import AddLine, Edit, ExemptTax, SwapLine
from opsdesk.domain.amendments.planning import AmendedOrder
from opsdesk.domain.orders.holds import Blocks
from opsdesk.domain.orders.states import Lifecycle, OrderFacts


class Settle(StrEnum):
    """What becomes of the money that an amendment moves; nothing is ever taken or returned silently.

    AUTO waits for what an order that is paid already costs more, and says what was paid too much. REFUND returns that
    in the same step. OWE applies at once; the order then owes the rest, and does not ship before it is paid.
    """

    AUTO = "auto"
    REFUND = "refund"
    OWE = "owe"


OVERRIDE_PERCENT = 20
"""A larger discount counts as a price override."""


def overrides(amended: AmendedOrder, edits: Sequence[Edit], prices: Mapping[str, int]) -> tuple[str, ...]:
    """Return which prices somebody sets by hand; `prices` are those of the catalogue in the order's currency."""
    known = {line.sku: line.unit_price for line in amended.before.lines if line.ordered} | dict(prices)
    said = [
        f"{edit.title or edit.sku} at {edit.unit_price}"
        for edit in edits
        if isinstance(edit, AddLine | SwapLine) and known.get(edit.sku) != edit.unit_price.minor
    ]
    if any(isinstance(edit, ExemptTax) for edit in edits):
        # The prices that become net follow from it.
        return (f"All tax ({amended.before.money(amended.before.tax)}) is taken off", *said)
    for pair in amended.lines:
        line, old = pair.after, pair.before
        if old is not None and old.unit_price != line.unit_price:
            old_price, new_price = amended.before.money(old.unit_price), amended.after.money(line.unit_price)
            said.append(f"Price of {line.title}: {old_price} became {new_price}")
        earlier = scaled(old.discount, line.ordered, old.ordered) if old else 0
        if line.discount > earlier and line.discount * 100 > line.gross * OVERRIDE_PERCENT:
            said.append(f"Discount of {line.title}: {amended.after.money(line.discount)}")
    discount, goods = amended.after.discount, amended.after.goods
    if discount > amended.before.discount and discount * 100 > goods * OVERRIDE_PERCENT:
        said.append(f"Discount of the order: {amended.after.money(discount)}")
    return tuple(said)


@dataclass(frozen=True, slots=True)
class Standing:
    """An amendment that is open already: who proposed it, when, and what it waits for."""

    proposed_by: str
    proposed_at: datetime
    word: str


def why_not_amend(facts: OrderFacts, standing: Standing | None = None) -> str | None:
    """Say why the order cannot be changed now, or None if it can."""
    if facts.lifecycle is Lifecycle.CANCELLED:
        return f"{facts.number} is cancelled. Reopen it first."
    if facts.lifecycle is Lifecycle.COMPLETED:
        return f"{facts.number} is completed. Reopen it first, or give money back with a refund."
    if hold := facts.blocks(Blocks.AMEND):
        return f"{facts.number} is on hold: {hold.type.label}. Release it first (h)."
    if standing is not None:
        since = standing.proposed_at.astimezone(UTC)
        return (
            f"{standing.proposed_by} is changing {facts.number} since {since:%Y-%m-%d %H:%M} UTC ({standing.word}). "
            "Withdraw that change first, or wait for it."
        )
    if facts.amendment is not None:
        return f"{facts.number} is being changed already ({facts.amendment.word}). Withdraw that change first."
    if facts.money.is_disputed:
        return f"The payment of {facts.number} is disputed. Change nothing before the dispute is decided."
    if facts.open_units == 0 and facts.shipped_units > 0:
        return f"Everything of {facts.number} has left the house. Give money back with a refund (goodwill) instead."
    return None
