"""The order queue: its saved views, what may be asked of it, and the one symbol that a line shows.

Everything here is pure: what a question means is decided here, which index answers it is the store's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.states import Headline, Stage
from opsdesk.domain.payments.order_money import PaymentStatus

DUE_SOON = timedelta(hours=1)
"""An order that was promised within this time is shown as due soon."""

MOST_COUNTED = 1000
"""No view is counted further: a thousand waiting orders read like more of them, and cost no more to count."""


class Sort(StrEnum):
    """What the queue is sorted by."""

    DUE = "due"
    PLACED = "placed"
    TOTAL = "total"


class SavedView(StrEnum):
    """The views that the queue always has. Snoozed orders leave all but `everything` until their time."""

    NEW = "new"
    TO_CHECK = "to_check"
    ON_HOLD = "on_hold"
    TO_SHIP = "to_ship"
    LATE = "late"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    EVERYTHING = "everything"

    @property
    def label(self) -> str:
        """The words staff see."""
        return _LABELS[self]

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The desks whose orders the view shows, empty where the desk does not matter."""
        return _STAGES.get(self, ())

    @property
    def sorts(self) -> tuple[Sort, ...]:
        """What the view can be sorted by, its own sort first."""
        if self is SavedView.EVERYTHING:
            return (Sort.PLACED, Sort.TOTAL)
        return (Sort.PLACED, Sort.DUE, Sort.TOTAL) if self is SavedView.NEW else (Sort.DUE, Sort.PLACED, Sort.TOTAL)

    @property
    def is_working(self) -> bool:
        """True where only orders stand that somebody still has to do something about."""
        return self is not SavedView.EVERYTHING


_LABELS = {
    SavedView.NEW: "New",
    SavedView.TO_CHECK: "To check",
    SavedView.ON_HOLD: "On hold",
    SavedView.TO_SHIP: "To ship",
    SavedView.LATE: "Late",
    SavedView.MINE: "Mine",
    SavedView.UNASSIGNED: "Unassigned",
    SavedView.EVERYTHING: "Everything",
}
# What waits for money, goods or an appointment stands with what is held: each open order that has not left the house
# stands in exactly one of the three, so none is forgotten between them.
_STAGES = {
    SavedView.TO_CHECK: (Stage.TO_CHECK,),
    SavedView.ON_HOLD: (Stage.ON_HOLD, Stage.WAITING),
    SavedView.TO_SHIP: (Stage.TO_SHIP,),
}
IN_HOUSE = frozenset({Stage.TO_CHECK, Stage.ON_HOLD, Stage.WAITING, Stage.TO_SHIP})
"""Desks whose orders have something left that must leave the house; only they can be late."""

_STAGES_OF = {
    Headline.POTENTIAL_FRAUD: (Stage.TO_CHECK,),
    Headline.FRAUD_REVIEW: (Stage.TO_CHECK,),
    Headline.SYNC_CONFLICT: (Stage.TO_CHECK,),
    Headline.DISPUTED: (Stage.TO_CHECK,),
    Headline.ON_HOLD: (Stage.TO_CHECK, Stage.ON_HOLD),
    Headline.AWAITING_PAYMENT: (Stage.WAITING,),
    Headline.BEING_AMENDED: (Stage.WAITING,),
    Headline.AWAITING_APPOINTMENT: (Stage.TO_CHECK, Stage.WAITING),
    Headline.BACKORDERED: (Stage.TO_CHECK, Stage.WAITING),
    Headline.READY: (Stage.TO_SHIP,),
    Headline.BEING_PACKED: (Stage.TO_SHIP,),
    Headline.PARTLY_SHIPPED: (Stage.TO_SHIP,),
}


def stages_of(headlines: Iterable[Headline]) -> tuple[Stage, ...] | None:
    """Return the desks that orders with these headlines can stand at, or None if some have left the house."""
    wanted = [_STAGES_OF.get(word) for word in headlines]
    if None in wanted:
        return None
    found = {stage for stages in wanted for stage in stages or ()}
    return tuple(stage for stage in Stage if stage in found)


@dataclass(frozen=True, slots=True)
class QueueQuery:
    """What the queue is asked for.

    Attributes:
        words: the filter as it was typed, see `parse_filter`.
        user_id: who asks; decides what is mine, and what changed since I looked.
    """

    view: SavedView = SavedView.TO_SHIP
    sort: Sort = Sort.DUE
    descending: bool = False
    words: str = ""
    user_id: int | None = None

    @classmethod
    def of(cls, view: SavedView, *, words: str = "", user_id: int | None = None) -> QueueQuery:
        """Ask for a view in its own order: newest first where that matters, most urgent first elsewhere."""
        sort = view.sorts[0]
        return cls(view, sort, sort is Sort.PLACED, words, user_id)


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One order as the queue shows it.

    Attributes:
        is_new: nobody at a desk has touched it yet.
        changed_since_look: somebody else changed it after the asking user last looked at it.
        mail_trouble: a mail about it failed, or waits for somebody's decision.
    """

    id: int
    version: int
    number: str
    placed_at: datetime
    promised_at: datetime | None
    customer_name: str
    line_count: int
    unit_count: int
    total: Money
    payment: PaymentStatus
    headline: Headline
    hold_type: HoldType | None
    stage: Stage
    owner_id: int | None
    owner_name: str
    temperature: str
    snoozed_until: datetime | None
    note_count: int
    is_new: bool
    changed_since_look: bool
    mail_trouble: bool
    email: str
    phone: str


class Flag(StrEnum):
    """What a line says at its very beginning, the worst first; never told by colour alone."""

    OVERDUE = "overdue"
    DUE_SOON = "due_soon"
    FRAUD = "fraud"
    MAIL_TROUBLE = "mail_trouble"
    UNPAID = "unpaid"
    DUPLICATE = "duplicate"
    SHORT = "short"
    HELD = "held"
    SNOOZED = "snoozed"
    IN_HANDS = "in_hands"
    CHANGED = "changed"
    NEW = "new"
    NOTE = "note"

    @property
    def symbol(self) -> str:
        """One or two ASCII characters."""
        return _FLAGS[self][0]

    @property
    def label(self) -> str:
        """The words that explain the symbol."""
        return _FLAGS[self][1]


_FLAGS = {
    Flag.OVERDUE: ("!!", "overdue"),
    Flag.DUE_SOON: ("!", "due within the hour"),
    Flag.FRAUD: ("?", "suspected fraud"),
    Flag.MAIL_TROUBLE: ("m", "a mail did not reach the customer"),
    Flag.UNPAID: ("$", "not paid"),
    Flag.DUPLICATE: ("=", "looks like another order"),
    Flag.SHORT: ("o", "goods are missing"),
    Flag.HELD: ("h", "on hold"),
    Flag.SNOOZED: ("z", "snoozed"),
    Flag.IN_HANDS: ("@", "being packed"),
    Flag.CHANGED: ("~", "changed since you looked"),
    Flag.NEW: ("+", "new, nobody has touched it"),
    Flag.NOTE: ("n", "has a note"),
}
_FRAUD = frozenset({Headline.POTENTIAL_FRAUD, Headline.FRAUD_REVIEW})
_SHOWN_APART = frozenset({HoldType.FRAUD, HoldType.DUPLICATE, HoldType.STOCK})


def is_late(promised_at: datetime | None, stage: Stage, now: datetime) -> bool:
    """Say whether the promise is broken: its moment has passed and something has still not left the house."""
    return promised_at is not None and promised_at < now and stage in IN_HOUSE


def is_snoozed(snoozed_until: datetime | None, now: datetime) -> bool:
    """Say whether the order is out of sight; at its very moment it is back."""
    return snoozed_until is not None and snoozed_until > now


def flags(line: QueueLine, now: datetime) -> tuple[Flag, ...]:
    """Return everything that a line has to say, the worst first; the queue shows the first."""
    said = {
        Flag.OVERDUE: is_late(line.promised_at, line.stage, now),
        Flag.DUE_SOON: not is_late(line.promised_at, line.stage, now)
        and is_late(line.promised_at, line.stage, now + DUE_SOON),
        Flag.FRAUD: line.headline in _FRAUD,
        Flag.MAIL_TROUBLE: line.mail_trouble,
        Flag.UNPAID: line.headline is Headline.AWAITING_PAYMENT,
        Flag.DUPLICATE: line.hold_type is HoldType.DUPLICATE,
        Flag.SHORT: line.headline is Headline.BACKORDERED,
        Flag.HELD: line.hold_type is not None and line.hold_type not in _SHOWN_APART,
        Flag.SNOOZED: is_snoozed(line.snoozed_until, now),
        Flag.IN_HANDS: line.headline is Headline.BEING_PACKED,
        Flag.CHANGED: line.changed_since_look,
        Flag.NEW: line.is_new,
        Flag.NOTE: line.note_count > 0,
    }
    return tuple(flag for flag, holds in said.items() if holds)
