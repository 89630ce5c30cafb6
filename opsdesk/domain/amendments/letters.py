"""What the letter about a change may speak of: the order as it will be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from opsdesk.domain.amendments.planning import AmendedOrder
from opsdesk.domain.mails.letters import LetterFacts, LetterLine

ORDER_CHANGED = "order_changed"
"""Template of the letter that tells of a change, and what the customer has been told once it is sent."""


def amended_facts(facts: LetterFacts, amended: AmendedOrder) -> LetterFacts:
    """Return the facts for the letter about a change; `facts` are those of the order as it stands."""
    variants = {(line.sku, line.title): line.variant for line in facts.lines}
    lines = []
    for line in amended.after.lines:
        if line.ordered:
            variant, price = variants.get((line.sku, line.title), ""), amended.after.money(line.amount)
            lines.append(LetterLine(line.title, line.ordered, price, variant, line.sku))
    is_elsewhere = amended.before.address != amended.after.address
    address = address_rows(amended.after.address) if is_elsewhere else facts.address
    return replace(facts, lines=tuple(lines), total=amended.new_total, address=address)


def address_rows(address: Mapping[str, str]) -> tuple[str, ...]:
    """Return an address as the rows of a label."""
    town = f"{address['postcode']} {address['city']}".strip()
    names = ("name", "company", "line1", "line2")
    rows = (*(address[name] for name in names), town, address["region"], address["country"])
    return tuple(row for row in rows if row)
