"""`opsdesk pay`: pay links, disputes, and what came in that nobody had asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import acting, telling
from opsdesk.cli.once import CommandOption, Once
from opsdesk.cli.options import AsOption, JsonOption, StoreOption
from opsdesk.cli.order_commands import on_order
from opsdesk.cli.orders import NumberArgument
from opsdesk.cli.output import say_done
from opsdesk.cli.pay import LessArgument, amount_in, app, sheet_of

if TYPE_CHECKING:
    from opsdesk.domain.mails.outgoing import Letter
    from opsdesk.domain.money import Money
    from opsdesk.store.views.orders.detail import OrderDetail
    from opsdesk.store.work import Performer

DisputeArgument = Annotated[int, typer.Argument(metavar="DISPUTE", help="Its number (`pay show` lists them).")]
NoteOption = Annotated[str, typer.Option("--note", help="For whoever reads it later.")]


@app.command("link")
def ask_with_link(
    number: NumberArgument,
    amount: LessArgument = "",
    days: Annotated[int, typer.Option("--days", min=1, help="For how many days it can be paid.")] = 3,
    authorise_only: Annotated[
        bool, typer.Option("--authorise-only", help="The bank promises the money; capture it later.")
    ] = False,
    tell: Annotated[bool, typer.Option("--tell/--no-tell", help="Send it to the customer by mail.")] = True,
    command: CommandOption = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Ask for money with a pay link: all that is due, or the amount that is named."""
    from opsdesk.operations.payments.pay_links import ask_for_payment

    once = Once(command, "link.create", as_json)
    with on_order(store, as_name, number, once) as (performer, order):
        sheet = sheet_of(performer, order.id)
        wanted = amount_in(order, amount) if amount else sheet.to_ask
        lasts = timedelta(days=days)
        is_told = tell and order.facts.has_email
        letter = link_letter(performer, order, wanted, lasts) if is_told and wanted.minor > 0 else None
        done = once.carry_out(
            performer,
            ask_for_payment,
            order.id,
            version=order.version,
            amount=wanted,
            expires_in=lasts,
            tell=letter,
            authorise_only=authorise_only,
        )
        say_done(done, as_json=as_json)


@app.command("cancel-link")
def cancel_pay_link(
    number: NumberArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """Take the pay link of an order back, so that nobody can pay with it any more."""
    from opsdesk.domain.errors import Refused
    from opsdesk.operations.payments.pay_links import cancel_link

    with on_order(store, as_name, number) as (performer, order):
        link = sheet_of(performer, order.id).open_link
        if link is None:
            raise Refused(f"{order.number} has no pay link that can be paid.")
        say_done(performer.perform(cancel_link, link.id), as_json=as_json)


@app.command("dispute")
def note_dispute(
    number: NumberArgument,
    payment: Annotated[int, typer.Option("--payment", help="Which payment (`pay show` lists them).")],
    amount: Annotated[str, typer.Option("--amount", help="How much is disputed, e.g. 12.50.")],
    reference: Annotated[str, typer.Option("--reference", help="What the bank or gateway calls it.")],
    reason: Annotated[str, typer.Option("--reason", help="As the bank says it.")] = "",
    due: Annotated[datetime | None, typer.Option("--due", help="Until when it can be answered (UTC).")] = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Note a dispute that came by letter; the order is held while it is open."""
    from opsdesk.operations.payments.disputes import record_dispute

    with on_order(store, as_name, number) as (performer, order):
        done = performer.perform(
            record_dispute,
            payment,
            version=order.version,
            reference=reference,
            amount=amount_in(order, amount),
            reason=reason,
            due_at=due.replace(tzinfo=UTC) if due else None,
        )
        say_done(done, as_json=as_json)


@app.command("dispute-answer")
def note_answer(
    dispute: DisputeArgument,
    note: NoteOption,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say that a dispute was answered."""
    from opsdesk.operations.payments.disputes import answer_dispute

    with acting(store, as_name) as performer:
        say_done(performer.perform(answer_dispute, dispute, note=note), as_json=as_json)


@app.command("dispute-accept")
def note_acceptance(
    dispute: DisputeArgument,
    note: NoteOption = "",
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Accept a dispute: the money is gone."""
    from opsdesk.operations.payments.disputes import accept_dispute

    with acting(store, as_name) as performer:
        say_done(performer.perform(accept_dispute, dispute, note=note), as_json=as_json)


@app.command("dispute-decide")
def note_decision(
    dispute: DisputeArgument,
    won: Annotated[bool, typer.Option("--won/--lost", help="How the bank decided.")],
    note: NoteOption,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Write down how a dispute ended."""
    from opsdesk.operations.payments.disputes import decide_dispute

    with acting(store, as_name) as performer:
        say_done(performer.perform(decide_dispute, dispute, won=won, note=note), as_json=as_json)


@app.command("settle-event")
def close_event(
    gateway: Annotated[str, typer.Argument(help="Which gateway told it, e.g. stripe.")],
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's id (`pay tasks` lists them).")],
    note: NoteOption,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Close what came in unexpectedly, with what was done about it."""
    from opsdesk.operations.payments.gateway_events import settle_event

    with acting(store, as_name) as performer:
        say_done(performer.perform(settle_event, gateway, event, note=note), as_json=as_json)


def link_letter(
    performer: Performer, order: OrderDetail, amount: Money, lasts: timedelta, *, is_for_change: bool = False
) -> Letter:
    """Write the mail that brings a pay link; its address is filled in when the gateway has made the link."""
    from opsdesk.domain.mails.letters import AskedPayment
    from opsdesk.domain.payments.pay_links import ADDRESS_COMES
    from opsdesk.store.views.mails.letters import letter_facts

    asked = AskedPayment(ADDRESS_COMES, amount, performer.clock() + lasts, is_for_change=is_for_change)
    with telling(performer.store) as (_book, writer, _shop):
        with performer.store.reading() as session:
            facts = letter_facts(session, order.id, agent=performer.actor.name)
        return writer.write("pay_link", replace(facts, asked=asked))
