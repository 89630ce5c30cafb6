"""The queue's words and symbols: what is late, what a line says first, and where each headline can stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.money import Money
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import ActiveHold, Blocks, HoldType
from opsdesk.domain.orders.queues import (
    IN_HOUSE,
    Flag,
    QueueLine,
    QueueQuery,
    SavedView,
    Sort,
    flags,
    is_late,
    is_snoozed,
    stages_of,
)
from opsdesk.domain.orders.settled import settled_columns
from opsdesk.domain.orders.states import Headline, Lifecycle, LineFacts, OrderFacts, Stage
from opsdesk.domain.payments.order_money import MoneyFacts, PaymentStatus
from tests.conftest import START

QUIET = QueueLine(
    1, 1, "104458", START, None, "Ada Berg", 3, 4, Money(4710, "EUR"), PaymentStatus.PAID, Headline.READY, None,
    Stage.TO_SHIP, None, "", "ambient", None, 0, False, False, False, "ada@berg.example", "",
)  # fmt: skip
SECOND = timedelta(seconds=1)


def test_an_order_is_late_only_while_something_of_it_is_still_in_the_house() -> None:
    assert is_late(START - SECOND, Stage.TO_SHIP, START)
    assert is_late(START - SECOND, Stage.WAITING, START)
    assert not is_late(START, Stage.TO_SHIP, START)
    assert not is_late(None, Stage.TO_SHIP, START)
    assert not is_late(START - SECOND, Stage.ON_ITS_WAY, START)
    assert not is_late(START - SECOND, Stage.DONE, START)


def test_a_snoozed_order_is_back_at_its_very_moment() -> None:
    assert is_snoozed(START + SECOND, START)
    assert not is_snoozed(START, START)
    assert not is_snoozed(None, START)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (QUIET, ()),
        (replace(QUIET, promised_at=START - SECOND), (Flag.OVERDUE,)),
        (replace(QUIET, promised_at=START + timedelta(minutes=59)), (Flag.DUE_SOON,)),
        (replace(QUIET, promised_at=START + timedelta(minutes=61)), ()),
        (replace(QUIET, promised_at=START - SECOND, stage=Stage.ON_ITS_WAY), ()),
        (replace(QUIET, headline=Headline.POTENTIAL_FRAUD, hold_type=HoldType.FRAUD), (Flag.FRAUD,)),
        (replace(QUIET, headline=Headline.AWAITING_PAYMENT), (Flag.UNPAID,)),
        (replace(QUIET, headline=Headline.BACKORDERED, hold_type=HoldType.STOCK), (Flag.SHORT,)),
        (replace(QUIET, headline=Headline.ON_HOLD, hold_type=HoldType.DUPLICATE), (Flag.DUPLICATE,)),
        (replace(QUIET, headline=Headline.ON_HOLD, hold_type=HoldType.MANUAL, note_count=2), (Flag.HELD, Flag.NOTE)),
        (replace(QUIET, headline=Headline.BEING_PACKED, changed_since_look=True), (Flag.IN_HANDS, Flag.CHANGED)),
        (replace(QUIET, snoozed_until=START + SECOND), (Flag.SNOOZED,)),
        (replace(QUIET, mail_trouble=True, is_new=True), (Flag.MAIL_TROUBLE, Flag.NEW)),
        (
            replace(QUIET, promised_at=START - SECOND, headline=Headline.FRAUD_REVIEW, note_count=1, is_new=True),
            (Flag.OVERDUE, Flag.FRAUD, Flag.NEW, Flag.NOTE),
        ),
    ],
)
def test_a_line_says_the_worst_first(line: QueueLine, said: tuple[Flag, ...]) -> None:
    assert flags(line, START) == said


def test_each_flag_can_be_told_apart_without_colour() -> None:
    symbols = [flag.symbol for flag in Flag]
    assert len(set(symbols)) == len(symbols)
    assert all(symbol.isascii() and len(symbol) <= 2 and flag.label for flag, symbol in zip(Flag, symbols, strict=True))


def test_a_view_opens_in_the_order_in_which_it_is_worked() -> None:
    assert QueueQuery.of(SavedView.TO_SHIP) == QueueQuery(SavedView.TO_SHIP, Sort.DUE, descending=False)
    assert QueueQuery.of(SavedView.NEW) == QueueQuery(SavedView.NEW, Sort.PLACED, descending=True)
    assert QueueQuery.of(SavedView.EVERYTHING).sort is Sort.PLACED
    assert Sort.DUE not in SavedView.EVERYTHING.sorts


def test_no_order_in_the_house_is_forgotten_between_the_views() -> None:
    shown = [stage for view in SavedView for stage in view.stages]
    assert sorted(shown) == sorted(IN_HOUSE)


_HOLDS = st.lists(st.sampled_from(HoldType), max_size=3, unique=True)
_LINES = st.tuples(st.integers(1, 3), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.booleans())


@given(
    st.sampled_from(Lifecycle),
    st.lists(_LINES, min_size=1, max_size=3),
    _HOLDS,
    st.one_of(st.none(), st.sampled_from(CaseState)),
    st.sampled_from((0, 500, 1000)),
    st.booleans(),
)
def test_a_headline_is_looked_for_where_it_can_stand(
    lifecycle: Lifecycle,
    lines: list[tuple[int, int, int, int, bool]],
    holds: list[HoldType],
    case: CaseState | None,
    captured: int,
    packing: bool,
) -> None:
    facts = OrderFacts(
        "1",
        lifecycle,
        1,
        tuple(_line(*line) for line in lines),
        MoneyFacts(1000, captured=captured),
        tuple(ActiveHold(1, kind, frozenset({Blocks.SHIP}), "", "mia", START, None) for kind in holds),
        case,
        START if packing else None,
    )
    columns = settled_columns(facts)
    stages = stages_of([Headline(columns.headline)])
    if stages is None:
        assert Headline(columns.headline) in (
            Headline.SHIPPED, Headline.DELIVERED, Headline.COMPLETED, Headline.CANCELLED,
        )  # fmt: skip
    else:
        assert Stage(columns.stage) in stages


def _line(ordered: int, cancelled: int, shipped: int, delivered: int, needs: bool) -> LineFacts:
    cancelled = min(cancelled, ordered)
    shipped = min(shipped, ordered - cancelled)
    return LineFacts(ordered, cancelled, shipped, min(delivered, shipped), needs_shipping=needs)
