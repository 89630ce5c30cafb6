"""What earlier orders that share something with this one say about it: how they ended counts, not how many they are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from opsdesk.domain.fraud.evidence.entities import Entity
from opsdesk.domain.fraud.evidence.facts import LinkedOrder, Outcome
from opsdesk.domain.fraud.expressions.kinds import Value

TRUSTED_AFTER = timedelta(days=120)
"""A fraudulent payment is disputed within this time, or hardly ever."""
CE3_BEFORE = timedelta(days=365)
CLEAN_AFTER = timedelta(days=60)
_MACHINES = frozenset({Entity.IP, Entity.DEVICE})
_TRUSTED_WITH = _MACHINES | {Entity.ADDRESS}
_CE3_IDENTIFIERS = _TRUSTED_WITH | {Entity.CUSTOMER}
_THEIRS = frozenset({Entity.CUSTOMER, Entity.EMAIL})


def link_facts(links: Iterable[LinkedOrder], placed_at: datetime, hubs: frozenset[Entity]) -> dict[str, Value]:
    """Return the facts about links; what only a hub connects is shown to people and counts for nothing here."""
    linked = [(link, link.shares - hubs, link.outcome_at(placed_at)) for link in links]
    linked = [(link, shares, outcome) for link, shares, outcome in linked if shares]
    ended = [outcome for _, _, outcome in linked]
    good = [(shares, placed_at - link.placed_at) for link, shares, outcome in linked if outcome is Outcome.DELIVERED]
    return {
        "links.fraud": entity_words(shared for _, some, end in linked if end is Outcome.FRAUD for shared in some),
        "links.fraud_orders": ended.count(Outcome.FRAUD),
        "links.disputed_orders": ended.count(Outcome.DISPUTED),
        "links.cancelled_orders": ended.count(Outcome.CANCELLED),
        "links.delivered_orders": ended.count(Outcome.DELIVERED),
        "links.trusted": sum(_is_trusted(shares, age) for shares, age in good),
        "links.ce3": sum(_is_ce3(shares, age) for shares, age in good),
        "links.clean_here": sum(_is_clean_here(shares, age) for shares, age in good),
    }


def entity_words(entities: Iterable[Entity]) -> tuple[str, ...]:
    """Return the names of entities, each once and in order."""
    return tuple(sorted({entity.value for entity in entities}))


def _is_trusted(shares: frozenset[Entity], age: timedelta) -> bool:
    return Entity.CARD in shares and bool(shares & _TRUSTED_WITH) and age > TRUSTED_AFTER


def _is_ce3(shares: frozenset[Entity], age: timedelta) -> bool:
    """Say whether Visa takes the order as evidence: same card, same IP or device, and one more in common."""
    has_enough = bool(shares & _MACHINES) and len(shares & _CE3_IDENTIFIERS) >= 2
    return Entity.CARD in shares and has_enough and TRUSTED_AFTER <= age <= CE3_BEFORE


def _is_clean_here(shares: frozenset[Entity], age: timedelta) -> bool:
    return Entity.ADDRESS in shares and bool(shares & _THEIRS) and age > CLEAN_AFTER
