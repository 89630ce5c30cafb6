"""Credit notes: each is its refund to the cent, and however many there are, together they never exceed the order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.errors import Invalid
from opsdesk.domain.money import Money
from opsdesk.domain.refunds.composing import (
    ChargedLine,
    ChargedOrder,
    Fee,
    FeeKind,
    RefundContent,
    RefundLine,
    RefundPart,
    compose,
    refundable,
)
from opsdesk.domain.refunds.credit_notes import (
    NoteLine,
    lines_from_json,
    lines_to_json,
    note_lines,
    note_number,
    note_words,
    opposite,
    read_number,
    sums_of,
)
from tests.domain.test_refunds import orders

PENNY_TRAP = ChargedOrder("1", "GBP", (ChargedLine(1, "Mug", 10, 2_390, 5_975, 2_987),), tax=2_987)
"""10 x 23.90 with 25 % off: 179.25, of it 29.87 tax at 20 %."""


def of_units(order: ChargedOrder, units: int, earlier: list[RefundPart]) -> tuple[NoteLine, ...]:
    plan = compose(order, earlier, RefundContent((RefundLine(1, units),)))
    earlier += plan.parts
    return note_lines(plan.parts)


def test_vector_11_ten_credit_notes_of_one_unit_are_the_invoice_to_the_penny() -> None:
    earlier: list[RefundPart] = []
    notes = [sums_of(of_units(PENNY_TRAP, 1, earlier)) for _ in range(10)]
    assert [note.gross for note in notes][:3] == [1_793, 1_792, 1_793]
    assert (sum(note.net for note in notes), sum(note.tax for note in notes)) == (14_938, 2_987)
    assert sum(note.gross for note in notes) == 17_925


@given(orders(), st.data())
def test_vector_11_several_credit_notes_never_exceed_the_order_per_line_tax_and_shipping(
    order: ChargedOrder, data
) -> None:
    earlier: list[RefundPart] = []
    credited: list[NoteLine] = []
    for _ in range(data.draw(st.integers(1, 6))):
        left = refundable(order, earlier)
        wanted = tuple(RefundLine(line.line_id, data.draw(st.integers(0, line.units))) for line in left.lines)
        shipping = Money(data.draw(st.integers(0, left.shipping.minor)), order.currency)
        plan = compose(order, earlier, RefundContent(wanted, shipping))
        earlier += plan.parts
        lines = note_lines(plan.parts)
        assert sums_of(lines).gross == plan.total.minor
        assert sums_of(lines).tax == plan.tax.minor
        credited += lines
    whole = refundable(order)
    for line in whole.lines:
        mine = [each for each in credited if each.line_id == line.line_id]
        assert sum(each.gross for each in mine) <= line.amount.minor
        assert sum(each.tax for each in mine) <= line.tax.minor
        assert sum(each.quantity for each in mine) <= line.units
    assert sum(each.gross for each in credited if each.kind == "shipping") <= whole.shipping.minor
    assert sums_of(credited).tax <= order.tax
    assert sums_of(credited).gross <= order.total


def test_what_was_kept_of_a_refund_is_on_its_note_and_what_was_paid_too_much_is_not() -> None:
    eur = Money(500, "GBP")
    content = RefundContent((RefundLine(1, 1),), fees=(Fee(FeeKind.RESTOCKING, eur),), overpayment=Money(300, "GBP"))
    plan = compose(PENNY_TRAP, [], content)
    assert [(line.kind, line.gross) for line in note_lines(plan.parts)] == [("line", 1_793), ("fee", -500)]
    assert note_words(plan.parts, "GBP") == "Credit note to come: 12.93 GBP, of it 2.99 GBP tax"
    assert note_words(compose(PENNY_TRAP, [], RefundContent(overpayment=eur)).parts, "GBP") == ""


def test_a_cancelling_document_is_the_opposite_and_lines_come_back_from_json() -> None:
    lines = of_units(PENNY_TRAP, 3, [])
    both = sums_of((*lines, *opposite(lines)))
    assert (both.net, both.tax, both.gross) == (0, 0, 0)
    assert lines_from_json(lines_to_json(lines)) == lines


@pytest.mark.parametrize("text", ["CN-000012", "cn-12", "12", " CN12 "])
def test_a_number_is_read_as_it_is_written_and_as_it_is_said(text: str) -> None:
    assert note_number(read_number(text)) == "CN-000012"


@pytest.mark.parametrize("text", ["", "CN-", "12a", "-12", "RE-12", "9" * 12])
def test_what_is_no_number_is_said_to_be_none(text: str) -> None:
    with pytest.raises(Invalid, match="no number of a credit note"):
        read_number(text)
