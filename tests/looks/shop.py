"""A shop on one afternoon, written by hand so that the pictures change only when the screens do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import update
from sqlmodel import col

from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.operations.orders.cancelling import cancel
from opsdesk.operations.orders.desk import claim, snooze
from opsdesk.operations.orders.holds import hold
from opsdesk.operations.orders.notes import note
from opsdesk.operations.orders.packing import start_packing
from opsdesk.operations.orders.shipping import deliver, ship
from opsdesk.store.engine import Store
from opsdesk.store.tables import OrderRow
from tests.conftest import START, StillClock
from tests.screens.order_kit import People, people
from tests.screens.outbox_kit import filled
from tests.shop_orders import write_customer, write_order

OATS = ("40021", "Oat granola", "1 kg", 2, 890)
HONEY = ("40177", "Honey jar", "500 g", 1, 1_250)
SORBET = ("60412", "Sorbet lemon", "1 l", 3, 840)
ESPRESSO = ("90001", "Espresso machine Pro", "", 1, 89_900)

_ORDERS = (
    # number, customer, goods, paid, hours since it came, hours until it is due
    ("104417", "Emil Cohn", (OATS, HONEY), True, 5.2, -5),
    ("104455", "Greta Dahl", (SORBET, OATS, HONEY), True, 1.4, 0.4),
    ("104458", "Ada Berg", (OATS, HONEY), True, 1.2, 0.5),
    ("104461", "Ada Berg", (OATS, HONEY), True, 1, 0.5),
    ("104463", "Otto Falk", (ESPRESSO,), True, 0.9, 2.5),
    ("104466", "Nina Gans", (SORBET, HONEY), True, 0.85, 2.5),
    ("104470", "Kim Holm", (HONEY,), False, 0.7, None),
    ("104471", "Søren Ærøskøbing-Kjærgaard", (OATS,), True, 0.6, 2.5),
    ("104473", "鈴木 悠真", (HONEY,), True, 0.55, 2.5),
    ("104474", "[bold]Sara Kern[/]", (OATS, HONEY), True, 0.5, 2.5),
    ("104476", "Tom Lang", (SORBET,), True, 0.4, 26),
    ("104477", "Uwe Mohr", (OATS,), True, 0.3, 26),
    ("104479", "Bea Noll", (HONEY, HONEY), True, 0.2, 50),
    ("104480", "Carl Oertel", (OATS,), True, 90, -40),
    ("104482", "Finn Quast", (OATS,), True, 60, -20),
)


def afternoon(store: Store, clock: StillClock) -> People:
    """Fill the shop; the clock stands at START afterwards."""
    staff = people(store, clock)
    ids: dict[str, int] = {}
    for number, name, goods, paid, hours, due in _ORDERS:
        placed = START - timedelta(hours=hours)
        customer = _customer(store, ids, name)
        ids[number] = write_order(store, number, customer_id=customer, goods=goods, paid=paid, placed_at=placed)
        if due is not None:
            with store.writer.begin() as connection:
                promised = START + timedelta(hours=due)
                row = update(OrderRow).where(col(OrderRow.id) == ids[number])
                connection.execute(row.values(promised_at=promised))
    _work(staff, ids)
    clock.moment = START
    return staff


def _customer(store: Store, known: dict[str, int], name: str) -> int:
    if name not in known:
        mailbox = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalpha()) or "kunde"
        known[name] = write_customer(store, name, f"{mailbox}@mail.example")
    return known[name]


def _work(staff: People, ids: dict[str, int]) -> None:
    staff.clock.moment = START - timedelta(minutes=30)
    do: Callable[..., object] = staff.do
    do("tim", hold, ids["104463"], kind=HoldType.FRAUD, reason="Four cards were tried within ten minutes")
    do("tim", hold, ids["104471"], kind=HoldType.ADDRESS, reason="The house number is missing")
    do("piet", start_packing, ids["104466"])
    do("piet", start_packing, ids["104477"])
    do("piet", ship, ids["104482"], carrier="dhl", tracking_number="JD014600003DE")
    do("piet", ship, ids["104480"], carrier="dhl", tracking_number="JD014600004DE")
    do("piet", deliver, ids["104480"])
    do("mia", claim, ids["104474"])
    do("tim", claim, ids["104455"])
    do("tim", note, ids["104474"], text="Please leave it with the neighbour.")
    do("mia", snooze, ids["104476"], until=START + timedelta(hours=20))
    do("sofia", cancel, ids["104479"], reason=CancelReason.CUSTOMER)


def with_mails(store: Store, clock: StillClock) -> People:
    """Fill the outbox instead."""
    staff = people(store, clock)
    filled(store)
    return staff


def with_an_unpaid_order(store: Store, clock: StillClock) -> People:
    """Write one order that waits for its money."""
    staff = people(store, clock)
    write_order(store, "104470", paid=False)
    return staff
