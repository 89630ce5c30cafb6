"""`opsdesk status`: the Order Status menu from the command line."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import telling
from opsdesk.cli.choices import cancel_reason
from opsdesk.cli.options import AsOption, DryRunOption, JsonOption, StoreOption
from opsdesk.cli.order_commands import on_order
from opsdesk.cli.orders import NumberArgument
from opsdesk.cli.output import say, say_done, say_json

if TYPE_CHECKING:
    from opsdesk.operations.statuses.previewing import Preview

app = typer.Typer(help="The Order Status menu: what can be told, and telling it.", no_args_is_help=True)


@app.command("menu")
def show_menu(
    number: NumberArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """List the statuses that the customer can be told now, and why the others cannot."""
    with on_order(store, as_name, number) as (performer, order), telling(performer.store) as (book, _, _):
        entries = book.menu(order.facts)
    if as_json:
        say_json(
            [{"code": entry.status.code, "name": entry.status.name, "why_not": entry.why_not} for entry in entries]
        )
        return
    for entry in entries:
        say(entry.status.code, entry.status.name, f"({entry.why_not})" if entry.why_not else "")


@app.command("tell")
def tell_status(
    number: NumberArgument,
    status: Annotated[str, typer.Argument(help="The status's code, e.g. potential_fraud.")],
    expected_on: Annotated[datetime | None, typer.Option("--expected-on", formats=["%Y-%m-%d"])] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why it is cancelled, where the status cancels.")] = "",
    subject: Annotated[str, typer.Option("--subject", help="Instead of the template's.")] = "",
    text: Annotated[str, typer.Option("--text", help="Instead of the template's.")] = "",
    dry_run: DryRunOption = False,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Tell the customer a status by its mail, and do with the order what the status does."""
    from opsdesk.operations.statuses.previewing import preview
    from opsdesk.operations.statuses.previewing import telling as words_of
    from opsdesk.operations.statuses.telling import tell
    from opsdesk.store.views.mails.letters import letter_facts

    with on_order(store, as_name, number) as (performer, order), telling(performer.store) as (book, writer, shop):
        with performer.store.reading() as session:
            facts = letter_facts(session, order.id, agent=performer.actor.name)
        day = expected_on.date() if expected_on else None
        now, fraud = performer.clock(), performer.store.fraud
        seen = preview(writer, shop.facts, book.find(status), facts, now=now, expected_on=day, fraud=fraud)
        if dry_run:
            _print_letter(seen, as_json=as_json)
            return
        told = words_of(
            writer,
            seen,
            subject=subject or seen.letter.subject,
            text=text or seen.letter.text,
            titles=tuple(line.title for line in order.lines),
            cancel_reason=cancel_reason(reason) if reason else None,
        )
        say_done(performer.perform(tell, order.id, version=order.version, telling=told), as_json=as_json)


def _print_letter(seen: Preview, *, as_json: bool) -> None:
    if as_json:
        say_json(seen.letter)
        return
    say(f"Subject: {seen.letter.subject}\n\n{seen.letter.text}")
