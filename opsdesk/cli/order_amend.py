"""`opsdesk order amend`: change an order after it was placed, with a rehearsal that says what it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import telling
from opsdesk.cli.choices import chosen
from opsdesk.cli.once import CommandOption, Once
from opsdesk.cli.options import AsOption, DryRunOption, JsonOption, StoreOption
from opsdesk.cli.order_commands import on_order
from opsdesk.cli.orders import NumberArgument, app
from opsdesk.cli.output import say_done, say_in_full
from opsdesk.cli.pay import amount_in, sheet_of
from opsdesk.cli.pay_asking import link_letter

if TYPE_CHECKING:
    from opsdesk.domain.amendments.edits import Edit
    from opsdesk.domain.amendments.rules import Settle
    from opsdesk.domain.mails.outgoing import Letter
    from opsdesk.domain.money import Money
    from opsdesk.store.views.articles import ArticleLine
    from opsdesk.store.views.money.parts import AmendmentView
    from opsdesk.store.views.orders.detail import OrderDetail
    from opsdesk.store.work import Performer

Many = list[str] | None
Amount = Annotated[str | None, typer.Option(show_default=False)]


@app.command("amend")
def amend_order(
    number: NumberArgument,
    add: Annotated[Many, typer.Option("--add", help="SKU=UNITS, or SKU=UNITS@PRICE.")] = None,
    units: Annotated[Many, typer.Option("--set", help="SKU=UNITS of a line; 0 takes it off.")] = None,
    swap: Annotated[Many, typer.Option("--swap", help="SKU=OTHER_SKU: the same units of other goods.")] = None,
    price: Annotated[Many, typer.Option("--price", help="SKU=PRICE per unit; needs --reason and a supervisor.")] = None,
    line_discount: Annotated[Many, typer.Option("--line-discount", help="SKU=AMOUNT for the whole line.")] = None,
    discount: Amount = None,
    shipping: Amount = None,
    method: Annotated[str | None, typer.Option("--method", help="Send it another way.", show_default=False)] = None,
    address: Annotated[Many, typer.Option("--address", help="FIELD=VALUE of the shipping address.")] = None,
    tax_exempt: Annotated[bool, typer.Option("--tax-exempt", help="Take all tax off; needs --reason.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    settle: Annotated[str, typer.Option("--settle", help="auto, refund or owe.")] = "auto",
    tell: Annotated[bool, typer.Option("--tell/--no-tell", help="Tell the customer when it is made.")] = True,
    dry_run: DryRunOption = False,
    command: CommandOption = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Change goods, prices, discount, shipping or address. What costs more is asked for first, never taken silently."""
    from opsdesk.domain.amendments.rules import Settle
    from opsdesk.domain.people.permissions import why_not_allowed
    from opsdesk.operations.amendments.changing import propose

    once = Once(command, "order.amend", as_json, is_rehearsal=dry_run)
    with on_order(store, as_name, number, once) as (performer, order):
        words = {"add": add, "set": units, "swap": swap, "price": price, "line-discount": line_discount}
        edits = _edits(performer, order, {name: each or [] for name, each in words.items()}, reason)
        edits += _whole_edits(order, discount, shipping, method, address or [])
        edits += _exemption(reason) if tax_exempt else []
        wanted = Wanted(tuple(edits), reason, chosen(Settle, settle, "settle"))
        # Whoever may not is turned away by the command itself, which writes that down.
        is_told = tell and order.facts.has_email and why_not_allowed(performer.actor, "order.amend") is None
        letters = _letters(performer, order, wanted) if is_told else Letters()
        done = once.carry_out(
            performer, propose, order.id, version=order.version, edits=wanted.edits, reason=reason,
            settle=wanted.settle, letter=letters.changed, link_letter=letters.link,
        )  # fmt: skip
        say_in_full(done, letters.changed if dry_run else None, "changes", "stock", "warnings", as_json=as_json)


@app.command("amend-apply")
def apply_amendment(
    number: NumberArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """Make a change that waits without waiting longer; the order then owes what has not come."""
    from opsdesk.operations.amendments.changing import apply

    with on_order(store, as_name, number) as (performer, order):
        say_done(performer.perform(apply, _standing(performer, order).id), as_json=as_json)


@app.command("amend-withdraw")
def withdraw_amendment(
    number: NumberArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """Take a change back that was not made yet; the order goes on as it is."""
    from opsdesk.operations.amendments.changing import withdraw

    with on_order(store, as_name, number) as (performer, order):
        say_done(performer.perform(withdraw, _standing(performer, order).id), as_json=as_json)


@app.command("put-back")
def put_back(
    number: NumberArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """Take an order off the bench whose contents change, so that the change goes on."""
    from opsdesk.operations.amendments.changing import acknowledge_recall

    with on_order(store, as_name, number) as (performer, order):
        say_done(performer.perform(acknowledge_recall, _standing(performer, order).id), as_json=as_json)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change as it was asked for."""

    edits: tuple[Edit, ...]
    reason: str
    settle: Settle


@dataclass(frozen=True, slots=True)
class Letters:
    """What the customer reads of a change: when it is made, and where it asks for money."""

    changed: Letter | None = None
    link: Letter | None = None


def _letters(performer: Performer, order: OrderDetail, wanted: Wanted) -> Letters:
    """Write what the customer reads when the change is made, and with its pay link where something is owed."""
    from opsdesk.domain.amendments.letters import ORDER_CHANGED, amended_facts
    from opsdesk.domain.money import Money
    from opsdesk.domain.payments.pay_links import LASTS
    from opsdesk.operations.amendments.changing import propose
    from opsdesk.store.views.mails.letters import letter_facts
    from opsdesk.store.views.money.amending import amended_order

    told = performer.rehearse(
        propose, order.id, version=order.version, edits=wanted.edits, reason=wanted.reason, settle=wanted.settle
    )
    with telling(performer.store) as (_book, writer, _shop):
        with performer.store.reading() as session:
            facts = letter_facts(session, order.id, agent=performer.actor.name)
            amended = amended_order(session, order.id, wanted.edits)
        changed = writer.write(ORDER_CHANGED, amended_facts(facts, amended))
    owed = told.details["owed_minor"]
    if isinstance(owed, int) and owed:
        due = Money(owed, order.amounts.total.currency)
        return Letters(changed, link_letter(performer, order, due, LASTS, is_for_change=True))
    return Letters(changed)


def _standing(performer: Performer, order: OrderDetail) -> AmendmentView:
    from opsdesk.domain.errors import Refused

    standing = sheet_of(performer, order.id).amendment
    if standing is None:
        raise Refused(f"No change of {order.number} waits.")
    return standing


def _edits(performer: Performer, order: OrderDetail, words: dict[str, list[str]], reason: str) -> list[Edit]:
    from opsdesk.domain.amendments.edits import AddLine, DiscountLine, OverridePrice, RemoveLine, SetQuantity, SwapLine
    from opsdesk.store.views.articles import articles

    pairs = {name: [_pair(each, name) for each in given] for name, given in words.items()}
    wanted = [sku for sku, _ in pairs["add"]] + [other for _, other in pairs["swap"]]
    with performer.store.reading() as session:
        known = articles(session, wanted)
    edits: list[Edit] = []
    for sku, text in pairs["add"]:
        typed, _, by_hand = text.partition("@")
        edits.append(AddLine(sku, _units(typed, "add"), _price(order, known, sku, by_hand)))
    for sku, text in pairs["set"]:
        count = _units(text, "set")
        line_id = _line(order, sku)
        edits.append(SetQuantity(line_id, count) if count else RemoveLine(line_id))
    for sku, other in pairs["swap"]:
        line_id = _line(order, sku)
        ordered = next(line.quantities.ordered for line in order.lines if line.id == line_id)
        edits.append(SwapLine(line_id, other, ordered, _price(order, known, other, "")))
    edits += [OverridePrice(_line(order, sku), amount_in(order, text), reason) for sku, text in pairs["price"]]
    edits += [DiscountLine(_line(order, sku), amount_in(order, text)) for sku, text in pairs["line-discount"]]
    return edits


def _whole_edits(
    order: OrderDetail, discount: str | None, shipping: str | None, method: str | None, address: Sequence[str]
) -> list[Edit]:
    from opsdesk.domain.amendments.edits import DiscountOrder, SetAddress, SetShipping

    edits: list[Edit] = [DiscountOrder(amount_in(order, discount))] if discount is not None else []
    if shipping is not None or method is not None:
        costs = amount_in(order, shipping) if shipping is not None else order.amounts.shipping
        edits.append(SetShipping(method if method is not None else order.head.shipping_method, costs))
    if address:
        edits.append(SetAddress(tuple(_pair(each, "address") for each in address)))
    return edits


def _exemption(reason: str) -> list[Edit]:
    from opsdesk.domain.amendments.edits import ExemptTax

    return [ExemptTax(reason)]


def _pair(word: str, field: str) -> tuple[str, str]:
    from opsdesk.domain.errors import Invalid

    name, separator, rest = word.partition("=")
    if not separator or not name or not rest:
        raise Invalid(field, f"{word[:60]!r} is not of the form that --{field} takes (`--help` shows it).")
    return name, rest


def _units(text: str, field: str) -> int:
    from opsdesk.domain.errors import Invalid

    if not (text.isascii() and text.isdigit() and len(text) <= 7):
        raise Invalid(field, f"{text[:20]!r} is no number of units.")
    return int(text)


def _line(order: OrderDetail, sku: str) -> int:
    from opsdesk.domain.errors import Refused

    found = next((line.id for line in order.lines if line.sku == sku and line.quantities.ordered), None)
    if found is None:
        raise Refused(f"{order.number} has no line of {sku[:60]}.")
    return found


def _price(order: OrderDetail, known: dict[str, ArticleLine], sku: str, typed: str) -> Money:
    from opsdesk.domain.errors import Refused

    if typed:
        return amount_in(order, typed)
    article = known.get(sku)
    if article is None or article.price.currency != order.amounts.total.currency:
        raise Refused(f"{sku[:60]} has no price in the order's currency. Write SKU=UNITS@PRICE.")
    return article.price
