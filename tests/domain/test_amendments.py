"""What an amendment comes to: totals that add up exactly, tax by the order's own rate, and nothing taken away twice."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdesk.domain.amendments.arithmetic import (
    LineParts,
    OrderParts,
    fingerprint,
    moved,
    parts_from_json,
    parts_to_json,
)
from opsdesk.domain.amendments.edits import (
    AddLine,
    DiscountLine,
    DiscountOrder,
    Edit,
    OverridePrice,
    RemoveLine,
    SetAddress,
    SetQuantity,
    SetShipping,
    SwapLine,
    edit_words,
    edits_from_json,
    edits_to_json,
)
from opsdesk.domain.amendments.elsewhere import elsewhere_words
from opsdesk.domain.amendments.planning import ShippingStep, preview
from opsdesk.domain.amendments.rules import Standing, overrides, why_not_amend
from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.errors import Invalid, OpsDeskError, Refused
from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import ActiveHold, Blocks, HoldType
from opsdesk.domain.orders.states import Lifecycle, LineFacts, OrderFacts
from opsdesk.domain.payments.order_money import MoneyFacts

NOW = datetime(2026, 11, 24, 13, 32, tzinfo=UTC)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def order(*lines: LineParts, included: bool = True, **parts: int) -> OrderParts:
    """An order whose total is what its parts give; its tax is that of its lines unless said otherwise."""
    tax = parts.pop("tax", sum(line.tax for line in lines))
    made = OrderParts("104458", "EUR", lines, tax_included=included, tax=tax, shipping_method="DHL", **parts)
    return replace(made, total=made.summed)


GRANOLA = LineParts(1, "40021", "Oat granola", 2, 890, tax=116)
HONEY = LineParts(2, "40177", "Honey jar", 1, 1_250, tax=82)
PLAIN = order(GRANOLA, HONEY, shipping=490)


def adds_up(parts: OrderParts) -> bool:
    """The very formula of `opsdesk verify` (INV-M1 to M3)."""
    goods = sum(line.ordered * line.unit_price - line.discount for line in parts.lines)
    total = goods - parts.discount + parts.shipping + (0 if parts.tax_included else parts.tax)
    taxes = sum(line.tax for line in parts.lines)
    counts = all(line.ordered >= line.cancelled + line.shipped >= 0 and line.discount >= 0 for line in parts.lines)
    return (
        (goods, total) == (parts.goods, parts.total)
        and total >= 0
        and counts
        and 0 <= taxes <= parts.tax + len(parts.lines)
    )


@st.composite
def order_parts(draw: st.DrawFn) -> OrderParts:
    percent, lines = draw(st.sampled_from((0, 7, 19, 20))), []
    for line_id in range(1, draw(st.integers(1, 4)) + 1):
        ordered, price = draw(st.integers(0, 9)), draw(st.integers(0, 9_999))
        shipped = draw(st.integers(0, ordered))
        off = draw(st.integers(0, ordered * price))
        sku = f"SKU-{line_id}"
        cancelled, refunded = draw(st.integers(0, ordered - shipped)), draw(st.integers(0, ordered))
        lines.append(LineParts(line_id, sku, f"Line {line_id}", ordered, price, cancelled, shipped, refunded, off))
    goods = sum(line.amount for line in lines)
    shipping, discount = draw(st.integers(0, 900)), draw(st.integers(0, goods))
    # Few shops tax the whole price of goods that they give away.
    rest = goods if 3 * discount < goods and draw(st.booleans()) else goods - discount
    lines = [replace(line, tax=line.amount * rest * percent // (100 + percent) // max(1, goods)) for line in lines]
    besides = shipping * percent // (100 + percent)
    taxes = sum(line.tax for line in lines) + besides
    if draw(st.booleans()):
        lines = [replace(line, tax=0) for line in lines]
    return order(*lines, included=draw(st.booleans()), tax=taxes, shipping=shipping, discount=discount)


amounts = st.integers(0, 20_000).map(eur)
line_ids = st.integers(-2, 5)
edit_lists = st.lists(
    st.one_of(
        st.builds(AddLine, st.just("NEW"), st.integers(0, 9), amounts, st.just("New"), st.none() | amounts),
        st.builds(SetQuantity, line_ids, st.integers(-1, 12)),
        st.builds(RemoveLine, line_ids),
        st.builds(SwapLine, line_ids, st.just("OTHER"), st.integers(0, 9), amounts, st.just("Other")),
        st.builds(OverridePrice, line_ids, amounts, st.just("Agreed on the phone")),
        st.builds(DiscountLine, line_ids, amounts),
        st.builds(DiscountOrder, amounts),
        st.builds(SetShipping, st.sampled_from(("", "Express")), amounts),
        st.just(SetAddress((("city", "Bremen"), ("postcode", "28203")))),
    ),
    min_size=1,
    max_size=6,
)


@settings(deadline=None)
@given(order_parts(), edit_lists)
def test_whatever_can_be_previewed_adds_up_to_the_cent(parts: OrderParts, edits: list[Edit]) -> None:
    try:
        amended = preview(parts, edits, {})
    except OpsDeskError:
        return
    assert adds_up(amended.after)
    assert amended.delta.minor == amended.after.total - parts.total
    for line in amended.after.lines:
        known = parts.line(line.id)
        if known is not None:
            assert line.ordered >= min(known.ordered, known.cancelled + known.shipped + known.refunded)


@settings(deadline=None)
@given(order_parts(), st.integers(1, 9), st.integers(1, 9_999))
def test_vector_22_what_was_added_and_taken_off_again_leaves_every_cent_as_it_was(
    parts: OrderParts, quantity: int, price: int
) -> None:
    add = AddLine("NEW", quantity, eur(price), "New")
    with pytest.raises(Refused, match="Nothing of 104458 would change"):
        preview(parts, [add, RemoveLine(-1)], {})
    bigger = preview(parts, [add], {}).after
    saved = replace(bigger, lines=tuple(replace(line, id=99) if line.id < 0 else line for line in bigger.lines))
    back = preview(saved, [RemoveLine(99)], {}).after
    assert (back.total, back.tax, back.goods, back.discount) == (parts.total, parts.tax, parts.goods, parts.discount)
    assert back.lines[:-1] == parts.lines
    assert fingerprint(back) == fingerprint(parts)


@settings(deadline=None)
@given(order_parts(), st.integers(1, 20))
def test_more_units_and_then_as_many_as_before_is_the_order_as_it_was(parts: OrderParts, more: int) -> None:
    line = parts.lines[0]
    if not line.ordered or line.cancelled + line.shipped + line.refunded > line.ordered:
        return
    up = preview(parts, [SetQuantity(1, line.ordered + more)], {}).after
    assert preview(up, [SetQuantity(1, line.ordered)], {}).after == parts


def test_an_added_line_costs_its_price_and_bears_the_rate_of_the_order() -> None:
    amended = preview(PLAIN, [AddLine("50433", 2, eur(1_070), "Tea")], {"50433": 10})
    assert (amended.old_total, amended.new_total, amended.delta) == (eur(3_520), eur(5_660), eur(2_140))
    assert amended.after.lines[-1].tax == 140, "7 % out of 21.40"
    assert amended.tax == eur(116 + 82 + 140)
    assert (amended.shipping, amended.warnings) == (ShippingStep.KEPT, ())


def test_the_rate_is_that_of_most_of_the_goods_and_not_of_most_of_the_lines() -> None:
    small = [LineParts(number, f"S{number}", "Book", 1, 107, tax=7) for number in (1, 2, 3)]
    mixed = order(*small, LineParts(4, "B", "Bike", 1, 11_900, tax=1_900))
    assert preview(mixed, [AddLine("N", 1, eur(1_190), "Lamp")], {}).after.lines[-1].tax == 190


def test_tax_on_top_moves_the_total_and_a_typed_tax_is_taken_as_it_is() -> None:
    parts = order(LineParts(1, "A", "Knife", 1, 1_000, tax=200), included=False)
    assert parts.total == 1_200
    assert preview(parts, [SetQuantity(1, 3)], {}).new_total == eur(3_600)
    assert preview(parts, [AddLine("B", 1, eur(1_000), "Book", eur(50))], {}).new_total == eur(2_250)


def test_the_tax_of_an_order_whose_lines_carry_none_follows_the_whole() -> None:
    bare = [replace(line, tax=0) for line in PLAIN.lines]
    parts = order(*bare, shipping=490, tax=230)
    amended = preview(parts, [RemoveLine(2)], {})
    assert amended.tax.minor == round(230 * (1_780 + 490) / 3_520)
    assert all(line.tax == 0 for line in amended.after.lines)


def test_a_fixed_discount_stays_but_is_never_more_than_the_goods() -> None:
    """Vector 5: 60 and 40 with 10 off are 54 and 36; taking off the second line leaves 50, not 54."""
    parts = order(LineParts(1, "A", "A", 1, 6_000), LineParts(2, "B", "B", 1, 4_000), discount=1_000)
    assert preview(parts, [RemoveLine(2)], {}).new_total == eur(5_000)
    emptied = preview(parts, [RemoveLine(1), RemoveLine(2)], {}).after
    assert (emptied.total, emptied.discount) == (0, 0)


def test_tax_goes_by_what_a_discount_leaves() -> None:
    """60 and 40 with 10 off at 20 % on top bear 18; 60 alone bear 10, and 100 more bear 20 more."""
    lines = (LineParts(1, "A", "A", 1, 6_000, tax=1_080), LineParts(2, "B", "B", 1, 4_000, tax=720))
    parts = order(*lines, discount=1_000, included=False)
    assert preview(parts, [RemoveLine(2)], {}).tax == eur(1_000)
    assert preview(parts, [AddLine("C", 1, eur(10_000), "C")], {}).tax == eur(3_800)
    assert preview(parts, [DiscountOrder(eur(2_000))], {}).tax == eur(1_600)


def test_a_tax_that_a_shop_took_on_the_whole_price_of_an_almost_free_order_stays_a_tax() -> None:
    free = order(LineParts(1, "A", "A", 1, 10_000, tax=700), discount=9_999)
    assert preview(free, [SetQuantity(1, 2)], {}).tax == eur(1_400)
    assert preview(free, [AddLine("C", 1, eur(10_000), "C")], {}).tax == eur(1_400)


def test_an_order_without_any_rate_says_that_new_goods_bear_no_tax() -> None:
    gift = order(LineParts(1, "A", "A", 1, 1_000), discount=1_000)
    amended = preview(gift, [AddLine("C", 1, eur(500), "Card")], {"C": 1})
    assert (amended.tax, amended.warnings) == (
        eur(0),
        ("104458 has no tax rate to go by: Card was added without tax.",),
    )
    assert preview(order(HONEY), [AddLine("C", 1, eur(500), "Card")], {"C": 1}).warnings == ()


def test_the_discount_of_a_line_goes_with_its_units_and_comes_back_with_them() -> None:
    parts = order(replace(GRANOLA, discount=101))
    amended = preview(parts, [SetQuantity(1, 1), SetQuantity(1, 2), SetQuantity(1, 4)], {})
    assert amended.after.lines[0].discount == 202
    with pytest.raises(Refused, match="Nothing"):
        preview(parts, [SetQuantity(1, 1), SetQuantity(1, 2)], {})


@pytest.mark.parametrize(
    ("line", "edit", "said"),
    [
        (replace(GRANOLA, shipped=1), RemoveLine(1), "Oat granola: 1 sent already; it cannot have 0"),
        (replace(GRANOLA, refunded=2), SetQuantity(1, 1), "Oat granola: 2 refunded already; it cannot have 1"),
        (replace(GRANOLA, cancelled=1, shipped=1), SetQuantity(1, 1), "1 sent already, 1 cancelled already"),
        (replace(GRANOLA, shipped=1), SwapLine(1, "X", 1, eur(5)), "cannot have 0"),
        (replace(GRANOLA, shipped=1), OverridePrice(1, eur(5), "Scratched"), "its price stands"),
        (replace(GRANOLA, refunded=1), DiscountLine(1, eur(5)), "its discount stands. Give money back with a refund"),
    ],
)
def test_vector_23_a_line_that_was_sent_or_refunded_says_by_name_why_it_stays(
    line: LineParts, edit: Edit, said: str
) -> None:
    with pytest.raises(Refused) as refused:
        preview(order(line, HONEY), [edit], {})
    assert said in refused.value.message


def test_more_may_be_added_to_a_line_that_has_been_sent_in_part() -> None:
    assert preview(order(replace(GRANOLA, shipped=2)), [SetQuantity(1, 3)], {}).after.lines[0].ordered == 3


def test_a_removed_line_keeps_its_row_and_a_swap_is_said_as_two_lines() -> None:
    amended = preview(PLAIN, [SwapLine(2, "40178", 1, eur(1_350), "Forest honey")], {"40178": 0})
    assert [(line.id, line.ordered) for line in amended.after.lines] == [(1, 2), (2, 0), (-1, 1)]
    assert amended.delta == eur(100)
    assert amended.warnings == ("Forest honey (40178): 1 more are wanted, 0 are in stock: 1 too few.",)
    assert "Honey jar: ordered 1 became 0" in amended.changes
    assert "Forest honey is new" in amended.changes


def test_stock_is_asked_for_what_comes_in_alone() -> None:
    assert preview(PLAIN, [SetQuantity(1, 5)], {"40021": 3}).warnings == ()
    assert "not in the catalogue" in preview(PLAIN, [SetQuantity(1, 5)], {}).warnings[0]
    assert preview(PLAIN, [SetQuantity(1, 5)], {"40021": None}).warnings == ()
    assert preview(PLAIN, [SetQuantity(1, 1)], {}).warnings == ()


def test_what_is_in_stock_of_what_comes_in_is_said_where_it_is_enough_too() -> None:
    more = preview(PLAIN, [SetQuantity(1, 5)], {"40021": 3})
    assert (more.warnings, more.stock) == ((), ("Oat granola (40021): 3 more are wanted, 3 are in stock.",))
    assert preview(PLAIN, [SetQuantity(1, 6)], {"40021": 3}).warnings == (
        "Oat granola (40021): 4 more are wanted, 3 are in stock: 1 too few.",
    )
    assert preview(PLAIN, [SetQuantity(1, 6)], {"40021": None}).stock == ()


HOME = {"name": "Ada", "line1": "Weg 1", "postcode": "28195", "city": "Bremen", "country": "DE"}
ABROAD = SetAddress((("postcode", "2544"), ("city", "Biel"), ("country", "CH")))


@pytest.mark.parametrize(
    ("edit", "facts", "said"),
    [
        (SetAddress((("line1", "Weg 2"),)), {}, ()),
        (SetQuantity(1, 3), {"packing_since": NOW}, ()),
        (
            SetAddress((("line1", "Weg 2"),)),
            {"packing_since": NOW},
            ("A label that was printed already shows the old address: throw it away and print a new one.",),
        ),
        (
            SetAddress((("line1", "Weg 2"),)),
            {"lines": (LineFacts(2, shipped=1),)},
            ("1 unit has left for the old address already: ask the carrier to send the parcel elsewhere.",),
        ),
        (
            ABROAD,
            {"holds": (ActiveHold(1, HoldType.ADDRESS, frozenset({Blocks.SHIP}), "", "mia", NOW, None),)},
            (
                "It goes to CH instead of DE. Tax (1.98 EUR) and shipping (4.90 EUR) stay as the order has them: "
                "look whether they are right there.",
                "It stays on hold (address) until somebody releases it (h).",
            ),
        ),
    ],
)
def test_what_does_not_follow_a_new_address_by_itself_is_said(
    edit: Edit, facts: dict[str, object], said: tuple[str, ...]
) -> None:
    amended = preview(replace(PLAIN, address=HOME), [edit], {"40021": 9})
    found = OrderFacts("104458", Lifecycle.PLACED, 1, (LineFacts(2),), MoneyFacts(3_030))
    assert elsewhere_words(amended, replace(found, **facts)) == said  # type: ignore[arg-type]


def test_a_new_address_is_told_field_by_field() -> None:
    amended = preview(replace(PLAIN, address=HOME), [ABROAD], {})
    assert amended.changes == (
        "ship to, post code: 28195 became 2544",
        "ship to, town: Bremen became Biel",
        "ship to, country: DE became CH",
    )


def test_shipping_is_kept_charged_or_waived_and_always_said() -> None:
    assert preview(PLAIN, [SetShipping("Express", eur(490))], {}).shipping is ShippingStep.KEPT
    charged = preview(PLAIN, [SetShipping("Express", eur(990))], {})
    assert (charged.shipping, charged.delta, charged.after.shipping_method) == (
        ShippingStep.CHARGED,
        eur(500),
        "Express",
    )
    assert preview(PLAIN, [SetShipping("", eur(0))], {}).shipping is ShippingStep.WAIVED


def test_the_tax_of_shipping_follows_shipping() -> None:
    parts = order(GRANOLA, HONEY, shipping=490, tax=116 + 82 + 32)
    assert preview(parts, [SetShipping("", eur(980))], {}).tax == eur(116 + 82 + 64)
    free = order(GRANOLA, HONEY)
    assert preview(free, [SetShipping("", eur(490))], {}).tax == eur(116 + 82 + 32), "at the rate of the goods"


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        (AddLine("", 1, eur(1)), "sku"),
        (AddLine("X", 0, eur(1)), "quantity"),
        (AddLine("X", 1, eur(-1)), "unit_price"),
        (AddLine("X", 1, Money(1, "USD")), "unit_price"),
        (AddLine("X", 1_000_000, eur(10**15 - 1)), "quantity"),
        (SetQuantity(1, -1), "quantity"),
        (SetQuantity(1, 2_000_000), "quantity"),
        (OverridePrice(1, eur(1), " "), "reason"),
        (DiscountLine(1, eur(1_781)), "amount"),
        (SetShipping("", eur(-1)), "amount"),
    ],
)
def test_what_cannot_be_right_is_refused_at_its_field(edit: Edit, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        preview(PLAIN, [edit], {})
    assert refused.value.field == field


def test_a_line_that_is_not_there_is_no_line() -> None:
    with pytest.raises(Refused, match="no such line"):
        preview(PLAIN, [RemoveLine(7)], {})


@pytest.mark.parametrize(
    ("edit", "is_override"),
    [
        (AddLine("50433", 1, eur(1_070), "Tea"), False),
        (AddLine("50433", 1, eur(1_069), "Tea"), True),
        (AddLine("40177", 1, eur(1_250), "Honey jar"), False),
        (AddLine("", 1, eur(300), "Gift wrap"), True),
        (OverridePrice(1, eur(800), "Scratched"), True),
        (DiscountLine(1, eur(356)), False),
        (DiscountLine(1, eur(357)), True),
        (DiscountOrder(eur(606)), False),
        (DiscountOrder(eur(607)), True),
        (SetQuantity(1, 1), False),
        (SetShipping("", eur(0)), False),
    ],
)
def test_a_price_by_hand_or_more_than_a_fifth_off_is_an_override(edit: Edit, is_override: bool) -> None:
    found = overrides(preview(PLAIN, [edit], {}), [edit], {"50433": 1_070})
    assert bool(found) is is_override


def test_what_moved_is_named_old_and_new() -> None:
    now = order(replace(GRANOLA, shipped=1, unit_price=900), shipping=490)
    assert moved(PLAIN, now)[:3] == (
        "Oat granola: shipped 0 became 1",
        "Oat granola: price 8.90 EUR became 9.00 EUR",
        "Honey jar is gone",
    )
    assert fingerprint(now) != fingerprint(PLAIN)


@settings(deadline=None)
@given(order_parts())
def test_the_parts_of_an_order_come_back_from_json_as_they_were(parts: OrderParts) -> None:
    assert parts_from_json(parts_to_json(parts)) == parts


@settings(deadline=None)
@given(edit_lists)
def test_edits_come_back_from_json_as_they_were(edits: list[Edit]) -> None:
    assert edits_from_json(edits_to_json(edits, "EUR")) == tuple(edits)
    assert len(edit_words(edits, {})) == len(edits)


GOOD = {"kind": "set_quantity", "line_id": 1, "quantity": 2}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "[" * 50_000,
        '{"version": 1, "currency": "EUR", "edits": []}',
        json.dumps({"version": 2, "currency": "EUR", "edits": [GOOD]}),
        json.dumps({"version": True, "currency": "EUR", "edits": [GOOD]}),
        json.dumps({"version": 1, "currency": "EUR", "edits": [GOOD], "more": 1}),
        json.dumps({"version": 1, "currency": "euro", "edits": [{"kind": "discount_order", "amount": 1}]}),
        json.dumps({"version": 1, "currency": "EUR", "edits": [GOOD] * 201}),
        json.dumps({"version": 1, "currency": "EUR", "edits": [GOOD | {"quantity": 1.5}]}),
        json.dumps({"version": 1, "currency": "EUR", "edits": [GOOD | {"quantity": True}]}),
        json.dumps({"version": 1, "currency": "EUR", "edits": [GOOD | {"quantity": "2"}]}),
        json.dumps({"version": 1, "currency": "EUR", "edits": [GOOD | {"quantity": 10**40}]}),
        json.dumps({"version": 1, "currency": "EUR", "edits": [GOOD | {"kind": "__class__"}]}),
        json.dumps({"version": 1, "currency": "EUR", "edits": [GOOD | {"kind": ["set_quantity"]}]}),
        json.dumps({"version": 1, "currency": "EUR", "edits": [{"kind": "set_quantity", "line_id": 1}]}),
        json.dumps({"version": 1, "currency": "EUR", "edits": [{"kind": "set_address", "fields": [["door", "x"]]}]}),
        json.dumps({"version": 1, "currency": "EUR", "edits": [{"kind": "set_address", "fields": "city"}]}),
        json.dumps(
            {"version": 1, "currency": "EUR", "edits": [{"kind": "set_shipping", "method": "\x1b[2J", "amount": 1}]}
        ),
        '{"version": 1, "currency": "EUR", "edits": [{"kind": "set_quantity", "line_id": 1, "quantity": NaN}]}',
        '{"version": 1, "version": 1, "currency": "EUR", "edits": [{"kind": "remove_line", "line_id": 1}]}',
        '{"version": 1, "currency": "EUR", "edits": [{"kind": "remove_line", "line_id": ' + "9" * 5_000 + "}]}",
        " " * 1_000_001,
    ],
)
def test_json_that_is_no_list_of_edits_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        edits_from_json(text)
    assert refused.value.message


def test_each_edit_is_said_in_one_line_with_the_names_of_the_lines() -> None:
    edits = [
        AddLine("50433", 2, eur(1_070), "Tea"),
        RemoveLine(-1),
        SetQuantity(1, 3),
        SwapLine(2, "40178", 1, eur(1_350), "Forest honey"),
        OverridePrice(1, eur(800), "Scratched"),
        DiscountLine(1, eur(100)),
        DiscountOrder(eur(200)),
        SetShipping("Express", eur(990)),
        SetAddress((("city", "Bremen"), ("line2", ""))),
    ]
    assert edit_words(edits, {1: "Oat granola", 2: "Honey jar"}) == (
        "Add 2 × Tea at 10.70 EUR",
        "Remove Tea",
        "Oat granola: 3 units",
        "1 × Forest honey at 13.50 EUR instead of Honey jar",
        "Oat granola: price 8.00 EUR (Scratched)",
        "Oat granola: discount 1.00 EUR",
        "Discount of the order 2.00 EUR",
        "Shipping Express, 9.90 EUR",
        "Ship to Bremen",
    )


def facts(**changed: object) -> OrderFacts:
    return replace(OrderFacts("104458", Lifecycle.PLACED, 1, (LineFacts(2),), MoneyFacts(3_520)), **changed)


HELD = ActiveHold(1, HoldType.PRICING, frozenset({Blocks.AMEND}), "", "mia", NOW, None)


@pytest.mark.parametrize(
    ("found", "standing", "said"),
    [
        (facts(lifecycle=Lifecycle.CANCELLED), None, "is cancelled. Reopen it first"),
        (facts(lifecycle=Lifecycle.COMPLETED), None, "is completed"),
        (facts(holds=(HELD,)), None, "on hold: price check"),
        (facts(), Standing("mia", NOW, "awaiting payment"), "mia is changing 104458 since 2026-11-24 13:32 UTC"),
        (facts(amendment=AmendmentState.AWAITING_PACKER), None, "being changed already (awaiting packer)"),
        (facts(money=MoneyFacts(3_520, is_disputed=True)), None, "is disputed"),
        (facts(lines=(LineFacts(2, shipped=2),)), None, "Give money back with a refund (goodwill)"),
    ],
)
def test_why_an_order_cannot_be_changed(found: OrderFacts, standing: Standing | None, said: str) -> None:
    sentence = why_not_amend(found, standing)
    assert sentence is not None
    assert said in sentence


def test_an_open_order_can_be_changed_also_one_that_needs_no_parcel() -> None:
    assert why_not_amend(facts()) is None
    assert why_not_amend(facts(lines=(LineFacts(2, shipped=1),))) is None
    assert why_not_amend(facts(lines=(LineFacts(1, needs_shipping=False),))) is None
