"""Bring orders and products in from a file: what is new is written, what changed follows its source, the rest stays.

A run is many transactions, so that a terminal never waits long for it. It can be stopped at any moment and begun again:
what came in is found unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from opsdesk.domain.errors import Denied
from opsdesk.domain.incoming.arrivals import IncomingOrder, IncomingProduct, Rejection
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.integrations.ports import OrderFile, ProductFile
from opsdesk.operations.exchange.source_updates import follow_source
from opsdesk.operations.fraud.scoring import score_arrival
from opsdesk.store.bulk import seldom_collecting
from opsdesk.store.intake.batch import sort_batch
from opsdesk.store.intake.products import sort_products
from opsdesk.store.intake.runs import Counts, Intake
from opsdesk.store.intake.words import kept_payload, kept_text
from opsdesk.store.tables import ImportRunRow
from opsdesk.store.work import Done, Operation, Performer, Work, operation

BATCH_ORDERS = 500
_BATCH_LINES = 10_000
_BATCH_LETTERS = 8_000_000


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did, or would do if it was a dry run."""

    format: str
    counts: Counts
    is_dry_run: bool


@operation("import.orders")
def begin_orders(work: Work, *, file_name: str, format_name: str) -> Done:
    """Open a run that brings orders in from a file."""
    return _begin(work, file_name, format_name, "orders")


def import_orders(
    performer: Performer,
    file: OrderFile,
    *,
    dry_run: bool = False,
    refused: Callable[[Rejection], None] = lambda _rejection: None,
    progress: Callable[[Counts], None] = lambda _counts: None,
) -> ImportResult:
    """Bring in the orders of a file; each that cannot be kept goes to `refused`, and the good ones go in.

    Raises:
        Denied: this person may not import.
        Invalid: the file cannot be read as a whole; nothing was changed.
        Unavailable: the store did not answer; what came in before stays, and is found again at the next attempt.
    """
    intake = None if dry_run else _intake(performer, begin_orders, file.name, file.format)
    take = intake.take if intake else _rehearsal(performer)
    counts = Counts()
    with seldom_collecting():
        for orders, rejections in _batches(file.orders()):
            for rejection in rejections:
                refused(_without_cards(rejection))
            counts += take(orders, len(rejections))
            progress(counts)
    if intake:
        intake.finish()
    return ImportResult(file.format, counts, dry_run)


@operation("import.products")
def begin_products(work: Work, *, file_name: str, format_name: str) -> Done:
    """Open a run that brings products in from a file."""
    return _begin(work, file_name, format_name, "products")


def import_products(
    performer: Performer,
    file: ProductFile,
    *,
    dry_run: bool = False,
    refused: Callable[[Rejection], None] = lambda _rejection: None,
) -> ImportResult:
    """Bring in the products of a file; each that cannot be kept goes to `refused`, and the good ones go in.

    Raises:
        Denied: this person may not import.
        Invalid: the file cannot be read as a whole; nothing was changed.
        Unavailable: the store did not answer; what came in before stays, and is found again at the next attempt.
    """
    if dry_run:
        take = _products_rehearsal(performer)
    else:
        intake = _intake(performer, begin_products, file.name, file.format)
        take = intake.take_products
    counts = Counts()
    for products, rejections in _product_batches(file.products()):
        for rejection in rejections:
            refused(_without_cards(rejection))
        counts += take(products, len(rejections))
    if not dry_run:
        intake.finish()
    return ImportResult(file.format, counts, dry_run)


def _begin(work: Work, file_name: str, format_name: str, kind: str) -> Done:
    run = ImportRunRow(file_name=file_name, format=format_name, kind=kind, actor=work.actor.name, started_at=work.now)
    work.add(run)
    work.record(f"import.{kind}", "import_run", run.id or 0, f"Import of {kind} from {file_name} ({format_name})")
    return Done(f"Import of {file_name} began.", run.id)


def _intake(performer: Performer, begin: Operation[...], file_name: str, format_name: str) -> Intake:
    done = performer.perform(begin, file_name=file_name, format_name=format_name)
    return Intake(
        performer.store,
        performer.actor,
        performer.clock,
        done.command_id,
        done.subject_id or 0,
        follow_source,
        score_arrival,
    )


def _rehearsal(performer: Performer) -> Callable[[list[IncomingOrder], int], Counts]:
    """Count what would be done, reading only. An order that comes twice in the file counts twice."""
    _require_permission(performer, begin_orders)

    def take(orders: list[IncomingOrder], rejected: int) -> Counts:
        with performer.store.reading() as session:
            found = sort_batch(session, orders)
        return Counts(len(found.new), len(found.changed), found.unchanged, rejected)

    return take


def _products_rehearsal(performer: Performer) -> Callable[[list[IncomingProduct], int], Counts]:
    _require_permission(performer, begin_products)

    def take(products: list[IncomingProduct], rejected: int) -> Counts:
        with performer.store.reading() as session:
            found = sort_products(session, products, performer.clock())
        return Counts(len(found.new), len(found.changed), found.unchanged, rejected)

    return take


def _without_cards(rejection: Rejection) -> Rejection:
    """Return the rejection as it may be written to a file."""
    return replace(rejection, raw=kept_payload(rejection.raw), reason=kept_text(rejection.reason))


def _require_permission(performer: Performer, begin: Operation[...]) -> None:
    if problem := why_not_allowed(performer.actor, begin.name):
        raise Denied(problem)


def _product_batches(
    records: Iterator[IncomingProduct | Rejection],
) -> Iterator[tuple[list[IncomingProduct], list[Rejection]]]:
    """Gather products into batches in which no article number comes twice."""
    products: dict[str, IncomingProduct] = {}
    rejections: list[Rejection] = []
    for record in records:
        if len(products) + len(rejections) >= BATCH_ORDERS or (
            isinstance(record, IncomingProduct) and record.sku in products
        ):
            yield list(products.values()), rejections
            products, rejections = {}, []
        if isinstance(record, Rejection):
            rejections.append(record)
        else:
            products[record.sku] = record
    if products or rejections:
        yield list(products.values()), rejections


def _batches(
    records: Iterator[IncomingOrder | Rejection],
) -> Iterator[tuple[list[IncomingOrder], list[Rejection]]]:
    """Gather records into batches of bounded size in which no order comes twice."""
    orders: dict[tuple[str, str], IncomingOrder] = {}
    rejections: list[Rejection] = []
    lines = letters = 0
    for record in records:
        if isinstance(record, Rejection):
            rejections.append(record)
            if len(rejections) >= BATCH_ORDERS:
                yield list(orders.values()), rejections
                orders, rejections, lines, letters = {}, [], 0, 0
            continue
        key = (record.source, record.external_id)
        is_full = len(orders) >= BATCH_ORDERS or lines > _BATCH_LINES or letters > _BATCH_LETTERS
        if is_full or key in orders:
            yield list(orders.values()), rejections
            orders, rejections, lines, letters = {}, [], 0, 0
        orders[key] = record
        lines += len(record.lines)
        letters += len(record.payload)
    if orders or rejections:
        yield list(orders.values()), rejections
