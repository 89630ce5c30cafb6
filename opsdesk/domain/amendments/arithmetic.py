"""The parts that an order's total is made of, and how tax follows them.

Tax is never looked up in a table again: what the order says about itself is scaled, by half-up rounding of the whole
line (commerce.md 0.8). So going up and down again ends where it began.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from hashlib import sha256
from math import floor

from opsdesk.domain.money import Money

ADDRESS_WORDS: Mapping[str, str] = {
    "name": "name",
    "company": "company",
    "line1": "street",
    "line2": "second line",
    "postcode": "post code",
    "city": "town",
    "region": "region",
    "country": "country",
    "phone": "telephone",
}
"""What staff call the fields of an address, in the order of a form."""


@dataclass(frozen=True, slots=True)
class LineParts:
    """One line in minor units; `discount` and `tax` are for the whole line. A new line has an id below zero."""

    id: int
    sku: str
    title: str
    ordered: int
    unit_price: int
    cancelled: int = 0
    shipped: int = 0
    refunded: int = 0
    discount: int = 0
    tax: int = 0

    @property
    def gross(self) -> int:
        """What the units cost before the discount."""
        return self.ordered * self.unit_price

    @property
    def amount(self) -> int:
        """What the line costs."""
        return self.gross - self.discount

    @property
    def settled(self) -> int:
        """Units that were cancelled, sent or refunded: the line cannot have fewer.

        Whether it was a unit in the house that was refunded, nobody knows; giving it back twice must not happen.
        """
        return min(self.ordered, self.cancelled + self.shipped + self.refunded)


@dataclass(frozen=True, slots=True)
class OrderParts:
    """What an order consists of, in minor units of its currency; `address` is the one that it ships to."""

    number: str
    currency: str
    lines: tuple[LineParts, ...]
    discount: int = 0
    shipping: int = 0
    tax: int = 0
    tax_included: bool = True
    total: int = 0
    shipping_method: str = ""
    address: Mapping[str, str] = field(default_factory=dict)

    @property
    def goods(self) -> int:
        """What the lines cost together."""
        return sum(line.amount for line in self.lines)

    @property
    def summed(self) -> int:
        """The total that the parts give (INV-M1)."""
        return self.goods - self.discount + self.shipping + (0 if self.tax_included else self.tax)

    def line(self, line_id: int) -> LineParts | None:
        """Return the line with this id."""
        return next((line for line in self.lines if line.id == line_id), None)

    def money(self, minor: int) -> Money:
        """Return an amount in the order's currency."""
        return Money(minor, self.currency)


def scaled(part: int, new: int, old: int) -> int:
    """Return what `part` of `old` becomes for `new`, rounded half up; nothing where there was nothing to go by."""
    if new == old:
        return part
    return (2 * part * new + old) // (2 * old) if old > 0 else 0


def with_tax(before: OrderParts, after: OrderParts, given: Mapping[int, int]) -> OrderParts:
    """Return `after` with the tax that follows from `before`; `given` is the tax of new lines that was typed.

    A line is taxed on what the order's discount leaves of it, as shops do; only where that gives a rate that there is
    none of, on the whole line.
    """
    if before.tax and not any(line.tax for line in before.lines):
        return _tax_of_the_whole(before, after, given)
    on_rest = _is_taxed_on_the_rest(before)
    old_rest, new_rest = (_rest_of_goods(parts) if on_rest else Fraction(1) for parts in (before, after))
    rate, lines = main_rate(before), []
    for line in after.lines:
        known, net = before.line(line.id), line.amount * new_rest
        old_net = known.amount * old_rest if known else Fraction(0)
        if line.id in given:
            tax = given[line.id]
        elif known is not None and old_net > 0:
            tax = known.tax if net == old_net else _rounded(known.tax * net / old_net)
        else:
            tax = _rounded((rate or 0) * net)
        lines.append(replace(line, tax=tax))
    besides = _tax_besides_lines(before, after, rate)
    return replace(after, lines=tuple(lines), tax=max(0, sum(line.tax for line in lines) + besides))


def main_rate(parts: OrderParts) -> Fraction | None:
    """Return the tax that most of the goods bear for each unit of money; None if there is nothing to go by."""
    rest = _rest_of_goods(parts) if _is_taxed_on_the_rest(parts) else Fraction(1)
    sums: dict[int, tuple[int, Fraction]] = {}
    for line in parts.lines:
        net = line.amount * rest
        if net > 0:
            # Rounding makes 7 % of a small line look like 6.9 %: half per cents tell rates apart well enough.
            steps = _rounded(200 * line.tax / net)
            tax, amount = sums.get(steps, (0, Fraction(0)))
            sums[steps] = (tax + line.tax, amount + net)
    tax, amount = max(sums.values(), key=lambda each: each[1], default=(0, Fraction(0)))
    return tax / amount if amount else None


def fingerprint(parts: OrderParts) -> str:
    """Return a hash of everything that a preview is computed from; lines that were taken off do not count."""
    return sha256(_plain(parts, only_ordered=True).encode()).hexdigest()


def parts_to_json(parts: OrderParts) -> str:
    """Write the parts of an order as they are kept beside an amendment."""
    return _plain(parts, only_ordered=False)


def parts_from_json(text: str) -> OrderParts:
    """Read what `parts_to_json` has written."""
    found = json.loads(text)
    return OrderParts(**{**found, "lines": tuple(LineParts(**line) for line in found["lines"])})


def moved(before: OrderParts, now: OrderParts) -> tuple[str, ...]:
    """Say what is no longer as it was, old and new, one line each."""
    said: list[str] = []
    for line in before.lines:
        known = now.line(line.id)
        if known is None and line.ordered:
            said.append(f"{line.title} is gone")
        elif known is not None:
            said += _line_moves(line, known, now)
    said += [f"{line.title} is new" for line in now.lines if line.ordered and before.line(line.id) is None]
    for name in ("discount", "shipping", "tax", "total"):
        old, new = getattr(before, name), getattr(now, name)
        if old != new:
            said.append(f"{name}: {before.money(old)} became {now.money(new)}")
    if before.shipping_method != now.shipping_method:
        said.append(f"shipping: {before.shipping_method} became {now.shipping_method}")
    for name, old_text in before.address.items():
        new_text = now.address.get(name, "")
        if old_text != new_text:
            said.append(f"ship to, {ADDRESS_WORDS.get(name, name)}: {old_text or '-'} became {new_text or '-'}")
    return tuple(said)


def _line_moves(old: LineParts, new: LineParts, order: OrderParts) -> Iterable[str]:
    for name in ("ordered", "cancelled", "shipped", "refunded"):
        if getattr(old, name) != getattr(new, name):
            yield f"{old.title}: {name} {getattr(old, name)} became {getattr(new, name)}"
    for name, word in (("unit_price", "price"), ("discount", "discount"), ("tax", "tax")):
        if getattr(old, name) != getattr(new, name):
            yield f"{old.title}: {word} {order.money(getattr(old, name))} became {order.money(getattr(new, name))}"
    if old.sku != new.sku:
        yield f"{old.title} became {new.title}"


def _tax_of_the_whole(before: OrderParts, after: OrderParts, given: Mapping[int, int]) -> OrderParts:
    """Scale the one tax of an order whose lines carry none."""
    typed = sum(line.amount for line in after.lines if line.id in given)
    old, new = (parts.goods - parts.discount + parts.shipping for parts in (before, after))
    tax = scaled(before.tax, max(0, new - typed), old) + sum(given.values())
    return replace(after, lines=tuple(replace(line, tax=0) for line in after.lines), tax=max(0, tax))


def _tax_besides_lines(before: OrderParts, after: OrderParts, rate: Fraction | None) -> int:
    """Return the tax of shipping; a rest that is no more than rounding stays what it is."""
    besides = before.tax - sum(line.tax for line in before.lines)
    if before.shipping == 0:
        return besides + _rounded((rate or 0) * Fraction(after.shipping))
    return scaled(besides, after.shipping, before.shipping) if besides > 0 else besides


_HIGHEST_PERCENT = 30
"""No sales tax is higher; what looks like more was not taxed on what the discount leaves."""


def _is_taxed_on_the_rest(parts: OrderParts) -> bool:
    # Each line may have been rounded up.
    tax = sum(line.tax for line in parts.lines) - len(parts.lines)
    return 100 * tax <= _HIGHEST_PERCENT * parts.goods * _rest_of_goods(parts)


def _rest_of_goods(parts: OrderParts) -> Fraction:
    """Return which part of the goods the order's discount leaves; what is above the goods is shipping's."""
    return Fraction(max(0, parts.goods - parts.discount), parts.goods) if parts.goods > 0 else Fraction(1)


def _rounded(amount: Fraction) -> int:
    return floor(amount + Fraction(1, 2))


def _plain(parts: OrderParts, *, only_ordered: bool) -> str:
    plain = asdict(parts)
    plain["lines"] = [asdict(line) for line in parts.lines if line.ordered or not only_ordered]
    return json.dumps(plain, sort_keys=True)
