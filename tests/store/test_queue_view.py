"""The queue a page at a time: complete, in order, both ways, and at the same price however many orders there are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.queues import QueueLine, QueueQuery, SavedView, Sort
from opsdesk.store.engine import Store
from opsdesk.store.tables import ActivityRow, LookRow, MailRow, OrderLineRow, OrderRow
from opsdesk.store.views.queue import matches as queue_matches
from opsdesk.store.views.queue import pages as queue_pages
from opsdesk.store.views.queue.counts import view_counts
from opsdesk.store.views.queue.reading import LAST, PageKey, QueuePage, key_of, queue_lines, queue_page
from tests.conftest import START
from tests.queue_orders import Order, expected, mixed_orders, plain_order, write_orders
from tests.shop_orders import write_user

ORDERED = [(view, sort, descending) for view in SavedView for sort in view.sorts for descending in (False, True)]


def page(store: Store, query: QueueQuery, *, limit: int = 100, **where: PageKey | None) -> QueuePage:
    with store.reading() as session:
        return queue_page(session, query, now=START, limit=limit, **where)


def ids(found: QueuePage) -> list[int]:
    return [line.id for line in found.lines]


def turned(store: Store, query: QueueQuery, *, limit: int, most: int = 200) -> list[int]:
    """Turn the pages forward to the end."""
    found = page(store, query, limit=limit)
    seen = ids(found)
    while found.next is not None:
        most -= 1
        assert most, "The queue has no end."
        found = page(store, query, limit=limit, after=found.next)
        seen += ids(found)
    return seen


def filtered(store: Store, words: str, view: SavedView = SavedView.EVERYTHING, user_id: int | None = None) -> set[int]:
    return set(ids(page(store, QueueQuery.of(view, words=words, user_id=user_id))))


def test_each_view_is_complete_and_in_order_whichever_way_the_pages_are_turned(store: Store) -> None:
    mia, tim = write_user(store, "mia"), write_user(store, "tim")
    orders = write_orders(store, mixed_orders(90, owners=(mia, tim)))
    for view, sort, descending in ORDERED:
        query = QueueQuery(view, sort, descending, user_id=mia)
        wanted = expected(orders, view, sort, descending=descending, user_id=mia)
        assert wanted, view
        assert turned(store, query, limit=4) == wanted, (view, sort, descending)
        found, backward = page(store, query, limit=4, before=LAST), []
        while True:
            backward = ids(found) + backward
            if found.previous is None:
                break
            found = page(store, query, limit=4, before=found.previous)
        assert backward == wanted, (view, sort, descending)


def test_the_page_before_a_line_ends_right_ahead_of_it(store: Store) -> None:
    orders = write_orders(store, mixed_orders(60))
    for view, sort, descending in ORDERED:
        query = QueueQuery(view, sort, descending)
        wanted = expected(orders, view, sort, descending=descending, user_id=None)
        lines = page(store, query).lines
        for place in range(0, len(wanted), 5):
            ahead = page(store, query, limit=3, before=key_of(lines[place], sort))
            assert ids(ahead) == wanted[max(0, place - 3) : place]
            assert ahead.next == (key_of(ahead.lines[-1], sort) if ahead.lines else None)


def test_everything_by_promise_is_answered_by_when_it_was_placed(store: Store) -> None:
    write_orders(store, mixed_orders(20))
    by_promise = page(store, QueueQuery(SavedView.EVERYTHING, Sort.DUE))
    assert ids(by_promise) == ids(page(store, QueueQuery(SavedView.EVERYTHING, Sort.PLACED)))


def test_a_line_says_what_the_order_says(store: Store) -> None:
    mia = write_user(store, "mia")
    write_orders(store, [plain_order(1, hold_type="address", owner_id=mia, note_count=2, touched_at=None)])
    (line,) = page(store, QueueQuery(SavedView.TO_SHIP)).lines
    assert isinstance(line, QueueLine)
    assert (line.number, line.customer_name, line.total) == ("100001", "Emil Cohn", Money(1000, "EUR"))
    assert (line.hold_type, line.owner_name, line.note_count, line.is_new) == (HoldType.ADDRESS, "mia", 2, True)
    assert (line.placed_at, line.promised_at) == (START - timedelta(hours=1), START + timedelta(hours=1))
    assert not (line.changed_since_look or line.mail_trouble)


def test_a_snoozed_order_comes_back_at_its_time(store: Store) -> None:
    (order,) = write_orders(store, [plain_order(1, snoozed_until=START + timedelta(hours=2))])
    query = QueueQuery(SavedView.TO_SHIP)
    with store.reading() as session:
        assert ids(queue_page(session, query, now=START + timedelta(hours=1, minutes=59))) == []
        assert view_counts(session, user_id=None, now=START)[SavedView.TO_SHIP] == 0
        assert ids(queue_page(session, query, now=START + timedelta(hours=2))) == [order["id"]]
        assert view_counts(session, user_id=None, now=START + timedelta(hours=2))[SavedView.TO_SHIP] == 1
    assert filtered(store, "") == {order["id"]}
    assert filtered(store, "state:snoozed", SavedView.TO_SHIP) == {order["id"]}


def test_only_what_somebody_else_did_after_the_look_counts_as_changed(store: Store) -> None:
    mia = write_user(store, "mia")
    seen, own, unseen = (order["id"] for order in write_orders(store, [plain_order(n) for n in (1, 2, 3)]))
    with Session(store.writer) as session, session.begin():
        for number, (order_id, who) in enumerate([(seen, "tim"), (own, "mia"), (unseen, "tim")], 1):
            session.add(LookRow(user_id=mia, order_id=order_id, activity_id=number, looked_at=START))
            session.add(activity(number, order_id, who))
        session.add(activity(4, own, "mia"))
        session.add(activity(5, unseen, "tim"))
    assert changed(store, mia) == {unseen}
    assert changed(store, write_user(store, "tim")) == set()
    assert changed(store, None) == set()


def changed(store: Store, user_id: int | None) -> set[int]:
    found = page(store, QueueQuery(SavedView.TO_SHIP, user_id=user_id))
    return {line.id for line in found.lines if line.changed_since_look}


def activity(number: int, order_id: int, actor: str) -> ActivityRow:
    return ActivityRow(
        id=number, at=START, actor=actor, role="agent", terminal="test", action="order.note", outcome="done",
        subject_kind="order", subject_id=order_id, command_id=str(number), summary="noted", hash="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "is_trouble"), [("failed", True), ("held", True), ("queued", False), ("accepted", False)]
)
def test_a_mail_that_waits_for_somebody_shows_on_the_line(store: Store, state: str, is_trouble: bool) -> None:
    (order,) = write_orders(store, [plain_order(1)])
    with Session(store.writer) as session, session.begin():
        session.add(
            MailRow(
                order_id=order["id"], event_key="k", status_code="s", language="en", recipient="r", subject="s",
                text="t", html="", message_id="m", state=state, queued_by="mia", queued_at=START, not_before=START,
                command_id="c",
            )
        )  # fmt: skip
    (line,) = page(store, QueueQuery(SavedView.TO_SHIP)).lines
    assert line.mail_trouble is is_trouble


def test_lines_are_read_again_wherever_their_orders_went(store: Store) -> None:
    first, second = (order["id"] for order in write_orders(store, [plain_order(1), plain_order(2)]))
    with store.writer.begin() as connection:
        done = {"stage": "done", "headline": "delivered", "is_open": False}
        connection.execute(update(OrderRow).where(col(OrderRow.id) == first).values(**done))
    with store.reading() as session:
        lines = queue_lines(session, [first, second, 999], user_id=None, now=START)
        assert queue_lines(session, [], user_id=None, now=START) == {}
    assert {key: line.headline for key, line in lines.items()} == {first: "delivered", second: "ready"}


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        ("state:unpaid", lambda o: o["headline"] == "awaiting_payment"),
        ("state:fraud", lambda o: o["headline"] in ("potential_fraud", "fraud_review")),
        ("state:shipped", lambda o: o["headline"] == "shipped"),
        ("state:check", lambda o: o["stage"] == "to_check"),
        ("state:new", lambda o: o["touched_at"] is None and o["stage"] not in ("done", "on_its_way")),
        ("pay:auth", lambda o: o["payment_status"] == "authorised"),
        ("who:me", lambda o: o["owner_id"] == 1),
        ("who:tim", lambda o: o["owner_id"] == 2),
        ("who:-", lambda o: o["owner_id"] is None),
        ("due:<2h", lambda o: o["promised_at"] is not None and o["promised_at"] < START + timedelta(hours=2)),
        ("due:>2h", lambda o: o["promised_at"] is not None and o["promised_at"] > START + timedelta(hours=2)),
        ("#", lambda o: o["temperature"] != "ambient"),
        ("temp:frozen", lambda o: o["temperature"] == "frozen"),
        ("total:>98,5", lambda o: o["total_minor"] > {"EUR": 9850, "JPY": 98, "KWD": 98_500}[o["currency"]]),
        ("total:<10", lambda o: o["total_minor"] < {"EUR": 1000, "JPY": 10, "KWD": 10_000}[o["currency"]]),
        ("berg", lambda o: "berg" in o["search_text"]),
        ("LUKASZ dabrow", lambda o: "lukasz dabrow" in o["search_text"]),
        ("er g", lambda o: "er" in o["search_text"] and "g" in o["search_text"]),
        ("100%", lambda o: "100%" in o["search_text"]),
        ("r_s", lambda o: "r_s" in o["search_text"]),
        ('"q"', lambda o: '"q"' in o["search_text"]),
        ("berg state:ready total:>5", lambda o: "berg" in o["search_text"] and o["headline"] == "ready"
         and o["total_minor"] > {"EUR": 500, "JPY": 5, "KWD": 5000}[o["currency"]]),
    ],
)  # fmt: skip
def test_a_filter_finds_what_it_says_in_each_view(store: Store, words: str, holds: Callable[[Order], bool]) -> None:
    owners = write_user(store, "mia"), write_user(store, "tim")
    assert owners == (1, 2)
    orders = write_orders(store, mixed_orders(90, owners=owners))
    wanted = {order["id"] for order in orders if holds(order)}
    assert wanted
    for view in SavedView:
        for sort in view.sorts:
            query = QueueQuery(view, sort, words=words, user_id=1)
            in_view = expected(orders, view, sort, descending=False, user_id=1)
            assert turned(store, query, limit=5) == [number for number in in_view if number in wanted], (view, sort)


def test_a_filter_by_article_finds_the_orders_that_have_it(store: Store) -> None:
    has, lacks = (order["id"] for order in write_orders(store, [plain_order(1), plain_order(2)]))
    with Session(store.writer) as session, session.begin():
        for order_id, sku in ((has, "40021-A"), (lacks, "40021")):
            session.add(OrderLineRow(order_id=order_id, position=1, sku=sku, title="t", ordered=1, unit_price_minor=1))
    assert filtered(store, "sku:40021-A") == {has}
    assert filtered(store, "sku:40021-a", SavedView.TO_SHIP) == {has}
    assert filtered(store, "sku:40021-A lukasz") == set()


def test_a_long_search_says_that_it_is_not_done_and_goes_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_pages, "LOOK_AHEAD", 20)
    orders = write_orders(
        store, [plain_order(n, headline="being_packed" if n % 30 == 0 else "ready") for n in range(1, 101)]
    )
    query = QueueQuery(SavedView.TO_SHIP, words="state:packing")
    first = page(store, query)
    assert (ids(first), first.is_complete) == ([], False)
    assert first.next is not None
    assert turned(store, query, limit=10) == [order["id"] for order in orders if order["headline"] == "being_packed"]
    assert page(store, QueueQuery(SavedView.TO_SHIP)).is_complete


def test_of_a_common_word_the_newest_orders_are_shown(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_matches, "MOST_MATCHES", 10)
    monkeypatch.setattr(queue_matches, "DENSE", 1)
    orders = write_orders(store, [plain_order(n) for n in range(1, 101)])
    berg = [order["id"] for order in orders if "berg" in order["search_text"]]
    found = page(store, QueueQuery.of(SavedView.EVERYTHING, words="berg"))
    assert set(ids(found)) == set(berg[-10:])
    assert not found.is_complete


def test_counts_say_how_many_stand_in_each_view(store: Store) -> None:
    mia = write_user(store, "mia")
    orders = write_orders(store, mixed_orders(90, owners=(mia,)))
    with store.reading() as session:
        counted = view_counts(session, user_id=mia, now=START)
    for view in SavedView:
        assert counted[view] == len(expected(orders, view, Sort.PLACED, descending=False, user_id=mia)), view


def test_nothing_is_counted_beyond_a_thousand(store: Store) -> None:
    write_orders(store, [plain_order(n, stage="on_hold" if n % 2 else "waiting") for n in range(1, 1203)])
    with store.reading() as session:
        counted = view_counts(session, user_id=None, now=START)
    assert counted[SavedView.ON_HOLD] == counted[SavedView.EVERYTHING] == 1000
    assert counted[SavedView.TO_SHIP] == 0
