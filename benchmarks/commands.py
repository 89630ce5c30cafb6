"""What a command costs in the store: one transaction with its history, saved before it is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial

from sqlalchemy import select
from sqlmodel import col

from benchmarks.figures import Row, Table, ms, percentile, timed, undisturbed
from benchmarks.shops import Shop
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.states import Stage
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.operations.orders.contacts import edit_address
from opsdesk.operations.orders.entries import AddressEntry
from opsdesk.operations.orders.holds import hold, release
from opsdesk.operations.orders.notes import note
from opsdesk.store.tables import OrderRow
from opsdesk.store.work import Done, Performer

_ORDERS = 60
_BAR_S = 0.030
_ADA = Actor(user_id=1, name="ada", role=Role.ADMIN, terminal="benchmark")


def measure_commands(shops: Sequence[Shop]) -> list[Table]:
    """Measure four commands on both stores."""
    table = Table("Commands in the store", "p95 <= 30 ms, on SQLite at synchronous FULL too")
    for shop in shops:
        table.rows += _measure(shop)
    return [table]


def _measure(shop: Shop) -> list[Row]:
    performer = Performer(shop.store, _ADA)
    times: dict[str, list[float]] = {name: [] for name in ("hold", "release", "note", "edit an address")}
    # The first one imports what validates addresses, and fills the caches.
    first, *rest = _orders(shop)
    _four(performer, *first)
    with undisturbed():
        for order_id, version in rest:
            for name, seconds in _four(performer, order_id, version).items():
                times[name].append(seconds)
    return [_row(f"{name}, {shop.kind}", taken) for name, taken in times.items()]


def _orders(shop: Shop) -> list[tuple[int, int]]:
    free = select(col(OrderRow.id), col(OrderRow.version)).where(
        col(OrderRow.stage) == Stage.TO_SHIP.value, col(OrderRow.is_open), col(OrderRow.headline) == "ready"
    )
    with shop.store.reading() as session:
        return [(number, version) for number, version in session.execute(free.limit(_ORDERS + 1)) if number]


def _four(performer: Performer, order_id: int, version: int) -> dict[str, float]:
    street = f"Am Dobben {order_id % 90 + 1}"
    address = AddressEntry(name="Ada Berg", line1=street, city="Bremen", postcode="28203", country="DE")
    done = Done("", order_id, version)
    taken: dict[str, float] = {}

    def measured(name: str, act: Callable[[], Done]) -> None:
        nonlocal done

        def carry_out() -> None:
            nonlocal done
            done = act()

        taken[name] = timed(carry_out)

    perform = performer.perform
    measured("hold", partial(perform, hold, order_id, version=version, kind=HoldType.MANUAL, reason="measuring"))
    measured("release", partial(perform, release, order_id, version=_version(done), kind=HoldType.MANUAL))
    measured("note", partial(perform, note, order_id, text="Customer calls back at five."))
    edit = partial(perform, edit_address, order_id, version=_version(done), kind="shipping", **asdict(address))
    measured("edit an address", edit)
    return taken


def _version(done: Done) -> int:
    assert done.version is not None
    return done.version


def _row(what: str, taken: list[float]) -> Row:
    p95 = percentile(taken, 0.95)
    figures = {"least": ms(min(taken)), "median": ms(percentile(taken, 0.5)), "p95": ms(p95)}
    return Row(what, figures, () if p95 <= _BAR_S else ("30 ms",))
