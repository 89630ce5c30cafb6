"""`opsdesk order`: find and read orders, one by one or as the queue shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.cli.acting import acting, opened
from opsdesk.cli.options import AsOption, JsonOption, StoreOption
from opsdesk.cli.output import say, say_json

if TYPE_CHECKING:
    from sqlmodel import Session

    from opsdesk.domain.orders.queues import SavedView
    from opsdesk.store.views.orders.detail import OrderDetail

app = typer.Typer(help="Orders: list, show, and everything that can be done with one.", no_args_is_help=True)
NumberArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="The order's number, also SOURCE:NUMBER.")]


def required_order(session: Session, number: str) -> int:
    """Return the id of the order with this number.

    Raises:
        Refused: there is none, or several sources have one.
    """
    from opsdesk.domain.errors import Refused
    from opsdesk.store.views.orders.detail import order_id_of

    order_id = order_id_of(session, number)
    if order_id is None:
        raise Refused(f"There is no order {number}. `opsdesk order find` looks for parts of a number, too.")
    return order_id


@app.command("list")
def list_orders(
    store: StoreOption = "",
    view: Annotated[str, typer.Option("--view", help="new, to_check, on_hold, ... or everything.")] = "everything",
    words: Annotated[
        str, typer.Option("--filter", help="Words as in the queue's filter, e.g. `late total:>100`.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="At most this many.")] = 50,
    mine: Annotated[str, typer.Option("--as", help="Whose orders `mine` are.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List the newest or most urgent orders of a view, as the queue shows them."""
    from opsdesk.domain.moments import system_clock
    from opsdesk.domain.orders.queues import QueueQuery
    from opsdesk.store.views.queue.reading import queue_page

    chosen = _view(view)
    with acting(store, mine) as performer, performer.store.reading() as session:
        query = QueueQuery.of(chosen, words=words, user_id=performer.actor.user_id)
        page = queue_page(session, query, now=system_clock(), limit=limit)
    if as_json:
        say_json(page.lines)
        return
    for line in page.lines:
        say(line.number, line.headline.word, line.payment.word, line.total, line.customer_name, line.owner_name)


@app.command("show")
def show_order(number: NumberArgument, store: StoreOption = "", as_json: JsonOption = False) -> None:
    """Print one order with its lines, addresses, money, holds and parcels."""
    from opsdesk.domain.moments import system_clock
    from opsdesk.store.views.orders.detail import order_detail

    with opened(store) as found, found.reading() as session:
        detail = order_detail(session, required_order(session, number), user_id=None, now=system_clock())
    assert detail is not None, "The order was there a moment ago, in the same snapshot."
    if as_json:
        say_json(detail)
        return
    _print_order(detail)


@app.command("find")
def find_orders(text: str, store: StoreOption = "", as_json: JsonOption = False) -> None:
    """Find an order by anything: the last digits of its number, e-mail, telephone, tracking number, SKU, a name."""
    from opsdesk.domain.lookup import read_query
    from opsdesk.store.views.queue.finding import find

    with opened(store) as found, found.reading() as session:
        hits = find(session, read_query(text))
    if as_json:
        say_json(hits)
        return
    for hit in hits:
        say(hit.label, hit.detail)
    if not hits:
        say("Nothing found.")


@app.command("history")
def show_history(number: NumberArgument, store: StoreOption = "", as_json: JsonOption = False) -> None:
    """Print what happened to an order, newest first."""
    from opsdesk.store.views.orders.timeline import timeline

    with opened(store) as found, found.reading() as session:
        lines = timeline(session, required_order(session, number))
    if as_json:
        say_json(lines)
        return
    for line in lines:
        say(f"{line.at:%Y-%m-%d %H:%M}", line.actor, line.words)


@app.command("undo")
def undo_command(
    command: Annotated[str, typer.Argument(help="The command id that --json printed.")],
    store: StoreOption = "",
    as_name: AsOption = "",
    as_json: JsonOption = False,
) -> None:
    """Take a command back, where that is possible."""
    from opsdesk.cli.output import say_done
    from opsdesk.operations.undo import undo

    with acting(store, as_name) as performer:
        say_done(performer.perform(undo, command), as_json=as_json)


def _view(name: str) -> SavedView:
    from opsdesk.domain.errors import Invalid
    from opsdesk.domain.orders.queues import SavedView

    try:
        return SavedView(name)
    except ValueError as error:
        raise Invalid("view", f"There is no view {name[:40]!r}. Known are: {', '.join(SavedView)}.") from error


def _print_order(detail: OrderDetail) -> None:
    head = detail.head
    say(f"{head.number}  {head.headline.word}  {head.payment.word}  {detail.amounts.total}")
    say(head.customer_name, head.email, head.phone)
    for line in detail.lines:
        say(f"  {line.quantities.ordered} x", line.sku, line.title, line.variant)
    for hold in detail.active_holds:
        say(f"  on hold: {hold.type.label}", hold.reason)
    for parcel in detail.parcels:
        say(f"  parcel: {parcel.carrier}", parcel.tracking_number)
