"""The rows behind an amendment: an order read as its parts, its parts written back, and what its money covers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from opsdesk.domain.amendments.arithmetic import LineParts, OrderParts
from opsdesk.domain.cards import mask_cards
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.money import Money
from opsdesk.domain.refunds.composing import overpaid
from opsdesk.domain.refunds.states import NOT_SET_ASIDE, RefundState
from opsdesk.operations.refunds.grounds import grounds_of, shares_of
from opsdesk.store.repositories.amendables import address_fields, parts_of
from opsdesk.store.tables import AmendmentRow, OrderLineRow, OrderRow, ProductRow
from opsdesk.store.work import Work

SHIPPING = "shipping"
LINES_FIELD = "lines"
"""Stands among the fields of an order that belong to staff once its lines were amended here."""


def id_of(order: OrderRow) -> int:
    """Return the id of an order that is worked on."""
    assert order.id is not None, "An order that is amended has been saved."
    return order.id


def order_parts(work: Work, order: OrderRow, *, with_address: bool) -> OrderParts:
    """Read an order as what it consists of; its address only where the amendment is about it."""
    address = address_fields(work.orders.address(id_of(order), SHIPPING)) if with_address else {}
    return parts_of(order, work.orders.lines(id_of(order)), work.settlements.counted_parts(id_of(order)), address)


def write_parts(work: Work, order: OrderRow, after: OrderParts) -> None:
    """Write lines and sums as they are after an amendment; a new line takes what else it needs from the catalogue."""
    lines = {line.id: line for line in work.orders.lines(id_of(order))}
    articles = work.articles.known(line.sku for line in after.lines if line.id < 0)
    position = max((line.position for line in lines.values()), default=0)
    for parts in after.lines:
        row = lines.get(parts.id)
        if row is not None:
            _write_line(row, parts)
        else:
            position += 1
            work.add(_new_line(id_of(order), position, parts, articles.get(parts.sku)))
    _write_sums(order, after)


def put_back(work: Work, order: OrderRow, base: OrderParts) -> None:
    """Write lines and sums as they were before an amendment; what it added has nothing ordered any more."""
    for row in work.orders.lines(id_of(order)):
        parts = base.line(row.id or 0)
        if parts is not None:
            _write_line(row, parts)
        else:
            row.ordered = row.discount_minor = row.tax_minor = 0
    _write_sums(order, base)


def belongs_to_staff(order: OrderRow, *fields: str) -> None:
    """Note which fields no import changes from now on."""
    known = [field for field in order.staff_fields.split(",") if field]
    order.staff_fields = ",".join(dict.fromkeys([*known, *fields]))


@dataclass(frozen=True, slots=True)
class Cover:
    """What the money of an order covers, in minor units.

    Attributes:
        held: what came in and has not gone back, with what gateways hold for us.
        balance: how much that is beyond what is asked for; below zero if something is missing.
        paid: the same without what gateways only hold; above zero it was paid too much.
    """

    held: int
    balance: int
    paid: int


def cover_of(work: Work, order: OrderRow) -> Cover:
    """Work out what the money covers; what was granted as a refund is not asked for again."""
    grounds = grounds_of(work, order)
    facts = [source.facts for source in grounds.sources]
    paid = sum(sums.captured - sums.refunded - sums.refunding - sums.charged_back for sums in facts)
    for refund in work.settlements.refunds(id_of(order)):
        if RefundState(refund.state).counts:
            paid -= sum(share.amount_minor for share in shares_of(work, refund) if share.state in NOT_SET_ASIDE)
    waiting = sum(sums.capturable + sums.capturing for sums in facts)
    # `overpaid` answers nothing where money is missing; with the total on top it always answers.
    balance = overpaid(grounds.charged, grounds.earlier, paid + 2 * grounds.charged.total).minor
    balance -= 2 * grounds.charged.total
    return Cover(paid + waiting, balance + waiting, balance)


def letters_to_json(changed: Letter | None, link: Letter | None) -> str:
    """Keep the letters until their moment comes; card numbers that staff wrote into them are masked now."""
    kept = {name: asdict(letter) for name, letter in (("changed", changed), ("link", link)) if letter is not None}
    for letter in kept.values():
        letter |= {part: mask_cards(letter[part]).text for part in ("subject", "text", "html")}
    return json.dumps(kept) if kept else ""


def letter_of(row: AmendmentRow, name: str) -> Letter | None:
    """Return a letter that was kept with an amendment."""
    found: Mapping[str, dict[str, str]] = json.loads(row.letters) if row.letters else {}
    return Letter(**found[name]) if name in found else None


def amounts(order: OrderRow, minor: int) -> Money:
    """Return an amount in the order's currency."""
    return Money(minor, order.currency)


def _write_line(row: OrderLineRow, parts: LineParts) -> None:
    row.ordered, row.unit_price_minor = parts.ordered, parts.unit_price
    row.discount_minor, row.tax_minor = parts.discount, parts.tax


def _new_line(order_id: int, position: int, parts: LineParts, article: ProductRow | None) -> OrderLineRow:
    return OrderLineRow(
        order_id=order_id,
        position=position,
        sku=parts.sku,
        title=parts.title,
        variant=article.variant if article else "",
        temperature=article.temperature if article else "ambient",
        # What has no number is a service such as a gift wrapping: nothing of it leaves the house by itself.
        needs_shipping=bool(parts.sku),
        ordered=parts.ordered,
        unit_price_minor=parts.unit_price,
        discount_minor=parts.discount,
        tax_minor=parts.tax,
    )


def _write_sums(order: OrderRow, parts: OrderParts) -> None:
    order.goods_minor, order.discount_minor, order.shipping_minor = parts.goods, parts.discount, parts.shipping
    order.tax_minor, order.total_minor = parts.tax, parts.total
    if order.shipping_method != parts.shipping_method:
        order.shipping_method = parts.shipping_method
        belongs_to_staff(order, "shipping_method")
