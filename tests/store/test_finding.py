"""The find line: whatever is typed or scanned means what it says, finds the right order, and never breaks anything."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session

from opsdesk.domain.lookup import Kind, read_query
from opsdesk.domain.orders.queues import QueueQuery, SavedView
from opsdesk.domain.searching import folded
from opsdesk.store.engine import Store
from opsdesk.store.tables import OrderLineRow, ParcelRow, ProductRow
from opsdesk.store.views.queue.finding import Hit, HitKind, find
from opsdesk.store.views.queue.reading import queue_page
from tests.conftest import START
from tests.queue_orders import Order, plain_order, write_orders


def found(store: Store, typed: str, *, limit: int = 20) -> tuple[Hit, ...]:
    with store.reading() as session:
        return find(session, read_query(typed), limit=limit)


def numbers(store: Store, typed: str) -> list[str]:
    return [hit.label for hit in found(store, typed)]


@pytest.fixture
def shop(store: Store) -> Store:
    """Some orders with everything that can be looked up."""
    write_orders(
        store,
        [
            plain_order(4458, customer_name="Łukasz Dąbrowski", email="lukasz@shop.example", phone="+49 421 5550144"),
            plain_order(14458, stage="done", headline="delivered", is_open=False, customer_name="Ada Berg"),
            plain_order(4461, number="W1002", customer_name="José Ñu", email="jose_x@shop.example"),
            plain_order(4462, number="#1003", customer_name="O'Hara 100%", email="ohara@shop.example"),
        ],
    )
    with Session(store.writer) as session, session.begin():
        session.add(
            ProductRow(
                sku="40021-A", source="own", external_id="1", title="Oat granola", ean="4006381333931",
                price_minor=1, currency="EUR", search_text="oat granola", changed_at=START,
            )
        )  # fmt: skip
        for order_id in (1, 2):
            session.add(
                OrderLineRow(order_id=order_id, position=1, sku="40021-A", title="t", ordered=1, unit_price_minor=1)
            )
        session.add(
            ParcelRow(
                order_id=2, carrier="dhl", tracking_number="JD014600006251234567", shipped_by="tim", shipped_at=START
            )
        )
    return store


@pytest.mark.parametrize(
    ("typed", "labels"),
    [
        ("104458", ["104458"]),
        ("114458", ["114458"]),
        ("4458", ["104458"]),
        ("14458", ["114458"]),
        ("1044", ["104458"]),
        ("w1002", ["W1002"]),
        ("W10", ["W1002"]),
        ("1003", ["#1003"]),
        ("#1003", ["#1003"]),
        ("LUKASZ@shop.example", ["104458"]),
        ("lukasz@", ["104458"]),
        ("jose_x@", ["W1002"]),
        ("joseax@", []),
        ("0421 5550144", ["104458"]),
        ("+49 421 5550144", ["104458"]),
        ("5550144", ["104458"]),
        ("JD014600006251234567", ["114458"]),
        ("jd01 4600 0062 5123 4567", ["114458"]),
        ("4006381333931", ["40021-A", "104458", "114458"]),
        ("40021-a", ["40021-A", "104458", "114458"]),
        ("lukasz", ["104458"]),
        ("dabrow", ["104458"]),
        ("brow luk", ["104458"]),
        ("jose nu", ["W1002"]),
        ("nu", []),
        ("lu", ["104458"]),
        ("100%", ["#1003"]),
        ("o'hara", ["#1003"]),
        ("nobody at all", []),
        ("", []),
        (":orders", []),
    ],
)
def test_what_is_typed_finds_what_it_says(shop: Store, typed: str, labels: list[str]) -> None:
    assert numbers(shop, typed) == labels


def test_the_number_of_a_return_says_that_there_are_none_yet(shop: Store) -> None:
    (hit,) = found(shop, "R-123")
    assert (hit.kind, hit.order_id, hit.found_by) == (HitKind.NOTICE, None, Kind.RMA)
    assert "R-123" in hit.detail


def test_a_hit_tells_enough_to_choose(shop: Store) -> None:
    (hit,) = found(shop, "104458")
    assert (hit.kind, hit.order_id, hit.found_by, hit.is_in_house) == (HitKind.ORDER, 1, Kind.ORDER, True)
    assert hit.detail == "Łukasz Dąbrowski  READY  22 May 2026  10.00 EUR"


def test_open_orders_come_first_and_the_newest_among_them(store: Store) -> None:
    done = {"stage": "done", "headline": "delivered", "is_open": False}
    names = {"customer_name": "Ada Berg"}
    orders = write_orders(
        store,
        [plain_order(1, **names), plain_order(2, **names), plain_order(3, **names, **done), plain_order(4, **names)],
    )
    assert [hit.order_id for hit in found(store, "ada berg")] == [orders[place]["id"] for place in (3, 1, 0, 2)]


def test_the_last_digits_mean_an_order_that_is_worked_on(store: Store) -> None:
    done = {"stage": "done", "headline": "delivered", "is_open": False}
    write_orders(store, [plain_order(1, number="301234", **done), plain_order(2, number="401234", **done)])
    assert set(numbers(store, "1234")) == {"301234", "401234"}
    write_orders(store, [plain_order(3, number="501234")])
    assert numbers(store, "1234") == ["501234"]


def test_no_more_is_listed_than_asked_for(store: Store) -> None:
    write_orders(store, [plain_order(n, customer_name="Ada Berg") for n in range(1, 40)])
    assert len(found(store, "berg", limit=9)) == 9
    assert len(found(store, "c", limit=9)) == 9


# Texts that mean something to SQL, to LIKE, to the full-text search or to the driver, and to nobody at the desk.

PIECES = (
    "'", '"', "''", '"" ""', "%", "_", "\\", "\\%", "*", "^", "-", "--", "/*", ";", ":", "::", "?", "(", ")", "[", "]",
    "AND", "OR", "NOT", "NEAR", "NEAR(", "NEAR(a b, 3)", "MATCH", "search_text:", "{a b}:", "+", "a*", '"a', "a\"b",
    "%s", "%(a)s", "$1", "{}", "\0", "\x1b[2J", "\ud800", "\U0010ffff", "\u202e", "łß", "é", "e\u0301", "日本語", "🙂",
    "1e9", "0x10", "NULL", "true", "-1", "9" * 40, "' OR 1=1 --", "'; DROP TABLE orders; --", "\t", "\r\n", "ada", "be",
    "state:", "state:'", "total:>1", "total:>9999999999999999", "due:<9999d", "sku:'", "who:\"", "who:\ud800", "#", "@", "a@",
)  # fmt: skip


def hostile_texts() -> Iterator[str]:
    """Give five hundred texts, the same in each run."""
    chance = random.Random(11)
    yield from PIECES
    yield from ("x" * 1_000_000, "ada " * 250_000, "'" * 1_000_000, "%" * 4_000)
    for _ in range(500 - len(PIECES) - 4):
        yield chance.choice(("", " ")).join(chance.choices(PIECES, k=chance.randrange(1, 6)))


def literally(orders: list[Order], typed: str) -> set[str]:
    """Say which orders hold every word of a text that asks no question."""
    words = folded(typed).split()
    return {order["number"] for order in orders if words and all(word in order["search_text"] for word in words)}


def test_no_text_breaks_a_search_or_means_more_than_it_says(store: Store) -> None:
    orders = write_orders(
        store,
        [
            plain_order(number, customer_name=name)
            for number, name in enumerate(
                ("Ada Berg", "100% % Ltd", "a_b \\ c", "'' OR 1=1 --", 'N"EAR(a b, 3)', "łß 日本語 🙂")
            )
        ],
    )
    texts = list(hostile_texts())
    assert len(texts) == 500
    for typed in texts:
        with store.reading() as session:
            find(session, read_query(typed))
            for view in (SavedView.EVERYTHING, SavedView.TO_SHIP):
                queue_page(session, QueueQuery.of(view, words=typed), now=START + timedelta(hours=1))
    for piece in (
        "%",
        "_",
        "\\",
        "''",
        '"',
        'n"ear(a',
        "100%",
        "a_b",
        "--",
        "日本語",
        "be",
        "ada",
        "%%",
        "__",
        "a*",
        "near(a",
    ):
        with store.reading() as session:
            shown = queue_page(session, QueueQuery.of(SavedView.EVERYTHING, words=piece), now=START)
        assert {line.number for line in shown.lines} == literally(orders, piece), piece
    assert len(write_orders(store, [plain_order(99)])) == 1


def test_the_same_texts_break_a_search_whose_sql_is_put_together(store: Store) -> None:
    """The control: a search that is written the wrong way must not pass."""
    broken = 0
    for typed in PIECES:
        with store.reading() as session:
            try:
                session.execute(text(f"SELECT id FROM orders WHERE search_text LIKE '%{typed}%'")).all()
            except Exception:  # noqa: BLE001  each driver breaks in its own way
                broken += 1
    assert broken > 5
