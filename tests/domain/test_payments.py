"""The money of an order is the sum of its succeeded transactions, and of nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.money import Money
from opsdesk.domain.orders.states import Lifecycle, LineFacts, OrderFacts
from opsdesk.domain.payments.order_money import MoneyFacts
from opsdesk.domain.payments.transactions import (
    Movement,
    TransactionKind,
    TransactionState,
    money_facts,
    why_not_record_payment,
)

movements = st.builds(
    Movement, st.sampled_from(TransactionKind), st.sampled_from(TransactionState), st.integers(0, 10_000)
)


@given(st.lists(movements))
def test_what_failed_counts_nowhere_and_order_does_not_matter(found: list[Movement]) -> None:
    sums = money_facts(1_000, found)
    assert sums == money_facts(1_000, reversed(found))
    assert sums == money_facts(1_000, [move for move in found if move.state is not TransactionState.FAILED])


@given(st.lists(movements))
def test_each_succeeded_movement_counts_exactly_once(found: list[Movement]) -> None:
    sums = money_facts(1_000, found)
    succeeded = [move for move in found if move.state is TransactionState.SUCCEEDED]
    backwards = (TransactionKind.DISPUTE_REVERSAL, TransactionKind.REFUND_REVERSAL)
    given_back = sum(move.amount for move in succeeded if move.kind in backwards)
    rest = sum(move.amount for move in succeeded) - given_back
    # A dispute that was won, and a refund that failed after all, bring back what had gone.
    assert sums.authorised + sums.captured + sums.refunded + sums.voided + sums.charged_back == rest - given_back


def test_a_sale_and_a_bank_transfer_are_money_in() -> None:
    ok = TransactionState.SUCCEEDED
    found = [Movement(TransactionKind.SALE, ok, 600), Movement(TransactionKind.MANUAL_IN, ok, 400)]
    assert money_facts(1_000, found) == MoneyFacts(1_000, captured=1_000)


def test_an_unknown_capture_is_pending_until_somebody_has_looked() -> None:
    found = [Movement(TransactionKind.CAPTURE, TransactionState.UNKNOWN, 600)]
    assert money_facts(1_000, found) == MoneyFacts(1_000, pending=600)


@pytest.mark.parametrize(
    ("facts", "amount", "said"),
    [
        (OrderFacts("1", Lifecycle.CANCELLED, 1, (LineFacts(1),), MoneyFacts(10)), None, "cancelled"),
        (OrderFacts("1", Lifecycle.PLACED, 1, (LineFacts(1),), MoneyFacts(10, captured=10)), None, "paid already"),
        (OrderFacts("1", Lifecycle.PLACED, 1, (LineFacts(1),), MoneyFacts(10)), Money(0, "EUR"), "more than nothing"),
    ],
)
def test_a_payment_that_cannot_be_recorded_is_refused(facts: OrderFacts, amount: Money | None, said: str) -> None:
    sentence = why_not_record_payment(facts, amount)
    assert sentence is not None
    assert said in sentence
