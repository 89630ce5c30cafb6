"""From a text of the find line to the orders and articles that it may mean, by index and never by reading them all.

The first guess that finds something wins, so that a scanned code opens its record at once. What is found by an end or a
piece is shown newest first; orders that still stand in the house come before the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, Select, String, and_, bindparam, case, or_, select, text
from sqlmodel import Session, col

from opsdesk.domain.lookup import Asked, Guess, Kind
from opsdesk.domain.money import Money
from opsdesk.domain.orders.queue_filters import MOST_WORDS
from opsdesk.domain.orders.queues import IN_HOUSE
from opsdesk.domain.orders.states import Headline
from opsdesk.store.tables import OrderRow, ParcelRow, ProductRow
from opsdesk.store.tables.orders import IN_HOUSE as IN_HOUSE_TERMS
from opsdesk.store.views.queue.lines import among, listed
from opsdesk.store.views.queue.matches import SHORTEST_INDEXED, orders_with_sku, orders_with_words

MOST_LOOKED_AT = 200
"""Of all that begins or ends alike, so many are looked at to show the newest."""
_MOST_HITS = 50
# Behind every text that begins with what stands before it, byte by byte, on both stores.
_BEHIND = "\U0010ffff"


class HitKind(StrEnum):
    """What was found."""

    ORDER = "order"
    PRODUCT = "product"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found.

    Attributes:
        order_id: the order to open, None for an article or a notice.
        label: its number.
        detail: what tells it from others, or the sentence of a notice.
        found_by: what the text was taken for.
        is_in_house: something of the order still has to leave the house.
    """

    kind: HitKind
    order_id: int | None
    label: str
    detail: str
    found_by: Kind
    is_in_house: bool = False


def find(session: Session, asked: Asked, *, limit: int = 20) -> tuple[Hit, ...]:
    """Return what the text means, best first; nothing if it is the name of a screen, or nowhere to be found."""
    for look_up, guess in _in_turn(asked):
        # No stored text holds a NUL or half a character, and not every database can be asked for one.
        value = guess.value.replace("\0", "").encode("utf-8", "replace").decode()
        if value and (hits := look_up(session, value, guess.kind, min(limit, _MOST_HITS))):
            return hits
    return ()


_LookUp = Callable[[Session, str, Kind, int], tuple[Hit, ...]]


def _in_turn(asked: Asked) -> Iterator[tuple[_LookUp, Guess]]:
    """Put the beginnings of order numbers between what is exact and what is found by its words."""
    exact = [guess for guess in asked.guesses if guess.kind in _EXACT]
    yield from ((_EXACT[guess.kind], guess) for guess in exact)
    yield from ((_by_beginning, guess) for guess in exact if guess.kind is Kind.ORDER)
    yield from ((_by_words, guess) for guess in asked.guesses if guess.kind is Kind.WORDS)


def _by_number(session: Session, value: str, kind: Kind, limit: int) -> tuple[Hit, ...]:
    # Some shops put a # before their numbers, and nobody types capitals.
    written = {"written_0": value, "written_1": value.upper(), "written_2": f"#{value}"}
    return _orders(session, _numbers(session, "number", written), kind, limit)


def _by_tail(session: Session, value: str, kind: Kind, limit: int) -> tuple[Hit, ...]:
    hits = _orders(session, _beginning(session, "number_reversed", value[::-1]), kind, limit)
    # The last digits of a number are said of an order that is being worked on.
    in_house = tuple(hit for hit in hits if hit.is_in_house)
    return in_house or hits


def _by_beginning(session: Session, value: str, kind: Kind, limit: int) -> tuple[Hit, ...]:
    for written in dict.fromkeys((value, value.upper(), f"#{value}")):
        if hits := _orders(session, _beginning(session, "number", written), kind, limit):
            return hits
    return ()


def _by_email(session: Session, value: str, kind: Kind, limit: int) -> tuple[Hit, ...]:
    exact = _numbers(session, "email", {f"written_{place}": value for place in range(3)})
    return _orders(session, exact or _beginning(session, "email", value), kind, limit)


def _by_phone(session: Session, value: str, kind: Kind, limit: int) -> tuple[Hit, ...]:
    return _orders(session, _beginning(session, "phone_reversed", value[::-1]), kind, limit)


def _by_tracking(session: Session, value: str, kind: Kind, limit: int) -> tuple[Hit, ...]:
    found = session.connection().execute(_parcels(), {"number": value, "limit": MOST_LOOKED_AT}).scalars()
    return _orders(session, list(found), kind, limit)


def _by_article(session: Session, value: str, kind: Kind, limit: int) -> tuple[Hit, ...]:
    """Find the article, and behind it the orders that have it."""
    wanted = {"ean": value, "sku": value, "capitals": value.upper()}
    articles = session.connection().execute(_articles(is_ean=kind is Kind.EAN), wanted).all()
    found = [Hit(HitKind.PRODUCT, None, sku, title, kind) for sku, title in articles]
    skus = [hit.label for hit in found] or ([value] if kind is Kind.SKU else [])
    orders = [order for sku in skus for order in orders_with_sku(session, sku, limit=MOST_LOOKED_AT)]
    return (*found, *_orders(session, orders, kind, limit - len(found)))


def _by_return(_session: Session, value: str, kind: Kind, _limit: int) -> tuple[Hit, ...]:
    sentence = f"{value} is the number of a return. Returns are not kept here yet; look for the order itself."
    return (Hit(HitKind.NOTICE, None, value, sentence, kind),)


def _by_words(session: Session, value: str, kind: Kind, limit: int) -> tuple[Hit, ...]:
    words = value.split()[:MOST_WORDS]
    indexed = [word for word in words if len(word) >= SHORTEST_INDEXED]
    if indexed:
        found, _ = orders_with_words(session, indexed, limit=MOST_LOOKED_AT)
        short = [word for word in words if len(word) < SHORTEST_INDEXED]
        return _orders(session, found, kind, limit, words=short)
    beginnings = [column for column in ("number", "email") if len(words) == 1]
    found = [order for column in beginnings for order in _beginning(session, column, words[0])]
    return _orders(session, found, kind, limit)


_EXACT: Mapping[Kind, _LookUp] = {
    Kind.ORDER: _by_number,
    Kind.ORDER_TAIL: _by_tail,
    Kind.EMAIL: _by_email,
    Kind.PHONE: _by_phone,
    Kind.TRACKING: _by_tracking,
    Kind.EAN: _by_article,
    Kind.SKU: _by_article,
    Kind.RMA: _by_return,
}


def _orders(
    session: Session, ids: Sequence[int], kind: Kind, limit: int, *, words: Sequence[str] = ()
) -> tuple[Hit, ...]:
    """Describe orders: those in the house first, the newest first among them."""
    if not ids:
        return ()
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    asked = {"ids": listed(dict.fromkeys(ids), is_sqlite=is_sqlite), "limit": limit if not words else MOST_LOOKED_AT}
    rows = session.connection().execute(_described(is_sqlite=is_sqlite), asked).all()
    hits = [_hit(row, kind) for row in rows if all(word in row.search_text for word in words)]
    return tuple(hits[:limit])


def _hit(row: Any, kind: Kind) -> Hit:
    total = Money(row.total_minor, row.currency)
    detail = f"{row.customer_name}  {Headline(row.headline).word}  {row.placed_at:%d %b %Y}  {total}"
    return Hit(HitKind.ORDER, row.id, row.number, detail, kind, is_in_house=row.stage in IN_HOUSE)


def _numbers(session: Session, column: str, written: Mapping[str, str]) -> list[int]:
    return list(session.connection().execute(_exactly(column), {**written, "limit": MOST_LOOKED_AT}).scalars())


def _beginning(session: Session, column: str, value: str) -> list[int]:
    between = {"value": value, "behind": value + _BEHIND, "limit": MOST_LOOKED_AT}
    return list(session.connection().execute(_between(column), between).scalars())


_COLUMNS: Mapping[str, Any] = {
    "number": col(OrderRow.number),
    "number_reversed": col(OrderRow.number_reversed),
    "email": col(OrderRow.email),
    "phone_reversed": col(OrderRow.phone_reversed),
}


@lru_cache(maxsize=8)
def _exactly(name: str) -> Select[Any]:
    column = _COLUMNS[name]
    same = or_(*(column == bindparam(f"written_{place}", type_=String()) for place in range(3)))
    return select(col(OrderRow.id)).where(same).order_by(col(OrderRow.id).desc()).limit(_limit())


@lru_cache(maxsize=8)
def _between(name: str) -> Select[Any]:
    column = _COLUMNS[name]
    begins = and_(column >= bindparam("value", type_=String()), column < bindparam("behind", type_=String()))
    # The largest first: among numbers those are the newest.
    return select(col(OrderRow.id)).where(begins).order_by(column.desc(), col(OrderRow.id).desc()).limit(_limit())


@lru_cache(maxsize=1)
def _parcels() -> Select[Any]:
    same = col(ParcelRow.tracking_number) == bindparam("number", type_=String())
    return select(col(ParcelRow.order_id)).where(same).order_by(col(ParcelRow.id).desc()).limit(_limit())


@lru_cache(maxsize=2)
def _articles(*, is_ean: bool) -> Select[Any]:
    sku: Any = col(ProductRow.sku)
    ean = col(ProductRow.ean)
    as_typed, capitals = bindparam("sku", type_=String()), bindparam("capitals", type_=String())
    same = ean == bindparam("ean", type_=String()) if is_ean else or_(sku == as_typed, sku == capitals)
    return select(sku, col(ProductRow.title)).where(same).order_by(sku).limit(5)


@lru_cache(maxsize=2)
def _described(*, is_sqlite: bool) -> Select[Any]:
    order = OrderRow
    columns: tuple[Any, ...] = (
        col(order.id), col(order.number), col(order.customer_name), col(order.headline), col(order.placed_at),
        col(order.total_minor), col(order.currency), col(order.stage), col(order.search_text),
    )  # fmt: skip
    has_left = case((text(IN_HOUSE_TERMS), 0), else_=1)
    chosen = select(*columns).where(among(col(order.id), is_sqlite=is_sqlite))
    return chosen.order_by(has_left, col(order.id).desc()).limit(_limit()).with_hint(OrderRow, "NOT INDEXED", "sqlite")


def _limit() -> Any:
    return bindparam("limit", type_=Integer())
