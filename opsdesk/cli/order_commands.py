"""`opsdesk order`: what can be done with one order, by the same rules as on its screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import acting, carriers, telling
from opsdesk.cli.choices import cancel_reason, hold_type, units_by_line
from opsdesk.cli.options import AsOption, JsonOption, StoreOption
from opsdesk.cli.orders import NumberArgument, app, required_order
from opsdesk.cli.output import say_done

if TYPE_CHECKING:
    from opsdesk.cli.once import Once
    from opsdesk.domain.mails.outgoing import Letter
    from opsdesk.store.views.orders.detail import OrderDetail
    from opsdesk.store.work import Performer

NoteOption = Annotated[str, typer.Option("--note", help="Why, for whoever reads it later.")]


@contextmanager
def on_order(
    store: str, as_name: str, number: str, once: Once | None = None
) -> Iterator[tuple[Performer, OrderDetail]]:
    """Open one order for a command on behalf of a person; one that is said again ends here with its first answer."""
    from opsdesk.store.views.orders.detail import order_detail

    with acting(store, as_name) as performer:
        with performer.store.reading() as session:
            order_id = required_order(session, number)
            detail = order_detail(session, order_id, user_id=performer.actor.user_id, now=performer.clock())
        assert detail is not None, "The order was there a moment ago, in the same snapshot."
        if once is not None:
            once.answer_again(performer, detail.customer.id if once.is_about_customer else order_id)
        yield performer, detail


@app.command("hold")
def hold_order(
    number: NumberArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why; whoever releases it needs to know.")],
    kind: Annotated[str, typer.Option("--kind", help="manual, address, stock, fraud, ...")] = "manual",
    review_at: Annotated[datetime | None, typer.Option("--review-at", help="When somebody looks again (UTC).")] = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Stop an order from being packed and shipped."""
    from datetime import UTC

    from opsdesk.operations.orders.holds import hold

    with on_order(store, as_name, number) as (performer, order):
        look_again = review_at.replace(tzinfo=UTC) if review_at else None
        done = performer.perform(
            hold, order.id, version=order.version, kind=hold_type(kind), reason=reason, review_at=look_again
        )
        say_done(done, as_json=as_json)


@app.command("release")
def release_order(
    number: NumberArgument,
    kind: Annotated[str, typer.Option("--kind", help="Which hold; the most urgent if none is named.")] = "",
    note: NoteOption = "",
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Release a hold; a fraud hold decides its case too."""
    from opsdesk.operations.orders.holds import release

    with on_order(store, as_name, number) as (performer, order):
        chosen = hold_type(kind) if kind else None
        done = performer.perform(release, order.id, version=order.version, kind=chosen, note=note)
        say_done(done, as_json=as_json)


@app.command("cancel")
def cancel_order(
    number: NumberArgument,
    reason: Annotated[str, typer.Option("--reason", help="customer, fraud, inventory, duplicate, ...")],
    note: NoteOption = "",
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Cancel everything that has not left the house."""
    from opsdesk.operations.orders.cancelling import cancel

    with on_order(store, as_name, number) as (performer, order):
        done = performer.perform(cancel, order.id, version=order.version, reason=cancel_reason(reason), note=note)
        say_done(done, as_json=as_json)


@app.command("reopen")
def reopen_order(
    number: NumberArgument,
    note: NoteOption = "",
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Work on a cancelled or completed order again."""
    from opsdesk.operations.orders.cancelling import reopen

    with on_order(store, as_name, number) as (performer, order):
        say_done(performer.perform(reopen, order.id, version=order.version, note=note), as_json=as_json)


@app.command("note")
def note_order(
    number: NumberArgument,
    text: Annotated[str, typer.Argument(help="The note.")],
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Write a note on an order."""
    from opsdesk.operations.orders.notes import note

    with on_order(store, as_name, number) as (performer, order):
        say_done(performer.perform(note, order.id, text=text), as_json=as_json)


@app.command("claim")
def claim_order(
    number: NumberArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """Take an order that nobody else has."""
    from opsdesk.operations.orders.desk import claim

    with on_order(store, as_name, number) as (performer, order):
        say_done(performer.perform(claim, order.id), as_json=as_json)


@app.command("assign")
def assign_order(
    number: NumberArgument,
    to: Annotated[str, typer.Option("--to", help="Sign-in name; nobody if left out.")] = "",
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give an order to somebody, or back to everybody."""
    from opsdesk.operations.orders.desk import assign

    with on_order(store, as_name, number) as (performer, order):
        say_done(performer.perform(assign, order.id, to=to or None), as_json=as_json)


@app.command("pack")
def pack_order(
    number: NumberArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """Mark an order as being packed."""
    from opsdesk.operations.orders.packing import start_packing

    with on_order(store, as_name, number) as (performer, order):
        say_done(performer.perform(start_packing, order.id, version=order.version), as_json=as_json)


@app.command("ship")
def ship_order(
    number: NumberArgument,
    carrier: Annotated[str, typer.Option("--carrier", help="dhl, ups, ... or any name.")],
    tracking: Annotated[str, typer.Option("--tracking", help="Tracking number.")] = "",
    lines: Annotated[list[str] | None, typer.Option("--line", help="SKU=UNITS; all open ones if left out.")] = None,
    tell: Annotated[bool, typer.Option("--tell/--no-tell", help="Send the mail that it has shipped.")] = True,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Send one parcel, in full or in part, and tell the customer."""
    from opsdesk.domain.carriers import find_carrier
    from opsdesk.operations.orders.shipping import ship

    with on_order(store, as_name, number) as (performer, order):
        chosen = find_carrier(carriers(), carrier)
        url = chosen.link(tracking)
        quantities = units_by_line(order, lines or [])
        is_told = tell and order.facts.has_email
        letter = _shipped_letter(performer, order, (chosen.name, tracking, url), quantities) if is_told else None
        done = performer.perform(
            ship,
            order.id,
            version=order.version,
            carrier=chosen.name,
            tracking_number=tracking,
            tracking_url=url,
            quantities=quantities,
            letter=letter,
        )
        say_done(done, as_json=as_json)


@app.command("deliver")
def deliver_order(
    number: NumberArgument, store: StoreOption = "", as_name: AsOption = "", as_json: JsonOption = False
) -> None:
    """Mark everything that was shipped as delivered."""
    from opsdesk.operations.orders.shipping import deliver

    with on_order(store, as_name, number) as (performer, order):
        say_done(performer.perform(deliver, order.id, version=order.version), as_json=as_json)


def _shipped_letter(
    performer: Performer, order: OrderDetail, parcel: tuple[str, str, str], quantities: Mapping[int, int] | None
) -> Letter:
    from dataclasses import replace

    from opsdesk.domain.mails.letters import LetterLine, LetterParcel
    from opsdesk.operations.orders.shipping import SHIPPED_STATUS
    from opsdesk.operations.statuses.previewing import preview
    from opsdesk.store.views.mails.letters import letter_facts

    units = quantities or {line.id: line.quantities.open for line in order.lines}
    inside = tuple(
        LetterLine(line.title, units[line.id], line.price, line.variant, line.sku)
        for line in order.lines
        if units.get(line.id)
    )
    with telling(performer.store) as (book, writer, shop):
        with performer.store.reading() as session:
            facts = letter_facts(session, order.id, agent=performer.actor.name)
        told = replace(facts, parcels=(LetterParcel(*parcel, inside),))
        return preview(writer, shop.facts, book.find(SHIPPED_STATUS), told, now=performer.clock()).letter
