"""Ten clerks who refund at once, each in a process of their own, beside the bare guarded UPDATE of the raw driver."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from sqlalchemy import exists, make_url, select, text
from sqlalchemy.orm import aliased
from sqlmodel import col

from benchmarks.figures import Row, Table, ms, percentile
from benchmarks.shops import Shop
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import LIVE_GATEWAYS
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.domain.refunds.parts import RefundContent
from opsdesk.domain.refunds.states import RefundReason
from opsdesk.operations.refunds.asking import request
from opsdesk.store.engine import connect
from opsdesk.store.tables import OrderRow, PaymentRow, UserRow
from opsdesk.store.work import Performer

_CLERKS = 10
_EACH = 30
_LONGEST_WAIT_S = 60
_GUARDED = (
    "UPDATE payment SET refunding_minor = refunding_minor + 1 "
    "WHERE id = %s AND captured_minor - refunded_minor - refunding_minor - charged_back_minor >= 1"
)

_together: threading.Barrier | None = None


@dataclass(frozen=True)
class Desk:
    """One clerk, and the payments that they refund a cent of each."""

    url: str
    clerk: tuple[int, str, Role]
    payments: tuple[tuple[int, int, str], ...]


def measure_refunds(shops: Sequence[Shop]) -> list[Table]:
    """Measure the shop on Postgres; on one SQLite file all writers take turns anyway."""
    table = Table(
        f"{_CLERKS} clerks refunding at once, Postgres",
        "beside the raw guarded UPDATE in the same number of processes; every refund is reserved, recorded and sealed",
    )
    for shop in shops:
        if shop.kind == "Postgres":
            desks = _desks(shop)
            raw, product = _run(desks, _guard), _run(desks, _refund)
            table.rows = [_row("raw guarded UPDATE", raw, raw), _row("refund.request", product, raw)]
    return [table]


def _desks(shop: Shop) -> list[Desk]:
    clerks = select(col(UserRow.id), col(UserRow.name), col(UserRow.role)).where(
        col(UserRow.is_active), col(UserRow.role).in_([Role.AGENT, Role.SUPERVISOR, Role.ADMIN, Role.FRAUD])
    )
    other = aliased(PaymentRow)
    # Over several payments a clerk would have to say by which way, and with which reference.
    is_only_one = ~exists().where(col(other.order_id) == col(PaymentRow.order_id), col(other.id) != col(PaymentRow.id))
    paid = (
        select(col(PaymentRow.id), col(PaymentRow.order_id), col(OrderRow.currency))
        .join(OrderRow, col(OrderRow.id) == col(PaymentRow.order_id))
        .where(
            col(PaymentRow.gateway).in_(LIVE_GATEWAYS),
            col(PaymentRow.reference) != "",
            col(PaymentRow.state) == "captured",
            col(PaymentRow.captured_minor) >= 1_000,
            is_only_one,
        )
        .limit(_CLERKS * _EACH)
    )
    with shop.store.reading() as session:
        people = session.execute(clerks.limit(_CLERKS)).all()
        payments = [(row[0], row[1], row[2]) for row in session.execute(paid)]
    return [
        Desk(shop.url, _clerk(people[number % len(people)]), tuple(payments[number::_CLERKS]))
        for number in range(_CLERKS)
    ]


def _clerk(row: Sequence[object]) -> tuple[int, str, Role]:
    return int(str(row[0])), str(row[1]), Role(str(row[2]))


def _run(desks: Sequence[Desk], work: Callable[[Desk], list[tuple[float, float]]]) -> list[tuple[float, float]]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(desks), context, initializer=_meet, initargs=(context.Barrier(len(desks)),)) as pool:
        return [taken for each in pool.map(work, desks) for taken in each]


def _meet(barrier: threading.Barrier) -> None:
    global _together  # noqa: PLW0603  a process has one
    _together = barrier


def _wait_for_all() -> None:
    assert _together is not None, "Each process was given the barrier when it began."
    _together.wait(_LONGEST_WAIT_S)


def _guard(desk: Desk) -> list[tuple[float, float]]:
    import psycopg

    dsn = make_url(desk.url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn, autocommit=True) as connection:
        _wait_for_all()
        taken = [_timed(partial(connection.execute, _GUARDED, (payment,))) for payment, _, _ in desk.payments]
        for payment, _, _ in desk.payments:
            connection.execute("UPDATE payment SET refunding_minor = refunding_minor - 1 WHERE id = %s", (payment,))
    return taken


def _refund(desk: Desk) -> list[tuple[float, float]]:
    store = connect(desk.url)
    user_id, name, role = desk.clerk
    performer = Performer(store, Actor(user_id, name, role, "benchmark"))
    with store.reading() as session:
        session.execute(text("SELECT 1"))
        versions = {order: session.get_one(OrderRow, order).version for _, order, _ in desk.payments}
    _, first, currency = desk.payments[0]
    warm = RefundContent(goodwill=Money(1, currency), reason=RefundReason.GOODWILL)
    # The first command of a process fills its caches; a clerk's terminal has long done so.
    performer.rehearse(request, first, version=versions[first], content=warm, tell=False)
    _wait_for_all()
    taken = []
    for _, order, currency in desk.payments:
        cent = RefundContent(goodwill=Money(1, currency), reason=RefundReason.GOODWILL)
        asked = partial(performer.perform, request, order, version=versions[order], content=cent, tell=False)
        taken.append(_timed(asked))
    store.close()
    return taken


def _timed(act: Callable[[], object]) -> tuple[float, float]:
    began = time.time()
    start = time.perf_counter()
    act()
    return began, time.perf_counter() - start


def _row(what: str, taken: list[tuple[float, float]], raw: list[tuple[float, float]]) -> Row:
    seconds = [took for _, took in taken]
    rate = _rate(taken)
    return Row(
        what,
        {
            "commands per second": f"{rate:,.0f}",
            "of raw": f"{rate / _rate(raw):.2f}",
            "median": ms(percentile(seconds, 0.5)),
            "p99": ms(percentile(seconds, 0.99)),
        },
    )


def _rate(taken: list[tuple[float, float]]) -> float:
    first, last = min(began for began, _ in taken), max(began + took for began, took in taken)
    return len(taken) / (last - first)
