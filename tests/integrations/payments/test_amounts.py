"""Amounts as Stripe counts them (its list of currencies: zero-decimal, three-decimal and special cases)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.errors import Refused
from opsdesk.domain.money import Money
from opsdesk.integrations.payments.stripe_amounts import from_stripe, to_stripe

CURRENCIES = ("EUR", "USD", "JPY", "KRW", "ISK", "UGX", "MGA", "HUF", "TWD", "KWD", "BHD", "TND", "CLP", "XOF")


@pytest.mark.parametrize(
    ("amount", "counted"),
    [
        (Money.parse("12.34", "EUR"), 1234), (Money.parse("500", "JPY"), 500), (Money.parse("5", "ISK"), 500),
        (Money.parse("5", "UGX"), 500), (Money.parse("10.45", "HUF"), 1045), (Money.parse("800.45", "TWD"), 80045),
        (Money.parse("5.120", "KWD"), 5120), (Money.parse("7.00", "MGA"), 7), (Money.parse("7", "XOF"), 7),
    ],
)  # fmt: skip
def test_amounts_are_counted_as_documented(amount: Money, counted: int) -> None:
    assert to_stripe(amount) == counted
    assert from_stripe(counted, amount.currency.lower()) == amount


@pytest.mark.parametrize(
    ("amount", "step"), [(Money.parse("5.124", "KWD"), "0.010 KWD"), (Money.parse("0.50", "MGA"), "1.00 MGA")]
)
def test_what_cannot_be_said_is_refused_and_never_rounded(amount: Money, step: str) -> None:
    with pytest.raises(Refused, match=f"steps of {step}"):
        to_stripe(amount)


def test_a_part_that_the_currency_does_not_have_is_no_amount() -> None:
    with pytest.raises(ValueError, match="4010 is no amount in ISK"):
        from_stripe(4010, "isk")


@given(st.integers(0, 10**9), st.sampled_from(CURRENCIES))
def test_what_was_sent_is_what_is_read(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    try:
        counted = to_stripe(amount)
    except Refused:
        return
    assert from_stripe(counted, currency) == amount
