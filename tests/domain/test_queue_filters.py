"""The filter line: what it understands, and that it never gets in the way of the person who types."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.orders.queue_filters import LONGEST_FILTER, ME, MOST_WORDS, NOBODY, QueueFilter, parse_filter
from opsdesk.domain.orders.states import Headline, Stage
from opsdesk.domain.payments.order_money import PaymentStatus
from tests.conftest import START


def read(text: str) -> QueueFilter:
    return parse_filter(text, now=START, user_name="mia")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", QueueFilter()),
        ("   ", QueueFilter()),
        ("Łukasz  BERG", QueueFilter(words=("lukasz", "berg"))),
        ("berg berg", QueueFilter(words=("berg",))),
        ("state:ready", QueueFilter(headlines=frozenset({Headline.READY}))),
        ("STATE:Fraud", QueueFilter(headlines=frozenset({Headline.POTENTIAL_FRAUD, Headline.FRAUD_REVIEW}))),
        ("state:check", QueueFilter(stage=Stage.TO_CHECK)),
        ("state:snoozed", QueueFilter(is_snoozed=True)),
        ("state:new", QueueFilter(is_new=True)),
        ("due:<2h", QueueFilter(due_before=START + timedelta(hours=2))),
        ("due:30m", QueueFilter(due_before=START + timedelta(minutes=30))),
        ("due:>3d", QueueFilter(due_after=START + timedelta(days=3))),
        ("due:late", QueueFilter(due_before=START)),
        ("who:me", QueueFilter(owner="mia")),
        ("who:nobody", QueueFilter(owner=NOBODY)),
        ("who:-", QueueFilter(owner=NOBODY)),
        ("who:tom", QueueFilter(owner="tom")),
        ("total:>100", QueueFilter(more_than=Decimal(100))),
        ("total:<9,99", QueueFilter(less_than=Decimal("9.99"))),
        ("sku:40021-A", QueueFilter(sku="40021-A")),
        (
            "pay:auth",
            QueueFilter(payments=frozenset({PaymentStatus.AUTHORISED, PaymentStatus.PARTLY_AUTHORISED})),
        ),
        ("temp:frozen", QueueFilter(temperature="frozen")),
        ("#", QueueFilter(is_cold=True)),
        ("berg state:ready #", QueueFilter(words=("berg",), headlines=frozenset({Headline.READY}), is_cold=True)),
    ],
)
def test_the_filter_understands(text: str, wanted: QueueFilter) -> None:
    found = read(text)
    assert found == wanted
    assert found.misread == ()


@pytest.mark.parametrize(
    "text", ["state:", "state:helo", "due:<", "due:soon", "who:", "total:>", "total:>1.2.3", "sku:", "pay:x"]
)
def test_what_is_half_typed_is_named_and_left_out(text: str) -> None:
    found = read(f"berg {text}")
    assert found == QueueFilter(words=("berg",))
    assert found.misread == (text,)


@pytest.mark.parametrize(
    "text", ["re:", "12:30", "https://shop.example", "a:b", "%", "_", "'", '"', "AND", "NEAR(", "*"]
)
def test_what_is_no_question_is_looked_for_as_it_stands(text: str) -> None:
    assert read(text) == QueueFilter(words=(text.lower(),))


def test_me_can_be_left_to_the_view() -> None:
    assert parse_filter("who:me", now=START).owner == ME


def test_a_pasted_book_is_cut_short() -> None:
    found = read(" ".join(f"word{number}" for number in range(100_000)))
    assert len(found.words) == MOST_WORDS
    assert sum(map(len, read("x" * 1_000_000).words)) == LONGEST_FILTER


def test_half_a_character_is_no_trouble() -> None:
    assert read("be\ud800rg\0ada").words == ("be?rg", "ada")


@given(st.text(max_size=300))
def test_no_text_stops_the_filter(text: str) -> None:
    found = read(text)
    assert all(word and "\0" not in word and word == word.strip() for word in found.words)


@given(st.from_regex(r"(state|due|who|total|sku|pay|temp):[<>]?.{0,12}", fullmatch=True))
def test_no_question_stops_the_filter(text: str) -> None:
    read(text)
