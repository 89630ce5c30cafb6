"""The Order Status menu: what staff can tell a customer, when it is allowed, and what telling it does.

The statuses themselves are data (`data/statuses.toml` and the shop's own file); `status_entries` reads them;
this module holds the rules that they name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.moments import add_business_days
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import why_not_cancel, why_not_deliver, why_not_hold, why_not_pack
from opsdesk.domain.orders.states import Lifecycle, OrderFacts
from opsdesk.domain.payments.order_money import is_covered


class EffectKind(StrEnum):
    """What telling a status can do to the order."""

    PLACE_HOLD = "place_hold"
    RELEASE_HOLD = "release_hold"
    OPEN_CASE = "open_case"
    START_PACKING = "start_packing"
    DELIVER = "deliver"
    CANCEL = "cancel"


class Question(StrEnum):
    """What the desk asks before it writes the mail."""

    EXPECTED_ON = "expected_on"
    CANCEL_REASON = "cancel_reason"


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that a status does; `hold` and `case` say to what."""

    kind: EffectKind
    hold: HoldType | None = None
    reason: str = ""
    review: bool = False
    case: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """One entry of the menu.

    Attributes:
        answer_days: working days in which the customer is asked to answer; None where nothing is asked.
        keeps_deadline: the mail names the deadline that the case has, and gives no new one.
        neutral: the mail must not let a suspicion show.
    """

    code: str
    name: str
    customer_label: str
    template: str
    allowed_when: tuple[str, ...]
    effects: tuple[Effect, ...] = ()
    answer_days: int | None = None
    asks: tuple[Question, ...] = ()
    neutral: bool = False
    keeps_deadline: bool = False

    @property
    def has_deadline(self) -> bool:
        """True when the mail has to name the moment by which the customer is asked to answer."""
        return self.answer_days is not None or self.keeps_deadline

    @property
    def opens_case(self) -> str | None:
        """The kind of the case that waits for the customer once the mail is accepted."""
        return next(
            (effect.case for effect in self.effects if effect.kind is EffectKind.OPEN_CASE),
            None,
        )


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A status as the menu shows it now; `why_not` is None when it can be chosen."""

    status: Status
    why_not: str | None


Rule = Callable[[OrderFacts], str | None]


def _is_open(facts: OrderFacts) -> str | None:
    if facts.lifecycle is Lifecycle.PLACED:
        return None
    return f"{facts.number} is {facts.lifecycle}. Reopen it first."


def _has_email(facts: OrderFacts) -> str | None:
    return None if facts.has_email else f"{facts.number} has no e-mail address. Add one, or call the customer."


def _is_paid(facts: OrderFacts) -> str | None:
    if facts.money.captured > 0 or is_covered(facts.money):
        return None
    return f"No payment has arrived for {facts.number}."


def _is_not_paid(facts: OrderFacts) -> str | None:
    return f"{facts.number} is paid already." if is_covered(facts.money) else None


def _has_refund(facts: OrderFacts) -> str | None:
    return None if facts.money.refunded > 0 else f"Nothing of {facts.number} has been refunded yet. Refund it first."


def _has_shipped(facts: OrderFacts) -> str | None:
    if facts.shipped_units > 0:
        return None
    return f"Nothing of {facts.number} has left the house yet. Ship it first (s); the mail goes out with it."


def _can_be_questioned(facts: OrderFacts) -> str | None:
    if facts.case in (
        CaseState.AWAITING_CUSTOMER,
        CaseState.CALL_DUE,
        CaseState.RESPONDED,
    ):
        return f"The customer of {facts.number} has been asked already. Call them, or decide the case."
    if any(hold.type is HoldType.FRAUD for hold in facts.holds):
        return _is_open(facts)
    return why_not_hold(facts, HoldType.FRAUD)


def _case_waits(facts: OrderFacts) -> str | None:
    if facts.case is CaseState.AWAITING_CUSTOMER:
        return None
    if facts.case in (CaseState.CALL_DUE, CaseState.RESPONDED):
        return f"Nobody waits for the customer of {facts.number} any more. Call them, or decide the case."
    return f"The customer of {facts.number} has not been asked. Tell them Potential Fraud first."


def _is_settled(facts: OrderFacts) -> str | None:
    if facts.case is not None or any(hold.type is HoldType.FRAUD for hold in facts.holds):
        return f"The case of {facts.number} is not decided. Release it first; the mail goes out with it."
    return None


def _is_cancelled(facts: OrderFacts) -> str | None:
    if facts.lifecycle is Lifecycle.CANCELLED:
        return None
    return f"{facts.number} is {facts.lifecycle}. Cancel it first; the mail goes out with it."


def _holdable(kind: HoldType) -> Rule:
    def rule(facts: OrderFacts) -> str | None:
        return why_not_hold(facts, kind)

    return rule


RULES: Mapping[str, Rule] = {
    "is_open": _is_open,
    "has_email": _has_email,
    "is_paid": _is_paid,
    "is_not_paid": _is_not_paid,
    "has_refund": _has_refund,
    "has_shipped": _has_shipped,
    "can_be_questioned": _can_be_questioned,
    "case_waits": _case_waits,
    "is_settled": _is_settled,
    "is_cancelled": _is_cancelled,
    "can_be_set_aside": _holdable(HoldType.MANUAL),
    "can_await_stock": _holdable(HoldType.STOCK),
    "can_await_appointment": _holdable(HoldType.APPOINTMENT),
    "can_pack": why_not_pack,
    "can_deliver": why_not_deliver,
    "can_cancel": why_not_cancel,
}
"""The rules that a status may name under `allowed_when`."""


def answer_by(status: Status, now: datetime, zone: ZoneInfo, *, of_case: datetime | None = None) -> datetime | None:
    """Return by when the customer is asked to answer: a full hour, so that the mail can say it plainly.

    `of_case` is the deadline that the customer has already; a reminder repeats it.

    Raises:
        Invalid: there is none to repeat, or it has passed.
    """
    if status.keeps_deadline:
        if of_case is None or of_case <= now:
            raise Invalid("deadline", "The customer's time is over. Call them, or give them more time first.")
        return of_case
    if status.answer_days is None:
        return None
    due = add_business_days(now, status.answer_days, zone)
    return due if due == due.replace(minute=0, second=0, microsecond=0) else _next_hour(due)


def _next_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def why_not_tell(status: Status, facts: OrderFacts) -> str | None:
    """Say why the status cannot be chosen now, or None if it can."""
    for name in status.allowed_when:
        if problem := RULES[name](facts):
            return problem
    return None


@dataclass(frozen=True, slots=True)
class StatusBook:
    """All statuses of the shop, in the order of the menu."""

    statuses: tuple[Status, ...]

    def find(self, code: str) -> Status:
        """Return the status with this code.

        Raises:
            Refused: the shop has no such status.
        """
        for status in self.statuses:
            if status.code == code:
                return status
        known = ", ".join(status.code for status in self.statuses)
        raise Refused(f"There is no status {code[:40]!r}. Known are: {known}.")

    def menu(self, facts: OrderFacts) -> tuple[MenuEntry, ...]:
        """Return every status with the reason why it cannot be chosen now, if there is one."""
        return tuple(MenuEntry(status, why_not_tell(status, facts)) for status in self.statuses)
