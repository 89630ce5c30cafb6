"""Names are found as people type them, whatever accents the customer used."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.searching import LONGEST_SEARCH_TEXT, digits, folded, order_search_text, reversed_digits


@pytest.mark.parametrize(
    ("written", "typed"),
    [("José Álvarez", "jose alvarez"), ("Łukasz", "lukasz"), ("STRASSE", "straße"), ("Ørsted", "orsted"),
     ("  Anna   Lena ", "anna lena"), ("ＡＢＣ", "abc"), ("Đorđević", "dordevic"), ("山田 太郎", "山田 太郎")],
)  # fmt: skip
def test_what_is_written_and_what_is_typed_fold_alike(written: str, typed: str) -> None:
    assert folded(written) == folded(typed)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@pytest.mark.parametrize(("text", "found"), [("+49 (0)30-12", "4903012"), ("٣٤", "34"), ("no", "")])
def test_digits_of_any_script(text: str, found: str) -> None:
    assert digits(text) == found
    assert reversed_digits(text) == found[::-1]


def test_an_order_is_found_by_number_name_mail_and_goods_and_the_text_stays_short() -> None:
    text = order_search_text("104458", "Ádá Berg", "ada@berg.example", ["40021", "40021", "X" * 900])
    assert text.startswith("104458 ada berg ada@berg.example 40021 xxx")
    assert len(text) == LONGEST_SEARCH_TEXT
