"""An order sees earlier orders alone, and of those only what had become of them by then, in a bounded few steps."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, select, text
from sqlmodel import Session

from opsdesk.domain.address_digests import digest_of
from opsdesk.domain.fraud.evidence.entities import Entity
from opsdesk.domain.fraud.evidence.facts import Outcome
from opsdesk.domain.fraud.expressions.kinds import Facts
from opsdesk.integrations.fraud_files import open_fraud
from opsdesk.store.engine import Store, open_store
from opsdesk.store.fraud import linked_orders
from opsdesk.store.fraud.evidence import evidence_of, read_evidence, reading_of
from opsdesk.store.fraud.linked_orders import SHARED, statement
from opsdesk.store.repositories.orders import Orders
from opsdesk.store.tables import (
    AddressRow,
    DisputeRow,
    LabelRow,
    ListEntryRow,
    OrderRow,
    PaymentCheckRow,
    PaymentRow,
)
from tests.conftest import START
from tests.queue_orders import mixed_orders, write_orders
from tests.shop_orders import write_customer, write_order
from tests.store.test_queue_effort import effort

BOOK = open_fraud(Path(__file__).parents[2] / "data")
READING = reading_of(BOOK, ZoneInfo("Europe/London"))
LEAK = "({row}.placed_at < {at} OR {row}.placed_at >= {at})"
"""What a careless reader asks: everything that shares the key, whenever it was placed."""


def placed(store: Store, days: float, number: str, **columns: object) -> int:
    """Write an order of so many days before, with other columns."""
    customer = columns.pop("customer_id", None) or write_customer(store, email=f"c{number}@shop.example")
    assert isinstance(customer, int)
    order_id = write_order(store, number, customer_id=customer, placed_at=START - timedelta(days=days))
    with Session(store.writer) as session, session.begin():
        order = session.get_one(OrderRow, order_id)
        for name, value in columns.items():
            setattr(order, name, value)
    return order_id


def facts_now(store: Store, order_id: int) -> Facts:
    """Return the facts of an order as they are read at this moment."""
    with store.reading() as session:
        return BOOK.facts(evidence_of(session, order_id, READING)).facts


def told_one_by_one(store: Store) -> tuple[dict[int, Facts], dict[int, Facts]]:
    """Let orders come one after the other; return what was known of each then, and what is read when all are there."""
    then: dict[int, Facts] = {}
    for place in range(6):
        same = {"email": "one@shop.example", "phone_reversed": "99105550344"} if place % 2 else {}
        order_id = placed(store, 3 - place / 4, f"20000{place}", **same)
        then[order_id] = facts_now(store, order_id)
    return then, {order_id: facts_now(store, order_id) for order_id in then}


def test_what_is_read_of_an_order_later_is_what_was_known_when_it_came(store: Store) -> None:
    then, now = told_one_by_one(store)

    assert now == then
    assert [facts["count.address.7d"] for facts in then.values()] == [1, 2, 3, 4, 5, 6]


def test_a_reader_that_sees_later_orders_is_caught(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linked_orders, "EARLIER", LEAK)

    with pytest.raises(ValueError, match="an order sees earlier orders alone"):
        told_one_by_one(store)


def test_a_reader_that_only_counts_later_orders_is_caught_by_reading_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linked_orders, "EARLIER", LEAK)
    monkeypatch.setattr("opsdesk.store.fraud.evidence.links_of", lambda *_: ())

    then, now = told_one_by_one(store)

    assert now != then


def test_how_earlier_orders_ended_is_told_as_it_was_known_then(store: Store) -> None:
    paid = placed(store, 30, "300001")
    with Session(store.writer) as session, session.begin():
        payment = session.execute(select(PaymentRow).filter_by(order_id=paid)).scalar_one()
        session.add(
            DisputeRow(
                order_id=paid, payment_id=payment.id, reference="dp_1", state="lost", network_reason="10.4",
                amount_minor=100, currency="EUR", opened_at=START - timedelta(days=5), closed_at=START,
            )
        )  # fmt: skip
    before, after = placed(store, 6, "300002"), placed(store, 4, "300003")

    with store.reading() as session:
        known = [
            {link.number: link.outcome for link in evidence_of(session, order_id, READING).links or ()}
            for order_id in (before, after)
        ]

    assert known[0] == {"300001": Outcome.OPEN}
    assert known[1]["300001"] is Outcome.FRAUD
    assert (facts_now(store, before)["links.fraud"], facts_now(store, after)["links.fraud"]) == (
        (),
        ("address", "phone"),
    )


def test_a_label_that_is_taken_back_links_nobody(store: Store) -> None:
    first, second = placed(store, 9, "310001"), placed(store, 1, "310002")
    with Session(store.writer) as session, session.begin():
        session.add(
            LabelRow(order_id=first, label="confirmed_fraud", source="desk", by="amy", at=START - timedelta(days=8))
        )
    assert facts_now(store, second)["links.fraud_orders"] == 1

    with Session(store.writer) as session, session.begin():
        session.add(
            LabelRow(order_id=first, label="confirmed_legit", source="appeal", by="amy", at=START - timedelta(days=7))
        )

    assert facts_now(store, second)["links.fraud_orders"] == 0


@pytest.mark.parametrize("line2", ["Suite 4B", "Apartment 4B", "Unit #4B"])
def test_three_spellings_of_one_flat_are_one_address(store: Store, line2: str) -> None:
    first, second = placed(store, 2, "320001"), placed(store, 1, "320002")
    with Session(store.writer) as session, session.begin():
        orders = Orders(session, START)
        for order_id, said in ((first, "4 b"), (second, line2)):
            session.get_one(AddressRow, (order_id, "shipping")).line2 = said
            orders.settle(orders.locked(order_id))

    with store.reading() as session:
        (link,) = evidence_of(session, second, READING).links or ()

    assert Entity.ADDRESS in link.shares


def test_cards_link_orders_and_their_checks_are_told(store: Store) -> None:
    first, second = placed(store, 2, "330001"), placed(store, 1, "330002")
    with Session(store.writer) as session, session.begin():
        for order_id in (first, second):
            payment = session.execute(select(PaymentRow).filter_by(order_id=order_id)).scalar_one()
            order = session.get_one(OrderRow, order_id)
            order.email, order.phone_reversed, order.ship_digest = f"{order_id}@x.example", str(order_id), ""
            session.add(
                PaymentCheckRow(
                    payment_id=payment.id, order_id=order_id, placed_at=order.placed_at, told_at=START, kind="card",
                    brand="visa", country="FR", fingerprint="fp_1", cvv_check="fail", line_check="pass",
                    postcode_check="unchecked",
                )
            )  # fmt: skip

    facts = facts_now(store, second)
    with store.reading() as session:
        (link,) = evidence_of(session, second, READING).links or ()

    assert link.shares == {Entity.CARD}
    assert (facts["payment.cvv"], facts["payment.country"], facts["count.card.7d"]) == ("nomatch", "FR", 2)
    assert facts["distinct.email.card.30d"] == 2
    assert facts_now(store, first)["count.card.7d"] == 1


def test_a_list_speaks_from_its_first_day_to_its_last(store: Store) -> None:
    early, during, late = (placed(store, days, f"34000{days}", email="sam@shop.example") for days in (9, 5, 1))
    with Session(store.writer) as session, session.begin():
        session.add(
            ListEntryRow(
                kind="block", entity="email", digest=digest_of("sam@shop.example"), shown="sam@shop.example",
                reason="Three chargebacks.", author="amy", added_at=START - timedelta(days=7),
                expires_at=START - timedelta(days=3),
            )
        )  # fmt: skip

    assert [facts_now(store, order_id)["lists.blocked"] for order_id in (early, during, late)] == [(), ("email",), ()]


def test_one_order_and_fifty_take_the_same_questions(store: Store) -> None:
    ids = [placed(store, 50 - place, f"4000{place:02}") for place in range(50)]

    def questions(some: list[int]) -> int:
        seen = 0

        def count(*_: object) -> None:
            nonlocal seen
            seen += 1

        with store.reading() as session:
            session.connection()
            event.listen(store.reader, "before_cursor_execute", count)
            try:
                assert len(read_evidence(session, some, READING)) == len(some)
            finally:
                event.remove(store.reader, "before_cursor_execute", count)
        return seen

    assert questions(ids[-1:]) == questions(ids) <= 20


@pytest.mark.parametrize("entity", SHARED)
def test_earlier_orders_are_found_through_an_index_that_ends_with_the_time(sqlite_url: str, entity: Entity) -> None:
    store = open_store(sqlite_url)
    with store.reading() as session:
        plan = [
            str(row[3])
            for row in session.execute(
                text(f"EXPLAIN QUERY PLAN {statement(entity, on_sqlite=True)}"), {"wanted": "[]"}
            )
        ]
    store.close()

    table = "payment_check" if entity is Entity.CARD else "orders"
    assert [step for step in plan if step.startswith("SCAN")] == ["SCAN k VIRTUAL TABLE INDEX 1:"]
    assert any("SEARCH e USING" in step and "placed_at<?" in step for step in plan), (table, plan)
    assert not any("TEMP B-TREE" in step for step in plan)


@pytest.mark.parametrize("entity", SHARED)
def test_postgres_finds_them_through_an_index_too(postgres_url: str, entity: Entity) -> None:
    store = open_store(postgres_url)
    with store.reading() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        values = {"places": [0], "keys": [1 if entity is Entity.CUSTOMER else "x"], "ats": [START]}
        rows = session.execute(text(f"EXPLAIN {statement(entity, on_sqlite=False)}"), values)
        plan = "\n".join(row[0] for row in rows)
    store.close()

    assert "Seq Scan on orders" not in plan
    assert "Seq Scan on payment_check" not in plan
    assert "Index" in plan


@pytest.mark.parametrize("analysed", [False, True])
def test_evidence_costs_the_same_among_many_orders(sqlite_url: str, analysed: bool) -> None:
    store = open_store(sqlite_url)
    wanted = placed(store, 1, "500001")
    write_orders(store, mixed_orders(3_000))
    few = effort(store, lambda session: evidence_of(session, wanted, READING))
    more = mixed_orders(12_000, seed=8)
    write_orders(store, [order | {"external_id": f"m{place}"} for place, order in enumerate(more)])
    if analysed:
        with store.writer.begin() as connection:
            connection.execute(text("ANALYZE"))
    # Whoever asks first after a count reads the schema anew.
    with store.reading() as session:
        evidence_of(session, wanted, READING)
    many = effort(store, lambda session: evidence_of(session, wanted, READING))
    by_reading_all = effort(
        store, lambda session: session.execute(text("SELECT * FROM orders WHERE channel = 'x'")).all()
    )
    store.close()

    assert many <= 2 * few + 20
    assert by_reading_all > 2 * few + 20
