"""`opsdesk order`: correct contact and address, and let an order come back later."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from opsdesk.cli.options import AsOption, JsonOption, StoreOption
from opsdesk.cli.order_commands import on_order
from opsdesk.cli.orders import NumberArgument, app
from opsdesk.cli.output import say_done

Given = Annotated[str | None, typer.Option(show_default=False)]
"""A field that stays as it is when it is left out, and is emptied by an empty text."""


@app.command("contact")
def edit_order_contact(
    number: NumberArgument,
    name: Given = None,
    email: Given = None,
    phone: Given = None,
    language: Given = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Correct the customer's name, e-mail, telephone or language; what is left out stays."""
    from opsdesk.operations.orders.contacts import edit_contact

    given = {"name": name, "email": email, "phone": phone, "language": language}
    with on_order(store, as_name, number) as (performer, order):
        head = order.head
        now = {"name": head.customer_name, "email": head.email, "phone": head.phone, "language": head.language}
        fields = now | {field: value for field, value in given.items() if value is not None}
        say_done(performer.perform(edit_contact, order.id, version=order.version, **fields), as_json=as_json)


@app.command("address")
def edit_order_address(
    number: NumberArgument,
    billing: Annotated[
        bool, typer.Option("--billing", help="The billing address instead of the shipping one.")
    ] = False,
    name: Given = None,
    company: Given = None,
    line1: Given = None,
    line2: Given = None,
    city: Given = None,
    region: Given = None,
    postcode: Given = None,
    country: Given = None,
    phone: Given = None,
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Correct the shipping or billing address; what is left out stays."""
    from opsdesk.operations.orders.contacts import edit_address
    from opsdesk.operations.orders.entries import AddressEntry

    given = {"name": name, "company": company, "line1": line1, "line2": line2, "city": city, "region": region,
             "postcode": postcode, "country": country, "phone": phone}  # fmt: skip
    kind = "billing" if billing else "shipping"
    with on_order(store, as_name, number) as (performer, order):
        found = order.billing_address if billing else order.shipping_address
        empty = dict.fromkeys(given, "")
        now = {field: getattr(found, field) for field in given} if found else empty
        fields = now | {field: value for field, value in given.items() if value is not None}
        entry = asdict(AddressEntry(**fields))
        done = performer.perform(edit_address, order.id, version=order.version, kind=kind, **entry)
        say_done(done, as_json=as_json)


@app.command("snooze")
def snooze_order(
    number: NumberArgument,
    until: Annotated[datetime, typer.Argument(help="When it comes back (UTC).")],
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Let an order leave the views until a moment."""
    from opsdesk.operations.orders.desk import snooze

    with on_order(store, as_name, number) as (performer, order):
        say_done(performer.perform(snooze, order.id, until=until.replace(tzinfo=UTC)), as_json=as_json)
