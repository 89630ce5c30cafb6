"""How most orders go: paid, packed, sent, delivered. Whatever lies after the present has not happened yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from opsdesk.demo.counter import days, hours
from opsdesk.demo.moments import working
from opsdesk.demo.parts import Sent
from opsdesk.demo.post import Post, Wanted
from opsdesk.demo.staff import AGENTS, PACKERS, WORKER
from opsdesk.demo.tales import Tale
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.payments.transactions import TransactionKind

_AFTER = 7_200
"""Seconds in which everything that follows has happened too."""

_NEAR = frozenset({"DE", "AT", "CH", "NL", "FR", "DK", "PL"})
_CARRIERS = {
    "DHL": ("DE", "DH", "https://www.dhl.com/en/express/tracking.html?AWB="),
    "DPD": ("DE", "DP", "https://tracking.dpd.de/parcelstatus?query="),
    "GLS": ("DE", "GL", "https://gls-group.com/track/"),
    "UPS": ("US", "UP", "https://www.ups.com/track?tracknum="),
    "Royal Mail": ("GB", "RM", "https://www.royalmail.com/track-your-item#/tracking-results/"),
}
_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
"""Of the check digit of a postal item (UPU standard S10)."""

_CANCELLED_WHY = (
    (CancelReason.CUSTOMER, "Ordered twice by mistake, wants only one."),
    (CancelReason.CUSTOMER, "Found it elsewhere."),
    (CancelReason.INVENTORY, "The last one was broken."),
    (CancelReason.DECLINED, "The bank said no, twice."),
    (CancelReason.EXPIRED, "Not paid for 14 days."),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """What every story needs: chance, the post, and where the present is."""

    dice: Random
    post: Post
    end: int

    def is_past(self, moment: int) -> bool:
        """Say whether the moment has been."""
        return moment < self.end

    def office(self, moment: int) -> int:
        """Return the moment, or the next working morning, as long as that has been: what matters is not left lying."""
        open_again = working(moment)
        return open_again if self.is_past(open_again + _AFTER) else min(moment, self.end - _AFTER)


Story = Callable[[Stage, Tale], None]
"""Tells what happens to one order, from its arrival until now."""


def ordinary(stage: Stage, tale: Tale) -> None:
    """Tell an order that mostly goes well."""
    dice = stage.dice
    tale.arrive(tale.placed_at + 40)
    chance = dice.random()
    if chance < 0.04:
        _called_off(stage, tale)
        return
    paid_at = _pay(stage, tale, dice.random())
    if paid_at is None:
        return
    sent_at = send_out(stage, tale, paid_at)
    if sent_at is None:
        return
    arrived = (
        sent_at + days(1 + 2 * dice.random()) + (0 if tale.ship_to.country in _NEAR else days(1 + 4 * dice.random()))
    )
    if not stage.is_past(arrived):
        return
    tale.deliver(arrived, WORKER)
    if dice.random() < 0.03:
        _give_back(stage, tale, arrived + days(2 + 6 * dice.random()), dice.random() < 0.3)
    closed = arrived + days(30)
    if stage.is_past(closed):
        tale.complete(closed)


def settle_at_once(tale: Tale, amount: int | None = None) -> None:
    """Be paid in the moment of the order."""
    tale.pay(tale.placed_at + 5, TransactionKind.SALE, tale.basket.total if amount is None else amount)


def send_out(stage: Stage, tale: Tale, ready_at: int) -> int | None:
    """Pack and ship everything, and return when; None if it has not happened yet."""
    dice = stage.dice
    packer = PACKERS[tale.id % 2]
    packed = working(ready_at + hours(0.5 + 16 * dice.random() ** 2))
    inside = [(line.id, line.open) for line in tale.basket.lines if line.open]
    if not stage.is_past(packed) or not inside:
        return None
    if tale.is_full:
        tale.start_packing(packed, packer)
    sent = packed + hours(0.3 + 1.5 * dice.random())
    if not stage.is_past(sent):
        return None
    who = packer if tale.is_full else WORKER
    parcel = parcel_of(tale, sent, inside, who.name)
    command_id = tale.ship(sent, who, parcel)
    if tale.is_full:
        stage.post.send(tale, sent, who, Wanted("shipped", f"parcel:{parcel.id}:shipped", command_id))
    return sent


def parcel_of(tale: Tale, at: int, inside: list[tuple[int, int]], by: str) -> Sent:
    """Make a parcel for the carrier that goes there."""
    names = tuple(_CARRIERS)
    parcel_id = tale.sheets.next_id("parcel")
    country = tale.ship_to.country
    name = (
        "Royal Mail"
        if country == "GB"
        else "UPS"
        if country in {"US", "CA", "AU", "JP", "KR"}
        else names[parcel_id % 3]
    )
    land, letters, url = _CARRIERS[name]
    body = f"{parcel_id * 7 % 100_000_000:08}"
    check = 11 - sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11
    tracking = f"{letters}{body}{0 if check == 10 else 5 if check == 11 else check}{land}"
    return Sent(parcel_id, name, tracking, f"{url}{tracking}", by, at, inside)


def _pay(stage: Stage, tale: Tale, chance: float) -> int | None:
    """Pay in one of the usual ways, and return when the order is ready; None if it is not paid yet."""
    total = tale.basket.total
    if chance < 0.08:
        at = working(tale.placed_at + days(0.7 + 2 * stage.dice.random()))
        if not stage.is_past(at):
            return None
        if tale.is_full:
            tale.record_payment(at, AGENTS[tale.id % 2], total, f"transfer {tale.number}")
        else:
            tale.pay(at, TransactionKind.SALE, total, "transfer")
            tale.report(at, "paid by bank transfer")
        return at
    if chance < 0.3:
        tale.pay(tale.placed_at + 5, TransactionKind.AUTHORISE, total)
        tale.pay(tale.placed_at + 30, TransactionKind.CAPTURE, total)
    else:
        settle_at_once(tale)
    return tale.placed_at


def _called_off(stage: Stage, tale: Tale) -> None:
    reason, note = _CANCELLED_WHY[int(stage.dice.random() * len(_CANCELLED_WHY))]
    total = tale.basket.total
    at = working(tale.placed_at + (days(14) if reason is CancelReason.EXPIRED else hours(2 + 20 * stage.dice.random())))
    if reason in (CancelReason.CUSTOMER, CancelReason.INVENTORY):
        settle_at_once(tale)
    if not stage.is_past(at):
        return
    if tale.payments:
        tale.pay(at, TransactionKind.REFUND, total)
    tale.cancel(at, AGENTS[tale.id % 2] if tale.is_full and total < 50_000 else WORKER, reason, note)


def _give_back(stage: Stage, tale: Tale, at: int, in_full: bool) -> None:
    if not stage.is_past(at):
        return
    paid = tale.facts().money.paid
    amount = paid if in_full else max(1, paid // 4)
    tale.pay(at, TransactionKind.REFUND, amount)
    if in_full:
        for line in tale.basket.lines:
            line.returned = line.shipped
    tale.report(at, "refunded")
