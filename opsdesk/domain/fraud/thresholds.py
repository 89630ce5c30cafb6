"""The settings of the fraud desk: every number that a shop may want to change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from opsdesk.domain.fraud.entries import Entry, read_tables
from opsdesk.domain.fraud.scoring import Bands
from opsdesk.domain.money import Money, exponent

_FILE = "fraud/thresholds.toml"
_SMALL_UNITS = 100
_LARGEST_AMOUNT = 10**9


class OnLapse(StrEnum):
    """What happens when the customer has not answered in time. Nothing here releases an order."""

    CALL = "call"
    ESCALATE = "escalate"
    PROPOSE_CANCEL = "propose_cancel"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How many orders between review and hold pass unseen, as a sample."""

    percent: int = 2
    largest: int = 200
    seed: str = "opsdesk"


@dataclass(frozen=True, slots=True)
class DeadlineSettings:
    """How the one clock of a case is set."""

    margin: timedelta = timedelta(hours=24)
    on_lapse: OnLapse = OnLapse.CALL
    short: timedelta = timedelta(hours=24)
    mail_again: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class CallSettings:
    """How often, how far apart and at which times of day a customer is called.

    Attributes:
        day_part_hours: the hours at which the parts of a day begin; the last one ends the day.
        message: how long a message on the machine is given before the next call.
    """

    most: int = 3
    apart: timedelta = timedelta(hours=4)
    day_parts: int = 2
    day_part_hours: tuple[int, ...] = (8, 12, 17, 20)
    message: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class PeopleSettings:
    """Who decides alone, for how long a case stays with somebody, and when a lead sees it. Amounts in whole units."""

    claim: timedelta = timedelta(minutes=60)
    two_person_amount: int = 1000
    lead_amount: int = 2500
    block_orders: int = 5
    idle_hours: int = 8
    escalate_percent: int = 75
    reopen: timedelta = timedelta(hours=24)
    snooze_days: int = 180


@dataclass(frozen=True, slots=True)
class LearningSettings:
    """When a figure may be believed."""

    colour_from: int = 30
    good_after: timedelta = timedelta(days=120)
    trial_days: int = 14
    touch_minutes: int = 5


@dataclass(frozen=True, slots=True)
class Thresholds:
    """All settings of the desk."""

    bands: Bands = field(default_factory=Bands)
    sampling: Sampling = field(default_factory=Sampling)
    deadline: DeadlineSettings = field(default_factory=DeadlineSettings)
    calls: CallSettings = field(default_factory=CallSettings)
    people: PeopleSettings = field(default_factory=PeopleSettings)
    learning: LearningSettings = field(default_factory=LearningSettings)
    hub_above: int = 20


def is_at_least(amount: Money, units: int) -> bool:
    """Say whether the amount reaches so many whole units; of yen and the like, a hundred count as one."""
    scale = 10 ** exponent(amount.currency) if exponent(amount.currency) else _SMALL_UNITS
    return amount.minor >= units * scale


def read_thresholds(shipped: str, own: str = "") -> Thresholds:
    """Read the shipped settings with the shop's own values in their place.

    Raises:
        Invalid: a value cannot be used; the sentence names it.
    """
    tables = _merged(read_tables(shipped, _FILE), read_tables(own, _FILE))
    whole = Entry(tables, _FILE)
    settings = Thresholds(
        bands=_bands(whole.table("score")),
        sampling=_sampling(whole.table("sample")),
        deadline=_deadline(whole.table("deadline")),
        calls=_calls(whole.table("calls")),
        people=_people(whole.table("people")),
        learning=_learning(whole.table("learning")),
        hub_above=_hubs(whole.table("links")),
    )
    whole.done()
    return settings


def _merged(shipped: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(shipped)
    for name, table in own.items():
        base = merged.get(name)
        merged[name] = {**base, **table} if isinstance(base, dict) and isinstance(table, dict) else table
    return merged


def _bands(entry: Entry) -> Bands:
    bands = Bands(
        entry.whole("review_from", 1, 100),
        entry.whole("hold_from", 1, 100),
        entry.whole("two_person_from", 1, 101),
        entry.whole("thin_below", 0, 100),
    )
    entry.done()
    if not bands.review_from <= bands.hold_from <= bands.two_person_from:
        raise entry.wrong("hold_from", "review_from, hold_from and two_person_from must rise.")
    return bands


def _sampling(entry: Entry) -> Sampling:
    sampling = Sampling(entry.whole("percent", 0, 20), entry.whole("largest", 0, _LARGEST_AMOUNT), entry.text("seed"))
    entry.done()
    return sampling


def _deadline(entry: Entry) -> DeadlineSettings:
    deadline = DeadlineSettings(
        margin=timedelta(hours=entry.whole("margin_hours", 1, 240)),
        on_lapse=entry.choice("on_lapse", OnLapse),
        short=timedelta(hours=entry.whole("short_hours", 0, 240)),
        mail_again=timedelta(hours=entry.whole("mail_again_hours", 1, 240)),
    )
    entry.done()
    return deadline


def _calls(entry: Entry) -> CallSettings:
    most = entry.whole("most", 1, 10)
    hours = entry.wholes("day_part_hours", 0, 24)
    if len(hours) < 2 or list(hours) != sorted(set(hours)):
        raise entry.wrong("day_part_hours", "day_part_hours needs at least two hours that rise.")
    calls = CallSettings(
        most=most,
        apart=timedelta(hours=entry.whole("hours_apart", 0, 48)),
        day_parts=entry.whole("day_parts", 1, min(most, len(hours) - 1)),
        day_part_hours=hours,
        message=timedelta(hours=entry.whole("message_hours", 0, 168)),
    )
    entry.done()
    return calls


def _people(entry: Entry) -> PeopleSettings:
    people = PeopleSettings(
        claim=timedelta(minutes=entry.whole("claim_minutes", 1, 24 * 60)),
        two_person_amount=entry.whole("two_person_amount", 0, _LARGEST_AMOUNT),
        lead_amount=entry.whole("lead_amount", 0, _LARGEST_AMOUNT),
        block_orders=entry.whole("block_orders", 1, 10_000),
        idle_hours=entry.whole("idle_hours", 1, 240),
        escalate_percent=entry.whole("escalate_percent", 1, 100),
        reopen=timedelta(hours=entry.whole("reopen_hours", 0, 240)),
        snooze_days=entry.whole("snooze_days", 1, 365),
    )
    entry.done()
    return people


def _learning(entry: Entry) -> LearningSettings:
    learning = LearningSettings(
        entry.whole("colour_from", 1, 10_000),
        timedelta(days=entry.whole("good_after_days", 30, 540)),
        entry.whole("trial_days", 0, 365),
        entry.whole("touch_minutes", 1, 600),
    )
    entry.done()
    return learning


def _hubs(entry: Entry) -> int:
    above = entry.whole("hub_above", 1, 100_000)
    entry.done()
    return above
