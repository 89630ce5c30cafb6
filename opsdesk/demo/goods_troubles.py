"""Orders whose goods, desks or mails are worth a look."""

from __future__ import annotations

from opsdesk.demo.counter import days, hours
from opsdesk.demo.moments import full_hour
from opsdesk.demo.ordinary import Stage, Story, parcel_of, send_out, settle_at_once
from opsdesk.demo.post import Fate, Wanted
from opsdesk.demo.staff import ANNA, GONE, MIA, PIET, SOFIA, TOM, WORKER, Clerk
from opsdesk.demo.tales import Tale
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import CancelReason


def ready(stage: Stage, tale: Tale) -> None:
    """Is paid and nobody has touched it."""
    settle_at_once(tale)
    tale.arrive(tale.placed_at + 40)


def late(stage: Stage, tale: Tale) -> None:
    """Was promised for a moment that has passed."""
    ready(stage, tale)
    tale.promised_at = full_hour(stage.end - hours(2 + tale.id % 30))
    if tale.id % 2:
        tale.note(tale.placed_at + days(1), TOM, "Was not on the shelf where it should be. Looked twice.")


def due_soon(stage: Stage, tale: Tale) -> None:
    """Has to leave with today's van."""
    ready(stage, tale)
    tale.promised_at = full_hour(stage.end + hours(1 + tale.id % 3))
    tale.method = "express"


def being_packed(stage: Stage, tale: Tale) -> None:
    """Stands on the packing table, and the customer knows."""
    ready(stage, tale)
    at = stage.end - hours(0.3 + tale.id % 2)
    if tale.id % 2:
        stage.post.tell(tale, at, TOM, "being_packed")
    tale.start_packing(at + 30, TOM)


def partly_shipped(stage: Stage, tale: Tale) -> None:
    """Has one parcel under way, and the rest on the shelf."""
    ready(stage, tale)
    at = stage.office(tale.placed_at + hours(5))
    line = max(tale.basket.lines, key=lambda line: line.ordered)
    line.ordered += 1
    line.discount += line.price
    parcel = parcel_of(tale, at, [(line.id, line.ordered - 1)], PIET.name)
    command_id = tale.ship(at, PIET, parcel)
    stage.post.send(tale, at, PIET, Wanted("shipped", f"parcel:{parcel.id}:shipped", command_id))


def partly_delivered(stage: Stage, tale: Tale) -> None:
    """Left in two parcels, of which one has arrived."""
    ready(stage, tale)
    at = stage.office(tale.placed_at + hours(4))
    first, *rest = [(line.id, line.open) for line in tale.basket.lines if line.open]
    if not rest:
        send_out(stage, tale, tale.placed_at)
        return
    parcels = [parcel_of(tale, at, [first], TOM.name), parcel_of(tale, at + 600, rest, TOM.name)]
    for parcel in parcels:
        tale.ship(parcel.shipped_at, TOM, parcel)
    arrived = at + days(1.5)
    if stage.is_past(arrived):
        tale.deliver(arrived, WORKER, parcels[:1])


def recalled(stage: Stage, tale: Tale) -> None:
    """Was marked shipped by mistake; its mail was taken back in time."""
    ready(stage, tale)
    at = stage.office(tale.placed_at + hours(3))
    inside = [(line.id, line.open) for line in tale.basket.lines if line.open]
    parcel = parcel_of(tale, at, inside, PIET.name)
    command_id = tale.ship(at, PIET, parcel)
    wanted = Wanted("shipped", f"parcel:{parcel.id}:shipped", command_id)
    stage.post.send(tale, at, PIET, wanted, Fate.TAKEN_BACK)
    tale.recall(at + 12, PIET, parcel)


def told(fate: Fate) -> Story:
    """Return the story of an order whose mail about its parcel met this fate."""

    def story(stage: Stage, tale: Tale) -> None:
        ready(stage, tale)
        at = stage.end - 6 if fate is Fate.WAITING else stage.end - 40 - tale.id % 15
        if fate in (Fate.REFUSED, Fate.IN_DOUBT):
            at = stage.office(tale.placed_at + hours(2))
        inside = [(line.id, line.open) for line in tale.basket.lines if line.open]
        parcel = parcel_of(tale, at, inside, TOM.name)
        command_id = tale.ship(at, TOM, parcel)
        wanted = Wanted("shipped", f"parcel:{parcel.id}:shipped", command_id)
        stage.post.send(tale, at, TOM, wanted, fate)

    return story


def confirmed(stage: Stage, tale: Tale) -> None:
    """Heard of everything, from the order to the door."""
    ready(stage, tale)
    stage.post.tell(tale, tale.placed_at + 900, MIA, "received")
    stage.post.tell(tale, tale.placed_at + 1_800, MIA, "payment_received")
    sent = send_out(stage, tale, tale.placed_at)
    if sent and stage.is_past(sent + days(2)):
        tale.deliver(sent + days(2), PIET)
        stage.post.tell(tale, sent + days(2) + 30, PIET, "delivered")


def reopened(stage: Stage, tale: Tale) -> None:
    """Was cancelled, and then the customer called again."""
    ready(stage, tale)
    at = stage.office(tale.placed_at + hours(3))
    tale.cancel(at, MIA, CancelReason.CUSTOMER, "Wanted something else.")
    tale.reopen(at + hours(1), MIA, "Wants it after all.")


def reopened_and_gone(stage: Stage, tale: Tale) -> None:
    """Was cancelled, reopened, looked at, and sent."""
    reopened(stage, tale)
    at = tale.changed_at + hours(1)
    tale.release(at, SOFIA, HoldType.MANUAL, "Payment is there, goods are there.")
    send_out(stage, tale, at)


def owned(who: Clerk) -> Story:
    """Return the story of an order that somebody works on, with a note."""

    def story(stage: Stage, tale: Tale) -> None:
        ready(stage, tale)
        at = tale.placed_at + hours(0.7)
        tale.claim(at, who)
        tale.note(at + 240, who, "Leave it with the neighbour at number 12.\nThey are at home after 16:00.")
        tale.follow(at + 300, who)

    return story


def given(stage: Stage, tale: Tale) -> None:
    """Was with somebody who has left, and was given on."""
    ready(stage, tale)
    tale.claim(tale.placed_at + hours(1), GONE)
    tale.assign(tale.placed_at + hours(4), SOFIA, ANNA)


def snoozed(stage: Stage, tale: Tale) -> None:
    """Comes back by itself."""
    ready(stage, tale)
    tale.note(tale.placed_at + hours(1), MIA, "Customer is away until the weekend, asked us to wait.")
    tale.snooze(tale.placed_at + hours(1.1), MIA, stage.end + days(1 + tale.id % 3))


def gift_card(stage: Stage, tale: Tale) -> None:
    """Has nothing in it that must be shipped."""
    ready(stage, tale)


def large(stage: Stage, tale: Tale) -> None:
    """Has more lines than a screen has rows."""
    ready(stage, tale)
    tale.tags = "wholesale"
    tale.note(tale.placed_at + hours(0.5), ANNA, "Pallet. The yard is open from 7 to 15, ask for the caretaker.")
