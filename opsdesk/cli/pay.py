"""`opsdesk pay`: see the money of an order, take it, capture it, ask for it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import acting, opened
from opsdesk.cli.choices import chosen
from opsdesk.cli.once import CommandOption, Once
from opsdesk.cli.options import AsOption, JsonOption, StoreOption
from opsdesk.cli.order_commands import on_order
from opsdesk.cli.orders import NumberArgument, required_order
from opsdesk.cli.output import say, say_done, say_json

if TYPE_CHECKING:
    from opsdesk.domain.money import Money
    from opsdesk.store.views.money.parts import MoneySheet, PaymentView
    from opsdesk.store.views.orders.detail import OrderDetail
    from opsdesk.store.work import Performer

app = typer.Typer(help="Money: what came in, what can be moved, pay links, disputes.", no_args_is_help=True)
AmountArgument = Annotated[str, typer.Argument(help="An amount such as 12.50, in the order's currency.")]
LessArgument = Annotated[str, typer.Argument(help="Less than all of it, e.g. 12.50.", show_default=False)]
PaymentOption = Annotated[int | None, typer.Option("--payment", help="Which payment (`pay show` lists them).")]


def sheet_of(performer: Performer, order_id: int) -> MoneySheet:
    """Read the money of an order."""
    from opsdesk.store.views.money.sheet import money_sheet

    with performer.store.reading() as session:
        sheet = money_sheet(session, order_id)
    assert sheet is not None, "The order was there a moment ago."
    return sheet


def amount_in(order: OrderDetail, text: str) -> Money:
    """Read an amount in the order's currency."""
    from opsdesk.domain.money import Money

    return Money.parse(text, order.amounts.total.currency)


@app.command("show")
def show_money(number: NumberArgument, store: StoreOption = "", as_json: JsonOption = False) -> None:
    """Print the payments of an order with what is left of each, links, refunds, disputes, and the balance."""
    from opsdesk.store.views.money.sheet import money_sheet

    with opened(store) as found, found.reading() as session:
        sheet = money_sheet(session, required_order(session, number))
    assert sheet is not None, "The order was there a moment ago, in the same snapshot."
    if as_json:
        say_json({
            "number": sheet.number, "total": sheet.total, "paid": sheet.paid, "ledger": sheet.ledger, "due": sheet.due,
            "capturable": sheet.capturable, "refundable": sheet.refundable, "payments": sheet.payments,
            "calls": sheet.calls, "links": sheet.links, "refunds": sheet.refunds, "disputes": sheet.disputes,
            "amendment": sheet.amendment, "credits": sheet.credits,
        })  # fmt: skip
        return
    say(sheet.number, f"total {sheet.total}", f"paid {sheet.paid}", f"due {sheet.due}")
    for payment in sheet.payments:
        say(payment.id, payment.name, payment.state.word, payment.money(payment.facts.captured), payment.reference)
    for link in sheet.links:
        say("link", link.id, link.state, link.amount, link.url)
    for refund in sheet.refunds:
        say("refund", refund.id, refund.state, refund.amount, refund.requested_by, refund.problem)
    for dispute in sheet.disputes:
        say("dispute", dispute.id, dispute.state.value, dispute.amount, dispute.due_at or "")
    for call in sheet.calls:
        say("call", call.id, call.kind.value, call.state.word, call.amount, call.problem)


@app.command("tasks")
def list_tasks(store: StoreOption = "", as_json: JsonOption = False) -> None:
    """List what about money waits for somebody, the most urgent first."""
    from opsdesk.domain.moments import system_clock
    from opsdesk.store.views.money.tasks import money_tasks

    with opened(store) as found, found.reading() as session:
        tasks = money_tasks(session, now=system_clock())
    if as_json:
        say_json(tasks)
        return
    for task in tasks:
        say(task.kind.word, task.subject_id or task.subject, task.number, task.amount, task.said)


@app.command("record")
def record(
    number: NumberArgument,
    amount: AmountArgument,
    method: Annotated[str, typer.Option("--method", help="bank_transfer, cash or cheque.")] = "bank_transfer",
    reference: Annotated[str, typer.Option("--reference", help="What the bank statement says.")] = "",
    command: CommandOption = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Record a bank transfer, cash or a cheque that has arrived."""
    from opsdesk.domain.payments.transactions import Method
    from opsdesk.operations.payments.taking import record_payment

    once = Once(command, "payment.record", as_json)
    with on_order(store, as_name, number, once) as (performer, order):
        done = once.carry_out(
            performer,
            record_payment,
            order.id,
            version=order.version,
            amount=amount_in(order, amount),
            method=chosen(Method, method, "method"),
            reference=reference,
        )
        say_done(done, as_json=as_json)


@app.command("capture")
def capture_payment(
    number: NumberArgument,
    amount: LessArgument = "",
    payment: PaymentOption = None,
    command: CommandOption = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Capture what was authorised, in full or in part; it goes out in a minute."""
    from opsdesk.operations.payments.taking import capture

    once = Once(command, "payment.capture", as_json)
    with on_order(store, as_name, number, once) as (performer, order):
        wanted = _authorised(sheet_of(performer, order.id), payment)
        less = amount_in(order, amount) if amount else None
        done = once.carry_out(performer, capture, wanted.id, version=order.version, amount=less)
        say_done(done, as_json=as_json)


@app.command("void")
def void_payment(
    number: NumberArgument,
    payment: PaymentOption = None,
    command: CommandOption = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give an authorisation back; it goes out in a minute."""
    from opsdesk.operations.payments.taking import void

    once = Once(command, "payment.void", as_json)
    with on_order(store, as_name, number, once) as (performer, order):
        wanted = _authorised(sheet_of(performer, order.id), payment)
        say_done(once.carry_out(performer, void, wanted.id, version=order.version), as_json=as_json)


@app.command("credit")
def pay_with_credit(
    number: NumberArgument,
    amount: AmountArgument,
    credit: Annotated[int, typer.Option("--credit", help="Which credit (`pay show --json` lists them).")],
    command: CommandOption = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Pay with the customer's store credit or gift card."""
    from opsdesk.operations.payments.taking import use_credit

    once = Once(command, "payment.use_credit", as_json)
    with on_order(store, as_name, number, once) as (performer, order):
        wanted = amount_in(order, amount)
        done = once.carry_out(performer, use_credit, order.id, version=order.version, credit_id=credit, amount=wanted)
        say_done(done, as_json=as_json)


@app.command("account")
def pay_on_account(
    number: NumberArgument,
    note: Annotated[str, typer.Option("--note", help="Who allowed it, and until when it is paid.")],
    command: CommandOption = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Let the customer pay on account."""
    from opsdesk.operations.payments.taking import take_on_account

    once = Once(command, "payment.take_on_account", as_json)
    with on_order(store, as_name, number, once) as (performer, order):
        say_done(
            once.carry_out(performer, take_on_account, order.id, version=order.version, note=note), as_json=as_json
        )


@app.command("issue-credit")
def issue_store_credit(
    number: NumberArgument,
    amount: AmountArgument,
    kind: Annotated[str, typer.Option("--kind", help="store_credit or gift_card.")] = "store_credit",
    note: Annotated[str, typer.Option("--note", help="Why.")] = "",
    command: CommandOption = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give the customer of an order store credit, or a gift card whose code is read from standard input."""
    from opsdesk.domain.payments.transactions import Method
    from opsdesk.operations.payments.store_credit import issue

    once = Once(command, "credit.issue", as_json)
    with on_order(store, as_name, number, once) as (performer, order):
        wanted = chosen(Method, kind, "kind")
        code = sys.stdin.readline().strip() if wanted is Method.GIFT_CARD else ""
        done = once.carry_out(
            performer,
            issue,
            order.customer.id,
            amount=amount_in(order, amount),
            kind=wanted,
            note=note,
            code=code,
        )
        say_done(done, as_json=as_json)


CallArgument = Annotated[int, typer.Argument(metavar="CALL", help="The call's number (`pay show` lists them).")]


@app.command("take-back")
def take_call_back(
    call: CallArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """Take back what a gateway was to be asked for, while it waits."""
    from opsdesk.operations.payments.gateway_calls import take_back

    with acting(store, as_name) as performer:
        say_done(performer.perform(take_back, call), as_json=as_json)


@app.command("send-now")
def send_call_now(
    call: CallArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """Do not wait for the minute in which it could be taken back."""
    from opsdesk.operations.payments.gateway_calls import send_now

    with acting(store, as_name) as performer:
        say_done(performer.perform(send_now, call), as_json=as_json)


@app.command("settle")
def settle_call(
    call: CallArgument,
    happened: Annotated[bool, typer.Option("--happened/--did-not-happen", help="What the gateway's own screen says.")],
    note: Annotated[str, typer.Option("--note", help="Where you looked.")],
    reference: Annotated[str, typer.Option("--reference", help="What the gateway calls it.")] = "",
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Write down what became of a call whose answer nobody knows."""
    from opsdesk.operations.payments.gateway_calls import settle_by_hand

    with acting(store, as_name) as performer:
        done = performer.perform(settle_by_hand, call, happened=happened, reference=reference, note=note)
        say_done(done, as_json=as_json)


def _authorised(sheet: MoneySheet, payment: int | None) -> PaymentView:
    from opsdesk.domain.errors import Refused

    if payment is not None:
        named = sheet.payment(payment)
        if named is None:
            raise Refused(f"{sheet.number} has no payment {payment}. `opsdesk pay show {sheet.number}` lists them.")
        return named
    able = [each for each in sheet.payments if each.facts.capturable]
    if not able:
        raise Refused(f"Nothing of {sheet.number} is authorised and not captured.")
    if len(able) > 1:
        ids = ", ".join(f"{each.id} ({each.name})" for each in able)
        raise Refused(f"Several payments are authorised. Say which with --payment: {ids}.")
    return able[0]
