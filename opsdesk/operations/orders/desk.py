"""Who works on an order, when it comes back, and who wants to hear of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.people.actors import Role
from opsdesk.store.tables import OrderRow
from opsdesk.store.work import Done, Work, operation

LONGEST_SNOOZE = timedelta(days=90)


@operation("order.claim")
def claim(work: Work, order_id: int) -> Done:
    """Take an order that nobody else has; whoever leads a shift may take it from somebody.

    Raises:
        Refused: somebody else has it.
    """
    user_id = _signed_in(work)
    order = work.orders.locked(order_id)
    if order.owner_id == user_id:
        return Done(f"You have {order.number} already.", order_id, order.version)
    if order.owner_id is not None and work.actor.role not in (Role.SUPERVISOR, Role.ADMIN):
        owner = work.users.locked(order.owner_id).name
        raise Refused(f"{order.number} is with {owner}. Ask {owner}, or let a supervisor give it to you.")
    return _give(work, order, user_id, f"Taken by {work.actor.name}", f"{order.number} is yours.")


@operation("order.assign")
def assign(work: Work, order_id: int, *, to: str | None) -> Done:
    """Give an order to somebody, or back to everybody.

    Raises:
        Invalid: there is no such active user.
    """
    order = work.orders.locked(order_id)
    if to is None:
        return _give(work, order, None, "Given back to everybody", f"{order.number} is with nobody now.")
    user = work.users.named(to)
    if user is None or not user.is_active:
        raise Invalid("to", f"There is no active user {to[:40]!r}. Choose one from the list.")
    return _give(work, order, user.id, f"Given to {user.name}", f"{order.number} is with {user.name} now.")


@operation("order.hand_back")
def hand_back(work: Work, order_id: int, *, owner_id: int | None, taken_by: int | None) -> Done:
    """Undo a change of hands, unless the order has gone on to somebody else.

    Raises:
        Refused: somebody else has it by now.
    """
    order = work.orders.locked(order_id)
    if order.owner_id != taken_by:
        raise Refused(f"{order.number} has gone on to somebody else. Nothing was changed.")
    return _give(work, order, owner_id, "Change of hands taken back", f"{order.number} is where it was.", undo=False)


@operation("order.snooze")
def snooze(work: Work, order_id: int, *, until: datetime) -> Done:
    """Let an order leave the views until a moment.

    Raises:
        Invalid: the moment has passed, or is more than 90 days away.
    """
    if not work.now < until <= work.now + LONGEST_SNOOZE:
        raise Invalid("until", "Choose a moment within the next 90 days.")
    order = work.orders.locked(order_id)
    order.snoozed_until = until
    work.record("order.snoozed", "order", order_id, "Snoozed", after=until.isoformat(timespec="minutes"))
    work.orders.settle(order)
    work.undo_with("order.wake", order_id=order_id)
    return Done(f"{order.number} comes back by itself.", order_id, order.version)


@operation("order.wake")
def wake(work: Work, order_id: int) -> Done:
    """Bring a snoozed order back at once.

    Raises:
        Refused: it is not snoozed.
    """
    order = work.orders.locked(order_id)
    if order.snoozed_until is None:
        raise Refused(f"{order.number} is not snoozed.")
    order.snoozed_until = None
    work.record("order.woken", "order", order_id, "Back from snooze")
    work.orders.settle(order)
    return Done(f"{order.number} is back.", order_id, order.version)


@operation("order.follow")
def follow(work: Work, order_id: int) -> Done:
    """Hear of everything that happens to an order from now on."""
    order = work.orders.locked(order_id)
    if not work.desks.follow(_signed_in(work), order_id):
        return Done(f"You follow {order.number} already.", order_id, order.version)
    work.record("order.followed", "order", order_id, f"Followed by {work.actor.name}")
    work.undo_with("order.unfollow", order_id=order_id)
    return Done(f"You hear of it when {order.number} moves.", order_id, order.version)


@operation("order.unfollow")
def unfollow(work: Work, order_id: int) -> Done:
    """Stop hearing of an order."""
    order = work.orders.locked(order_id)
    if not work.desks.unfollow(_signed_in(work), order_id):
        return Done(f"You do not follow {order.number}.", order_id, order.version)
    work.record("order.unfollowed", "order", order_id, f"No longer followed by {work.actor.name}")
    work.undo_with("order.follow", order_id=order_id)
    return Done(f"You no longer follow {order.number}.", order_id, order.version)


def _give(work: Work, order: OrderRow, owner_id: int | None, summary: str, message: str, *, undo: bool = True) -> Done:
    before, order.owner_id = order.owner_id, owner_id
    work.record("order.owner", "order", order.id or 0, summary)
    work.orders.settle(order)
    if undo:
        work.undo_with("order.hand_back", order_id=order.id, owner_id=before, taken_by=owner_id)
    return Done(message, order.id, order.version)


def _signed_in(work: Work) -> int:
    if work.actor.user_id is None:
        raise Refused("This belongs to a person. Sign in first.")
    return work.actor.user_id
