"""What is typed into the amendment form means: `2`, `2 @ 7.50`, `2 - 1.50`, `2 = TEA-100`, and new `3 x TEA @ 4.50`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from opsdesk.domain.amendments.arithmetic import ADDRESS_WORDS
from opsdesk.domain.amendments.edits import (
    AddLine,
    DiscountLine,
    DiscountOrder,
    Edit,
    ExemptTax,
    OverridePrice,
    RemoveLine,
    SetAddress,
    SetQuantity,
    SetShipping,
    SwapLine,
)
from opsdesk.domain.errors import Invalid
from opsdesk.domain.money import Money
from opsdesk.store.views.articles import ArticleLine
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.store.views.orders.parts import AddressDetail, LineDetail
from opsdesk.terminal.text import fitted
from opsdesk.widgets.fields import Field

LINE, ADD = "line_", "add_"
FIRST_OF_ADDRESS = "name"
"""The field of the address that the form goes to when the address is to be changed."""
_MOST_LINES = 40
_ROOM_FOR_NEW = 3
_LINE = re.compile(
    r"(?P<units>\d{1,7})(\s*=\s*(?P<sku>[^@=\s][^@=]*?))?(\s*@\s*(?P<price>[\d.,]+))?(\s+-\s*(?P<off>[\d.,]+))?\s*\Z"
)
_ADDED = re.compile(r"(?P<units>\d{1,7})\s*[x*×]?\s+(?P<sku>[^@\s][^@]*?)(\s*@\s*(?P<price>[\d.,]+))?\s*\Z")


@dataclass(frozen=True, slots=True)
class Typed:
    """A line as somebody typed it, and into which field."""

    name: str
    units: int
    sku: str
    price: str
    off: str = ""


@dataclass(frozen=True, slots=True)
class Prices:
    """What articles cost in the order's currency."""

    known: Mapping[str, ArticleLine]
    currency: str

    def of(self, typed: Typed) -> Money:
        """Return the price that was typed, or that of the catalogue.

        Raises:
            Invalid: it is no amount, or there is none in the order's currency.
        """
        if typed.price:
            return Money.parse(typed.price, self.currency, field=typed.name)
        article = self.known.get(typed.sku)
        if article is None:
            said = f"{typed.sku[:40]} is not in the catalogue. Add its price: {typed.units} x SKU @ 4.50."
            raise Invalid(typed.name, said)
        if article.price.currency != self.currency:
            said = f"{typed.sku} has a price in {article.price.currency}. Add one in {self.currency} behind @."
            raise Invalid(typed.name, said)
        return article.price


def fields_of(detail: OrderDetail) -> list[Field]:
    """Return a field for each line, for new lines, and for what hangs on the whole order."""
    lines = [
        Field(
            f"{LINE}{line.id}",
            fitted(line.name, 22).rstrip(),
            str(line.quantities.ordered),
            hint="units; 2 @ 7.50 a price; 2 - 1.50 off the line; 2 = SKU other goods; 0 takes it off",
            longest=80,
        )
        for line in detail.lines[:_MOST_LINES]
    ]
    new = [
        Field(f"{ADD}{number}", "add", hint="3 x SKU, or 3 x SKU @ 4.50", longest=120)
        for number in range(1, _ROOM_FOR_NEW + 1)
    ]
    amounts = detail.amounts
    return [
        *lines,
        *new,
        Field("discount", "order discount", str(amounts.discount.amount), longest=20),
        Field("tax", "tax", hint="exempt: all of it is taken off; needs a reason", longest=20),
        Field("method", "shipping method", detail.head.shipping_method, longest=80),
        Field("shipping", "shipping costs", str(amounts.shipping.amount), hint="0 waives it", longest=20),
        *_address_fields(detail),
        Field("reason", "why", hint="a price by hand needs a reason", longest=200),
    ]


def _address_fields(detail: OrderDetail) -> list[Field]:
    address = detail.shipping_address or AddressDetail()
    hints = {"country": "two letters, or its name"}
    return [
        Field(
            name, f"ship to: {word}" if name == FIRST_OF_ADDRESS else word, getattr(address, name), hints.get(name, "")
        )
        for name, word in ADDRESS_WORDS.items()
    ]


def skus_in(values: Mapping[str, str]) -> set[str]:
    """Return the articles that are named, as far as what is typed can be read."""
    found: set[str] = set()
    for name, text in values.items():
        try:
            if name.startswith(LINE) and text.strip():
                found.add(_read(_LINE, name, text).sku)
            elif name.startswith(ADD) and text.strip():
                found.add(_read(_ADDED, name, text).sku)
        except Invalid:
            continue
    return found - {""}


def edits_of(detail: OrderDetail, values: Mapping[str, str], known: Mapping[str, ArticleLine]) -> tuple[Edit, ...]:
    """Return the edits that lead from the order as it is to what is typed.

    Raises:
        Invalid: a field cannot be read, or a new article has no price in the order's currency.
    """
    prices = Prices(known, detail.amounts.total.currency)
    edits: list[Edit] = []
    for line in detail.lines[:_MOST_LINES]:
        if f"{LINE}{line.id}" in values:
            typed = _read(_LINE, f"{LINE}{line.id}", values[f"{LINE}{line.id}"])
            edits += _line_edits(line, typed, prices, values.get("reason", "").strip())
    for name, text in values.items():
        if name.startswith(ADD) and text.strip():
            typed = _read(_ADDED, name, text)
            edits.append(AddLine(typed.sku, typed.units, prices.of(typed)))
    return (*edits, *_whole_edits(detail, values, prices.currency), *_address_edits(detail, values))


def _line_edits(line: LineDetail, typed: Typed, prices: Prices, reason: str) -> list[Edit]:
    ordered = line.quantities.ordered
    if typed.off and (typed.sku or not typed.units):
        raise Invalid(
            typed.name, "A discount is for the goods of the line as they are. Leave it out, or the other goods."
        )
    if typed.sku:
        return [SwapLine(line.id, typed.sku, typed.units, prices.of(typed))]
    if typed.units == 0 and ordered:
        return [RemoveLine(line.id)]
    edits: list[Edit] = [SetQuantity(line.id, typed.units)] if typed.units != ordered else []
    if typed.price:
        edits.append(OverridePrice(line.id, prices.of(typed), reason))
    if typed.off:
        off = Money.parse(typed.off, prices.currency, field=typed.name)
        edits += [DiscountLine(line.id, off)] if off != line.discount or edits else []
    return edits


def _whole_edits(detail: OrderDetail, values: Mapping[str, str], currency: str) -> list[Edit]:
    edits: list[Edit] = []
    discount = _amount(values, "discount", currency)
    if discount is not None and discount != detail.amounts.discount:
        edits.append(DiscountOrder(discount))
    shipping = _amount(values, "shipping", currency) or Money.zero(currency)
    method = values.get("method", "").strip()
    if shipping != detail.amounts.shipping or method != detail.head.shipping_method:
        edits.append(SetShipping(method, shipping))
    return [*edits, *_tax_edits(values)]


def _tax_edits(values: Mapping[str, str]) -> list[Edit]:
    typed = values.get("tax", "").strip().lower()
    if typed and typed != "exempt":
        raise Invalid("tax", f"{typed[:40]!r} cannot be read. Write exempt, or leave it empty: tax follows the goods.")
    return [ExemptTax(values.get("reason", "").strip())] if typed else []


def _address_edits(detail: OrderDetail, values: Mapping[str, str]) -> list[Edit]:
    address = detail.shipping_address or AddressDetail()
    typed = {name: values[name].strip() for name in ADDRESS_WORDS if name in values}
    changed = tuple((name, text) for name, text in typed.items() if text != getattr(address, name))
    return [SetAddress(changed)] if changed else []


def _read(pattern: re.Pattern[str], name: str, text: str) -> Typed:
    found = pattern.match(text.strip())
    if found is None:
        how = (
            "3 x SKU, or 3 x SKU @ 4.50"
            if name.startswith(ADD)
            else "2, or 2 @ 7.50, or 2 - 1.50 off the line, or 2 = SKU"
        )
        raise Invalid(name, f"{text.strip()[:40]!r} cannot be read. Write {how}.")
    return Typed(
        name,
        int(found["units"]),
        (found["sku"] or "").strip(),
        found["price"] or "",
        found.groupdict().get("off") or "",
    )


def _amount(values: Mapping[str, str], name: str, currency: str) -> Money | None:
    text = values.get(name, "").upper().replace(currency, "").strip()
    return Money.parse(text, currency, field=name) if text else None
