"""The one word of the queue follows from the facts, first match wins; the rules say no in words that name the order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import DEFAULT_BLOCKS, ActiveHold, HoldType
from opsdesk.domain.orders.rules import (
    why_not_cancel,
    why_not_deliver,
    why_not_edit,
    why_not_hold,
    why_not_pack,
    why_not_reopen,
    why_not_ship,
)
from opsdesk.domain.orders.settled import settled_columns
from opsdesk.domain.orders.states import (
    FulfilmentStatus,
    Headline,
    Lifecycle,
    LineFacts,
    OrderFacts,
    Stage,
    fulfilment_status,
    headline,
    stage,
)
from opsdesk.domain.payments.order_money import MoneyFacts, PaymentStatus, payment_status

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PAID = MoneyFacts(total=1_000, captured=1_000)
READY = OrderFacts("104458", Lifecycle.PLACED, 1, (LineFacts(2), LineFacts(1)), PAID)


def held(*kinds: HoldType) -> tuple[ActiveHold, ...]:
    return tuple(ActiveHold(n, kind, DEFAULT_BLOCKS[kind], "why", "mia", NOON, None) for n, kind in enumerate(kinds))


def lines(*quantities: LineFacts) -> OrderFacts:
    return replace(READY, lines=quantities)


CASES = [
    (READY, Headline.READY, Stage.TO_SHIP),
    (replace(READY, lifecycle=Lifecycle.CANCELLED, case=CaseState.CALL_DUE), Headline.CANCELLED, Stage.DONE),
    (replace(READY, case=CaseState.OPEN, holds=held(HoldType.FRAUD)), Headline.FRAUD_REVIEW, Stage.TO_CHECK),
    (replace(READY, case=CaseState.AWAITING_CUSTOMER, holds=held(HoldType.FRAUD)), Headline.POTENTIAL_FRAUD, Stage.TO_CHECK),
    (replace(READY, holds=held(HoldType.MANUAL)), Headline.ON_HOLD, Stage.ON_HOLD),
    (replace(READY, holds=held(HoldType.MANUAL, HoldType.ADDRESS)), Headline.ON_HOLD, Stage.TO_CHECK),
    (replace(READY, holds=held(HoldType.STOCK)), Headline.BACKORDERED, Stage.WAITING),
    (replace(READY, holds=held(HoldType.APPOINTMENT)), Headline.AWAITING_APPOINTMENT, Stage.WAITING),
    (replace(READY, holds=held(HoldType.SYNC_CONFLICT)), Headline.SYNC_CONFLICT, Stage.TO_CHECK),
    (replace(READY, money=MoneyFacts(1_000)), Headline.AWAITING_PAYMENT, Stage.WAITING),
    (replace(READY, money=MoneyFacts(1_000, authorised=1_000)), Headline.READY, Stage.TO_SHIP),
    (replace(READY, money=MoneyFacts(1_000, captured=1_000, refunded=200)), Headline.READY, Stage.TO_SHIP),
    (replace(READY, money=MoneyFacts(1_000, captured=1_000, refunded=1_000)), Headline.AWAITING_PAYMENT, Stage.WAITING),
    (replace(READY, money=MoneyFacts(1_000, captured=600, refunded=200)), Headline.AWAITING_PAYMENT, Stage.WAITING),
    (replace(READY, packing_since=NOON), Headline.BEING_PACKED, Stage.TO_SHIP),
    (lines(LineFacts(2, shipped=1)), Headline.PARTLY_SHIPPED, Stage.TO_SHIP),
    (lines(LineFacts(2, shipped=2)), Headline.SHIPPED, Stage.ON_ITS_WAY),
    (lines(LineFacts(2, cancelled=1, shipped=1)), Headline.SHIPPED, Stage.ON_ITS_WAY),
    (lines(LineFacts(2, shipped=2, delivered=1)), Headline.SHIPPED, Stage.ON_ITS_WAY),
    (lines(LineFacts(2, shipped=2, delivered=2)), Headline.DELIVERED, Stage.DONE),
    (lines(LineFacts(1, needs_shipping=False)), Headline.COMPLETED, Stage.DONE),
    (lines(LineFacts(2, cancelled=2)), Headline.COMPLETED, Stage.DONE),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "word", "desk"), CASES, ids=[f"{n}-{case[1].value}" for n, case in enumerate(CASES)])
def test_the_word_and_the_desk_follow_from_the_facts(facts: OrderFacts, word: Headline, desk: Stage) -> None:
    assert (headline(facts), stage(facts)) == (word, desk)


def test_every_word_fits_its_column_and_no_label_for_customers_voices_a_suspicion() -> None:
    for word in Headline:
        assert len(word.word) <= 12
        assert "fraud" not in word.customer_label.lower()
    assert all(len(status.word) <= 6 for status in PaymentStatus)


@pytest.mark.parametrize(
    ("money", "status"),
    [
        (MoneyFacts(1_000), PaymentStatus.UNPAID),
        (MoneyFacts(1_000, pending=1_000), PaymentStatus.PENDING),
        (MoneyFacts(1_000, authorised=1_000), PaymentStatus.AUTHORISED),
        (MoneyFacts(1_000, authorised=1_000, voided=1_000), PaymentStatus.VOIDED),
        (MoneyFacts(1_000, captured=400), PaymentStatus.PARTLY_PAID),
        (MoneyFacts(1_000, captured=1_000), PaymentStatus.PAID),
        (MoneyFacts(1_000, captured=1_100), PaymentStatus.OVERPAID),
        (MoneyFacts(1_000, captured=1_000, refunded=1), PaymentStatus.PARTLY_REFUNDED),
        (MoneyFacts(1_000, captured=1_000, refunded=1_000), PaymentStatus.REFUNDED),
        (MoneyFacts(0), PaymentStatus.PAID),
    ],
)
def test_paid_is_computed_from_transactions(money: MoneyFacts, status: PaymentStatus) -> None:
    assert payment_status(money) is status


NO = [
    (why_not_hold(replace(READY, lifecycle=Lifecycle.CANCELLED), HoldType.MANUAL), "nothing left to hold"),
    (why_not_hold(lines(LineFacts(1, shipped=1)), HoldType.MANUAL), "already left the house"),
    (why_not_cancel(lines(LineFacts(2, shipped=1))), "1 of 104458 already left"),
    (why_not_cancel(replace(READY, lifecycle=Lifecycle.CANCELLED)), "already cancelled"),
    (why_not_reopen(READY), "open already"),
    (why_not_ship(replace(READY, money=MoneyFacts(1_000))), "is not paid"),
    (why_not_ship(replace(READY, holds=held(HoldType.FRAUD))), "on hold: fraud review"),
    (why_not_pack(replace(READY, holds=held(HoldType.ADDRESS))), "on hold: address"),
    (why_not_pack(replace(READY, amendment=AmendmentState.AWAITING_PAYMENT)), "waits for the customer's money"),
    (why_not_pack(replace(READY, amendment=AmendmentState.AWAITING_PACKER)), "waits for the packer"),
    (why_not_ship(replace(READY, amendment=AmendmentState.AWAITING_PAYMENT)), "waits for the customer's money"),
    (why_not_deliver(READY), "has been shipped yet"),
    (why_not_edit(lines(LineFacts(1, shipped=1))), "would reach nobody"),
]


@pytest.mark.parametrize(("sentence", "part"), NO)
def test_a_no_is_a_sentence_about_this_order(sentence: str | None, part: str) -> None:
    assert sentence is not None
    assert part in sentence
    assert sentence.startswith("104458") or "104458" in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    "rule", [lambda facts: why_not_hold(facts, HoldType.MANUAL), why_not_cancel, why_not_ship, why_not_pack, why_not_edit]
)  # fmt: skip
def test_a_ready_order_may_be_held_cancelled_packed_shipped_and_edited(rule) -> None:
    assert rule(READY) is None


def test_a_parcel_that_a_recall_did_not_reach_is_written_down_as_sent() -> None:
    assert why_not_ship(replace(READY, amendment=AmendmentState.AWAITING_PACKER)) is None


def test_a_stock_hold_lets_the_rest_be_packed_but_not_shipped() -> None:
    short = replace(READY, holds=held(HoldType.STOCK))
    assert why_not_pack(short) is None
    assert why_not_ship(short) is not None


@st.composite
def any_line(draw: st.DrawFn) -> LineFacts:
    ordered = draw(st.integers(1, 5))
    cancelled = draw(st.integers(0, ordered))
    shipped = draw(st.integers(0, ordered - cancelled))
    return LineFacts(ordered, cancelled, shipped, draw(st.integers(0, shipped)), 0, draw(st.booleans()))


@st.composite
def any_order(draw: st.DrawFn) -> OrderFacts:
    amount = st.integers(0, 2_000)
    money = MoneyFacts(1_000, draw(amount), draw(amount), draw(amount), draw(amount), draw(amount))
    kinds = draw(st.lists(st.sampled_from(HoldType), unique=True, max_size=3))
    return OrderFacts(
        "104458",
        draw(st.sampled_from(Lifecycle)),
        1,
        tuple(draw(st.lists(any_line(), min_size=1, max_size=4))),
        money,
        held(*kinds),
        draw(st.none() | st.sampled_from(CaseState)),
        draw(st.none() | st.just(NOON)),
    )


@given(any_order())
def test_every_order_has_a_word_a_desk_and_columns(facts: OrderFacts) -> None:
    columns = settled_columns(facts)
    assert columns.headline == headline(facts)
    assert columns.is_open == (stage(facts) is not Stage.DONE)
    assert (columns.hold_type is None) == (not facts.holds)


@given(any_order())
def test_what_may_ship_stands_where_it_is_shipped_from(facts: OrderFacts) -> None:
    if why_not_ship(facts) is None and facts.case in (None, CaseState.RELEASED, CaseState.CANCELLED):
        assert stage(facts) in (Stage.TO_SHIP, Stage.TO_CHECK, Stage.ON_HOLD)
        assert fulfilment_status(facts) in (
            FulfilmentStatus.UNFULFILLED, FulfilmentStatus.BEING_PACKED, FulfilmentStatus.PARTLY_SHIPPED,
        )  # fmt: skip
