"""The questions behind each screen, each with several values, so that no answer is measured from a warm row alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from opsdesk.domain.lookup import read_query
from opsdesk.domain.orders.queues import QueueQuery, SavedView, Sort
from opsdesk.store.tables import ActivityRow, OrderLineRow, OrderRow, ParcelRow, ProductRow
from opsdesk.store.views.activity import since
from opsdesk.store.views.orders.detail import order_detail
from opsdesk.store.views.orders.timeline import timeline
from opsdesk.store.views.queue.counts import view_counts
from opsdesk.store.views.queue.finding import find
from opsdesk.store.views.queue.reading import LAST, PageKey, queue_lines, queue_page

VARIANTS = 12
Ask = Callable[[Session], object]


@dataclass(frozen=True, slots=True)
class Question:
    """Something that a screen asks, in several variants."""

    screen: str
    what: str
    variants: Sequence[Ask]


@dataclass(frozen=True, slots=True)
class Sample:
    """Some orders of the shop and what can be looked up about them."""

    ids: Sequence[int]
    numbers: Sequence[str]
    names: Sequence[str]
    emails: Sequence[str]
    phones: Sequence[str]
    parcels: Sequence[str]
    skus: Sequence[str]
    eans: Sequence[str]
    newest_activity: int


def sample(session: Session) -> Sample:
    """Choose orders from all over the shop."""
    chance = random.Random(3)
    last = session.execute(select(func.max(col(OrderRow.id)))).scalar_one()
    ids = [chance.randrange(1, last + 1) for _ in range(VARIANTS)]
    order = OrderRow
    columns: tuple[Any, ...] = (col(order.number), col(order.customer_name), col(order.email), col(order.phone))
    rows = session.execute(select(*columns).where(col(order.id).in_(ids))).all()
    numbers, names, emails, phones = zip(*rows, strict=True)
    parcels = session.execute(_spread(ParcelRow, col(ParcelRow.tracking_number))).scalars().all()
    skus = session.execute(_spread(OrderLineRow, col(OrderLineRow.sku))).scalars().all()
    eans = session.execute(select(col(ProductRow.ean)).where(col(ProductRow.ean) != "").limit(VARIANTS)).scalars().all()
    newest = session.execute(select(func.max(col(ActivityRow.id)))).scalar() or 0
    return Sample(ids, numbers, names, [e for e in emails if e], [p for p in phones if p], parcels, skus, eans, newest)


def _spread(table: Any, column: Any) -> Any:
    return select(column).where(col(table.id) % 97 == 5, column != "").order_by(col(table.id)).limit(VARIANTS)


def questions(session: Session, *, user_id: int, now: datetime) -> Iterator[Question]:
    """Give every question of the screens of this floor."""
    found = sample(session)
    yield from _queue(session, user_id, now)
    yield from _filters(found, user_id, now)
    yield Question("queue", "counts of all views", [lambda s: view_counts(s, user_id=user_id, now=now)])
    chunk = [range(first, first + 50) for first in found.ids]
    yield Question(
        "queue",
        "50 rows again",
        [lambda s, ids=ids: queue_lines(s, list(ids), user_id=user_id, now=now) for ids in chunk],
    )
    yield Question("queue", "what happened since", [lambda s: since(s, found.newest_activity - 20)])
    yield from _finds(found)
    yield Question(
        "order", "one order", [lambda s, i=i: order_detail(s, i, user_id=user_id, now=now) for i in found.ids]
    )
    yield Question("order", "its timeline", [lambda s, i=i: timeline(s, i) for i in found.ids])


def _queue(session: Session, user_id: int, now: datetime) -> Iterator[Question]:
    for view in SavedView:
        for sort in view.sorts:
            query = QueueQuery(view, sort, descending=sort is Sort.PLACED, user_id=user_id)
            keys = list(_keys(session, query, now))
            yield Question("queue", f"{view.label} by {sort}, first page", [_page(query, now)])
            yield Question(
                "queue", f"{view.label} by {sort}, next page", [_page(query, now, after=key) for key in keys]
            )
            yield Question("queue", f"{view.label} by {sort}, far end", [_page(query, now, before=LAST)])


def _keys(session: Session, query: QueueQuery, now: datetime) -> Iterator[PageKey]:
    """Turn some pages, to ask for later ones."""
    key: PageKey | None = None
    for _ in range(VARIANTS):
        found = queue_page(session, query, now=now, after=key)
        if found.next is None:
            break
        yield (key := found.next)


def _page(query: QueueQuery, now: datetime, **where: PageKey) -> Ask:
    return lambda session: queue_page(session, query, now=now, **where)


def _filters(found: Sample, user_id: int, now: datetime) -> Iterator[Question]:
    surnames = [name.split()[-1] for name in found.names]
    typed = {
        "a surname": surnames,
        "a first name": [name.split()[0] for name in found.names],
        "two letters": [name[:2] for name in surnames],
        "a word that most have": ["example"],
        "a word that none has": ["xyzzyq"],
        "whole name": found.names,
        "an article": [f"sku:{sku}" for sku in found.skus],
        "a state": ["state:hold", "state:unpaid", "state:packing", "state:fraud"],
        "a sum": ["total:>200", "total:<10"],
        "due within two hours": ["due:<2h"],
        "mine": ["who:me"],
        "word and state": [f"{name} state:ready" for name in surnames],
    }
    for what, words in typed.items():
        for view in (SavedView.TO_SHIP, SavedView.EVERYTHING):
            asked = [_page(QueueQuery.of(view, words=word, user_id=user_id), now) for word in words]
            yield Question("filter", f"{what}, in {view.label}", asked)


def _finds(found: Sample) -> Iterator[Question]:
    typed = {
        "a number": found.numbers,
        "the last four digits": [number[-4:] for number in found.numbers],
        "how a number begins": [number[:-2] for number in found.numbers],
        "an e-mail": found.emails,
        "how an e-mail begins": [email.partition("@")[0] + "@" for email in found.emails],
        "the end of a telephone number": [phone[-7:] for phone in found.phones],
        "a tracking number": found.parcels,
        "an article number": found.skus,
        "a bar code": found.eans,
        "a surname": [name.split()[-1] for name in found.names],
        "a piece of a name": [name.split()[-1][1:5] for name in found.names],
        "a whole name": found.names,
        "two letters": [name[:2] for name in found.names],
        "nothing that there is": ["xyzzyq"],
    }
    for what, texts in typed.items():
        yield Question("find", what, [_find(text) for text in texts])


def _find(typed: str) -> Ask:
    asked = read_query(typed)
    return lambda session: find(session, asked)
