"""What a page costs is counted, not timed: the same questions to few and to many orders, in steps of SQLite's machine."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlmodel import Session

from opsdesk.domain.orders.queues import QueueQuery, SavedView
from opsdesk.store.engine import Store, open_store
from opsdesk.store.views.queue import counts
from opsdesk.store.views.queue import matches as queue_matches
from opsdesk.store.views.queue.counts import view_counts
from opsdesk.store.views.queue.reading import LAST, queue_page
from tests.conftest import START
from tests.queue_orders import mixed_orders, write_orders
from tests.shop_orders import write_user

ORDERED = [(view, sort, descending) for view in SavedView for sort in view.sorts for descending in (False, True)]


def effort(store: Store, ask: Callable[[Session], object]) -> int:
    """Return how many hundreds of steps SQLite's machine took."""
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    with store.reading() as session:
        driver = session.connection().connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(step, 100)
        try:
            ask(session)
        finally:
            driver.set_progress_handler(None, 0)
    return steps


def by_sorting_all(session: Session) -> object:
    """Ask in a way that has no index, to see that the measure sees it."""
    return session.execute(text("SELECT * FROM orders ORDER BY customer_name LIMIT 20")).all()


def questions() -> dict[str, Callable[[Session], object]]:
    asked: dict[str, Callable[[Session], object]] = {
        "by sorting all": by_sorting_all,
        "counts": lambda session: view_counts(session, user_id=1, now=START),
    }
    for view, sort, descending in ORDERED:
        query = QueueQuery(view, sort, descending, user_id=1)
        for where, key in (("first", {}), ("last", {"before": LAST})):
            asked[f"{view} {sort} {descending} {where}"] = lambda session, query=query, key=key: queue_page(
                session, query, now=START, limit=20, **key
            )
    return asked


@pytest.mark.parametrize("analysed", [False, True])
def test_a_page_costs_the_same_among_many_orders(
    sqlite_url: str, analysed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_matches, "MOST_MATCHES", 50)
    monkeypatch.setattr(counts, "MOST_COUNTED", 50)
    counts.statement.cache_clear()
    store = open_store(sqlite_url)
    mia = write_user(store, "mia")
    write_orders(store, mixed_orders(1_200, owners=(mia,)))
    few = {name: effort(store, ask) for name, ask in questions().items()}
    more = mixed_orders(6_000, owners=(mia,), seed=8)
    write_orders(store, [order | {"external_id": f"m{place}"} for place, order in enumerate(more)])
    if analysed:
        with store.writer.begin() as connection:
            connection.execute(text("ANALYZE"))
    many = {name: effort(store, ask) for name, ask in questions().items()}
    store.close()
    counts.statement.cache_clear()
    grown = {name for name in few if many[name] > 2 * few[name] + 20}
    assert grown == {"by sorting all"}, {name: (few[name], many[name]) for name in grown}
