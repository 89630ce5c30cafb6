"""The one clock of a case, reminders, and when a customer may be called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from opsdesk.domain.fraud.cases.contact import Attempt, ContactBook, NextStep
from opsdesk.domain.fraud.cases.states import CaseFacts, Desk
from opsdesk.domain.fraud.thresholds import CallSettings, DeadlineSettings

_MOST_DAYS_AHEAD = 8


@dataclass(frozen=True, slots=True)
class AnswerBy:
    """By when the customer is asked to answer.

    Attributes:
        is_cut: the authorisation ends so soon that the customer gets less time than the shop gives.
        is_short: so little is left that a call is better than a mail.
    """

    at: datetime
    is_cut: bool
    is_short: bool


def decide_by(case: CaseFacts, settings: DeadlineSettings) -> datetime | None:
    """Return by when the case must be decided: the customer's deadline or the authorisation's end less a margin."""
    moments = [] if case.respond_by is None else [case.respond_by]
    if case.authorisation_ends is not None and not case.is_captured:
        moments.append(case.authorisation_ends - settings.margin)
    return min(moments, default=None)


def answer_by(wanted: datetime, case: CaseFacts, now: datetime, settings: DeadlineSettings) -> AnswerBy:
    """Return by when the customer is asked to answer, given what the shop's calendar says."""
    at = wanted
    if case.authorisation_ends is not None and not case.is_captured:
        at = min(wanted, case.authorisation_ends - settings.margin)
    return AnswerBy(at, at < wanted, at - now < settings.short)


def reminders(asked_at: datetime, respond_by: datetime, zone: ZoneInfo, calls: CallSettings) -> tuple[datetime, ...]:
    """Return when to remind: at half of the time and a day before its end, by day, each once."""
    half = asked_at + (respond_by - asked_at) / 2
    wanted = (half, respond_by - timedelta(hours=24))
    shifted = {_by_day(moment, zone, calls) for moment in wanted if moment > asked_at}
    return tuple(sorted(moment for moment in shifted if asked_at < moment < respond_by))


def day_part(moment: datetime, zone: ZoneInfo, calls: CallSettings) -> int | None:
    """Return the part of the customer's day, from 0; None before the first and after the last."""
    local = moment.astimezone(zone)
    hours = calls.day_part_hours
    if not hours[0] <= local.hour < hours[-1]:
        return None
    return sum(local.hour >= hour for hour in hours[1:])


def why_not_call(case: CaseFacts, desk: Desk) -> str | None:
    """Say why the customer must not be called now, or None if they may be."""
    calls = desk.settings.calls
    part = day_part(desk.now, desk.zone, calls)
    if part is None:
        return f"Call between {calls.day_part_hours[0]}:00 and {calls.day_part_hours[-1]}:00 of the customer's day."
    if _asked_to_be_called(case.attempts, desk):
        return None
    if is_exhausted(case, desk.settings.calls, desk.outcomes):
        return f"{len(case.attempts)} calls have been made. Cancel the order, or give the customer more time once."
    if case.attempts and (problem := _why_too_soon(case.attempts[-1], desk)):
        return problem
    parts = {day_part(attempt.at, desk.zone, calls) for attempt in case.attempts} | {part}
    left = _most(case, calls) - len(case.attempts) - 1
    if len(parts) + left < calls.day_parts:
        return "The other calls were at this time of day too. Try another one."
    return None


def next_call(case: CaseFacts, desk: Desk) -> datetime | None:
    """Return when the customer may be called next, now at the earliest; None when no call is left."""
    if is_exhausted(case, desk.settings.calls, desk.outcomes):
        return None
    moments = [desk.now, *_promised(case.attempts)]
    moments += _quarters(desk)
    for moment in sorted(moment for moment in moments if moment >= desk.now):
        later = Desk(moment, desk.zone, desk.settings, desk.outcomes, desk.reasons)
        if why_not_call(case, later) is None:
            return moment
    return None


def is_exhausted(case: CaseFacts, calls: CallSettings, outcomes: ContactBook) -> bool:
    """Say whether no call is left. One more is left to who asked to be called back, and after more time was given."""
    if case.attempts and outcomes.find(case.attempts[-1].outcome).next is NextStep.CALL_BACK:
        return False
    return len(case.attempts) >= _most(case, calls)


def working_hours(since: datetime, now: datetime, zone: ZoneInfo, calls: CallSettings) -> float:
    """Return how many hours of working days lie between; a day lasts from the first to the last day part."""
    start, end = since.astimezone(zone), now.astimezone(zone)
    hours = 0.0
    day = start.date()
    while day <= end.date():
        if day.weekday() < 5:
            opens = max(start, datetime.combine(day, time(calls.day_part_hours[0]), zone))
            closes = min(end, _end_of_day(day_start=datetime.combine(day, time(0), zone), calls=calls))
            hours += max(0.0, (closes - opens).total_seconds() / 3600)
        day += timedelta(days=1)
    return hours


def _end_of_day(day_start: datetime, calls: CallSettings) -> datetime:
    last = calls.day_part_hours[-1]
    return day_start + timedelta(days=1) if last == 24 else day_start.replace(hour=last)


def _most(case: CaseFacts, calls: CallSettings) -> int:
    return calls.most + (1 if case.was_extended else 0)


def _promised(attempts: Iterable[Attempt]) -> list[datetime]:
    return [attempt.call_back_at for attempt in attempts if attempt.call_back_at is not None]


def _asked_to_be_called(attempts: tuple[Attempt, ...], desk: Desk) -> bool:
    """Say whether it is time for a call that the customer asked for: no other rule of ours stands against that."""
    return bool(attempts) and attempts[-1].call_back_at is not None and desk.now >= attempts[-1].call_back_at


def _why_too_soon(last: Attempt, desk: Desk) -> str | None:
    calls = desk.settings.calls
    waits = desk.outcomes.find(last.outcome).next is NextStep.WAIT
    free_at = last.call_back_at or last.at + (calls.message if waits else calls.apart)
    if desk.now >= free_at:
        return None
    local = free_at.astimezone(desk.zone)
    return f"The last call was too short a while ago. Call again from {local:%a %H:%M}."


def _by_day(moment: datetime, zone: ZoneInfo, calls: CallSettings) -> datetime:
    """Move a moment of the night to the next morning."""
    if day_part(moment, zone, calls) is not None:
        return moment
    local = moment.astimezone(zone)
    first = calls.day_part_hours[0]
    day = local.date() if local.hour < first else local.date() + timedelta(days=1)
    return datetime.combine(day, time(first), zone).astimezone(moment.tzinfo)


def _quarters(desk: Desk) -> list[datetime]:
    """Return the coming quarters of an hour, from which the first good one is chosen."""
    rest = timedelta(minutes=desk.now.minute % 15, seconds=desk.now.second, microseconds=desk.now.microsecond)
    start = desk.now - rest + timedelta(minutes=15)
    return [start + timedelta(minutes=15 * step) for step in range(4 * 24 * _MOST_DAYS_AHEAD)]
