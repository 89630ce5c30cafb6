"""`opsdesk refund`: compose a refund, agree to one, see to one that failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import acting, opened, telling
from opsdesk.cli.choices import chosen, units_by_line
from opsdesk.cli.options import AsOption, DryRunOption, JsonOption, StoreOption
from opsdesk.cli.order_commands import on_order
from opsdesk.cli.orders import NumberArgument, required_order
from opsdesk.cli.output import say, say_done, say_json
from opsdesk.cli.pay import amount_in

if TYPE_CHECKING:
    from opsdesk.domain.mails.letters import LetterRefund
    from opsdesk.domain.mails.outgoing import Letter
    from opsdesk.domain.refunds.parts import RefundContent
    from opsdesk.domain.refunds.shares import Share, ShareChoice
    from opsdesk.store.views.money.refunding import RefundGrounds
    from opsdesk.store.views.orders.detail import OrderDetail
    from opsdesk.store.work import Performer

app = typer.Typer(help="Refunds: compose, approve, take back, try again.", no_args_is_help=True)
RefundArgument = Annotated[int, typer.Argument(metavar="REFUND", help="Its number (`refund list` shows them).")]
Amount = Annotated[str, typer.Option(show_default=False)]


@app.command("request")
def request_refund(
    number: NumberArgument,
    line: Annotated[list[str] | None, typer.Option("--line", help="SKU=UNITS; may stand several times.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that is left.")] = False,
    shipping: Amount = "",
    goodwill: Amount = "",
    restocking: Amount = "",
    return_label: Amount = "",
    reason: Annotated[str, typer.Option("--reason", help="damaged, changed_mind, goodwill, ...")] = "other",
    note: Annotated[str, typer.Option("--note", help="For the history.")] = "",
    over: Annotated[list[str] | None, typer.Option("--over", help="PAYMENT=AMOUNT; may stand several times.")] = None,
    reference: Annotated[
        list[str] | None, typer.Option("--reference", help="PAYMENT=WORDS, for what was paid by hand.")
    ] = None,
    tell: Annotated[bool, typer.Option("--tell/--no-tell", help="Tell the customer once the money has gone.")] = True,
    dry_run: DryRunOption = False,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Refund lines, shipping, goodwill; above your own limit it waits for a second person."""
    from opsdesk.domain.refunds.preview import preview
    from opsdesk.operations.refunds.asking import request

    with on_order(store, as_name, number) as (performer, order):
        grounds = _grounds(performer, order)
        amounts = {"shipping": shipping, "goodwill": goodwill, "restocking": restocking, "return_label": return_label}
        content = _content(order, grounds, line or [], amounts, everything=everything, reason=reason, note=note)
        overrides = {int(word): amount_in(order, text) for word, text in (_pair(each, "over") for each in over or [])}
        found = preview(grounds.charged, grounds.earlier, content, grounds.sources, overrides=overrides)
        shares = _shares(found.shares, order, reference or [])
        letter = _letter(performer, order, found.letter) if tell and order.facts.has_email else None
        run = performer.rehearse if dry_run else performer.perform
        done = run(request, order.id, version=order.version, content=content, shares=shares, letter=letter)
        if dry_run and not as_json:
            say(done.details.get("parts", ""))
            say(done.details.get("shares", ""))
        say_done(done, as_json=as_json)


@app.command("overpayment")
def return_too_much(
    number: NumberArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """Give back what was paid too much; what the order costs stays as it is."""
    from opsdesk.operations.refunds.asking import return_overpayment

    with on_order(store, as_name, number) as (performer, order):
        say_done(performer.perform(return_overpayment, order.id, version=order.version), as_json=as_json)


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


@app.command("retry")
def retry_refund(
    refund: RefundArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """Send what failed again."""
    from opsdesk.operations.refunds.asking import retry

    with acting(store, as_name) as performer:
        say_done(performer.perform(retry, refund), as_json=as_json)


@app.command("credit")
def credit_refund(
    refund: RefundArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """Give the customer store credit for what failed."""
    from opsdesk.operations.refunds.asking import turn_into_credit

    with acting(store, as_name) as performer:
        say_done(performer.perform(turn_into_credit, refund), as_json=as_json)


def _grounds(performer: Performer, order: OrderDetail) -> RefundGrounds:
    from opsdesk.store.views.money.refunding import refund_grounds

    with performer.store.reading() as session:
        grounds = refund_grounds(session, order.id)
    assert grounds is not None, "The order was there a moment ago."
    return grounds


def _content(
    order: OrderDetail,
    grounds: RefundGrounds,
    lines: Sequence[str],
    amounts: dict[str, str],
    *,
    everything: bool,
    reason: str,
    note: str,
) -> RefundContent:
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
        reason=chosen(RefundReason, reason, "reason"),
        note=note,
    )


def _shares(shares: Sequence[Share], order: OrderDetail, references: Sequence[str]) -> tuple[ShareChoice, ...] | None:
    from opsdesk.domain.money import Money
    from opsdesk.domain.refunds.shares import ShareChoice

    named = dict(_pair(word, "reference") for word in references)
    currency = order.amounts.total.currency
    return (
        tuple(
            ShareChoice(share.payment_id, Money(share.amount, currency), reference=named.get(str(share.payment_id), ""))
            for share in shares
        )
        or None
    )


def _pair(word: str, field: str) -> tuple[str, str]:
    from opsdesk.domain.errors import Invalid

    payment, separator, rest = word.partition("=")
    if not separator or not (payment.isascii() and payment.isdigit()):
        raise Invalid(field, f"{word[:60]!r} is not PAYMENT=... with the number of a payment (`pay show` lists them).")
    return payment, rest


def _letter(performer: Performer, order: OrderDetail, refund: LetterRefund) -> Letter:
    from opsdesk.store.views.mails.letters import letter_facts

    with telling(performer.store) as (_book, writer, _shop):
        with performer.store.reading() as session:
            facts = letter_facts(session, order.id, agent=performer.actor.name)
        return writer.write("refunded", replace(facts, refund=refund))
