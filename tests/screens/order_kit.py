"""One order with a past: held by tim, noted, released; with other orders of the same customer around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from textual.screen import Screen

from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.operations.orders.desk import claim
from opsdesk.operations.orders.holds import hold, release
from opsdesk.operations.orders.notes import note
from opsdesk.screens.order.screen import OrderScreen
from opsdesk.settings import Glyphs
from opsdesk.store.desk.looks import mark_looked
from opsdesk.store.engine import Store
from opsdesk.store.views.orders.detail import OrderDetail, order_detail
from opsdesk.store.work import Done, Performer
from tests.conftest import START, StillClock
from tests.operator import DeskApp, desk_at
from tests.shop_orders import write_customer, write_order, write_user


@dataclass
class People:
    """Who works in the shop, each with a performer of their own."""

    store: Store
    clock: StillClock
    ids: dict[str, int]
    roles: dict[str, Role]

    def actor(self, name: str) -> Actor:
        return Actor(self.ids[name], name, self.roles[name], f"tty:{name}")

    def do(self, name: str, operation: Callable[..., Done], /, *arguments: object, **named: object) -> Done:
        """Let somebody do something at another terminal."""
        return Performer(self.store, self.actor(name), self.clock).perform(operation, *arguments, **named)


def people(store: Store, clock: StillClock) -> People:
    """Add mia and tim, who are agents, sofia, who leads, and piet, who packs."""
    roles = {"mia": Role.AGENT, "tim": Role.AGENT, "sofia": Role.SUPERVISOR, "piet": Role.WAREHOUSE}
    ids = {name: write_user(store, name, role) for name, role in roles.items()}
    return People(store, clock, ids, roles)


def order_with_a_past(staff: People, *, is_held: bool = False) -> int:
    """Write the order; mia looked at it before tim's note."""
    store, clock = staff.store, staff.clock
    customer = write_customer(store)
    for number, (days, paid) in enumerate(((3, True), (40, True), (200, True), (400, False))):
        placed = START - timedelta(days=days)
        write_order(store, str(104_100 + number), customer_id=customer, placed_at=placed, paid=paid)
    text = "Please leave with the neighbour if nobody is at home."
    order_id = write_order(store, "104458", customer_id=customer, note=text)
    clock.moment = START - timedelta(minutes=50)
    staff.do(
        "tim",
        hold,
        order_id,
        kind=HoldType.ADDRESS,
        reason="The house number is missing on the label",
        review_at=START + timedelta(hours=3),
    )
    clock.advance(minutes=12)
    mark_looked(store, staff.ids["mia"], order_id, 1, clock=clock)
    staff.do("tim", note, order_id, text="Called: nobody answers. Trying again at 15:00, and asking by mail as well.")
    staff.do("tim", claim, order_id)
    clock.moment = START
    if not is_held:
        staff.do("sofia", release, order_id, note="Found it on the invoice")
    return order_id


def app_of(
    staff: People,
    name: str,
    first: Callable[[], Screen[object]],
    *,
    glyphs: Glyphs = Glyphs.UNICODE,
    theme_name: str = "dark",
) -> DeskApp:
    """Return the app at somebody's desk, with one screen open."""
    desk = desk_at(staff.store.url, staff.actor(name), staff.clock, glyphs=glyphs)
    return DeskApp(desk, first, theme_name=theme_name)


def order_app(staff: People, order_id: int, name: str = "mia", **how: object) -> DeskApp:
    """Return the app with one order open."""
    return app_of(staff, name, lambda: OrderScreen(order_id, **how))


def now_of(staff: People, order_id: int, name: str = "mia") -> OrderDetail:
    """Read the order as it stands in the store."""
    with staff.store.reading() as session:
        found = order_detail(session, order_id, user_id=staff.ids[name], now=staff.clock())
    assert found is not None
    return found
