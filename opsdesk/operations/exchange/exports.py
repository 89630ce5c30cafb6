"""Take orders and products out into a file. It holds personal data, so who took it stands in the history."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from opsdesk.domain.incoming.arrivals import IncomingOrder, IncomingProduct
from opsdesk.store.views.mails.outgoing import orders_after, products_after
from opsdesk.store.work import Done, Performer, Work, operation


@operation("export.orders")
def begin_orders_export(work: Work, *, file_name: str) -> Done:
    """Note that somebody takes out all orders."""
    work.record("export.orders", "export", 0, f"Export of all orders to {file_name}")
    return Done(f"Export of orders to {file_name} began.")


@operation("export.products")
def begin_products_export(work: Work, *, file_name: str) -> Done:
    """Note that somebody takes out all products."""
    work.record("export.products", "export", 0, f"Export of all products to {file_name}")
    return Done(f"Export of products to {file_name} began.")


def export_orders(performer: Performer, file_name: str, write: Callable[[IncomingOrder], object]) -> int:
    """Write every order; return how many there were.

    Raises:
        Denied: this person may not take them out.
        Unavailable: the store did not answer; the file is not whole.
    """
    performer.perform(begin_orders_export, file_name=file_name)
    count = 0
    for order in _orders(performer):
        write(order)
        count += 1
    return count


def export_products(performer: Performer, file_name: str, write: Callable[[IncomingProduct], object]) -> int:
    """Write every product; return how many there were.

    Raises:
        Denied: this person may not take them out.
        Unavailable: the store did not answer; the file is not whole.
    """
    performer.perform(begin_products_export, file_name=file_name)
    count = 0
    for product in _products(performer):
        write(product)
        count += 1
    return count


def _orders(performer: Performer) -> Iterator[IncomingOrder]:
    last = 0
    while True:
        with performer.store.reading() as session:
            page, last = orders_after(session, last)
        if not page:
            return
        yield from page


def _products(performer: Performer) -> Iterator[IncomingProduct]:
    last = 0
    while True:
        with performer.store.reading() as session:
            page, last = products_after(session, last)
        if not page:
            return
        yield from page
