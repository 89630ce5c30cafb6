"""Orders of a file judged as if they came in, without writing anything: against what is stored, and each other.

Ids of orders and customers that are not stored are negative. Nothing of the file is kept but what links are made of.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import select
from sqlmodel import Session, col

from opsdesk.domain.fraud.evidence.addresses import Place
from opsdesk.domain.fraud.evidence.entities import Entity
from opsdesk.domain.fraud.evidence.facts import OrderedLine, Outcome
from opsdesk.domain.incoming.arrivals import IncomingAddress, IncomingLine, IncomingOrder
from opsdesk.domain.incoming.paying_in import payments_in
from opsdesk.domain.money import Money
from opsdesk.domain.payments.transactions import TransactionState
from opsdesk.domain.searching import reversed_digits
from opsdesk.store.fraud.judged_orders import Judged
from opsdesk.store.fraud.linked_orders import MOST_SHARED, Earlier, Ends, Wanted
from opsdesk.store.intake.rows import address_columns, address_digest_of, identity_of
from opsdesk.store.intake.words import kept_code, kept_email, kept_line
from opsdesk.store.tables import CustomerRow

_PLACE = ("name", "company", "line1", "line2", "city", "region", "postcode", "country")


@dataclass(slots=True)
class FileHistory:
    """What the orders of a file know of each other. All of them are added before any is judged."""

    _by_key: dict[tuple[Entity, str | int], list[tuple[float, int]]] = field(default_factory=dict)
    _orders: dict[int, Earlier] = field(default_factory=dict)
    _ends: dict[int, list[tuple[Any, Outcome]]] = field(default_factory=dict)
    _customers: dict[str, int] = field(default_factory=dict)

    def add(self, session: Session, orders: Sequence[IncomingOrder]) -> None:
        """Remember orders, as far as later ones of the file may share something with them."""
        self._know_customers(session, orders)
        for order in orders:
            number = -len(self._orders) - 1
            judged = self.judged(order)
            head = judged.head
            self._orders[number] = Earlier(
                number, head.number, order.placed_at, head.email, head.phone_reversed, head.customer_id,
                head.ship_digest, head.customer_name, order.total_minor, order.currency,
            )  # fmt: skip
            keys = {
                Entity.EMAIL: head.email,
                Entity.PHONE: head.phone_reversed,
                Entity.ADDRESS: head.ship_digest,
                Entity.CUSTOMER: head.customer_id,
            }
            for entity, key in keys.items():
                if key:
                    insort(self._by_key.setdefault((entity, key), []), (order.placed_at.timestamp(), number))
            if ends := _ends_of(order):
                self._ends[number] = ends

    def judged(self, order: IncomingOrder) -> Judged:
        """Return an order of the file as the rows that it would have."""
        shipping, billing = order.shipping, order.billing
        head = SimpleNamespace(
            id=0,
            number=kept_code(order.number),
            placed_at=order.placed_at,
            channel=kept_code(order.channel),
            currency=order.currency,
            customer_id=self._customers.get(identity_of(order), 0),
            customer_name=kept_line(order.customer_name),
            email=kept_email(order.email),
            phone=kept_code(order.phone),
            phone_reversed=reversed_digits(order.phone),
            ship_digest=address_digest_of(shipping),
            total_minor=order.total_minor,
            shipping_minor=order.shipping_minor,
            discount_minor=order.discount_minor,
            shipping_method=kept_line(order.shipping_method),
            staff_fields="",
        )
        told = payments_in(order.payments)
        payments = [
            SimpleNamespace(gateway=paid.gateway, method=paid.method.value, told_at=None, fingerprint=None)
            for paid in told
        ]
        return Judged(
            head=cast("Any", head),
            placed_at=order.placed_at,
            lines=[_line(line, order.currency) for line in order.lines],
            places={kind: _place(one) for kind, one in (("shipping", shipping), ("billing", billing)) if one},
            payments=cast("Any", payments),
            declined=sum(paid.state == TransactionState.FAILED for paid in order.payments),
        )

    def add_earlier(self, entity: Entity, wanted: Sequence[Wanted], found: dict[int, list[Earlier]]) -> None:
        """Add the orders of the file that are earlier and share the key, unless they are stored as well."""
        for one in wanted:
            times = self._by_key.get((entity, one.key), [])
            end = bisect_left(times, (float(int(one.at.timestamp())), -len(self._orders) - 1))
            some = found.setdefault(one.place, [])
            stored = {(earlier.number, earlier.placed_at) for earlier in some}
            fresh = (self._orders[number] for _, number in reversed(times[:end]))
            some += [order for order in fresh if (order.number, order.placed_at) not in stored]
            some.sort(key=lambda earlier: earlier.placed_at, reverse=True)
            del some[MOST_SHARED:]

    def add_ends(self, ends: Ends, linked: Iterable[int]) -> None:
        """Add what became of orders of the file, as the file tells it."""
        for number in linked:
            for at, outcome in self._ends.get(number, ()):
                ends.add(number, at, outcome)

    def _know_customers(self, session: Session, orders: Sequence[IncomingOrder]) -> None:
        fresh = {identity_of(order) for order in orders} - self._customers.keys()
        asked = select(col(CustomerRow.identity), col(CustomerRow.id)).where(col(CustomerRow.identity).in_(fresh))
        known = {identity: number or 0 for identity, number in session.execute(asked)}
        for identity in fresh:
            self._customers[identity] = known.get(identity) or -len(self._customers) - 1


def _line(line: IncomingLine, currency: str) -> OrderedLine:
    value = Money(line.amount_minor, currency)
    return OrderedLine(sku=kept_code(line.sku), quantity=line.quantity, value=value, is_digital=not line.needs_shipping)


def _place(address: IncomingAddress) -> Place:
    kept = address_columns(address)
    return Place(
        name=kept["name"],
        company=kept["company"],
        line1=kept["line1"],
        line2=kept["line2"],
        city=kept["city"],
        region=kept["region"],
        postcode=kept["postcode"],
        country=kept["country"],
    )


def _ends_of(order: IncomingOrder) -> list[tuple[Any, Outcome]]:
    ends: list[tuple[Any, Outcome]] = [
        (end.cancelled_at, Outcome.CANCELLED) for end in order.cancellations if end.reopened_at is None
    ]
    parcels = [parcel for parcel in order.parcels if parcel.recalled_at is None]
    delivered = [parcel.delivered_at for parcel in parcels if parcel.delivered_at is not None]
    if parcels and len(delivered) == len(parcels):
        ends.append((max(delivered), Outcome.DELIVERED))
    return ends
