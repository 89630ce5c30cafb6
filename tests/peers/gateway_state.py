"""What the test gateway knows: its objects, events and balance, and how they are told, listed and paged."""

from __future__ import annotations

import heapq
import json
import random
import string
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.peers.gateway_clock import PeerClock
from tests.peers.gateway_errors import invalid, no_such
from tests.peers.gateway_faults import Fault
from tests.peers.gateway_forms import Form, whole
from tests.peers.gateway_journal import Deed, Effect, Journal

Thing = dict[str, Any]
API_VERSION = "2026-10-28.endive"
EVENTS_LAST = timedelta(days=30)
_LETTERS = string.ascii_letters + string.digits
_EXPANDS = {"latest_charge", "balance_transaction", "payment_intent", "charge", "payment_link", "source"}


@dataclass(frozen=True)
class Cause:
    """Which request made something happen; empty for what happened without one."""

    sent_key: str = ""
    request: str = ""

    def key(self, metadata: Mapping[str, str] | None = None) -> str:
        """Return the shop's own key if it sent one along, otherwise the idempotency key."""
        return (metadata or {}).get("opsdesk_key") or self.sent_key


@dataclass(frozen=True)
class Ask:
    """One request to an endpoint, and which refusal or delay the test wants of it."""

    form: Form
    cause: Cause
    twist: Fault | None = None


@dataclass
class Settlement:
    """How the gateway pays out.

    Attributes:
        currency: what the shop's account is kept in; None keeps each currency as it is.
        rates: how many minor units of `currency` one minor unit of another is worth.
        fee_share: what the gateway keeps of a payment, and `fee_fixed` on top of it.
    """

    currency: str | None = None
    rates: dict[str, Decimal] = field(default_factory=dict)
    fee_share: Decimal = Decimal("0.014")
    fee_fixed: int = 25


class Book:
    """Objects by id. Whoever reads or changes them holds `lock`."""

    def __init__(self, clock: PeerClock, journal: Journal, *, seed: int | None = None) -> None:
        self.clock = clock
        self.journal = journal
        self.lock = threading.RLock()
        self.settlement = Settlement()
        self.includable: dict[tuple[str, str], Callable[[Thing], list[Thing]]] = {}
        self._letters = random.Random(seed) if seed is not None else random.SystemRandom()
        self._things: dict[str, Thing] = {}
        self._by_kind: dict[str, list[Thing]] = {}
        self._places: dict[str, int] = {}
        self._due: list[tuple[int, str]] = []

    def new_id(self, prefix: str) -> str:
        """Make up a name that nothing has."""
        return prefix + "".join(self._letters.choices(_LETTERS, k=24))

    def add(self, thing: Thing) -> Thing:
        """Keep a new object."""
        self._things[thing["id"]] = thing
        self._places[thing["id"]] = len(self._places)
        self._by_kind.setdefault(thing["object"], []).append(thing)
        return thing

    def find(self, kind: str, reference: str, *, param: str = "id", status: int = 404) -> Thing:
        """Return an object of one kind, or refuse."""
        thing = self._things.get(reference)
        if thing is None or thing["object"] != kind:
            raise no_such(kind, reference, param=param, status=status)
        return thing

    def all(self, kind: str) -> list[Thing]:
        """Return the objects of one kind, newest first."""
        return self._by_kind.get(kind, [])[::-1]

    def tell(self, name: str, thing: Thing, cause: Cause) -> Thing:
        """Write an event with the object as it is now."""
        return self.add(
            {
                "id": self.new_id("evt_"),
                "object": "event",
                "api_version": API_VERSION,
                "created": self.clock.unix(),
                "data": {"object": json.loads(json.dumps(thing))},
                "livemode": False,
                "pending_webhooks": 1,
                "request": {"id": cause.request or None, "idempotency_key": cause.sent_key or None},
                "type": name,
            }
        )

    def note(
        self, deed: Deed, thing: Thing, amount: int, cause: Cause, key: str, *, payment: Thing | None = None
    ) -> None:
        """Write into the journal what has just happened."""
        of = payment or thing
        self.journal.write(
            Effect(
                deed,
                reference=thing["id"],
                payment=payment["id"] if payment else "",
                amount=amount,
                currency=thing["currency"],
                key=key,
                at=self.clock.unix(),
                order_number=of["metadata"].get("order_number") or of["metadata"].get("opsdesk_order", ""),
                sent_key=cause.sent_key,
            )
        )

    def move(self, kind: str, amount: int, currency: str, source: str) -> Thing:
        """Book a movement on the shop's account at the gateway, in the account's own currency."""
        target = self.settlement.currency or currency
        rate = None if target == currency else self.settlement.rates.get(currency, Decimal(1))
        settled = amount if rate is None else int((amount * rate).quantize(Decimal(1), ROUND_HALF_UP))
        fee = 0
        if kind == "charge":
            fee = int(settled * self.settlement.fee_share) + self.settlement.fee_fixed
        return self.add(
            {
                "id": self.new_id("txn_"),
                "object": "balance_transaction",
                "amount": settled,
                "available_on": self.clock.unix() + 2 * 86400,
                "balance_type": "payments",
                "created": self.clock.unix(),
                "currency": target,
                "description": None,
                "exchange_rate": None if rate is None else float(rate),
                "fee": fee,
                "fee_details": [],
                "net": settled - fee,
                "reporting_category": kind,
                "source": source,
                "status": "pending",
                "type": kind,
            }
        )

    def set_deadline(self, thing: Thing, at: int) -> None:
        """Note that something ends at a moment unless it ended before."""
        heapq.heappush(self._due, (at, thing["id"]))

    def overdue(self) -> Iterable[Thing]:
        """Take out what has reached its end."""
        while self._due and self._due[0][0] <= self.clock.unix():
            yield self._things[heapq.heappop(self._due)[1]]

    def shown(self, thing: Thing, expand: Iterable[str]) -> Thing:
        """Copy an object, with what is asked for told in full."""
        copy: Thing = json.loads(json.dumps(thing))
        for path in expand:
            names = path.split(".")
            if len(names) > 4:
                raise invalid("You cannot expand more than 4 levels of a property.", param="expand")
            self._expand(copy, names)
        return copy

    def _expand(self, thing: Any, names: list[str]) -> None:
        if not names or thing is None:
            return
        if isinstance(thing, list):
            for part in thing:
                self._expand(part, names)
            return
        name, *deeper = names
        include = self.includable.get((thing.get("object", ""), name))
        if include is not None:
            parts = [self.shown(part, ()) for part in include(thing)]
            thing[name] = {"object": "list", "data": parts, "has_more": False, "url": f"/v1/{name}"}
        elif isinstance(thing.get(name), str) and name in _EXPANDS:
            thing[name] = self.shown(self._things[thing[name]], ())
        elif name not in thing or isinstance(thing[name], str | int):
            raise invalid(f"This property cannot be expanded ({name}).", param="expand")
        self._expand(thing[name], deeper)

    def page(self, url: str, things: list[Thing], form: Form) -> Thing:
        """Return one page of a list that runs from the newest to the oldest."""
        limit = form.integer("limit")
        limit = 10 if limit is None else limit
        if not 1 <= limit <= 100:
            raise invalid("This value must be between 1 and 100.", param="limit", code="parameter_invalid_integer")
        if form.get("created") is not None:
            things = [thing for thing in things if _is_within(thing.get("created", 0), form)]
        before, after = form.text("ending_before"), form.text("starting_after")
        if before and after:
            raise invalid("Received both ending_before and starting_after parameters.", param="ending_before")
        if before:
            newer = things[: self._cut(things, self._place(before, "ending_before"))]
            found, has_more = newer[-limit:], len(newer) > limit
        else:
            older = things[self._cut(things, self._place(after, "starting_after") - 1) :] if after else things
            found, has_more = older[:limit], len(older) > limit
        answer = {"object": "list", "data": found, "has_more": has_more, "url": url}
        return self.shown(answer, form.expand)

    def _cut(self, things: list[Thing], place: int) -> int:
        """Count the things that are newer than a place."""
        return bisect_left(things, -place, key=lambda thing: -self._places[thing["id"]])

    def _place(self, reference: str, param: str) -> int:
        if reference not in self._places:
            raise no_such("object", reference, param=param, status=400)
        return self._places[reference]


def _is_within(created: int, form: Form) -> bool:
    bounds = form.get("created")
    if bounds is None:
        return True
    if isinstance(bounds, str):
        return created == whole(bounds, "created")
    limits = {name: whole(value, f"created[{name}]") for name, value in bounds.items()}
    return (
        created >= limits.get("gte", created)
        and created > limits.get("gt", created - 1)
        and created <= limits.get("lte", created)
        and created < limits.get("lt", created + 1)
    )
