"""Vector 8 of the money reference: mixed rates, tax inside and beside the price, shipping at its own or a shared rate."""

from __future__ import annotations

import pytest

from opsdesk.domain.amendments.arithmetic import LineParts, OrderParts
from opsdesk.domain.amendments.edits import SetQuantity
from opsdesk.domain.amendments.planning import preview
from opsdesk.domain.money import Money
from opsdesk.domain.refunds.composing import ChargedLine, ChargedOrder, RefundContent, RefundLine, compose, refundable


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


PAN, BOOK = ChargedLine(1, "Pan", 2, 5_950, 0, 1_900), ChargedLine(2, "Book", 1, 1_070, 0, 70)
"""With tax inside: 2 x 59.50 at 19 % and 10.70 at 7 %."""
PAN_NET, BOOK_NET = ChargedLine(1, "Pan", 2, 5_000, 0, 1_900), ChargedLine(2, "Book", 1, 1_000, 0, 70)
"""The same beside the price: 2 x 50.00 and 10.00."""


@pytest.mark.parametrize(
    ("order", "pan", "book", "shipping"),
    [
        # Shipping at the rate of most of the goods: 5.95 with 19 % inside, or 5.00 with 0.95 beside it.
        (ChargedOrder("1", "EUR", (PAN, BOOK), 0, 595, 2_065), (5_950, 950), (1_070, 70), (595, 95)),
        (ChargedOrder("1", "EUR", (PAN_NET, BOOK_NET), 0, 500, 2_065, False), (5_950, 950), (1_070, 70), (595, 95)),
        # Shipping pro rata: 5.00 net over goods of 100.00 at 19 % and 10.00 at 7 %: 0.86 + 0.03.
        (ChargedOrder("1", "EUR", (PAN, BOOK), 0, 589, 2_059), (5_950, 950), (1_070, 70), (589, 89)),
        (ChargedOrder("1", "EUR", (PAN_NET, BOOK_NET), 0, 500, 2_059, False), (5_950, 950), (1_070, 70), (589, 89)),
    ],
    ids=["inside, goods rate", "beside, goods rate", "inside, pro rata", "beside, pro rata"],
)
def test_vector_8_each_part_goes_back_with_the_tax_that_it_was_charged(
    order: ChargedOrder, pan: tuple[int, int], book: tuple[int, int], shipping: tuple[int, int]
) -> None:
    content = RefundContent((RefundLine(1, 1), RefundLine(2, 1)), eur(shipping[0]))
    plan = compose(order, (), content)
    assert [(part.amount, part.tax) for part in plan.parts] == [pan, book, shipping]
    rest = compose(order, plan.parts, RefundContent((RefundLine(1, 1),)))
    assert (rest.total.minor, rest.tax.minor) == pan
    assert plan.total + rest.total == eur(order.total)
    assert plan.tax + rest.tax == eur(order.tax)
    left = refundable(order, (*plan.parts, *rest.parts))
    assert (left.shipping, left.shipping_tax) == (eur(0), eur(0))


def test_vector_8_a_rate_that_changed_since_is_not_that_of_the_order() -> None:
    """Placed at 16 %: 116.00 with 16.00 inside. At 19 % of today it would be 18.52."""
    line = ChargedLine(1, "Pan", 4, 2_900, 0, 1_600)
    plan = compose(ChargedOrder("1", "EUR", (line,), tax=1_600), (), RefundContent((RefundLine(1, 1),)))
    assert (plan.total, plan.tax) == (eur(2_900), eur(400))
    parts = OrderParts("1", "EUR", (LineParts(1, "1", "Pan", 4, 2_900, tax=1_600),), tax=1_600, total=11_600)
    amended = preview(parts, [SetQuantity(1, 5)], {"1": None})
    assert (amended.new_total, amended.tax) == (eur(14_500), eur(2_000))
