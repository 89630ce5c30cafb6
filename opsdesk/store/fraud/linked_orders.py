"""Earlier orders that share something with an order, and how they had ended by then.

Each question is asked for many orders at once, and each answer is bounded: the newest `MOST_SHARED` earlier orders for
each key, through an index that ends with the time. An order never sees a later one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlmodel import Session

from opsdesk.domain.fraud.codes.disputes import DisputeTable, decode_dispute
from opsdesk.domain.fraud.evidence.entities import Entity
from opsdesk.domain.fraud.evidence.facts import Outcome
from opsdesk.domain.fraud.learning.labels import Word
from opsdesk.store.fraud.asking import ask

MOST_SHARED = 60
"""More tell nothing new: what so many orders share is a hub."""
EARLIER = "{row}.placed_at < {at}"
"""What makes an order an earlier one. A test puts something else here, which must be noticed."""

_COLUMNS = (
    "id", "number", "placed_at", "email", "phone_reversed", "customer_id", "ship_digest", "customer_name",
    "total_minor", "currency",
)  # fmt: skip
_WANTED = ", ".join(f"o.{name}" for name in _COLUMNS)
_OWN_COLUMN = {
    Entity.EMAIL: ("orders", "email", "ix_orders_email"),
    Entity.PHONE: ("orders", "phone_reversed", "ix_orders_phone_reversed"),
    Entity.ADDRESS: ("orders", "ship_digest", "ix_orders_ship"),
    Entity.CUSTOMER: ("orders", "customer_id", "ix_orders_customer"),
    Entity.CARD: ("payment_check", "fingerprint", "ix_check_card"),
}
SHARED = tuple(_OWN_COLUMN)
"""What orders are linked by."""
_AMONG = "(SELECT value FROM json_each(:ids))"
_FORMAT = "%Y-%m-%d %H:%M:%S"
_PARAMETER = re.compile(r"(?<!:):(wanted|places|keys|ats)\b")
_LETTERS = "abcdefgh"


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier order; `card` is known of those that share the e-mail address or the card."""

    id: int
    number: str
    placed_at: datetime
    email: str
    phone: str
    customer_id: int
    address: str
    name: str
    total_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: orders before `at` with this key, for the order at `place` of a batch."""

    place: int
    key: str | int
    at: datetime


@dataclass(slots=True)
class Ends:
    """What has happened to orders, each with the moment since when it was known.

    Attributes:
        words: what was written down about orders, with its place in the book; the newest one of a moment counts.
    """

    events: dict[int, list[tuple[datetime, Outcome]]] = field(default_factory=dict)
    words: dict[int, list[tuple[int, datetime, Word]]] = field(default_factory=dict)

    def add(self, order_id: int, at: datetime, outcome: Outcome) -> None:
        """Note that something became known of an order."""
        self.events.setdefault(order_id, []).append((at, outcome))

    def say(self, order_id: int, at: datetime, word: Word, place: int) -> None:
        """Note what somebody wrote down about an order."""
        self.words.setdefault(order_id, []).append((place, at, word))

    def at(self, order_id: int, moment: datetime) -> tuple[Outcome, datetime | None]:
        """Return how the order had ended by then, the strongest sign first, and since when that was known."""
        known = [(_STRENGTH[outcome], at, outcome) for at, outcome in self.events.get(order_id, ()) if at <= moment]
        said = max((one for one in self.words.get(order_id, ()) if one[1] <= moment), default=None)
        if said is not None:
            _, since, word = said
            if word is Word.LEGIT:
                # Whoever wrote that knew of the complaints before it.
                known = [one for one in known if one[0] < _STRENGTH[Outcome.DISPUTED] or one[1] > since]
            elif (outcome := _SAID.get(word)) is not None:
                known.append((_STRENGTH[outcome], since, outcome))
        if not known:
            return Outcome.OPEN, None
        strongest = max(rank for rank, _, _ in known)
        at, outcome = min((at, outcome) for rank, at, outcome in known if rank == strongest)
        return outcome, at


_STRENGTH = {
    Outcome.OPEN: 0,
    Outcome.DELIVERED: 1,
    Outcome.CANCELLED: 2,
    Outcome.DISPUTED: 3,
    Outcome.FRAUD: 4,
}
_SAID = {Word.FRAUD: Outcome.FRAUD, Word.WARNED: Outcome.FRAUD, Word.DISPUTED: Outcome.DISPUTED}


def moment(value: Any) -> datetime:
    """Return a moment as either store gives it in plain SQL."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def is_sqlite(session: Session) -> bool:
    """Say which of the two stores it is."""
    return session.get_bind().dialect.name == "sqlite"


def id_list(session: Session, ids: Iterable[int]) -> object:
    """Return ids as the parameter of `AMONG`."""
    found = sorted(set(ids))
    return json.dumps(found) if is_sqlite(session) else found


def among(session: Session, column: str) -> str:
    """Return the condition that a column is one of the `:ids`, whatever their number."""
    return f"{column} IN {_AMONG}" if is_sqlite(session) else f"{column} = ANY(:ids)"


def earlier_orders(
    session: Session, wanted: Mapping[Entity, Sequence[Wanted]]
) -> dict[Entity, dict[int, list[Earlier]]]:
    """Return the newest earlier orders that share something, by what it is and the place of the order that asks."""
    found: dict[Entity, dict[int, list[Earlier]]] = {entity: {} for entity in wanted}
    looked_for = {entity: some for entity, some in wanted.items() if some}
    if not looked_for:
        return found
    on_sqlite, entities = is_sqlite(session), tuple(looked_for)
    given: dict[str, object] = {}
    for number, entity in enumerate(entities):
        told = _parameters(looked_for[entity], on_sqlite=on_sqlite)
        given |= {f"{name}_{_LETTERS[number]}": value for name, value in told.items()}
    for number, place, *row in ask(session, _in_one(entities, EARLIER, on_sqlite=on_sqlite), given).all():
        found[entities[number]].setdefault(int(place), []).append(_earlier(row))
    return found


@lru_cache(maxsize=64)
def _in_one(entities: Sequence[Entity], _earlier_ones: str, *, on_sqlite: bool) -> str:
    """Return the questions after several entities as one, each with parameters of its own and its number in front."""
    parts = []
    for number, entity in enumerate(entities):
        words = _PARAMETER.sub(rf":\1_{_LETTERS[number]}", statement(entity, on_sqlite=on_sqlite))
        parts.append(words.replace("SELECT", f"SELECT {number},", 1))
    return " UNION ALL ".join(parts)


def statement(entity: Entity, *, on_sqlite: bool) -> str:
    """Return the question after earlier orders in the words of one store."""
    table, column, index = _OWN_COLUMN[entity]
    # SQLite would rather read backwards in time until it has enough, which never ends for a key that is rare.
    named = f"INDEXED BY {index}" if on_sqlite else ""
    wanted = "e.order_id" if table == "payment_check" else "e.id"
    given = f" AND e.{column} <> ''" if entity in (Entity.ADDRESS, Entity.CARD) else ""
    key, at = ("json_extract(k.value, '$[1]')", "json_extract(k.value, '$[2]')") if on_sqlite else ("k.key", "k.at")
    inner = f"""
        SELECT {wanted} FROM {table} AS e {named}
        WHERE e.{column} = {key}{given} AND {EARLIER.format(row="e", at=at)}
        ORDER BY e.placed_at DESC LIMIT {MOST_SHARED}
    """  # noqa: S608  our own words
    if on_sqlite:
        return f"""
            SELECT json_extract(k.value, '$[0]'), {_WANTED}
            FROM json_each(:wanted) AS k CROSS JOIN orders AS o ON o.id IN ({inner})
        """  # noqa: S608
    kind = "int" if entity is Entity.CUSTOMER else "text"
    return f"""
        SELECT k.place, {_WANTED}
        FROM unnest(CAST(:places AS int[]), CAST(:keys AS {kind}[]), CAST(:ats AS timestamptz[])) AS k(place, key, at)
        CROSS JOIN LATERAL ({inner}) AS f(id) JOIN orders AS o ON o.id = f.id
    """  # noqa: S608


def _parameters(wanted: Sequence[Wanted], *, on_sqlite: bool) -> Mapping[str, object]:
    if on_sqlite:
        return {"wanted": json.dumps([[one.place, one.key, stamp(one.at)] for one in wanted])}
    places, keys, ats = zip(*((one.place, one.key, one.at) for one in wanted), strict=True)
    return {"places": list(places), "keys": list(keys), "ats": [at.replace(microsecond=0) for at in ats]}


def stamp(at: datetime) -> str:
    """Return the beginning of a second as SQLite has it: what was written in that second, in any form, is later."""
    return at.astimezone(UTC).strftime(_FORMAT)


def _earlier(row: Sequence[Any]) -> Earlier:
    order_id, number, placed_at, *rest = row
    return Earlier(order_id, number, moment(placed_at), *rest)


def cards_of(session: Session, ids: Iterable[int]) -> dict[int, set[str]]:
    """Return the cards that orders were paid with."""
    cards: dict[int, set[str]] = {}
    asked = f"SELECT order_id, fingerprint FROM payment_check WHERE {among(session, 'order_id')}"  # noqa: S608  our words
    for order_id, card in ask(session, asked, {"ids": id_list(session, ids)}):
        if card:
            cards.setdefault(order_id, set()).add(card)
    return cards


def ends_of(session: Session, ids: Iterable[int], disputes: DisputeTable) -> Ends:
    """Return what became of orders, in one question."""
    ends = Ends()
    listed = set(ids)
    if not listed:
        return ends
    for kind, order_id, at, word, place in ask(session, _ends(session), {"ids": id_list(session, listed)}).all():
        if at is None:
            continue
        if kind == "label":
            ends.say(order_id, moment(at), Word(word), place)
        else:
            outcome = _OUTCOMES.get(kind) or _complaint(word, disputes)
            ends.add(order_id, moment(at), outcome)
    return ends


_OUTCOMES = {"cancelled": Outcome.CANCELLED, "delivered": Outcome.DELIVERED}


def _complaint(reason: str, disputes: DisputeTable) -> Outcome:
    return Outcome.FRAUD if decode_dispute(disputes, "", reason).proves_fraud else Outcome.DISPUTED


def _ends(session: Session) -> str:
    return " UNION ALL ".join(_each_end(session))


def _each_end(session: Session) -> Iterator[str]:
    mine = among(session, "order_id")
    yield f"SELECT 'dispute', order_id, opened_at, network_reason, 0 FROM dispute WHERE {mine}"  # noqa: S608  our words
    # Every word: which one was the newest depends on the moment that is asked about.
    yield f"SELECT 'label', order_id, at, label, id FROM order_label WHERE {mine} AND label <> 'sampled'"  # noqa: S608
    yield f"SELECT 'cancelled', order_id, cancelled_at, '', 0 FROM cancellation WHERE {mine} AND reopened_at IS NULL"  # noqa: S608
    yield f"""
        SELECT 'delivered', order_id, max(delivered_at), '', 0 FROM parcel
        WHERE {mine} AND recalled_at IS NULL GROUP BY order_id HAVING count(*) = count(delivered_at)
    """  # noqa: S608
