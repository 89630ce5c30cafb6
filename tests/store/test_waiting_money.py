"""What about money waits: on one order and in the first line, the same as the list says, and never by walking a table."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import event

from opsdesk.domain.amendments.edits import SetQuantity
from opsdesk.operations.orders.packing import start_packing
from opsdesk.operations.payments.disputes import answer_dispute
from opsdesk.store.engine import Store, open_store
from opsdesk.store.views.money.counts import money_counts
from opsdesk.store.views.money.tasks import TaskKind, money_tasks
from opsdesk.store.views.money.waiting import WaitingMoney, Waits, recall_id, waiting_money
from opsdesk.store.views.orders.attention import attention
from tests.conftest import START, StillClock
from tests.operations.money_kit import authorised
from tests.screens.money_shop import MoneyShop


@pytest.fixture
def shop(store: Store, clock: StillClock) -> MoneyShop:
    return MoneyShop(store, clock)


def waiting(shop: MoneyShop, order_id: int) -> tuple[WaitingMoney, ...]:
    with shop.store.reading() as session:
        return waiting_money(session, order_id, now=shop.clock())


def said(shop: MoneyShop, order_id: int) -> list[tuple[str, str, str, str]]:
    return [(each.what.value, each.state, str(each.amount), each.said) for each in waiting(shop, order_id)]


def of_each_kind(shop: MoneyShop) -> None:
    """Let something of each kind wait, on six orders."""
    shop.failed_refund(shop.paid("104501"))
    shop.lost_refund(shop.paid("104502"))
    shop.refund("tim", shop.paid("104503"), 3)
    authorised(shop.store, shop.unpaid("104504"), reference="pi_4", expires_at=START + timedelta(hours=20))
    shop.paid_twice("104505")
    shop.disputed("pi_104505")
    packed = shop.paid("104506")
    shop.do("piet", start_packing, packed)
    shop.change("tim", packed, SetQuantity(shop.line(packed, 1), 3))
    shop.unexpected()


def test_an_order_on_which_nothing_waits_says_nothing(shop: MoneyShop) -> None:
    assert waiting(shop, shop.paid_twice()) == ()


def test_refunds_that_wait_or_went_wrong_are_told_until_they_are_over(shop: MoneyShop) -> None:
    order_id = shop.paid()
    shop.failed_refund(order_id)
    shop.refund("tim", order_id, 3)
    failed, pending = waiting(shop, order_id)
    assert (failed.what, failed.state, str(failed.amount)) == (Waits.REFUND, "failed", "90.00 EUR")
    assert failed.said.startswith("The card was declined.")
    assert (pending.state, pending.said) == ("pending_approval", "tim")


def test_a_link_is_told_from_being_asked_for_until_it_ends(shop: MoneyShop) -> None:
    order_id = shop.unpaid()
    shop.ask(order_id)
    assert said(shop, order_id) == [("link", "requested", "464.90 EUR", "mia")]
    shop.work(seconds=1)
    assert said(shop, order_id) == [("link", "open", "464.90 EUR", "mia")]
    shop.work(days=3, seconds=1)
    assert said(shop, order_id) == []


def test_an_authorisation_is_told_in_its_last_two_days(shop: MoneyShop, clock: StillClock) -> None:
    order_id = shop.authorised(expires_at=START + timedelta(hours=49))
    assert said(shop, order_id) == []
    clock.advance(hours=1)
    assert said(shop, order_id) == [("ending", "authorised", "464.90 EUR", "stripe")]


def test_a_change_that_waits_for_the_packer_is_found_by_its_order(shop: MoneyShop) -> None:
    order_id = shop.paid()
    shop.do("piet", start_packing, order_id)
    shop.change("tim", order_id, SetQuantity(shop.line(order_id, 1), 3))
    assert said(shop, order_id) == [("change", "awaiting_packer", "374.90 EUR", "tim")]
    with shop.store.reading() as session:
        assert recall_id(session, order_id, now=shop.clock()) == waiting(shop, order_id)[0].id
        assert recall_id(session, order_id + 1, now=shop.clock()) is None


def test_the_first_line_counts_what_the_list_shows_but_for_what_waits_for_no_person(shop: MoneyShop) -> None:
    of_each_kind(shop)
    with shop.store.reading() as session:
        listed = Counter(task.kind for task in money_tasks(session, now=shop.clock()))
        counted = money_counts(session, now=shop.clock())
    assert listed[TaskKind.REFUND_UNKNOWN] == 1
    for_people = {kind: count for kind, count in listed.items() if kind.operation is not None}
    assert for_people == {kind: count for kind, count in counted.items() if count}


def test_a_dispute_that_was_answered_is_listed_and_not_counted(shop: MoneyShop) -> None:
    order_id = shop.paid_twice()
    shop.disputed("pi_104501")
    shop.do("mia", answer_dispute, shop.sheet(order_id).disputes[0].id, note="Sent the photographs")
    with shop.store.reading() as session:
        assert [task.kind for task in money_tasks(session, now=shop.clock())] == [TaskKind.DISPUTE]
        assert money_counts(session, now=shop.clock())[TaskKind.DISPUTE] == 0


def test_neither_walks_a_table(sqlite_url: str, clock: StillClock) -> None:
    store = open_store(sqlite_url)
    shop = MoneyShop(store, clock)
    order_id = shop.paid_twice()
    asked: list[tuple[str, object]] = []

    def remember(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        asked.append((statement, parameters))

    event.listen(store.reader, "before_cursor_execute", remember)
    with store.reading() as session:
        waiting_money(session, order_id, now=clock())
        money_tasks(session, now=clock())
        attention(session, user_id=1, now=clock())
    event.remove(store.reader, "before_cursor_execute", remember)
    assert len(asked) >= 8
    with store.reader.connect() as connection:
        for statement, parameters in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            steps = [str(row[3]) for row in plan]
            tables = [step for step in steps if step.startswith("SCAN") and "USING" not in step]
            assert not [step for step in tables if step.split()[1] in _TABLES], (statement, steps)
    store.close()


_TABLES = ("refund", "gateway_call", "gateway_event", "dispute", "payment", "amendment", "pay_link", "mail", "orders")
