"""By a key: what an order turned out to be, from its case and from the order; who said so is seen, and taken back."""

from __future__ import annotations

import pytest

from opsdesk.domain.fraud.learning.labels import Word
from opsdesk.operations.fraud.labelling import label_order
from opsdesk.screens.order.screen import OrderScreen
from opsdesk.store.engine import open_store
from opsdesk.store.tables import LabelRow
from tests.conftest import StillClock
from tests.operations.orders_kit import rows
from tests.operator import working
from tests.screens.fraud_kit import Cases, case_app, five_cases, fraud_shop
from tests.screens.order_kit import app_of


@pytest.fixture
def cases(sqlite_url: str, clock: StillClock) -> Cases:
    return five_cases(fraud_shop(open_store(sqlite_url), clock))


def said(cases: Cases) -> list[tuple[str, str, str, str]]:
    return [(row.label, row.source, row.by, row.reason) for row in rows(cases.staff.store, LabelRow)]


async def test_a_decided_case_says_what_it_was_with_two_keys_and_a_sentence(cases: Cases) -> None:
    async with working(case_app(cases, "104440")) as operator:
        await operator.press("y")
    async with working(case_app(cases, "104440")) as operator:
        assert operator.sees("say what it turned out to be")
        await operator.press("V", "1")
        await operator.type("the bank rang")
        await operator.press("f9")
        await operator.until_seen("Known as fraud. farid")
        assert operator.sees("the bank rang")
        assert said(cases) == [(Word.FRAUD, "person", "farid", "the bank rang")]


async def test_a_later_word_counts_instead_and_the_first_one_stays_written_down(cases: Cases) -> None:
    cases.staff.do("fiona", label_order, cases.orders["104463"], verdict="fraud", note="rang the holder")
    async with working(case_app(cases)) as operator:
        assert operator.sees("Known as fraud. fiona")
        await operator.press("V")
        await operator.until_seen("fiona")
        await operator.press("1")
        assert operator.sees("That is known of it already.")
        await operator.press("2")
        await operator.type("it was her own order")
        await operator.press("f9")
        await operator.until_seen("Known as a good order. farid")
    assert [word for word, *_ in said(cases)] == [Word.FRAUD, Word.LEGIT]


async def test_what_was_said_by_hand_is_taken_back_and_nobody_has_said_anything(cases: Cases) -> None:
    cases.staff.do("fiona", label_order, cases.orders["104463"], verdict="fraud", note="rang the holder")
    async with working(case_app(cases)) as operator:
        await operator.press("V", "3", "f9")
        await operator.until_seen("is taken back")
        assert not operator.sees("Known as")
    assert [word for word, *_ in said(cases)] == [Word.FRAUD, Word.WITHDRAWN]


async def test_nothing_is_said_without_how_one_knows(cases: Cases) -> None:
    async with working(case_app(cases)) as operator:
        await operator.press("V", "f9")
        assert operator.sees("Say first what it was")
        await operator.press("1", "f9")
        await operator.until_seen("Say how you know")
    assert said(cases) == []


async def test_the_order_has_the_same_key_and_undo_takes_the_word_back(cases: Cases) -> None:
    order_id = cases.orders["104392"]
    async with working(app_of(cases.staff, "farid", lambda: OrderScreen(order_id))) as operator:
        await operator.press("V", "2")
        await operator.type("delivered and paid")
        await operator.press("f9")
        await operator.until_seen("counts as a good order from now on")
        await operator.press("u")
        await operator.until_seen("is taken back")
    assert [word for word, *_ in said(cases)] == [Word.LEGIT, Word.WITHDRAWN]


async def test_who_may_not_is_told_so_before_any_form_opens(cases: Cases) -> None:
    async with working(app_of(cases.staff, "mia", lambda: OrderScreen(cases.orders["104392"]))) as operator:
        await operator.press("V")
        assert not operator.sees("TURNED OUT")
        assert operator.sees("may not do this (fraud.label)")
    assert said(cases) == []
