"""An order changed after it was placed: what the change comes to before anything is written, and why it may not be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from opsdesk.domain.amendments.arithmetic import LineParts, OrderParts, main_rate, moved, scaled, with_tax
from opsdesk.domain.amendments.edits import (
    LARGEST_QUANTITY,
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
from opsdesk.domain.amendments.exempting import without_tax
from opsdesk.domain.amendments.stock import stock_words
from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.money import LARGEST_MINOR, Money


class ShippingStep(StrEnum):
    """What happens to the price of shipping; it is always said, never silently kept (commerce.md P13)."""

    KEPT = "kept"
    CHARGED = "charged"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class AmendedLine:
    """One line before and after; a new line has no before."""

    before: LineParts | None
    after: LineParts

    @property
    def is_changed(self) -> bool:
        """True when the line was touched, be it only by its share of the tax."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class AmendedOrder:
    """What an order would be after the edits.

    Attributes:
        warnings: what stock there is not, and what else somebody should look at, one sentence each.
        stock: what is in stock of what comes in, where that is enough.
    """

    before: OrderParts
    after: OrderParts
    warnings: tuple[str, ...] = ()
    stock: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[AmendedLine, ...]:
        """Every line that has or had units, in the order of the document."""
        pairs = (AmendedLine(self.before.line(line.id), line) for line in self.after.lines)
        return tuple(pair for pair in pairs if pair.after.ordered or (pair.before and pair.before.ordered))

    @property
    def old_total(self) -> Money:
        """What the order costs now."""
        return self.before.money(self.before.total)

    @property
    def new_total(self) -> Money:
        """What it would cost."""
        return self.after.money(self.after.total)

    @property
    def delta(self) -> Money:
        """What it would cost more; below zero if it would cost less."""
        return self.new_total - self.old_total

    @property
    def tax(self) -> Money:
        """The tax that it would hold."""
        return self.after.money(self.after.tax)

    @property
    def shipping(self) -> ShippingStep:
        """What happens to the price of shipping."""
        if self.after.shipping == self.before.shipping:
            return ShippingStep.KEPT
        return ShippingStep.CHARGED if self.after.shipping else ShippingStep.WAIVED

    @property
    def changes(self) -> tuple[str, ...]:
        """What becomes of what, old and new, one line each."""
        return moved(self.before, self.after)


def preview(parts: OrderParts, edits: Sequence[Edit], stock: Mapping[str, int | None]) -> AmendedOrder:
    """Work out what the order would be; `stock` is what is known of each article that comes in.

    Raises:
        Refused: a line has been sent, cancelled or refunded as far as the edit would take away, or nothing changes.
        Invalid: an amount or a quantity is none.
    """
    draft = _Draft(parts, {line.id: line for line in parts.lines}, parts.discount, parts.shipping)
    for edit in edits:
        _APPLY[type(edit)](draft, edit)
    after = draft.finished()
    if not moved(parts, after):
        raise Refused(f"Nothing of {parts.number} would change.")
    if max(after.total, after.goods) > LARGEST_MINOR:
        raise Invalid("quantity", "The amounts are too large to be those of an order.")
    short, there = stock_words(parts, after, stock)
    return AmendedOrder(parts, after, (*short, *_untaxed(parts, after, draft)), tuple(there))


@dataclass(slots=True)
class _Draft:
    """The order while edits are laid on it; what each line's own discount goes by is its quantity at the time."""

    before: OrderParts
    lines: dict[int, LineParts]
    discount: int
    shipping: int
    method: str | None = None
    address: dict[str, str] = field(default_factory=dict)
    given: dict[int, int] = field(default_factory=dict)
    terms: dict[int, LineParts] = field(default_factory=dict)
    added: int = 0
    is_exempt: bool = False

    def line(self, line_id: int) -> LineParts:
        found = self.lines.get(line_id)
        if found is None:
            raise Refused(f"{self.before.number} has no such line any more. Look at the order again.")
        return found

    def minor(self, amount: Money, name: str) -> int:
        if amount.currency != self.before.currency:
            raise Invalid(
                name, f"{self.before.number} is in {self.before.currency}. Enter the amount in that currency."
            )
        if not 0 <= amount.minor <= LARGEST_MINOR:
            raise Invalid(name, "An amount must not be below nothing, nor too large to be a price.")
        return amount.minor

    def put(self, line: LineParts) -> None:
        self.lines[line.id] = line

    def agree(self, line: LineParts) -> None:
        """Put a line whose discount was named for the units that it has now."""
        self.lines[line.id] = self.terms[line.id] = line

    def finished(self) -> OrderParts:
        before = self.before
        kept = [line for line in self.lines.values() if line.id > 0 or line.ordered]
        lines = tuple(replace(line, discount=min(line.discount, line.gross)) for line in kept)
        goods = sum(line.amount for line in lines)
        # A coupon that paid for shipping too goes on doing so.
        ceiling = min(goods + max(0, before.discount - before.goods), goods + self.shipping)
        after = replace(
            before,
            lines=lines,
            discount=min(self.discount, ceiling),
            shipping=self.shipping,
            shipping_method=before.shipping_method if self.method is None else self.method,
            address={**before.address, **self.address},
        )
        after = with_tax(before, after, {line.id: self.given[line.id] for line in lines if line.id in self.given})
        after = without_tax(after) if self.is_exempt else after
        return replace(after, total=after.summed)


def _quantity(line: LineParts, quantity: int, at_least: int = 0) -> int:
    if not 0 <= quantity <= LARGEST_QUANTITY:
        raise Invalid("quantity", f"{quantity} is not how many units of {line.title} can be ordered.")
    if quantity < at_least:
        way = "Goods come back with a return, money with a refund."
        raise Refused(f"{line.title}: {_settled(line)}; it cannot have {quantity}. {way}")
    return quantity


def _settled(line: LineParts) -> str:
    said = (("sent", line.shipped), ("cancelled", line.cancelled), ("refunded", line.refunded))
    return ", ".join(f"{units} {word} already" for word, units in said if units)


def _require_untouched(line: LineParts, what: str) -> None:
    if line.shipped or line.refunded:
        raise Refused(
            f"{line.title}: {_settled(line)}; its {what} stands. Give money back with a refund (goodwill) instead."
        )


def _add(draft: _Draft, edit: AddLine | SwapLine) -> None:
    if not edit.sku and not edit.title:
        raise Invalid("sku", "Say which article is added.")
    if edit.quantity < 1:
        raise Invalid("quantity", "Say how many are added: one or more.")
    draft.added -= 1
    price = draft.minor(edit.unit_price, "unit_price")
    line = LineParts(draft.added, edit.sku, edit.title or edit.sku, 0, price)
    draft.agree(replace(line, ordered=_quantity(line, edit.quantity)))
    tax = edit.tax if isinstance(edit, AddLine) else None
    if tax is not None:
        draft.given[line.id] = draft.minor(tax, "tax")


def _set_quantity(draft: _Draft, edit: SetQuantity | RemoveLine) -> None:
    line = draft.line(edit.line_id)
    before = draft.before.line(line.id) or line
    terms = draft.terms.get(line.id, before)
    units = _quantity(line, edit.quantity if isinstance(edit, SetQuantity) else 0, before.settled)
    draft.put(replace(line, ordered=units, discount=scaled(terms.discount, units, terms.ordered)))
    if line.id in draft.given:
        draft.given[line.id] = scaled(draft.given[line.id], units, line.ordered)


def _swap(draft: _Draft, edit: SwapLine) -> None:
    _set_quantity(draft, RemoveLine(edit.line_id))
    _add(draft, edit)


def _override(draft: _Draft, edit: OverridePrice) -> None:
    line, price = draft.line(edit.line_id), draft.minor(edit.unit_price, "unit_price")
    _require_untouched(line, "price")
    if not edit.reason.strip():
        raise Invalid("reason", f"Say why the price of {line.title} is another one.")
    draft.put(replace(line, unit_price=price))


def _discount_line(draft: _Draft, edit: DiscountLine) -> None:
    line, amount = draft.line(edit.line_id), draft.minor(edit.amount, "amount")
    _require_untouched(line, "discount")
    if amount > line.gross:
        raise Invalid("amount", f"{line.title} costs {draft.before.money(line.gross)}; no more can be taken off.")
    draft.agree(replace(line, discount=amount))


def _discount_order(draft: _Draft, edit: DiscountOrder) -> None:
    draft.discount = draft.minor(edit.amount, "amount")


def _set_shipping(draft: _Draft, edit: SetShipping) -> None:
    draft.shipping, draft.method = draft.minor(edit.amount, "amount"), edit.method or None


def _set_address(draft: _Draft, edit: SetAddress) -> None:
    draft.address.update(edit.fields)


def _exempt(draft: _Draft, edit: ExemptTax) -> None:
    if not draft.before.tax:
        raise Refused(f"{draft.before.number} bears no tax.")
    if not edit.reason.strip():
        raise Invalid("reason", "Say why the customer is exempt from tax: the number of the certificate, for instance.")
    for line in draft.before.lines:
        if line.refunded:
            rest = "Give the tax of the rest back as goodwill instead."
            raise Refused(f"{line.title}: {_settled(line)}, with its tax. {rest}")
    draft.is_exempt = True


_APPLY: Mapping[type[Edit], Callable[[_Draft, Any], None]] = {
    AddLine: _add,
    SetQuantity: _set_quantity,
    RemoveLine: _set_quantity,
    SwapLine: _swap,
    OverridePrice: _override,
    DiscountLine: _discount_line,
    DiscountOrder: _discount_order,
    SetShipping: _set_shipping,
    SetAddress: _set_address,
    ExemptTax: _exempt,
}


def _untaxed(before: OrderParts, after: OrderParts, draft: _Draft) -> list[str]:
    new = [line for line in after.lines if line.id < 0 and line.amount and line.id not in draft.given]
    if not new or before.tax or main_rate(before) is not None:
        return []
    return [f"{before.number} has no tax rate to go by: {new[0].title} was added without tax."]
