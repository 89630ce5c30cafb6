"""Whether somebody may refund so much alone, and who may agree to it else (trust.md 7, A2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from opsdesk.domain.money import Money
from opsdesk.domain.people.actors import Actor
from opsdesk.domain.people.permissions import PERMISSIONS, why_not_allowed, why_not_within
from opsdesk.domain.refunds.shares import Share, is_other_way
from opsdesk.operations.refunds.grounds import Grounds
from opsdesk.store.work import Work

DAY = timedelta(hours=24)
"""The limit of a day rolls: it is not new at midnight."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a refund needs a second person; `why_not_alone` is empty when it does not."""

    why_not_alone: str = ""
    approvers: tuple[str, ...] = ()


def decide(work: Work, grounds: Grounds, total: Money, shares: Sequence[Share]) -> Decision:
    """Decide whether the actor may refund this alone.

    The actor's own row is locked until the command ends, so that two terminals of one person add up.
    """
    if work.actor.user_id is not None:
        work.users.locked(work.actor.user_id)
    why = why_not_alone(work, grounds, total, shares)
    return Decision(why, approvers(work, total)) if why else Decision()


def why_not_alone(work: Work, grounds: Grounds, total: Money, shares: Sequence[Share]) -> str:
    """Say why the actor may not refund this alone, or nothing if they may."""
    if problem := why_not_within(work.actor, "refund.request", total):
        return problem
    before = work.settlements.refunded_since(work.actor.name, work.now - DAY)
    if problem := why_not_within(work.actor, "refund.day", *_with(before, total)):
        return f"With what went back within a day, {problem}"
    other = [share for share in shares if is_other_way(share.method, grounds.source(share.payment_id))]
    if other and (problem := why_not_allowed(work.actor, "refund.by_hand")):
        return f"The money leaves another way than it came in. {problem}"
    return ""


def _with(before: Sequence[Money], total: Money) -> list[Money]:
    """Return the sums of the day with this one among them, its own currency first."""
    of_its_own = sum((money for money in before if money.currency == total.currency), start=total)
    return [of_its_own, *(money for money in before if money.currency != total.currency)]


def approvers(work: Work, total: Money) -> tuple[str, ...]:
    """Return who may agree to so much, by name; never the actor."""
    able = [
        role
        for role in PERMISSIONS["refund.approve"]
        if why_not_within(Actor(None, "", role), "refund.approve", total) is None
    ]
    return tuple(name for name in work.users.names_with(able) if name != work.actor.name)
