"""Evidence put together from what was read: basket, history, counts and links of one order among its batch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median_low
from zoneinfo import ZoneInfo

from opsdesk.domain.fraud.codes.tables import Codes
from opsdesk.domain.fraud.evidence.entities import Entity
from opsdesk.domain.fraud.evidence.facts import (
    DISTINCT,
    WINDOWS,
    Basket,
    History,
    LinkedOrder,
    Outcome,
)
from opsdesk.domain.money import Money
from opsdesk.domain.searching import folded
from opsdesk.store.fraud.judged_orders import Judged
from opsdesk.store.fraud.linked_orders import Earlier, Ends
from opsdesk.store.fraud.listed_keys import Listed

_SPANS = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "180d": timedelta(days=180),
}
_FASTEST = re.compile(r"express|next.?day|overnight|same.?day|priority", re.IGNORECASE)
_FEWEST_TOTALS = 100
"""Of fewer orders a hundredth is nobody."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How evidence is read: the shop's zone, its codes, and from how many customers on something is a hub."""

    zone: ZoneInfo
    codes: Codes
    hub_above: int = 20


@dataclass(slots=True)
class Batch:
    """What was read for some orders at once."""

    reading: Reading
    orders: Sequence[Judged]
    shared: dict[Entity, dict[int, list[Earlier]]] = field(default_factory=dict)
    cards: Mapping[int, set[str]] = field(default_factory=dict)
    ends: Ends = field(default_factory=Ends)
    totals: Mapping[str, Sequence[int]] = field(default_factory=dict)
    listed: Listed = field(default_factory=Listed)
    contacts: Mapping[int, Mapping[str, int]] = field(default_factory=dict)


def is_hub(entity: Entity, found: Sequence[Earlier], above: int) -> bool:
    """Say whether so many customers share something that it proves nothing."""
    if entity in (Entity.CUSTOMER, Entity.EMAIL):
        return False
    return len({earlier.customer_id for earlier in found}) > above


def basket_of(batch: Batch, order: Judged) -> Basket:
    """Return what was ordered, beside what orders usually come to."""
    head = order.head

    def money(minor: int) -> Money:
        return Money(minor, head.currency)

    usual = batch.totals.get(head.currency, ())
    is_enough = len(usual) >= _FEWEST_TOTALS
    return Basket(
        total=money(head.total_minor),
        lines=tuple(order.lines),
        shipping=money(head.shipping_minor),
        discount=money(head.discount_minor),
        shipping_method=head.shipping_method,
        is_fastest=bool(_FASTEST.search(head.shipping_method)) if head.shipping_method else None,
        usual_high=money(usual[len(usual) * 95 // 100]) if is_enough else None,
        usual_highest=money(usual[len(usual) * 99 // 100]) if is_enough else None,
    )


def history_of(batch: Batch, order: Judged, earlier: Sequence[Earlier]) -> History:
    """Return the customer before this order."""
    ended = [batch.ends.at(one.id, order.placed_at)[0] for one in earlier]
    totals = sorted(one.total_minor for one in earlier if one.currency == order.head.currency)
    return History(
        first_seen_at=min((one.placed_at for one in earlier), default=None),
        orders=len(earlier),
        cancelled=ended.count(Outcome.CANCELLED),
        disputed=ended.count(Outcome.DISPUTED) + ended.count(Outcome.FRAUD),
        delivered=ended.count(Outcome.DELIVERED),
        median_total=Money(median_low(totals), order.head.currency) if totals else None,
    )


def counts_of(order: Judged, found: Mapping[Entity, Sequence[Earlier]]) -> dict[tuple[Entity, str], int]:
    """Count the orders that share something within each span, the order itself included."""
    known = {
        Entity.EMAIL: order.head.email,
        Entity.PHONE: order.head.phone_reversed,
        Entity.CARD: order.cards,
        Entity.ADDRESS: order.head.ship_digest,
    }
    return {
        (entity, window): 1 + sum(one.placed_at > order.placed_at - _SPANS[window] for one in found[entity])
        for entity, key in known.items()
        if key
        for window in WINDOWS
    }


def distinct_of(
    batch: Batch, order: Judged, found: Mapping[Entity, Sequence[Earlier]]
) -> dict[tuple[Entity, Entity, str], int]:
    """Count how many different ones share something within a span, the order itself included."""
    head = order.head
    name = folded(head.customer_name)
    own = {
        Entity.EMAIL: (head.email,) if head.email else (),
        Entity.NAME: (name,) if name else (),
        Entity.CARD: tuple(order.cards),
        Entity.ADDRESS: (head.ship_digest,) if head.ship_digest else (),
        Entity.CUSTOMER: (head.customer_id,),
    }
    counted: dict[tuple[Entity, Entity, str], int] = {}
    for what, by, window in DISTINCT:
        if what not in _TOLD or not own.get(what) or not own.get(by):
            continue
        values = set(own[what])
        if earlier := found[by]:
            since = order.placed_at - _SPANS[window]
            values.update(value for one in earlier if one.placed_at > since for value in _TOLD[what](batch, one))
        counted[what, by, window] = len(values - {""})
    return counted


_TOLD: Mapping[Entity, Callable[[Batch, Earlier], Iterable[str]]] = {
    Entity.EMAIL: lambda _, one: (one.email,),
    Entity.NAME: lambda _, one: (folded(one.name),),
    Entity.CARD: lambda batch, one: batch.cards.get(one.id, ()),
}


def links_of(batch: Batch, order: Judged, found: Mapping[Entity, Sequence[Earlier]]) -> tuple[LinkedOrder, ...]:
    """Return the earlier orders that share something, with how they had ended by then."""
    shares: dict[int, set[Entity]] = {}
    orders: dict[int, Earlier] = {}
    for entity, some in found.items():
        for one in some:
            shares.setdefault(one.id, set()).add(entity)
            orders[one.id] = one
    return tuple(_link(batch, order, orders[number], frozenset(some)) for number, some in shares.items())


def _link(batch: Batch, order: Judged, one: Earlier, shares: frozenset[Entity]) -> LinkedOrder:
    outcome, known_at = batch.ends.at(one.id, order.placed_at)
    total = Money(one.total_minor, one.currency)
    return LinkedOrder(
        number=one.number, placed_at=one.placed_at, shares=shares, outcome=outcome, known_at=known_at, total=total
    )
