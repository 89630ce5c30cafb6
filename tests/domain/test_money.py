"""Money: whole minor units, exact sums, no lost cent, no float anywhere."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.errors import Invalid
from opsdesk.domain.money import LARGEST_MINOR, Money, exponent, rounded

amounts = st.integers(-(10**12), 10**12)
weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any)


@given(amounts, weights)
def test_shares_add_up_to_the_whole_and_none_has_another_sign(minor: int, parts: list[int]) -> None:
    shares = Money(minor, "EUR").allocate(parts)
    assert sum(share.minor for share in shares) == minor
    assert all(share.minor * minor >= 0 for share in shares)


@given(amounts, weights)
def test_no_share_is_further_than_one_cent_from_its_exact_part(minor: int, parts: list[int]) -> None:
    for share, weight in zip(Money(minor, "EUR").allocate(parts), parts, strict=True):
        assert abs(Decimal(share.minor) - Decimal(minor) * weight / sum(parts)) < 1


def test_the_earlier_line_gets_the_odd_cent() -> None:
    assert [share.minor for share in Money(100, "EUR").allocate([1, 1, 1])] == [34, 33, 33]


@pytest.mark.parametrize("parts", [[], [0, 0], [1, -1]])
def test_what_cannot_be_split_is_our_mistake(parts: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Money(100, "EUR").allocate(parts)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("12.50", "EUR", 1250), (".5", "USD", 50), ("1200", "JPY", 1200), ("1.234", "KWD", 1234), ("-3", "GBP", -300),
     ("12.5000", "EUR", 1250), ("0", "EUR", 0)],
)  # fmt: skip
def test_a_plain_amount_is_read_with_the_decimals_of_its_currency(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [("12.505", "EUR"), ("1.5", "JPY"), ("1,50", "EUR"), ("1e3", "EUR"), ("NaN", "EUR"), ("", "EUR"), ("٣", "EUR"),
     ("9" * 4300, "EUR"), (str(LARGEST_MINOR), "EUR"), ("1_000", "EUR"), (" 1", "EU")],
)  # fmt: skip
def test_anything_else_is_refused_in_words(text: str, currency: str) -> None:
    with pytest.raises(Invalid) as refused:
        Money.parse(text, currency)
    assert refused.value.message.endswith(".")


@given(amounts, st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_what_is_written_can_be_read_again(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.parse(str(money.amount), currency) == money
    assert -money.amount.as_tuple().exponent == exponent(currency)  # type: ignore[operator]


@pytest.mark.parametrize("combine", [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b])
def test_two_currencies_never_meet(combine) -> None:
    with pytest.raises(ValueError, match="cannot be added or compared"):
        combine(Money(1, "EUR"), Money(1, "USD"))


@pytest.mark.parametrize("minor", [1.0, True, Decimal(1)])
def test_minor_units_are_whole_numbers(minor: object) -> None:
    with pytest.raises(TypeError):
        Money(minor, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("exact", "currency", "minor"), [("10.005", "EUR", 1001), ("10.004", "EUR", 1000), ("0.5", "JPY", 1)]
)
def test_computed_prices_round_half_up(exact: str, currency: str, minor: int) -> None:
    assert rounded(Decimal(exact), currency) == Money(minor, currency)
