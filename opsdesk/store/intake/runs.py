"""One run of an import: its batches, each a transaction of its own that ends with the history sealed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session, col

from opsdesk.domain.errors import Conflict
from opsdesk.domain.incoming.arrivals import IncomingOrder, IncomingProduct
from opsdesk.domain.moments import Clock
from opsdesk.domain.people.actors import Actor
from opsdesk.store.audit import chain
from opsdesk.store.audit.anchor import remember_head
from opsdesk.store.audit.sealing import sealing_key
from opsdesk.store.engine import Store, unavailable
from opsdesk.store.intake.batch import keep_payloads, sort_batch, write_new
from opsdesk.store.intake.products import sort_products, write_products
from opsdesk.store.intake.standing import Standing
from opsdesk.store.repositories.orders import Orders
from opsdesk.store.tables import ImportRunRow
from opsdesk.store.work import Work

_ATTEMPTS = 5
# A plan that Postgres made when the tables were empty reads them whole, and is kept while they grow.
_POSTGRES = ("SET LOCAL enable_seqscan = off",)
# A batch touches a page of each index for nearly every order: they are kept until the commit, and written back seldom.
_SQLITE = ("PRAGMA cache_size = -32768", "PRAGMA wal_autocheckpoint = 8000")
# Which index is the right one it only knows when it has counted; its own count comes minutes too late for an import.
_COUNT = "ANALYZE source_record, orders, customer, order_line, parcel"
_FIRST_COUNT = 2_000
_WORTH_RETRYING = frozenset({"40001", "40P01"})


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of records."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.rejected + other.rejected,
        )

    @property
    def total(self) -> int:
        """How many records were looked at."""
        return self.created + self.updated + self.unchanged + self.rejected


@dataclass(frozen=True, slots=True)
class Batch:
    """An open transaction of a run: where it writes, and what it adds to the history."""

    session: Session
    work: Work

    @property
    def now(self) -> datetime:
        """The moment of the whole batch."""
        return self.work.now


Follow = Callable[[Work, Standing, int, IncomingOrder], bool]
"""Brings an order that is known up to what its source says now; answers whether anything changed."""
Arrived = Callable[[Work, Sequence[int]], object]
"""Does in the same transaction what has to be done with orders that are new."""


@dataclass(slots=True)
class _Progress:
    """How many records a run has written, and after how many Postgres is to count again."""

    written: int = 0
    next_count: int = _FIRST_COUNT


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes records in for one run.

    Attributes:
        command_id: the command that began the run; everything it does stands in the history under it.
    """

    store: Store
    actor: Actor
    clock: Clock
    command_id: str
    run_id: int
    follow: Follow
    arrived: Arrived
    _progress: _Progress = field(default_factory=_Progress)

    def take(self, orders: Sequence[IncomingOrder], rejected: int = 0) -> Counts:
        """Write what is new or has changed of these orders, all of it or nothing. No order may be in it twice.

        Raises:
            Unavailable: the store did not answer; nothing of this batch is known to have changed.
        """
        return self.write(lambda batch: self._take_orders(batch, orders) + Counts(rejected=rejected))

    def take_products(self, products: Sequence[IncomingProduct], rejected: int = 0) -> Counts:
        """Write what is new or has changed of these products, all of it or nothing. None may be in it twice.

        Raises:
            Unavailable: the store did not answer; nothing of this batch is known to have changed.
        """
        return self.write(lambda batch: self._take_products(batch, products) + Counts(rejected=rejected))

    def finish(self) -> None:
        """Note that the run came to its end.

        Raises:
            Unavailable: the store did not answer.
        """
        try:
            with Session(self.store.writer) as session, session.begin():
                session.execute(
                    update(ImportRunRow).where(col(ImportRunRow.id) == self.run_id).values(finished_at=self.clock())
                )
        except OperationalError as error:
            raise unavailable(error) from error

    def write(self, work: Callable[[Batch], Counts]) -> Counts:
        """Run `work` in a transaction, count it into the run, seal its history, and commit.

        Raises:
            Unavailable: the store did not answer.
            Conflict: others kept writing the same records.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._once(work)
            except IntegrityError as error:
                # Somebody else brought the same record in the meantime; the next attempt finds it.
                if attempt == _ATTEMPTS:
                    raise Conflict("Somebody else imports the same records. Try again when that has ended.") from error
            except OperationalError as error:
                if attempt == _ATTEMPTS or getattr(error.orig, "sqlstate", None) not in _WORTH_RETRYING:
                    raise unavailable(error) from error
        raise AssertionError("unreachable")

    def _once(self, work: Callable[[Batch], Counts]) -> Counts:
        with Session(self.store.writer, expire_on_commit=False) as session:
            for setting in _SQLITE if self.store.is_sqlite else _POSTGRES:
                session.execute(text(setting))
            batch = Batch(session, self._work(session))
            counts = work(batch)
            self._count(session, counts)
            common = chain.Sealed(batch.now, self.actor.name, self.actor.role, self.actor.terminal, self.command_id)
            session.flush()
            link = chain.append(session, sealing_key(session, self.store), common, batch.work.entries)
            if not self.store.is_sqlite:
                session.execute(text("NOTIFY opsdesk"))
            session.commit()
        remember_head(self.store.url, link)
        self._let_count(counts.created)
        return counts

    def _let_count(self, created: int) -> None:
        self._progress.written += created
        if self.store.is_sqlite or self._progress.written < self._progress.next_count:
            return
        self._progress.next_count = self._progress.written * 4
        with self.store.writer.begin() as connection:
            connection.execute(text(_COUNT))

    def _take_orders(self, batch: Batch, orders: Sequence[IncomingOrder]) -> Counts:
        found = sort_batch(batch.session, orders)
        ids = write_new(batch.session, found.new, now=batch.now, author=self.actor.name)
        batch.work.entries.extend(_arrived(order_id, order) for order_id, order in zip(ids, found.new, strict=True))
        standing = Standing(batch.session)
        updated = sum(self.follow(batch.work, standing, order_id, order) for order_id, order in found.changed)
        kept = [*zip(ids, found.new, strict=True), *found.changed]
        keep_payloads(batch.session, kept, found.known, now=batch.now)
        self.arrived(batch.work, ids)
        return Counts(len(ids), updated, found.unchanged + len(found.changed) - updated)

    def _take_products(self, batch: Batch, products: Sequence[IncomingProduct]) -> Counts:
        found = sort_products(batch.session, products, batch.now)
        batch.work.entries.extend(write_products(batch.session, found, now=batch.now))
        return Counts(len(found.new), len(found.changed), found.unchanged)

    def _work(self, session: Session) -> Work:
        # Whoever starts the import has not looked at the orders: they stay new to everybody.
        work = Work(session, actor=self.actor, now=self.clock(), command_id=self.command_id, store=self.store)
        work.orders = Orders(session, work.now, by_person=False)
        return work

    def _count(self, session: Session, counts: Counts) -> None:
        run = update(ImportRunRow).where(col(ImportRunRow.id) == self.run_id)
        session.execute(
            run.values(
                created=col(ImportRunRow.created) + counts.created,
                updated=col(ImportRunRow.updated) + counts.updated,
                unchanged=col(ImportRunRow.unchanged) + counts.unchanged,
                rejected=col(ImportRunRow.rejected) + counts.rejected,
            ),
            execution_options={"synchronize_session": False},
        )


def _arrived(order_id: int, order: IncomingOrder) -> chain.Entry:
    return chain.Entry("order.imported", "order", order_id, f"Came in from {order.source}")
