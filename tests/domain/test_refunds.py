"""Refunds end exact to the cent, whatever is returned in whatever order; the figures are those of the shop's books."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.errors import Invalid
from opsdesk.domain.money import Money
from opsdesk.domain.refunds.arithmetic import (
    ChargedLine,
    ChargedOrder,
    cumulative,
    discount_shares,
    line_worths,
    shipping_worth,
    tax_included_in,
)
from opsdesk.domain.refunds.composing import (
    Fee,
    PromotionPolicy,
    RefundContent,
    RefundLine,
    RefundPart,
    RefundPlan,
    compose,
    overpaid,
    refundable,
    threshold_choice,
)
from opsdesk.domain.refunds.states import FeeKind, PartKind


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def an_order(*lines: tuple[int, int], currency: str = "EUR", **sums) -> ChargedOrder:
    """Charge lines of (units, price of one); line 1 is the first."""
    charged = tuple(ChargedLine(at, f"Line {at}", units, price) for at, (units, price) in enumerate(lines, 1))
    return ChargedOrder("104501", currency, charged, **sums)


def lines(*wanted: tuple[int, int]) -> RefundContent:
    return RefundContent(tuple(RefundLine(line_id, units) for line_id, units in wanted))


def one_by_one(order: ChargedOrder, line_id: int, units: int) -> list[RefundPlan]:
    """Refund a line unit by unit."""
    plans: list[RefundPlan] = []
    for _ in range(units):
        plans.append(compose(order, [part for plan in plans for part in plan.parts], lines((line_id, 1))))
    return plans


# --- the penny trap: 10 x 23.90 with 20 % tax inside, 25 % off


PENNY_TRAP = ChargedOrder("1", "GBP", (ChargedLine(1, "Tea", 10, 2_390, 5_975, 2_987),), tax=2_987)


def test_the_tax_inside_is_what_the_rounded_net_leaves() -> None:
    assert tax_included_in(Money(17_925, "GBP"), Decimal(20)) == Money(2_987, "GBP")
    assert tax_included_in(Money(17_925, "GBP"), Decimal(0)) == Money(0, "GBP")


def test_a_full_refund_is_what_was_paid_and_not_a_penny_more() -> None:
    plan = compose(PENNY_TRAP, (), lines((1, 10)))
    assert (str(plan.total), str(plan.tax)) == ("179.25 GBP", "29.87 GBP")


def test_ten_refunds_of_one_unit_come_to_the_same() -> None:
    plans = one_by_one(PENNY_TRAP, 1, 10)
    assert [plan.total.minor for plan in plans] == [1_793, 1_792] * 5
    assert sum(plan.total.minor for plan in plans) == 17_925
    assert sum(plan.tax.minor for plan in plans) == 2_987


def test_rounding_each_unit_by_itself_would_have_paid_too_much() -> None:
    """The control: what the naive way pays out."""
    assert 10 * cumulative(17_925, 1, 10) == 17_930


# --- the discount of the whole order


def test_a_discount_over_three_lines_goes_by_largest_remainder() -> None:
    order = an_order((1, 3_333), (1, 3_333), (1, 3_334), discount=1_000)
    assert discount_shares(order) == (333, 333, 334)
    assert sum(worth.gross for worth in line_worths(order)) == 9_000


@pytest.mark.parametrize(
    ("prices", "discount", "returned", "refund"),
    [((6_000, 4_000), 1_000, 2, 3_600), ((600, 400), 100, 1, 540)],
)
def test_a_returned_line_takes_its_own_share_of_the_discount_along(prices, discount, returned, refund) -> None:
    order = an_order(*((1, price) for price in prices), discount=discount)
    plan = compose(order, (), lines((returned, 1)))
    assert plan.total == eur(refund)
    kept = next(line for line in refundable(order, plan.parts).lines if line.line_id != returned)
    assert kept.amount == eur(order.total - refund)


def test_a_discount_above_the_goods_takes_the_shipping_down() -> None:
    order = an_order((1, 1_000), discount=1_200, shipping=500)
    assert (line_worths(order)[0].gross, shipping_worth(order).gross, order.total) == (0, 300, 300)


def test_a_voucher_written_as_a_line_below_zero_is_a_discount() -> None:
    order = an_order((1, 10_000), (1, -1_000))
    assert [worth.gross for worth in line_worths(order)] == [9_000, 0]


def test_a_discount_that_the_rest_no_longer_earns_is_kept_or_clawed_back() -> None:
    order = an_order((1, 6_000), (1, 5_000), discount=1_000)
    choice = threshold_choice(order, (), (RefundLine(2, 1),), eur(10_000))
    assert choice.is_crossed
    assert (choice.keep, choice.claw_back) == (eur(4_545), eur(4_000))


def test_what_was_clawed_back_is_given_back_when_the_rest_returns_too() -> None:
    order = an_order((1, 6_000), (1, 5_000), discount=1_000)
    policy = {"promotion": PromotionPolicy.CLAW_BACK, "threshold": eur(10_000)}
    first = compose(order, (), RefundContent((RefundLine(2, 1),), **policy))
    second = compose(order, first.parts, lines((1, 1)))
    assert first.total + second.total == eur(order.total)
    assert second.total == eur(6_000)


def test_a_lost_discount_never_turns_a_refund_into_a_demand() -> None:
    order = an_order((1, 100), (1, 9_950), discount=5_000)
    choice = threshold_choice(order, (), (RefundLine(1, 1),), eur(10_000))
    assert choice.claw_back == eur(0)


def test_a_bundle_gives_back_the_paid_unit_and_nothing_for_the_free_one() -> None:
    order = ChargedOrder("1", "EUR", (ChargedLine(1, "Buy one", 1, 1_000), ChargedLine(2, "Get one", 1, 1_000, 1_000)))
    assert compose(order, (), lines((2, 1))).total == eur(0)
    assert compose(order, (), lines((1, 1))).total == eur(1_000)


# --- tax beside the price, tax of the order alone, other currencies


def test_tax_beside_the_price_goes_back_with_the_goods() -> None:
    taxed = (ChargedLine(1, "Pan", 3, 3_333, 0, 700), ChargedLine(2, "Book", 1, 1_000, 0, 70))
    order = ChargedOrder("1", "EUR", taxed, shipping=500, tax=865, tax_included=False)
    pan = compose(order, (), lines((1, 3)))
    assert (pan.total, pan.tax) == (eur(9_999 + 700), eur(700))
    assert (shipping_worth(order).gross, shipping_worth(order).tax) == (595, 95)


def test_tax_that_the_shop_sends_for_the_order_alone_is_shared_by_what_things_cost() -> None:
    order = an_order((1, 10_000), (1, 5_000), shipping=490, tax=1_013)
    taxes = [worth.tax for worth in line_worths(order)]
    assert sum(taxes) + shipping_worth(order).tax == 1_013
    assert taxes == [654, 327]


def test_lines_that_tell_a_cent_more_tax_than_the_order_are_cut_to_it() -> None:
    taxed = tuple(ChargedLine(at, "Tea", 1, 1_000, 0, 160) for at in (1, 2, 3))
    assert sum(worth.tax for worth in line_worths(ChargedOrder("1", "EUR", taxed, tax=479))) == 479


@pytest.mark.parametrize(("currency", "price", "first"), [("JPY", 1_001, 334), ("KWD", 10_000, 3_333)])
def test_other_currencies_round_to_their_own_units(currency: str, price: int, first: int) -> None:
    order = ChargedOrder("1", currency, (ChargedLine(1, "Set", 3, price, 2 * price),))
    plans = one_by_one(order, 1, 3)
    assert plans[0].total == Money(first, currency)
    assert sum(plan.total.minor for plan in plans) == price


def test_an_amount_in_another_currency_is_no_refund_of_this_order() -> None:
    with pytest.raises(Invalid, match="is in EUR"):
        compose(an_order((1, 1_000)), (), RefundContent(goodwill=Money(1_000, "INR")))


# --- shipping, fees, goodwill


def test_shipping_has_its_own_rest_and_its_own_tax() -> None:
    order = ChargedOrder("1", "EUR", (ChargedLine(1, "Tea", 1, 2_000, 0, 319),), shipping=490, tax=397)
    half = compose(order, (), RefundContent(shipping=eur(245)))
    rest = compose(order, half.parts, RefundContent(shipping=eur(245)))
    assert (half.tax.minor, rest.tax.minor) == (39, 39)
    gone = (*half.parts, *rest.parts)
    assert refundable(order, gone).shipping == eur(0)
    assert compose(order, gone, lines((1, 1))).total == eur(2_000)
    with pytest.raises(Invalid, match=r"Only 0\.00 EUR of the shipping"):
        compose(order, gone, RefundContent(shipping=eur(1)))


def test_fees_reduce_a_refund_and_never_push_it_below_nothing() -> None:
    order = an_order((1, 1_000), tax=160)
    fees = (Fee(FeeKind.RESTOCKING, eur(800), eur(128)), Fee(FeeKind.RETURN_LABEL, eur(490)))
    plan = compose(order, (), RefundContent((RefundLine(1, 1),), fees=fees))
    assert plan.total == eur(0)
    assert [part.amount for part in plan.parts] == [1_000, -800, -200]
    assert plan.tax == eur(160 - 128)


def test_goodwill_carries_no_tax() -> None:
    plan = compose(an_order((1, 1_000), tax=160), (), RefundContent(goodwill=eur(500)))
    assert (plan.total, plan.tax) == (eur(500), eur(0))


def test_an_order_that_was_free_is_returned_like_any_other() -> None:
    order = an_order((1, 1_000), discount=1_000)
    plan = compose(order, (), lines((1, 1)))
    assert plan.total == eur(0)
    assert plan.parts[0].quantity == 1


def test_more_units_than_are_left_are_refused_with_how_many_are() -> None:
    order = an_order((2, 1_000))
    first = compose(order, (), lines((1, 1)))
    with pytest.raises(Invalid, match="Only 1 of Line 1 can still be refunded, not 2"):
        compose(order, first.parts, lines((1, 2)))
    with pytest.raises(Invalid, match="no such line"):
        compose(order, (), lines((7, 1)))
    with pytest.raises(Invalid):
        compose(order, (), lines((1, -1)))


def test_a_line_that_is_named_twice_is_counted_together() -> None:
    assert compose(an_order((3, 1_000)), (), lines((1, 1), (1, 2))).total == eur(3_000)
    with pytest.raises(Invalid):
        compose(an_order((3, 1_000)), (), lines((1, 2), (1, 2)))


# --- paid too much


@pytest.mark.parametrize(
    ("paid", "earlier", "too_much"),
    [
        (12_000, (), 2_000),
        (10_000, (), 0),
        (9_000, (), 0),
        (6_000, (RefundPart(PartKind.LINE, 4_000, 0, 2, 1),), 0),
        (8_000, (RefundPart(PartKind.LINE, 4_000, 0, 2, 1),), 2_000),
        (9_000, (RefundPart(PartKind.GOODWILL, 1_000),), 0),
        (6_500, (RefundPart(PartKind.LINE, 4_000, 0, 2, 1), RefundPart(PartKind.FEE, -500)), 0),
        (10_000, (RefundPart(PartKind.OVERPAYMENT, 2_000),), 0),
    ],
)
def test_what_was_paid_too_much_is_not_what_was_granted(paid, earlier, too_much) -> None:
    order = an_order((1, 6_000), (1, 4_000))
    assert overpaid(order, earlier, paid) == eur(too_much)


def test_a_refunded_line_that_was_amended_away_is_not_paid_back_twice() -> None:
    order = ChargedOrder("1", "EUR", (ChargedLine(1, "Kept", 1, 6_000), ChargedLine(2, "Gone", 0, 4_000)))
    assert overpaid(order, [RefundPart(PartKind.LINE, 4_000, 0, 2, 1)], 6_000) == eur(0)


# --- whatever is returned in whatever order


@st.composite
def orders(draw) -> ChargedOrder:
    charged = []
    for at in range(1, draw(st.integers(1, 4)) + 1):
        units, price = draw(st.integers(1, 12)), draw(st.integers(0, 9_999))
        discount = draw(st.integers(0, units * price))
        worth = units * price - discount
        charged.append(ChargedLine(at, f"Line {at}", units, price, discount, draw(st.integers(0, worth // 4))))
    goods = sum(line.amount for line in charged)
    shipping = draw(st.integers(0, 2_000))
    tax = sum(line.tax for line in charged) + draw(st.integers(0, shipping // 4))
    return ChargedOrder(
        "1",
        draw(st.sampled_from(("EUR", "JPY", "KWD"))),
        tuple(charged),
        draw(st.integers(0, goods)),
        shipping,
        tax,
        draw(st.booleans()),
    )


@given(orders(), st.data())
def test_any_sequence_of_refunds_ends_at_exactly_what_was_paid(order: ChargedOrder, data) -> None:
    earlier: list[RefundPart] = []
    while True:
        left = refundable(order, earlier)
        open_lines = [line for line in left.lines if line.units]
        if not open_lines and not left.shipping:
            break
        if open_lines and (not left.shipping or data.draw(st.booleans())):
            line = data.draw(st.sampled_from(open_lines))
            content = lines((line.line_id, data.draw(st.integers(1, line.units))))
        else:
            some = data.draw(st.integers(1, left.shipping.minor))
            content = RefundContent(shipping=Money(some, order.currency))
        plan = compose(order, earlier, content)
        assert plan.total.minor >= 0
        assert plan.tax.minor >= 0
        earlier += plan.parts
        assert sum(part.tax for part in earlier) <= order.tax
    assert sum(part.amount for part in earlier) == order.total
    assert sum(part.tax for part in earlier) == order.tax


@given(orders(), st.data())
def test_with_a_clawed_back_discount_everything_ends_exact_too(order: ChargedOrder, data) -> None:
    threshold = Money(data.draw(st.integers(1, 100_000)), order.currency)
    earlier: list[RefundPart] = []
    for line in data.draw(st.permutations(order.lines)):
        content = RefundContent(
            (RefundLine(line.line_id, line.ordered),), promotion=PromotionPolicy.CLAW_BACK, threshold=threshold
        )
        plan = compose(order, earlier, content)
        assert plan.total.minor >= 0
        earlier += plan.parts
    shipping = shipping_worth(order).gross
    assert sum(part.amount for part in earlier) == order.total - shipping


@given(orders(), st.data())
def test_fees_never_make_a_refund_less_than_nothing(order: ChargedOrder, data) -> None:
    some = st.integers(0, 5_000).map(lambda minor: Money(minor, order.currency))
    fees = tuple(Fee(FeeKind.OTHER, data.draw(some), data.draw(some)) for _ in range(3))
    whole = tuple(RefundLine(line.line_id, line.ordered) for line in order.lines)
    plan = compose(order, (), RefundContent(whole, fees=fees))
    assert plan.total.minor >= 0
    assert plan.tax.minor >= 0
