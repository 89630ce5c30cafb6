"""Vector 8: a customer who is exempt from tax after placement gets exactly the order's tax back, by its own rates."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from opsdesk.domain.amendments.arithmetic import LineParts, OrderParts
from opsdesk.domain.amendments.edits import ExemptTax, edits_from_json, edits_to_json
from opsdesk.domain.amendments.exempting import without_tax
from opsdesk.domain.amendments.planning import preview
from opsdesk.domain.amendments.rules import overrides
from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.refunds.arithmetic import ChargedOrder
from tests.domain.test_refunds import orders

EXEMPT = ExemptTax("Certificate DE 12 of 2026")


def parts(*lines: LineParts, included: bool = True, **sums: int) -> OrderParts:
    made = OrderParts("104458", "EUR", lines, tax_included=included, **sums)
    return replace(made, total=made.summed)


PAN, BOOK = LineParts(1, "1", "Pan", 2, 5_950, tax=1_900), LineParts(2, "2", "Book", 1, 1_070, tax=70)
MIXED = parts(PAN, BOOK, shipping=595, tax=2_065)
"""2 x 59.50 at 19 %, 10.70 at 7 %, shipping 5.95 at 19 %: 135.65, of it 20.65 tax."""


def test_vector_8_prices_with_tax_inside_become_net_line_by_line() -> None:
    amended = preview(MIXED, [EXEMPT], {})
    after = amended.after
    assert [(line.unit_price, line.discount, line.tax) for line in after.lines] == [(5_000, 0, 0), (1_000, 0, 0)]
    assert (after.shipping, after.tax, after.total) == (500, 0, 11_500)
    assert "tax: 20.65 EUR became 0.00 EUR" in amended.changes
    assert overrides(amended, [EXEMPT], {}) == ("All tax (20.65 EUR) is taken off",)


def test_vector_8_tax_beside_the_prices_goes_and_the_prices_stay() -> None:
    pan, book = replace(PAN, unit_price=5_000), replace(BOOK, unit_price=1_000)
    amended = preview(parts(pan, book, included=False, shipping=500, tax=2_065), [EXEMPT], {})
    assert [line.unit_price for line in amended.after.lines] == [5_000, 1_000]
    assert (amended.old_total.minor, amended.new_total.minor, amended.after.shipping) == (13_565, 11_500, 500)


def test_a_net_price_that_is_no_whole_cent_is_made_up_for_in_the_discount() -> None:
    """3 x 10.00 with 4.79 inside at 19 %: 25.21 net are 3 x 8.41 less 0.02."""
    amended = preview(parts(LineParts(1, "1", "Tea", 3, 1_000, tax=479), tax=479), [EXEMPT], {})
    (line,) = amended.after.lines
    assert (line.unit_price, line.discount, line.amount, amended.new_total.minor) == (841, 2, 2_521, 2_521)


@given(orders())
def test_vector_8_whatever_the_order_its_total_is_less_by_exactly_its_tax(order: ChargedOrder) -> None:
    lines = tuple(
        LineParts(line.line_id, "1", line.title, line.ordered, line.unit_price, discount=line.discount, tax=line.tax)
        for line in order.lines
    )
    sums = {"discount": order.discount, "shipping": order.shipping, "tax": order.tax}
    before = parts(*lines, included=order.tax_included, **sums)
    after = without_tax(before)
    assert all(line.discount >= 0 and line.amount >= 0 and not line.tax for line in after.lines)
    left = sum(line.amount for line in before.lines) - before.discount
    if before.tax <= left + before.shipping and left >= sum(line.tax for line in before.lines):
        assert after.summed == before.total - before.tax


def test_without_a_reason_without_tax_or_after_a_refund_it_is_refused() -> None:
    with pytest.raises(Invalid, match="Say why the customer is exempt"):
        preview(MIXED, [ExemptTax(" ")], {})
    with pytest.raises(Refused, match="bears no tax"):
        preview(parts(replace(PAN, tax=0)), [EXEMPT], {})
    with pytest.raises(Refused, match="1 refunded already, with its tax"):
        preview(parts(replace(PAN, refunded=1), BOOK, tax=1_970), [EXEMPT], {})


def test_it_comes_back_from_json() -> None:
    assert edits_from_json(edits_to_json([EXEMPT], "EUR")) == (EXEMPT,)
