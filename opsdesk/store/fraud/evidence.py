"""What the store knows of an order at the moment when it was placed, as evidence for the fraud rules.

An order sees earlier orders alone, and of those only what had become of them by then: whatever is scored from it can
be compared with what became of it. The statements are the same few for one order and for five hundred.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlmodel import Session

from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.evidence.entities import Entity, Identity, Key, keys_of
from opsdesk.domain.fraud.evidence.facts import EmailTraits, OrderEvidence
from opsdesk.domain.fraud.lists import ListKind
from opsdesk.store.fraud.asking import ask
from opsdesk.store.fraud.evidence_parts import (
    Batch,
    Reading,
    basket_of,
    counts_of,
    distinct_of,
    history_of,
    is_hub,
    links_of,
)
from opsdesk.store.fraud.judged_orders import Judged, judged_orders, usual_totals
from opsdesk.store.fraud.linked_orders import (
    SHARED,
    Earlier,
    Ends,
    Wanted,
    among,
    cards_of,
    earlier_orders,
    ends_of,
    id_list,
)
from opsdesk.store.fraud.listed_keys import has_lists, listed
from opsdesk.store.fraud.paid_traits import paid_traits
from opsdesk.store.fraud.telephones import read_phone

_RECENT = 500
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}\Z")


@dataclass(frozen=True, slots=True)
class Testimony:
    """One order's evidence, and the rules that are silent about it."""

    order_id: int
    evidence: OrderEvidence
    snoozed: frozenset[str]


def reading_of(book: FraudBook, zone: ZoneInfo) -> Reading:
    """Return how evidence is read for the rules of a book."""
    return Reading(zone, book.codes, book.thresholds.hub_above)


def evidence_of(session: Session, order_id: int, reading: Reading, *, now: datetime | None = None) -> OrderEvidence:
    """Return what was known of an order when it was placed; with `now`, what was added to the order since then too."""
    (found,) = read_evidence(session, [order_id], reading, now=now)
    return found.evidence


def read_evidence(
    session: Session, order_ids: Sequence[int], reading: Reading, *, now: datetime | None = None
) -> list[Testimony]:
    """Return the same for several orders, in the order of their ids; unknown ones are left out."""
    contacts = _contacts(session, order_ids) if now is not None else {}
    return evidence_for(session, judged_orders(session, order_ids), reading, now=now, contacts=contacts)


def evidence_for(  # noqa: PLR0913  orders, how they are read, and what else is known of them
    session: Session,
    orders: Sequence[Judged],
    reading: Reading,
    *,
    now: datetime | None = None,
    contacts: Mapping[int, Mapping[str, int]] | None = None,
    beside: Beside | None = None,
) -> list[Testimony]:
    """Return the evidence for orders that are read already; `beside` knows earlier orders that are not stored."""
    if not orders:
        return []
    batch = Batch(reading, orders, contacts=contacts or {})
    wanted = {entity: list(_wanted(orders, entity)) for entity in SHARED}
    batch.shared = earlier_orders(session, wanted)
    if beside is not None:
        for entity, some in wanted.items():
            beside.add_earlier(entity, some, batch.shared[entity])
    linked = {earlier.id for found in batch.shared.values() for some in found.values() for earlier in some}
    batch.ends = ends_of(session, linked, reading.codes.disputes)
    if beside is not None:
        beside.add_ends(batch.ends, linked)
    if any(order.cards for order in orders):
        batch.cards = cards_of(session, linked)
    batch.totals = usual_totals(session, min(order.placed_at for order in orders), _RECENT)
    # Most shops list little or nothing, and the keys of many orders are work.
    keys = [_keys(order) for order in orders] if has_lists(session) else [()] * len(orders)
    batch.listed = listed(session, (key for some in keys for key in some))
    return [_testimony(batch, place, keys[place], now) for place in range(len(orders))]


class Beside(Protocol):
    """Earlier orders that are not stored, such as those of the same file."""

    def add_earlier(self, entity: Entity, wanted: Sequence[Wanted], found: dict[int, list[Earlier]]) -> None:
        """Add them to those that were found for each place."""
        ...

    def add_ends(self, ends: Ends, linked: Iterable[int]) -> None:
        """Add what had become of them."""
        ...


def _wanted(orders: Sequence[Judged], entity: Entity) -> Iterator[Wanted]:
    column = {
        Entity.EMAIL: "email",
        Entity.PHONE: "phone_reversed",
        Entity.ADDRESS: "ship_digest",
        Entity.CUSTOMER: "customer_id",
    }
    for place, order in enumerate(orders):
        if entity is Entity.CARD:
            yield from (Wanted(place, card, order.placed_at) for card in order.cards)
        elif key := getattr(order.head, column[entity]):
            yield Wanted(place, key, order.placed_at)


def _keys(order: Judged) -> tuple[Key, ...]:
    head = order.head
    identity = Identity(
        email=head.email,
        phone=head.phone,
        card=order.cards[0] if order.cards else "",
        shipping=order.places.get("shipping"),
        billing=order.places.get("billing"),
        customer=str(head.customer_id),
        name=head.customer_name,
    )
    return keys_of(identity)


def _testimony(batch: Batch, place: int, keys: tuple[Key, ...], now: datetime | None) -> Testimony:
    order = batch.orders[place]
    head, billing, shipping = order.head, order.places.get("billing"), order.places.get("shipping")
    at = now or order.placed_at
    found = {entity: batch.shared[entity].get(place, []) for entity in SHARED}
    hubs = {entity for entity, some in found.items() if is_hub(entity, some, batch.reading.hub_above)}
    known = shipping or billing
    evidence = OrderEvidence(
        number=head.number,
        placed_at=order.placed_at,
        basket=basket_of(batch, order),
        zone=batch.reading.zone,
        channel=head.channel,
        name=head.customer_name,
        history=history_of(batch, order, found[Entity.CUSTOMER]),
        email=EmailTraits(address=head.email, is_valid=bool(_EMAIL.match(head.email)) if head.email else None),
        phone=read_phone(head.phone, known.country if known else ""),
        billing=billing or shipping,
        shipping=shipping,
        # At that time nobody had changed anything or talked to anybody yet.
        changed_after_payment=now is not None and "shipping_address" in head.staff_fields.split(","),
        payment=paid_traits(order, batch.reading.codes),
        counts=counts_of(order, found),
        distinct=distinct_of(batch, order, found),
        links=links_of(batch, order, found),
        hubs=frozenset(hubs) | batch.listed.entities(keys, ListKind.HUB, at),
        allowed=batch.listed.entities(keys, ListKind.ALLOW, at),
        blocked=batch.listed.entities(keys, ListKind.BLOCK, at),
        contacts=dict(batch.contacts.get(head.id, {})),
    )
    return Testimony(head.id, evidence, batch.listed.snoozed(keys, at))


def _contacts(session: Session, ids: Sequence[int]) -> dict[int, dict[str, int]]:
    asked = f"""
        SELECT order_id, outcome, count(*) FROM contact_attempt WHERE {among(session, "order_id")}
        GROUP BY order_id, outcome
    """  # noqa: S608  our own words
    found: dict[int, dict[str, int]] = {}
    for order_id, outcome, count in ask(session, asked, {"ids": id_list(session, ids)}):
        found.setdefault(order_id, {})[outcome] = count
    return found
