"""The find line takes anything that is typed, scanned or pasted, and lists what it may be, most exact first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.lookup import Guess, Kind, has_check_digit, read_query
from opsdesk.domain.text import is_clean


@pytest.mark.parametrize(
    ("typed", "kind", "value"),
    [
        (":orders", Kind.SCREEN, "orders"),
        (":Hold 104416", Kind.SCREEN, "hold"),
        ("104416", Kind.ORDER, "104416"),
        ("#104416", Kind.ORDER, "104416"),
        ("SO-2026-0012", Kind.ORDER, "SO-2026-0012"),
        ("306-1234567-1234567", Kind.ORDER, "306-1234567-1234567"),
        ("0416", Kind.ORDER_TAIL, "0416"),
        ("٠٤١٦", Kind.ORDER_TAIL, "0416"),
        ("１０４４１６", Kind.ORDER, "104416"),
        ("Anna.Schmidt@Example.COM", Kind.EMAIL, "anna.schmidt@example.com"),
        ("@example.com", Kind.EMAIL, "@example.com"),
        ("0171 123 45 67", Kind.PHONE, "1711234567"),
        ("+49 (0)171 1234567", Kind.PHONE, "491711234567"),
        ("0049 171 1234567", Kind.PHONE, "491711234567"),
        ("(415) 555-2671", Kind.PHONE, "4155552671"),
        ("1Z999AA10123456784", Kind.TRACKING, "1Z999AA10123456784"),
        ("1z 999 aa1 01 2345 6784", Kind.TRACKING, "1Z999AA10123456784"),
        ("00340434161094000014", Kind.TRACKING, "00340434161094000014"),
        ("JD014600004567891", Kind.TRACKING, "JD014600004567891"),
        ("RR 123 456 789 DE", Kind.TRACKING, "RR123456789DE"),
        ("094712345678", Kind.TRACKING, "094712345678"),
        ("4006381333931", Kind.EAN, "4006381333931"),
        ("]C10104006381333931\x1d10ABC", Kind.EAN, "4006381333931"),
        ("036000291452", Kind.EAN, "0036000291452"),
        ("04252614", Kind.EAN, "042100005264"),
        ("R-1044", Kind.RMA, "R-1044"),
        ("rma 1044", Kind.RMA, "R-1044"),
        ("TEE-XL-BLK", Kind.SKU, "TEE-XL-BLK"),
        ("José  ŁUKASZ", Kind.WORDS, "jose lukasz"),
    ],
)
def test_knows_what_was_typed(typed: str, kind: Kind, value: str) -> None:
    assert Guess(kind, value) in read_query(typed).guesses


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("104416", Kind.ORDER),
        ("0416", Kind.ORDER),
        ("anna@example.com", Kind.EMAIL),
        ("0171 1234567", Kind.PHONE),
        ("+491711234567", Kind.PHONE),
        ("1Z999AA10123456784", Kind.TRACKING),
        ("00340434161094000014", Kind.TRACKING),
        ("R-1044", Kind.RMA),
        ("anna schmidt", Kind.WORDS),
    ],
)
def test_begins_with_the_most_exact(typed: str, first: Kind) -> None:
    assert read_query(typed).kinds[0] is first


def test_a_bar_code_with_a_wrong_check_digit_is_no_article() -> None:
    assert Kind.EAN not in read_query("4006381333932").kinds
    assert Kind.EAN in read_query("4006381333931").kinds


def test_what_follows_a_command_is_its_argument() -> None:
    asked = read_query(":theme  light mode ")
    assert (asked.guesses, asked.argument) == ((Guess(Kind.SCREEN, "theme"),), "light mode")


def test_an_order_number_behind_a_colon_is_still_looked_for() -> None:
    assert Guess(Kind.ORDER, "104416") in read_query(":104416").guesses


def test_a_name_of_several_words_is_not_taken_for_a_number() -> None:
    assert read_query("Weg 12 Haus 4").kinds == (Kind.WORDS,)


def test_a_card_number_is_not_shown_and_not_looked_for_as_anything_but_a_parcel() -> None:
    asked = read_query("4111 1111 1111 1111")
    assert asked.text == "Visa ****1111"
    assert asked.warning is not None and "pay link" in asked.warning
    assert set(asked.kinds) == {Kind.TRACKING}


def test_nothing_typed_is_nothing_asked() -> None:
    assert read_query("  \x00\u200b ").guesses == ()


HOSTILE = st.text(max_size=60) | st.text(alphabet="0123456789+-()#: @.]C1\x1d[]'\"%_*\\\x00\u202eR", max_size=60)


@given(HOSTILE)
def test_whatever_is_scanned_it_answers_with_clean_values(typed: str) -> None:
    asked = read_query(typed)
    assert is_clean(asked.text)
    assert all(guess.value and is_clean(guess.value) for guess in asked.guesses)
    assert len(set(asked.guesses)) == len(asked.guesses)


@pytest.mark.parametrize("typed", ["a" * 1_000_000, "1 " * 500_000, "e\u0301" * 500_000, "@" * 1_000_000])
def test_of_a_pasted_book_only_the_beginning_is_read(typed: str) -> None:
    asked = read_query(typed)
    assert asked == read_query(typed[:2_000])
    assert len(asked.text) <= 200


def test_check_digits_of_known_codes() -> None:
    assert all(has_check_digit(code) for code in ("4006381333931", "036000291452", "96385074", "340434161094000014"))
    assert not any(has_check_digit(code) for code in ("4006381333930", "", "40063813339x", "４００６"))
