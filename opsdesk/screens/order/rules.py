"""Why a command cannot be given to the order on the screen: the person's role first, then the domain's own rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from opsdesk.domain.amendments.rules import why_not_amend
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import (
    why_not_cancel,
    why_not_deliver,
    why_not_edit,
    why_not_hold,
    why_not_pack,
    why_not_release,
    why_not_reopen,
    why_not_ship,
)
from opsdesk.domain.orders.states import Headline, Lifecycle
from opsdesk.domain.payments.transactions import why_not_record_payment
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.domain.people.permissions import why_not_allowed, why_not_within
from opsdesk.screens.order.words import plural
from opsdesk.store.views.orders.detail import OrderDetail

OPERATIONS: Mapping[str, str] = {
    "claim": "order.claim",
    "assign": "order.assign",
    "note": "order.note",
    "tell": "status.tell",
    "ship": "order.ship",
    "pack": "order.start_packing",
    "deliver": "order.deliver",
    "edit": "order.edit_address",
    "record_payment": "payment.record",
    "amend": "order.amend",
    "snooze": "order.snooze",
    "follow": "order.follow",
    "reopen": "order.reopen",
    "cancel": "order.cancel",
    "outcome": "fraud.label",
}
"""The operation, and so the permission, behind each action."""


def why_not_order(action: str, detail: OrderDetail, actor: Actor, now: datetime) -> str | None:
    """Say why the action cannot be done to this order by this person now, or None if it can."""
    name = _toggled(action, detail) or OPERATIONS.get(action)
    if name is not None and (problem := why_not_allowed(actor, name)):
        return problem
    rule = _RULES.get(action)
    return rule(detail, actor) if rule else None


def _toggled(action: str, detail: OrderDetail) -> str | None:
    """Return the operation of a key that does one thing or another, or None for any other key."""
    if action == "hold":
        return "order.release" if detail.active_holds and why_not_hold(detail.facts, HoldType.MANUAL) else "order.hold"
    if action == "pack" and detail.recall_id is not None:
        return "amendment.acknowledge_recall"
    return None


def _hold(detail: OrderDetail, actor: Actor) -> str | None:
    if detail.active_holds:
        return None
    return why_not_hold(detail.facts, HoldType.MANUAL)


def _claim(detail: OrderDetail, actor: Actor) -> str | None:
    owner = detail.head.owner_name
    if owner == actor.name:
        return f"{detail.number} is yours already."
    if owner and actor.role not in (Role.SUPERVISOR, Role.ADMIN):
        return f"{detail.number} is with {owner}. Ask {owner}, or let a supervisor give it to you."
    return None


def _cancel(detail: OrderDetail, actor: Actor) -> str | None:
    return why_not_cancel(detail.facts) or why_not_within(actor, "order.cancel", detail.amounts.total)


def _amend(detail: OrderDetail, actor: Actor) -> str | None:
    # A change that waits is looked at with the same key.
    return None if detail.facts.amendment is not None else why_not_amend(detail.facts)


def _pack(detail: OrderDetail, actor: Actor) -> str | None:
    if detail.recall_id is not None:
        return None
    if problem := why_not_pack(detail.facts):
        return problem
    return f"{detail.number} is being packed already." if detail.facts.packing_since else None


def _changes(detail: OrderDetail, actor: Actor) -> str | None:
    look = detail.last_look
    if look is None:
        return f"You look at {detail.number} for the first time. The log (l) has everything."
    return None


def _compare(detail: OrderDetail, actor: Actor) -> str | None:
    return None if detail.customer.others else f"This customer has no order besides {detail.number}."


_RULES: Mapping[str, Callable[[OrderDetail, Actor], str | None]] = {
    "hold": _hold,
    "claim": _claim,
    "cancel": _cancel,
    "reopen": lambda detail, _: why_not_reopen(detail.facts),
    "ship": lambda detail, _: why_not_ship(detail.facts),
    "pack": _pack,
    "amend": _amend,
    "deliver": lambda detail, _: why_not_deliver(detail.facts),
    "edit": lambda detail, _: why_not_edit(detail.facts),
    "record_payment": lambda detail, _: why_not_record_payment(detail.facts),
    "release": lambda detail, _: why_not_release(detail.facts),
    "changes": _changes,
    "compare": _compare,
}


def forward_step(detail: OrderDetail) -> tuple[str, str] | None:
    """Return the one step that brings the order on, as `(action, what F9 says)`, or None when there is none."""
    facts, holds = detail.facts, detail.active_holds
    if facts.lifecycle is not Lifecycle.PLACED:
        return None
    if holds:
        return "hold", f"RELEASE: {holds[0].type.label.upper()}"
    if detail.recall_id is not None:
        return "pack", "PUT IT BACK"
    if facts.open_units and why_not_ship(facts) is None:
        return "ship", f"SHIP {plural(facts.open_units, 'UNIT', 'UNITS')}"
    if detail.head.headline is Headline.AWAITING_PAYMENT:
        return "money", "SEE TO THE PAYMENT"
    if why_not_deliver(facts) is None:
        return "deliver", "MARK DELIVERED"
    return None
