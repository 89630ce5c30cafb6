"""`opsdesk refund`: compose a refund, agree to one, see to one that failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import acting, opened, telling
from opsdesk.cli.choices import chosen, units_by_line
from opsdesk.cli.once import CommandOption, Once
from opsdesk.cli.options import AsOption, DryRunOption, JsonOption, StoreOption
from opsdesk.cli.order_commands import on_order
from opsdesk.cli.orders import NumberArgument, required_order
from opsdesk.cli.output import say, say_done, say_in_full, say_json
from opsdesk.cli.pay import amount_in

if TYPE_CHECKING:
    from opsdesk.domain.mails.letters import LetterRefund
    from opsdesk.domain.mails.outgoing import Letter
    from opsdesk.domain.money import Money
    from opsdesk.domain.refunds.parts import RefundContent
    from opsdesk.domain.refunds.shares import Share, ShareChoice
    from opsdesk.store.views.money.refunding import RefundGrounds
    from opsdesk.store.views.orders.detail import OrderDetail
    from opsdesk.store.work import Performer

app = typer.Typer(help="Refunds: compose, approve, take back, try again.", no_args_is_help=True)
RefundArgument = Annotated[int, typer.Argument(metavar="REFUND", help="Its number (`refund list` shows them).")]
Amount = Annotated[str, typer.Option(show_default=False)]
LineOption = Annotated[list[str] | None, typer.Option("--line", help="SKU=UNITS; may stand several times.")]
AllOption = Annotated[bool, typer.Option("--all", help="Everything that is left.")]
OverOption = Annotated[list[str] | None, typer.Option("--over", help="PAYMENT=AMOUNT; may stand several times.")]
ReferenceOption = Annotated[
    list[str] | None, typer.Option("--reference", help="PAYMENT=WORDS, for what was paid by hand.")
]
TellOption = Annotated[bool, typer.Option("--tell/--no-tell", help="Tell the customer once the money has gone.")]


@app.command("request")
def request_refund(
    number: NumberArgument,
    line: LineOption = None,
    everything: AllOption = False,
    shipping: Amount = "",
    goodwill: Amount = "",
    restocking: Amount = "",
    return_label: Amount = "",
    reason: Annotated[str, typer.Option("--reason", help="damaged, changed_mind, goodwill, ...")] = "other",
    note: Annotated[str, typer.Option("--note", help="For the history.")] = "",
    over: OverOption = None,
    reference: ReferenceOption = None,
    tell: TellOption = True,
    dry_run: DryRunOption = False,
    command: CommandOption = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Refund lines, shipping, goodwill; above your own limit it waits for a second person."""
    from opsdesk.domain.refunds.preview import preview
    from opsdesk.operations.refunds.asking import request

    once = Once(command, "refund.request", as_json, is_rehearsal=dry_run)
    with on_order(store, as_name, number, once) as (performer, order):
        grounds = grounds_of(performer, order)
        amounts = {"shipping": shipping, "goodwill": goodwill, "restocking": restocking, "return_label": return_label}
        content = content_of(order, grounds, line or [], amounts, everything=everything, reason=reason, note=note)
        found = preview(grounds.charged, grounds.earlier, content, grounds.sources, overrides=_over(grounds, over))
        shares = _shares(grounds, found.shares, reference)
        letter = refund_letter(performer, order.id, found.letter) if tell and order.facts.has_email else None
        done = once.carry_out(
            performer, request, order.id, version=order.version, content=content, shares=shares, letter=letter
        )
        shown = ("parts", "shares", "credit_note") if dry_run else ()
        say_in_full(done, letter if dry_run else None, *shown, as_json=as_json)


@app.command("overpayment")
def return_too_much(
    number: NumberArgument,
    over: OverOption = None,
    reference: ReferenceOption = None,
    tell: TellOption = True,
    command: CommandOption = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give back what was paid too much; what the order costs stays as it is."""
    from opsdesk.domain.refunds.parts import RefundContent
    from opsdesk.domain.refunds.preview import preview
    from opsdesk.domain.refunds.states import RefundReason
    from opsdesk.operations.refunds.asking import return_overpayment

    once = Once(command, "refund.return_overpayment", as_json)
    with on_order(store, as_name, number, once) as (performer, order):
        grounds = grounds_of(performer, order)
        content = RefundContent(overpayment=grounds.too_much, reason=RefundReason.OVERPAID)
        found = preview(grounds.charged, grounds.earlier, content, grounds.sources, overrides=_over(grounds, over))
        shares = _shares(grounds, found.shares, reference)
        is_told = tell and order.facts.has_email and bool(grounds.too_much)
        letter = refund_letter(performer, order.id, found.letter) if is_told else None
        done = once.carry_out(
            performer, return_overpayment, order.id, version=order.version, shares=shares, letter=letter
        )
        say_done(done, as_json=as_json)


@app.command("list")
def list_refunds(number: NumberArgument, store: StoreOption = "", as_json: JsonOption = False) -> None:
    """List the refunds of an order with what each is for and over what it goes."""
    from opsdesk.store.views.money.sheet import money_sheet

    with opened(store) as found, found.reading() as session:
        sheet = money_sheet(session, required_order(session, number))
    assert sheet is not None, "The order was there a moment ago, in the same snapshot."
    if as_json:
        say_json(sheet.refunds)
        return
    for refund in sheet.refunds:
        say(refund.id, refund.state, refund.amount, refund.reason, refund.requested_by, refund.problem)


@app.command("approve")
def approve_refund(
    refund: RefundArgument,
    content: Annotated[str, typer.Option("--content", help="The content hash that you saw (`refund list --json`).")],
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Agree to a refund that somebody else asked for, exactly as you have seen it."""
    from opsdesk.operations.refunds.approvals import approve

    with acting(store, as_name) as performer:
        say_done(performer.perform(approve, refund, content_hash=content), as_json=as_json)


@app.command("decline")
def decline_refund(
    refund: RefundArgument,
    note: Annotated[str, typer.Option("--note", help="Why not.")],
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say no to a refund that waits for a second person."""
    from opsdesk.operations.refunds.approvals import decline

    with acting(store, as_name) as performer:
        say_done(performer.perform(decline, refund, note=note), as_json=as_json)


@app.command("take-back")
def take_refund_back(
    refund: RefundArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """Take a refund back that waits, or give one up that failed."""
    from opsdesk.operations.refunds.asking import take_back

    with acting(store, as_name) as performer:
        say_done(performer.perform(take_back, refund), as_json=as_json)


def grounds_of(performer: Performer, order: OrderDetail) -> RefundGrounds:
    """Read what a refund of an order stands on."""
    from opsdesk.store.views.money.refunding import refund_grounds

    with performer.store.reading() as session:
        grounds = refund_grounds(session, order.id)
    assert grounds is not None, "The order was there a moment ago."
    return grounds


def content_of(
    order: OrderDetail,
    grounds: RefundGrounds,
    lines: Sequence[str],
    amounts: dict[str, str],
    *,
    everything: bool,
    reason: str,
    note: str,
) -> RefundContent:
    """Return what the words of a command say is to go back."""
    from opsdesk.domain.refunds.parts import Fee, RefundContent, RefundLine
    from opsdesk.domain.refunds.states import FeeKind, RefundReason

    read = {name: amount_in(order, text) for name, text in amounts.items() if text}
    units = units_by_line(order, lines) or {}
    if everything:
        units = {line.line_id: line.units for line in grounds.left.lines if line.units}
        read.setdefault("shipping", grounds.left.shipping)
    fees = tuple(
        Fee(kind, read[name])
        for name, kind in (("restocking", FeeKind.RESTOCKING), ("return_label", FeeKind.RETURN_LABEL))
        if name in read
    )
    return RefundContent(
        lines=tuple(RefundLine(line_id, count) for line_id, count in units.items()),
        shipping=read.get("shipping"),
        fees=fees,
        goodwill=read.get("goodwill"),
        overpayment=read.get("overpayment"),
        reason=chosen(RefundReason, reason, "reason"),
        note=note,
    )


def _over(grounds: RefundGrounds, words: Sequence[str] | None) -> dict[int, Money]:
    from opsdesk.domain.money import Money

    named = _by_payment(grounds, words, "over")
    return {payment_id: Money.parse(text, grounds.charged.currency) for payment_id, text in named.items()}


def _shares(
    grounds: RefundGrounds, shares: Sequence[Share], references: Sequence[str] | None
) -> tuple[ShareChoice, ...] | None:
    from opsdesk.domain.money import Money
    from opsdesk.domain.refunds.shares import ShareChoice

    named, currency = _by_payment(grounds, references, "reference"), grounds.charged.currency
    found = (
        ShareChoice(share.payment_id, Money(share.amount, currency), reference=named.get(share.payment_id, ""))
        for share in shares
    )
    return tuple(found) or None


def _by_payment(grounds: RefundGrounds, words: Sequence[str] | None, field: str) -> dict[int, str]:
    from opsdesk.domain.errors import Invalid

    known, found = {source.payment_id for source in grounds.sources}, {}
    for word in words or ():
        payment, separator, rest = word.partition("=")
        if not separator or not (payment.isascii() and payment.isdigit()) or int(payment) not in known:
            said = f"{word[:60]!r} is not PAYMENT=... with the number of one of its payments (`pay show` lists them)."
            raise Invalid(field, said)
        found[int(payment)] = rest
    return found


def refund_letter(performer: Performer, order_id: int, refund: LetterRefund) -> Letter:
    """Write the mail that tells of a refund once the money has gone."""
    from opsdesk.store.views.mails.letters import letter_facts

    with telling(performer.store) as (_book, writer, _shop):
        with performer.store.reading() as session:
            facts = letter_facts(session, order_id, agent=performer.actor.name)
        return writer.write("refunded", replace(facts, refund=refund))
