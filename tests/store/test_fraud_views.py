"""The fraud desk is read on both stores as readers may: nothing is locked, and what is shown is what is stored."""

from __future__ import annotations

import pytest

from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.store.engine import Store
from opsdesk.store.views.fraud.case import case_of_order, fraud_case
from opsdesk.store.views.fraud.queue import fraud_queue
from tests.conftest import START
from tests.operations.fraud_kit import suspected, the_case, with_files


@pytest.fixture
def shop(store: Store) -> Store:
    return with_files(store)


def test_a_case_is_shown_with_its_order(shop: Store) -> None:
    case_id = suspected(shop)
    order_id = the_case(shop, case_id).order_id
    with shop.reading() as session:
        seen = fraud_case(session, case_id, fraud=shop.fraud, zone=shop.zone, now=START)
        assert case_of_order(session, order_id) == case_id
    assert seen is not None
    assert (seen.order_id, seen.facts.state) == (order_id, FraudState.FLAGGED)
    assert seen.customer_name


def test_the_queue_lists_each_open_case_once(shop: Store) -> None:
    wanted = {suspected(shop, "1", is_large=True), suspected(shop, "2")}
    with shop.reading() as session:
        listed = [line.case_id for line in fraud_queue(session)]
    assert sorted(listed) == sorted(wanted)


def test_nothing_is_shown_of_a_case_that_is_none(shop: Store) -> None:
    with shop.reading() as session:
        assert fraud_case(session, 99, fraud=shop.fraud, zone=shop.zone, now=START) is None
